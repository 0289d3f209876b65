// SPDX-License-Identifier: MIT
// Limits how many instructions a vCPU executes per second: every tenth of a second's worth of them, a vCPU
// that is ahead of its time sleeps until that time has come.
#include <chrono>
#include <thread>

#include "tools/plugins/plugin_support.h"

namespace {

using Clock = std::chrono::steady_clock;

struct Vcpu {
    uint64_t quantum;  // instructions since the last look at the clock
    int64_t next;      // when the present quantum may end, in the clock's nanoseconds
};

constexpr uint64_t kLooksPerSecond = 10;
uint64_t per_second = 1000000000;
uint64_t per_quantum = 0;
qemu_plugin_scoreboard* vcpus;
qemu_plugin_u64 quantum;

bool set_limit(const std::string& value) {
    char* end = nullptr;
    per_second = strtoull(value.c_str(), &end, 10);
    std::string scale = end;
    if (scale == "k" || scale == "K") per_second *= 1000;
    if (scale == "m" || scale == "M") per_second *= 1000000;
    if (scale == "g" || scale == "G") per_second *= 1000000000;
    return end != value.c_str() && scale.size() <= 1 &&
           (scale.empty() || strchr("kKmMgG", scale[0]) != nullptr);
}

const plugin::Options kOptions = {
    {"ips", set_limit, "instructions per second and vCPU, e.g. 100M (1G)"},
};

int64_t now() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch()).count();
}

Vcpu* state_of(unsigned vcpu) {
    return static_cast<Vcpu*>(qemu_plugin_scoreboard_find(vcpus, vcpu));
}

int64_t nanoseconds_for(uint64_t instructions) {
    return static_cast<int64_t>(static_cast<double>(instructions) / static_cast<double>(per_second) * 1e9);
}

void vcpu_init(qemu_plugin_id_t, unsigned vcpu) {
    *state_of(vcpu) = {0, now()};
}

void quantum_done(unsigned vcpu, void*) {
    Vcpu* state = state_of(vcpu);
    state->next += nanoseconds_for(state->quantum);
    state->quantum = 0;
    int64_t ahead = state->next - now();
    if (ahead > 0) {
        std::this_thread::sleep_for(std::chrono::nanoseconds(ahead));
    } else {
        state->next = now();  // what was lost (by waiting for input, say) is not caught up with
    }
}

void translated(qemu_plugin_id_t, qemu_plugin_tb* tb) {
    qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, QEMU_PLUGIN_INLINE_ADD_U64, quantum,
                                                      qemu_plugin_tb_n_insns(tb));
    qemu_plugin_register_vcpu_tb_exec_cond_cb(tb, quantum_done, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_COND_GE,
                                              quantum, per_quantum, nullptr);
}

}  // namespace

BUNDLED_PLUGIN("ips: limits the instructions per second", kOptions)

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t*, int argc, char** argv) {
    if (!plugin::parse(kOptions, argc, argv)) return -1;
    per_quantum = per_second / kLooksPerSecond;
    if (per_quantum == 0) {
        fprintf(stderr, "minimum of %" PRIu64 " instructions per second needed\n", kLooksPerSecond);
        return -1;
    }
    vcpus = qemu_plugin_scoreboard_new(sizeof(Vcpu));
    quantum = qemu_plugin_scoreboard_u64_in_struct(vcpus, Vcpu, quantum);
    qemu_plugin_register_vcpu_init_cb(id, vcpu_init);
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
