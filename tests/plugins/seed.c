/* SPDX-License-Identifier: MIT */
/*
 * A plugin as they were before versions existed (2019): no qemu_plugin_version, and an install function
 * without information about the emulator. There was no qemu_plugin_outs() either, so it writes to the file of
 * out=NAME.
 */
#define qemu_plugin_install \
    qemu_plugin_install_of_version_0 /* the header's declaration is not this plugin's */
#include <qemu-plugin.h>
#undef qemu_plugin_install
#include <stdio.h>
#include <string.h>

static qemu_plugin_id_t own_id;
static uint64_t blocks, insns, stores, calls, wrong;
static FILE* out;

static void block_executed(unsigned int vcpu, void* userdata) {
    if (vcpu != 0 || userdata != &blocks) wrong++;
    blocks++;
}

static void accessed(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t vaddr, void* userdata) {
    if (vcpu != 0 || vaddr == 0 || userdata != NULL) wrong++;
    if (qemu_plugin_mem_is_store(info)) stores++;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb* tb) {
    if (id != own_id) wrong++;
    qemu_plugin_register_vcpu_tb_exec_cb(tb, block_executed, QEMU_PLUGIN_CB_NO_REGS, &blocks);
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn* insn = qemu_plugin_tb_get_insn(tb, i);
        if (memcmp(qemu_plugin_insn_data(insn), qemu_plugin_insn_haddr(insn), qemu_plugin_insn_size(insn)) !=
            0)
            wrong++;
        qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_INLINE_ADD_U64, &insns, 1);
        qemu_plugin_register_vcpu_mem_cb(insn, accessed, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW, NULL);
    }
}

static void entered(qemu_plugin_id_t id, unsigned int vcpu, int64_t num, uint64_t a1, uint64_t a2,
                    uint64_t a3, uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8) {
    (void)vcpu, (void)num, (void)a1, (void)a2, (void)a3, (void)a4, (void)a5, (void)a6, (void)a7, (void)a8;
    if (id != own_id) wrong++;
    calls++;
}

static void at_exit(qemu_plugin_id_t id, void* userdata) {
    if (id != own_id || userdata != &calls || qemu_plugin_n_vcpus() != -1) wrong++;
    fprintf(out,
            "blocks=%" PRIu64 " insns=%" PRIu64 " stores=%" PRIu64 " calls=%" PRIu64 " wrong=%" PRIu64 "\n",
            blocks, insns, stores, calls, wrong);
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, int argc, char** argv);
QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, int argc, char** argv) {
    own_id = id;
    if (argc != 1 || strncmp(argv[0], "out=", 4) != 0) return 1;
    out = fopen(argv[0] + 4, "w");
    if (out == NULL) return 2;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_vcpu_syscall_cb(id, entered);
    qemu_plugin_register_atexit_cb(id, at_exit, &calls);
    return 0;
}
