// SPDX-License-Identifier: MIT
// Where a block's Probes go.
//
// A Probe is executed with its instruction, but where nobody can tell the difference it is moved and merged.
// What can tell is an instruction that may fault, or have an effect on memory: those behind it in the block
// may not be reached, and callbacks may look at memory. The others compute in registers only. Two schemes:
//
//   - A block of additions only (inline counters) adds at its start what the whole block will have added,
//   once
//     for each counter. If an instruction faults, the handler takes back what those behind it would have
//     added (Credit).
//   - A block with callbacks (or stores to counters, whose order matters) has its Probes at the start of
//     stretches: a stretch ends with an instruction that may fault or have an effect. Additions to a counter
//     are merged between callbacks, which may read it. A callback that may look at registers stays where it
//     is.
//
// Blocks of the first kind that add to one and the same counter, one after the other, would wait for each
// other: a load takes long that gets what was just stored. So while the program has one thread, every other
// block adds to CpuState::counter_lane instead, and what is there goes to the counter whenever the thread
// comes back to C++, so before any plugin's function runs, and at the latest when it has reached 2^16.
//
// Probes of memory accesses stay behind the access, unless they are additions in a block of the first kind.
#pragma once

#include <span>
#include <vector>

#include "support/arena.h"
#include "translator/hooks.h"
#include "translator/ir/builder.h"
#include "translator/runtime/code_cache.h"

namespace armature::translator::runtime {

class ProbePlacement {
  public:
    // `plain` is the block lifted without Probes. `arena` keeps what the IR points to.
    ProbePlacement(support::Arena& arena, const ProbedBlock& probed, const ir::Block& plain);

    bool calls_back() const { return calls_back_; }
    bool has_called_back() const { return has_called_back_; }  // of what has been emitted
    uint8_t access_level() const { return access_level_; }
    unsigned size() const { return static_cast<unsigned>(block_.instructions.size()); }

    // Emits what is due before instruction `index`, and takes care of its accesses.
    void before(ir::Builder& builder, unsigned index);

    // For faults: what the block's start has done too early; null if nothing.
    const Instrumentation* keep(support::Arena& arena) const;

  private:
    void look(std::span<const Probe> probes);
    void do_in_advance(std::span<const Probe> probes, unsigned index, bool after);
    void append(std::vector<Probe>& merged, std::span<const Probe> probes) const;
    void hand_over() const;
    void emit(ir::Builder& builder, const Probe& probe);
    static void report(void* context, ir::Value address, ir::Value value, ir::Value value2, uint32_t info);

    support::Arena& arena_;
    const ProbedBlock& block_;
    std::span<bool> stretch_ends_;
    bool calls_back_ = false;
    bool has_called_back_ = false;
    bool looked_ = false;
    bool in_advance_ = true;  // the first kind, all of them this operation:
    ProbeOperation operation_ = ProbeOperation::Add;
    uint8_t access_level_ = 0;
    unsigned emitted_ = 0;  // instructions whose Probes have been

    ir::Builder* builder_ = nullptr;
    unsigned index_ = 0;
    std::vector<Probe*> sums_;  // of each of counters_
    std::vector<ProbeCounter> counters_;
    std::vector<Credit> credits_;
};

// What this thread's lane has goes to the counter. For the thunks' C++.
void empty_counter_lane(guest::CpuState* cpu);

// Async-signal-safe. Instruction `guest` of the block has faulted: undoes additions that were made in advance
// for what comes after it, and, if it is going to be executed again, its own.
void take_back_credits(const guest::CpuState& cpu, const TranslatedBlock& block, unsigned guest, bool again);

}  // namespace armature::translator::runtime
