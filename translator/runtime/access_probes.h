// SPDX-License-Identifier: MIT
// Plugins' probes of accesses that C++ makes for an instruction: translated code has left them in CpuState
// (ProbePlacement::hand_over).
#pragma once

#include <bit>
#include <cstring>
#include <span>

#include "translator/hooks.h"

namespace armature::translator::runtime {

class AccessProbes {
  public:
    explicit AccessProbes(guest::CpuState& cpu)
        : cpu_(cpu), probes_(reinterpret_cast<const Probe*>(cpu.emulated_probes), cpu.emulated_probe_count) {
        cpu.emulated_probes = cpu.emulated_probe_count = 0;
    }
    bool watched() const { return !probes_.empty(); }

    // An access of a power of two bytes, at most 16.
    void report(uint64_t address, const void* bytes, uint64_t size, bool is_store) {
        const uint8_t kind = is_store ? 2 : 1;
        for (const Probe& probe : probes_) {
            if (!(probe.access & kind)) continue;
            switch (probe.kind) {
                case ProbeKind::AddU64:
                    *probe.counter.of(cpu_) += probe.immediate;
                    break;
                case ProbeKind::StoreU64:
                    *probe.counter.of(cpu_) = probe.immediate;
                    break;
                case ProbeKind::CombineU64: {
                    uint64_t& counter = *probe.counter.of(cpu_);
                    counter = combine(counter, probe.operation, probe.of_address ? address : probe.immediate);
                    break;
                }
                default:
                    cpu_.vector_scratch[0] = {};
                    std::memcpy(static_cast<void*>(&cpu_.vector_scratch[0]), bytes, size);
                    cpu_.callback_access = probe.access_level;
                    using Function = void (*)(unsigned, MemoryInfo, uint64_t, void*);
                    reinterpret_cast<Function>(probe.function)(
                        cpu_.vcpu_index,
                        (is_store ? kMemoryStore : 0) | static_cast<MemoryInfo>(std::countr_zero(size)),
                        address, probe.userdata);
                    cpu_.callback_access = 0;
            }
        }
    }

  private:
    guest::CpuState& cpu_;
    std::span<const Probe> probes_;
};

}  // namespace armature::translator::runtime
