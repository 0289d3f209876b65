// SPDX-License-Identifier: MIT
#include "translator/runtime/probes.h"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <mutex>

#include "translator/opt/opt.h"
#include "translator/runtime/runtime.h"
#include "translator/x64/register_plan.h"

namespace armature::translator::runtime {

namespace {

bool is_addition(const Probe& probe) {
    return probe.kind == ProbeKind::AddU64;
}

bool is_inline(const Probe& probe) {
    return is_addition(probe) || probe.kind == ProbeKind::StoreU64 || probe.kind == ProbeKind::CombineU64;
}

// What a block's start can do for all its instructions, since it can be undone.
bool can_be_undone(const Probe& probe) {
    if (is_addition(probe)) return true;
    return probe.kind == ProbeKind::CombineU64 && probe.operation == ProbeOperation::Xor && !probe.of_address;
}

// Probes that may change places with each other, and be one if their counter is the same.
bool commute(const Probe& a, const Probe& b) {
    if (a.kind != b.kind || a.of_address || b.of_address) return false;
    return is_addition(a) || (a.kind == ProbeKind::CombineU64 && a.operation == b.operation);
}

// The counter that has the lane: the first that two blocks in succession add to. Only one thread gets here.
ProbeCounter lane_counter;

bool takes_lane(const ProbeCounter& counter) {
    static ProbeCounter previous;
    static bool chosen = false;
    static unsigned turn = 0;
    if (parallel.load(std::memory_order_relaxed) || x64::plan->calls || !opt::enabled(opt::k_counter_lane))
        return false;
    if (!chosen && counter == previous) {
        lane_counter = counter;
        chosen = true;
    }
    previous = counter;
    return chosen && counter == lane_counter && turn++ % 2 != 0;
}

// Probes of instructions that the runtime emulates. There are few, so they stay when their translation goes.
std::span<const Probe> keep_for_good(std::span<const Probe> probes) {
    static std::mutex mutex;
    static std::deque<std::vector<Probe>> kept;
    const std::lock_guard guard(mutex);
    return kept.emplace_back(probes.begin(), probes.end());
}

bool looks_at_registers(std::span<const Probe> probes) {
    return std::any_of(probes.begin(), probes.end(),
                       [](const Probe& probe) { return probe.access_level != 0; });
}

}  // namespace

ProbePlacement::ProbePlacement(support::Arena& arena, const ProbedBlock& probed, const ir::Block& plain)
    : arena_(arena), block_(probed), stretch_ends_(arena.make_array<bool>(probed.instructions.size())) {
    look(probed.entry);
    for (const ProbedInstruction& instruction : probed.instructions) {
        look(instruction.before);
        look(instruction.memory);
    }
    for (const ir::Inst& inst : plain.insts) {
        if (ir::info(inst.op).traits & (ir::kFaults | ir::kEffect | ir::kHelper))
            stretch_ends_[inst.guest] = true;
    }
}

void ProbePlacement::look(std::span<const Probe> probes) {
    for (const Probe& probe : probes) {
        calls_back_ |= !is_inline(probe);
        if (!looked_) operation_ = probe.operation;
        looked_ = true;
        in_advance_ &= can_be_undone(probe) && probe.operation == operation_;
        access_level_ = std::max(access_level_, probe.access_level);
    }
}

void ProbePlacement::emit(ir::Builder& builder, const Probe& probe) {
    builder.emit(ir::Op::Probe, ir::Type::None, {}, {}, {}, {}, reinterpret_cast<uint64_t>(&probe));
    has_called_back_ |= !is_inline(probe);
    if (probe.access_level >= kWritesRegisters) builder.forget_state();
}

void ProbePlacement::do_in_advance(std::span<const Probe> probes, unsigned index, bool after) {
    for (const Probe& probe : probes) {
        const auto found = std::find(counters_.begin(), counters_.end(), probe.counter);
        const auto number = static_cast<size_t>(found - counters_.begin());
        if (found == counters_.end()) {
            counters_.push_back(probe.counter);
            sums_.push_back(arena_.make<Probe>(probe));
            sums_.back()->immediate = 0;
        }
        // Accesses add when it is known how many there are: see report().
        if (after) continue;
        sums_[number]->immediate = combine(sums_[number]->immediate, operation_, probe.immediate);
        if (index == 0) continue;  // nothing comes before it
        credits_.push_back(
            {static_cast<uint32_t>(number), static_cast<uint16_t>(index), false, probe.immediate});
    }
}

// Additions with nothing but additions between them are one, and so with the other operations.
void ProbePlacement::append(std::vector<Probe>& merged, std::span<const Probe> probes) const {
    for (const Probe& probe : probes) {
        auto same = merged.rbegin();
        while (same != merged.rend() && commute(*same, probe) && !(same->counter == probe.counter)) ++same;
        if (same == merged.rend() || !commute(*same, probe)) {
            merged.push_back(probe);
            continue;
        }
        // Subtractions add up.
        const bool adds = is_addition(probe) || probe.operation == ProbeOperation::Sub;
        same->immediate =
            combine(same->immediate, adds ? ProbeOperation::Add : probe.operation, probe.immediate);
    }
}

void ProbePlacement::before(ir::Builder& builder, unsigned index) {
    builder_ = &builder;
    index_ = index;
    builder.set_access_hook(block_.instructions[index].memory.empty() ? nullptr : report, this);
    if (in_advance_) {
        if (index != 0) return;
        do_in_advance(block_.entry, 0, false);
        for (unsigned n = 0; n < size(); n++) {
            do_in_advance(block_.instructions[n].before, n, false);
            do_in_advance(block_.instructions[n].memory, n, true);
        }
        for (Probe* sum : sums_) {
            if (is_addition(*sum) && takes_lane(sum->counter)) {
                sum->in_lane = true;
                sum->function = reinterpret_cast<void*>(empty_counter_lane);
            }
            emit(builder, *sum);
        }
        return;
    }
    if (index < emitted_) return;
    std::vector<Probe> merged;
    if (index == 0) append(merged, block_.entry);
    do {
        append(merged, block_.instructions[emitted_].before);
    } while (!stretch_ends_[emitted_++] && emitted_ < size() &&
             !looks_at_registers(block_.instructions[emitted_].before));
    for (const Probe& probe : merged) emit(builder, *arena_.make<Probe>(probe));
}

// The runtime makes the accesses of this instruction, and finds its Probes in CpuState.
void ProbePlacement::hand_over() const {
    const std::span<const Probe> kept = keep_for_good(block_.instructions[index_].memory);
    builder_->store_state(offsetof(guest::CpuState, emulated_probes),
                          builder_->i64(reinterpret_cast<uint64_t>(kept.data())));
    builder_->store_state(offsetof(guest::CpuState, emulated_probe_count), builder_->i64(kept.size()));
}

// The lifter reports a memory access.
void ProbePlacement::report(void* context, ir::Value address, ir::Value value, ir::Value value2,
                            uint32_t info) {
    ProbePlacement& self = *static_cast<ProbePlacement*>(context);
    ir::Builder& builder = *self.builder_;
    if (info == kMemoryEmulated) return self.hand_over();
    const uint8_t kind = info & kMemoryStore ? 2 : 1;
    const ir::Value guard = builder.access_guard();
    for (const Probe& probe : self.block_.instructions[self.index_].memory) {
        if (!(probe.access & kind)) continue;
        if (self.in_advance_ && !guard) {
            const auto found = std::find(self.counters_.begin(), self.counters_.end(), probe.counter);
            const auto number = static_cast<size_t>(found - self.counters_.begin());
            uint64_t& sum = self.sums_[number]->immediate;
            sum = combine(sum, self.operation_, probe.immediate);
            self.credits_.push_back(
                {static_cast<uint32_t>(number), static_cast<uint16_t>(self.index_), true, probe.immediate});
            continue;
        }
        const Probe& kept = *self.arena_.make<Probe>(probe);
        const auto imm = reinterpret_cast<uint64_t>(&kept);
        const auto width = static_cast<uint8_t>(info);
        self.has_called_back_ |= !is_inline(probe);
        const bool valued = !is_inline(probe) && probe.wants_value;
        const bool vector = valued && builder.type(value) == ir::Type::V128;
        builder.emit(vector ? ir::Op::MemoryProbeV : ir::Op::MemoryProbe, ir::Type::None, address,
                     valued ? value : ir::Value{}, valued ? value2 : ir::Value{}, guard, imm, width);
        if (probe.access_level >= kWritesRegisters) builder.forget_state();
    }
}

const Instrumentation* ProbePlacement::keep(support::Arena& arena) const {
    if (credits_.empty()) return nullptr;
    const auto copy = [&arena]<typename T>(const std::vector<T>& items) {
        const std::span<T> kept = arena.make_array<T>(items.size());
        std::copy(items.begin(), items.end(), kept.begin());
        return kept;
    };
    return arena.make<Instrumentation>(copy(counters_), copy(credits_), operation_);
}

void empty_counter_lane(guest::CpuState* cpu) {
    const uint32_t pending = cpu->counter_lane - guest::kLaneEmpty;
    if (pending == 0) return;
    cpu->counter_lane = guest::kLaneEmpty;
    *lane_counter.of(*cpu) += pending;
}

void take_back_credits(const guest::CpuState& cpu, const TranslatedBlock& block, unsigned guest, bool again) {
    if (!block.instrumentation) return;
    const bool xors = block.instrumentation->operation == ProbeOperation::Xor;
    for (const Credit& credit : block.instrumentation->credits) {
        const bool reached = credit.guest < guest || (credit.guest == guest && !credit.after && !again);
        if (reached) continue;
        uint64_t& counter = *block.instrumentation->counters[credit.counter].of(cpu);
        counter = xors ? counter ^ credit.amount : counter - credit.amount;
    }
}

}  // namespace armature::translator::runtime
