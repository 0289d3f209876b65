// SPDX-License-Identifier: MIT
// How instrumentation enters translation. The plugin host fills `hooks`; the translator knows nothing of
// plugins.
//
// When a block is about to be translated, `translate` is called with the block's instructions. The callee
// attaches Probes: to the block, to an instruction (before it), or to an instruction's memory accesses (after
// each success). Probes become IR (runtime/probes.h): additions of a block are merged, a callback is a direct
// call. Blocks obey QEMU's rules (one entry; end at branches, SVC, state-changing system
// instructions; at most 512 instructions; one 4 KiB page). Memory-access Probes fire by the access list in
// the plugin documentation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "guest/cpu_state.h"

namespace armature::translator {

enum class ProbeKind : uint8_t {
    Callback,             // fn(vcpu_index, userdata)
    ConditionalCallback,  // the same, if the counter at `counter` compares so with `immediate`
    AddU64,               // *counter += immediate
    StoreU64,             // *counter = immediate
    CombineU64,           // *counter = *counter `operation` immediate, or the address of the access
    MemoryCallback,  // fn(vcpu_index, info, vaddr, userdata); the access's value is in cpu.vector_scratch[0]
                     // (mem_get_value)
};

enum class ProbeOperation : uint8_t { Add, Or, And, Sub, Xor };

enum class ProbeCondition : uint8_t { Never, Always, Eq, Ne, Lt, Le, Gt, Ge };  // unsigned; QEMU's order

// Where an inline operation's 64-bit counter is: at address + (vcpu_index & mask) * stride, or at an offset
// from CpuState::counters, which is quickest, or at *base + vcpu_index * stride + offset.
struct ProbeCounter {
    uint64_t* address = nullptr;  // used if `base` is null and `in_vcpu` false
    uint8_t* const* base = nullptr;
    size_t stride = 0;
    size_t offset = 0;
    uint32_t mask = ~uint32_t{0};
    bool in_vcpu = false;

    bool operator==(const ProbeCounter&) const = default;
    uint64_t* of(const guest::CpuState& cpu) const {
        if (in_vcpu) return reinterpret_cast<uint64_t*>(cpu.counters + offset);
        if (!base)
            return reinterpret_cast<uint64_t*>(reinterpret_cast<uint8_t*>(address) +
                                               (cpu.vcpu_index & mask) * stride);
        return reinterpret_cast<uint64_t*>(*base + cpu.vcpu_index * stride + offset);
    }
};

constexpr uint64_t combine(uint64_t a, ProbeOperation operation, uint64_t b) {
    switch (operation) {
        case ProbeOperation::Add:
            return a + b;
        case ProbeOperation::Or:
            return a | b;
        case ProbeOperation::And:
            return a & b;
        case ProbeOperation::Sub:
            return a - b;
        case ProbeOperation::Xor:
            return a ^ b;
    }
    return a;
}

inline constexpr uint8_t kWritesRegisters = 2;  // the least Probe::access_level that does

struct Probe {
    ProbeKind kind = ProbeKind::Callback;
    ProbeCondition condition = ProbeCondition::Always;
    ProbeOperation operation = ProbeOperation::Add;
    bool of_address = false;  // CombineU64
    bool in_lane = false;     // AddU64, inside the translator: to CpuState::counter_lane
    uint8_t access = 0;       // memory probes: 1 loads, 2 stores, 3 both
    bool wants_value = true;  // memory callbacks: the accessed value is asked for
    // What the callback may do with guest registers: 0 nothing, 1 read, 2 write, 3 set pc too. If not 0, cpu
    // is up to date during the callback, pc included, and `callback_access` has this number.
    uint8_t access_level = 0;
    void* function = nullptr;
    void* userdata = nullptr;
    ProbeCounter counter;
    uint64_t immediate = 0;
};

// Description of a memory access, as handed to memory callbacks: bits 0-3 size shift, 4 sign-extended, 5
// big-endian, 6 store. The plugin host converts it to each API version's encoding.
using MemoryInfo = uint32_t;
inline constexpr MemoryInfo kMemorySizeMask = 0xf;
inline constexpr MemoryInfo kMemorySigned = 1u << 4;
inline constexpr MemoryInfo kMemoryStore = 1u << 6;
// Inside the translator: the runtime makes the accesses of this instruction, and reports them itself.
inline constexpr MemoryInfo kMemoryEmulated = 1u << 7;

struct ProbedInstruction {
    uint64_t address = 0;
    uint32_t encoding = 0;
    std::span<const Probe> before;  // set by the callee; must stay valid until translate_done
    std::span<const Probe> memory;
};

struct ProbedBlock {
    uint64_t address = 0;
    std::span<ProbedInstruction> instructions;
    std::span<const Probe> entry;  // set by the callee
};

struct Hooks {
    // Called on the translating thread, no translator lock held. May be null: then code is not instrumented
    // at all.
    void (*translate)(ProbedBlock* block) = nullptr;
    // The block that `translate` saw is done: its Probes have been copied.
    void (*translate_done)(ProbedBlock* block) = nullptr;
    // All translations were dropped.
    void (*flushed)() = nullptr;
    // The block at the guest's `address` now has its host code there, of `size` bytes. Any thread.
    void (*published)(uint64_t address, const void* code, size_t size) = nullptr;
};

extern Hooks hooks;

// For a callback of access level 3: leaves translated code and goes on at `pc`; does not return.
[[noreturn]] void leave_callback_at(guest::CpuState* cpu, uint64_t pc);

// The guest program counter of the instruction whose callback, of an access level above 0, is running.
uint64_t callback_pc(const guest::CpuState* cpu);

}  // namespace armature::translator
