// SPDX-License-Identifier: MIT
// Moves the program counter from callbacks of every kind. The guest asks by system call 4096:
//   (0, pc)                       go on at pc, from inside this system call
//   (1, source, target, address)  from now on: go on at target when the instruction at source is about to be
//   executed, or
//                                 (source 0) when memory at address has been read
#include <atomic>

#define QEMU_PLUGIN_VERSION 6
#include "tools/plugins/plugin_support.h"

namespace {

constexpr int64_t kMagicCall = 4096;

std::atomic<uint64_t> source_pc{0};
std::atomic<uint64_t> target_pc{0};
std::atomic<uint64_t> watched_address{0};

const plugin::Options kOptions = {};

bool filter(qemu_plugin_id_t, unsigned, int64_t number, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
            uint64_t, uint64_t, uint64_t, uint64_t, uint64_t* result) {
    if (number != kMagicCall) return false;
    if (a1 == 0) {
        qemu_plugin_outs("Magic syscall detected, jump to clean exit\n");
        qemu_plugin_set_pc(a2);
    }
    if (a1 != 1) return false;
    qemu_plugin_outs("Magic syscall detected, set target_pc / target_vaddr\n");
    source_pc = a2;
    target_pc = a3;
    watched_address = a4;
    *result = 0;
    return true;
}

void executed(unsigned, void* address) {
    if (source_pc == 0 || reinterpret_cast<uint64_t>(address) != source_pc) return;
    qemu_plugin_outs("Marker insn detected, jump to clean return\n");
    qemu_plugin_set_pc(target_pc);
}

void accessed(unsigned, qemu_plugin_meminfo_t, uint64_t address, void*) {
    if (watched_address == 0 || address != watched_address) return;
    qemu_plugin_outs("Marker mem access detected, jump to clean return\n");
    qemu_plugin_set_pc(target_pc);
}

void translated(qemu_plugin_id_t, qemu_plugin_tb* tb) {
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        qemu_plugin_insn* insn = qemu_plugin_tb_get_insn(tb, i);
        qemu_plugin_register_vcpu_insn_exec_cb(insn, executed, QEMU_PLUGIN_CB_RW_REGS_PC,
                                               reinterpret_cast<void*>(qemu_plugin_insn_vaddr(insn)));
        qemu_plugin_register_vcpu_mem_cb(insn, accessed, QEMU_PLUGIN_CB_RW_REGS_PC, QEMU_PLUGIN_MEM_R,
                                         nullptr);
    }
}

}  // namespace

BUNDLED_PLUGIN("setpc: moves the program counter when the guest asks by system call 4096", kOptions)

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t*, int argc, char** argv) {
    if (!plugin::parse(kOptions, argc, argv)) return -1;
    qemu_plugin_register_vcpu_syscall_filter_cb(id, filter);
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
