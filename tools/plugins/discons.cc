// SPDX-License-Identifier: MIT
// Checks discontinuities against the instructions around them: the next instruction executed must be the one
// that the event said, and the event must come from where execution was. Prints each mismatch and their
// number at the end.
#include <atomic>

#define QEMU_PLUGIN_VERSION 7
#include "tools/plugins/plugin_support.h"

namespace {

struct State {
    uint64_t last_pc;  // of the instruction that was announced last
    uint64_t target;   // where the discontinuity said it goes; 0: there was none since
    uint64_t type;
};

bool abort_on_mismatch = false;
bool trace_all = false;
qemu_plugin_scoreboard* states;
qemu_plugin_u64 last_pc;
std::atomic<uint64_t> events{0};
std::atomic<uint64_t> mismatches{0};

const plugin::Options kOptions = {
    {"abort", &abort_on_mismatch, "end with SIGABRT at the first mismatch"},
    {"trace-all", &trace_all, "print every executed instruction's address"},
};

const char* type_name(uint64_t type) {
    switch (type) {
        case QEMU_PLUGIN_DISCON_INTERRUPT:
            return "interrupt";
        case QEMU_PLUGIN_DISCON_EXCEPTION:
            return "exception";
        case QEMU_PLUGIN_DISCON_HOSTCALL:
            return "hostcall";
        default:
            return "unknown";
    }
}

void report(const char* which, unsigned vcpu, uint64_t type, uint64_t expected, uint64_t got) {
    mismatches++;
    std::string text;
    plugin::append(&text,
                   "Discon %s PC mismatch on VCPU %u\nExpected:      %" PRIx64 "\nEncountered:   %" PRIx64
                   "\nEvent type:    %s\n",
                   which, vcpu, expected, got, type_name(type));
    qemu_plugin_outs(text.c_str());
    if (!abort_on_mismatch) return;
    fputs(text.c_str(), stderr);
    abort();
}

// An exception comes from the instruction announced last, a host call too; an interrupt from the one after
// it, or from wherever that branches to, which cannot be checked here.
void happened(unsigned vcpu, qemu_plugin_discon_type type, uint64_t from_pc, uint64_t to_pc, void*) {
    auto* state = static_cast<State*>(qemu_plugin_scoreboard_find(states, vcpu));
    events++;
    if (type != QEMU_PLUGIN_DISCON_INTERRUPT && state->last_pc != 0 && state->target == 0 &&
        from_pc != state->last_pc) {
        report("source", vcpu, type, state->last_pc, from_pc);
    }
    state->target = to_pc;
    state->type = static_cast<uint64_t>(type);
}

void executed(unsigned vcpu, void*) {
    auto* state = static_cast<State*>(qemu_plugin_scoreboard_find(states, vcpu));
    if (state->target != 0 && state->target != state->last_pc) {
        report("target", vcpu, state->type, state->target, state->last_pc);
    }
    state->target = 0;
    if (trace_all) plugin::print("Exec insn at %" PRIx64 " on VCPU %u\n", state->last_pc, vcpu);
}

void translated(qemu_plugin_tb* tb, void*) {
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        qemu_plugin_insn* insn = qemu_plugin_tb_get_insn(tb, i);
        qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(insn, QEMU_PLUGIN_INLINE_STORE_U64, last_pc,
                                                            qemu_plugin_insn_vaddr(insn));
        qemu_plugin_register_vcpu_insn_exec_cb(insn, executed, QEMU_PLUGIN_CB_NO_REGS, nullptr);
    }
}

void at_exit(void*) {
    plugin::print("discontinuities: %" PRIu64 ", mismatches: %" PRIu64 "\n", events.load(),
                  mismatches.load());
}

}  // namespace

BUNDLED_PLUGIN("discons: checks discontinuity events", kOptions)

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t*, int argc, char** argv) {
    if (!plugin::parse(kOptions, argc, argv)) return -1;
    states = qemu_plugin_scoreboard_new(sizeof(State));
    last_pc = qemu_plugin_scoreboard_u64_in_struct(states, State, last_pc);
    qemu_plugin_register_vcpu_discon_cb(id, QEMU_PLUGIN_DISCON_ALL, happened, nullptr);
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated, nullptr);
    qemu_plugin_register_atexit_cb(id, at_exit, nullptr);
    return 0;
}
