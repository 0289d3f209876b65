/* SPDX-License-Identifier: MIT */
/*
 * Plays an error of the emulator: before the instruction that is executed as the number at=N says, x0
 * becomes 1. The tools that look for such errors must find the place.
 */
#define QEMU_PLUGIN_VERSION 6
#include <qemu-plugin.h>
#include <stdlib.h>
#include <string.h>

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

static uint64_t when, executed;

static void before(unsigned int vcpu, void* userdata) {
    (void)vcpu, (void)userdata;
    if (++executed != when) return;
    GArray* list = qemu_plugin_get_registers();
    qemu_plugin_reg_descriptor* rows = (qemu_plugin_reg_descriptor*)(void*)list->data;
    uint64_t value = 1;
    GByteArray bytes = {(uint8_t*)&value, sizeof(value)};
    if (!qemu_plugin_write_register(rows[0].handle, &bytes)) abort();
    free(list->data);
    free(list);
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb* tb) {
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn* insn = qemu_plugin_tb_get_insn(tb, i);
        qemu_plugin_register_vcpu_insn_exec_cb(insn, before, QEMU_PLUGIN_CB_RW_REGS, NULL);
    }
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t* info, int argc,
                                           char** argv) {
    (void)info;
    if (argc != 1 || strncmp(argv[0], "at=", 3) != 0) return -1;
    when = strtoull(argv[0] + 3, NULL, 0);
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
