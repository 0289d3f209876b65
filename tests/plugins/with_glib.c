/* SPDX-License-Identifier: MIT */
/* A plugin that is linked with GLib, as most existing ones are: its arrays are GLib's, and freed by it. */
#include <glib.h>
#include <qemu-plugin.h>
#include <string.h>

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

static guint good;

static void executed(unsigned int vcpu, void* userdata) {
    g_autoptr(GArray) list = qemu_plugin_get_registers();
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    (void)vcpu;
    for (guint i = 0; i < list->len; i++) {
        qemu_plugin_reg_descriptor* row = &g_array_index(list, qemu_plugin_reg_descriptor, i);
        if (strcmp(row->name, "pc") != 0) continue;
        if (qemu_plugin_read_register(row->handle, bytes) != 8) return;
        if (memcmp(bytes->data, &userdata, 8) != 0) return;
    }
    if (!qemu_plugin_read_memory_vaddr((uint64_t)(uintptr_t)userdata, bytes, 4)) return;
    if (bytes->len == 4 && memcmp(bytes->data, userdata, 4) == 0) good++;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb* tb) {
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn* insn = qemu_plugin_tb_get_insn(tb, i);
        g_autofree char* text = qemu_plugin_insn_disas(insn);
        g_assert(text != NULL);
        qemu_plugin_register_vcpu_insn_exec_cb(insn, executed, QEMU_PLUGIN_CB_R_REGS,
                                               (void*)(uintptr_t)qemu_plugin_insn_vaddr(insn));
    }
}

static void at_exit(qemu_plugin_id_t id, void* userdata) {
    (void)id, (void)userdata;
    g_autofree char* line = g_strdup_printf("good: %u\n", good);
    qemu_plugin_outs(line);
}

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t* info, int argc, char** argv) {
    (void)info, (void)argc, (void)argv;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, at_exit, NULL);
    return 0;
}
