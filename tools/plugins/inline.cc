// SPDX-License-Identifier: MIT
// Checks the ways of counting against each other: callbacks, inline operations and conditional callbacks must
// agree, for blocks, instructions and memory accesses. Ends the emulator with a message if they do not.
#include <unistd.h>

#include "tools/plugins/plugin_support.h"

namespace {

// One for blocks, one for instructions, one for accesses.
struct Counts {
    uint64_t by_callback;
    uint64_t by_inline;
    uint64_t until_trigger;  // counted up inline, and reset to 0 by the conditional callback
    uint64_t triggers;
};

constexpr uint64_t kTrigger = 100;

struct Kind {
    const char* name;
    qemu_plugin_u64 by_callback;
    qemu_plugin_u64 by_inline;
    qemu_plugin_u64 until_trigger;
    qemu_plugin_u64 triggers;
};
Kind blocks = {"tb", {}, {}, {}, {}};
Kind instructions = {"insn", {}, {}, {}, {}};
Kind accesses = {"mem", {}, {}, {}, {}};

pid_t installed_in;

const plugin::Options kOptions = {};

void make_counters(Kind* kind) {
    qemu_plugin_scoreboard* board = qemu_plugin_scoreboard_new(sizeof(Counts));
    kind->by_callback = qemu_plugin_scoreboard_u64_in_struct(board, Counts, by_callback);
    kind->by_inline = qemu_plugin_scoreboard_u64_in_struct(board, Counts, by_inline);
    kind->until_trigger = qemu_plugin_scoreboard_u64_in_struct(board, Counts, until_trigger);
    kind->triggers = qemu_plugin_scoreboard_u64_in_struct(board, Counts, triggers);
}

void count(unsigned vcpu, void* userdata) {
    qemu_plugin_u64_add(static_cast<Kind*>(userdata)->by_callback, vcpu, 1);
}

void count_access(unsigned vcpu, qemu_plugin_meminfo_t, uint64_t, void* userdata) {
    count(vcpu, userdata);
}

void triggered(unsigned vcpu, void* userdata) {
    auto* kind = static_cast<Kind*>(userdata);
    qemu_plugin_u64_set(kind->until_trigger, vcpu, 0);
    qemu_plugin_u64_add(kind->triggers, vcpu, 1);
}

void translated(qemu_plugin_id_t, qemu_plugin_tb* tb) {
    constexpr qemu_plugin_op kAdd = QEMU_PLUGIN_INLINE_ADD_U64;
    constexpr qemu_plugin_cb_flags kFlags = QEMU_PLUGIN_CB_NO_REGS;
    qemu_plugin_register_vcpu_tb_exec_cb(tb, count, kFlags, &blocks);
    qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, kAdd, blocks.by_inline, 1);
    qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, kAdd, blocks.until_trigger, 1);
    qemu_plugin_register_vcpu_tb_exec_cond_cb(tb, triggered, kFlags, QEMU_PLUGIN_COND_EQ,
                                              blocks.until_trigger, kTrigger, &blocks);
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        qemu_plugin_insn* insn = qemu_plugin_tb_get_insn(tb, i);
        qemu_plugin_register_vcpu_insn_exec_cb(insn, count, kFlags, &instructions);
        qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(insn, kAdd, instructions.by_inline, 1);
        qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(insn, kAdd, instructions.until_trigger, 1);
        qemu_plugin_register_vcpu_insn_exec_cond_cb(insn, triggered, kFlags, QEMU_PLUGIN_COND_GE,
                                                    instructions.until_trigger, kTrigger, &instructions);
        qemu_plugin_register_vcpu_mem_cb(insn, count_access, kFlags, QEMU_PLUGIN_MEM_RW, &accesses);
        qemu_plugin_register_vcpu_mem_inline_per_vcpu(insn, QEMU_PLUGIN_MEM_RW, kAdd, accesses.by_inline, 1);
    }
}

void check(const Kind& kind, bool conditional) {
    uint64_t by_callback = qemu_plugin_u64_sum(kind.by_callback);
    uint64_t by_inline = qemu_plugin_u64_sum(kind.by_inline);
    uint64_t triggers = qemu_plugin_u64_sum(kind.triggers);
    uint64_t rest = qemu_plugin_u64_sum(kind.until_trigger);
    plugin::print("%s: %" PRIu64 " (per vcpu)\n%s: %" PRIu64 " (per vcpu inline)\n", kind.name, by_callback,
                  kind.name, by_inline);
    if (conditional) {
        plugin::print("%s: %" PRIu64 " (cond cb hits: %" PRIu64 ", remaining %" PRIu64 ")\n", kind.name,
                      triggers * kTrigger + rest, triggers, rest);
    }
    if (getpid() != installed_in) return;
    if (by_callback == by_inline && (!conditional || by_callback == triggers * kTrigger + rest)) return;
    fprintf(stderr,
            "inline: the counts for %s differ: callback %" PRIu64 ", inline %" PRIu64 ", conditional %" PRIu64
            "\n",
            kind.name, by_callback, by_inline, triggers * kTrigger + rest);
    _exit(1);
}

void at_exit(qemu_plugin_id_t, void*) {
    check(blocks, true);
    check(instructions, true);
    check(accesses, false);
}

}  // namespace

BUNDLED_PLUGIN("inline: checks inline operations against callbacks", kOptions)

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t*, int argc, char** argv) {
    if (!plugin::parse(kOptions, argc, argv)) return -1;
    installed_in = getpid();
    make_counters(&blocks);
    make_counters(&instructions);
    make_counters(&accesses);
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, at_exit, nullptr);
    return 0;
}
