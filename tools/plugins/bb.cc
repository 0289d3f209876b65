// SPDX-License-Identifier: MIT
// Counts blocks and instructions entered, for each vCPU. An instruction counts when its block is entered, so
// one after a fault in the same block counts although it is not executed; the insn plugin is exact there.
#include "tools/plugins/plugin_support.h"

namespace {

struct Counts {
    uint64_t blocks;
    uint64_t instructions;
};

bool use_inline = false;
bool report_idle = false;
qemu_plugin_scoreboard* counts;
qemu_plugin_u64 blocks;
qemu_plugin_u64 instructions;

const plugin::Options kOptions = {
    {"inline", &use_inline, "count in translated code instead of in callbacks"},
    {"idle", &report_idle, "print a vCPU's counts whenever it is about to wait"},
};

void print_one(unsigned vcpu) {
    plugin::print("CPU%u: bb's: %" PRIu64 ", insns: %" PRIu64 "\n", vcpu, qemu_plugin_u64_get(blocks, vcpu),
                  qemu_plugin_u64_get(instructions, vcpu));
}

void executed(unsigned vcpu, void* length) {
    qemu_plugin_u64_add(blocks, vcpu, 1);
    qemu_plugin_u64_add(instructions, vcpu, reinterpret_cast<uint64_t>(length));
}

void translated(qemu_plugin_id_t, qemu_plugin_tb* tb) {
    size_t length = qemu_plugin_tb_n_insns(tb);
    if (use_inline) {
        qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, QEMU_PLUGIN_INLINE_ADD_U64, blocks, 1);
        qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, QEMU_PLUGIN_INLINE_ADD_U64, instructions,
                                                          length);
    } else {
        qemu_plugin_register_vcpu_tb_exec_cb(tb, executed, QEMU_PLUGIN_CB_NO_REGS,
                                             reinterpret_cast<void*>(length));
    }
}

void idle(qemu_plugin_id_t, unsigned vcpu) {
    print_one(vcpu);
}

void at_exit(qemu_plugin_id_t, void*) {
    for (int vcpu = 0; vcpu < qemu_plugin_num_vcpus(); vcpu++) print_one(static_cast<unsigned>(vcpu));
    plugin::print("Total: bb's: %" PRIu64 ", insns: %" PRIu64 "\n", qemu_plugin_u64_sum(blocks),
                  qemu_plugin_u64_sum(instructions));
}

}  // namespace

BUNDLED_PLUGIN("bb: counts executed blocks and their instructions", kOptions)

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t*, int argc, char** argv) {
    if (!plugin::parse(kOptions, argc, argv)) return -1;
    counts = qemu_plugin_scoreboard_new(sizeof(Counts));
    blocks = qemu_plugin_scoreboard_u64_in_struct(counts, Counts, blocks);
    instructions = qemu_plugin_scoreboard_u64_in_struct(counts, Counts, instructions);
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    if (report_idle) qemu_plugin_register_vcpu_idle_cb(id, idle);
    qemu_plugin_register_atexit_cb(id, at_exit, nullptr);
    return 0;
}
