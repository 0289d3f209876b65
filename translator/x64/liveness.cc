// SPDX-License-Identifier: MIT
// What the forward pass needs to know beforehand: aliases, uses, dead instructions, result hints, flags
// liveness.
//
// A result hint says that a value may be computed straight into the pinned register of the SetX/SetV that
// takes it. That makes the SetX disappear, but it changes the guest register early, so between the two
// nothing may look at the guest's state: no fault, no call, no read of that register. The backward scan
// keeps, for each guest register, the Set it would reach without meeting such a barrier; an epoch counter
// makes "forget all" cheap.
#include "translator/hooks.h"
#include "translator/x64/allocator.h"

namespace armature::translator::x64 {

using ir::Inst;
using ir::Op;
using ir::Type;

namespace {

bool is_flag_setter(Op op) {
    return op == Op::AddS || op == Op::SubS || op == Op::AdcS || op == Op::SbcS || op == Op::AndS;
}

// A callback that may look at the guest's registers.
bool is_state_probe(const Inst& i) {
    if (i.op != Op::Probe && i.op != Op::MemoryProbe && i.op != Op::MemoryProbeV) return false;
    return reinterpret_cast<const Probe*>(i.imm)->registers;
}

bool sees_guest_state(const Inst& i) {
    const uint8_t traits = ir::info(i.op).traits;
    if (i.op == Op::CallHelper || i.op == Op::CallHelperV) return true;
    return (traits & ir::kFaults) || is_state_probe(i);
}

struct PendingSet {
    uint32_t value = 0;
    uint32_t epoch = 0;
};

}  // namespace

bool Allocator::produces_zero_upper(uint32_t id) const {
    const Inst& i = block_.insts[id];
    if (i.type == Type::I32) return true;
    switch (i.op) {
        case Op::Load:
            return i.width <= 4;
        case Op::ZExt8:
        case Op::ZExt16:
        case Op::ZExt32:
        case Op::CondBit:
            return true;
        case Op::Ubfx:
            return (i.imm >> 8 & 0xff) <= 32;
        case Op::Const:
            return i.imm <= UINT32_MAX;
        default:
            return false;
    }
}

// Only instructions that write their result once, at their end (or that cannot fault), may do so in a pinned
// register.
bool Allocator::can_hint(const Inst& inst) const {
    const ir::OpInfo& op = ir::info(inst.op);
    if (inst.op == Op::Load || inst.op == Op::LoadSigned) return true;
    if (inst.op == Op::LoadV) return inst.width >= 4;
    return !(op.traits & (ir::kFaults | ir::kHelper));
}

void Allocator::analyse() {
    const uint32_t count = static_cast<uint32_t>(block_.insts.size());

    // Forward: aliases.
    for (uint32_t id = 1; id < count; id++) {
        const Inst& i = block_.insts[id];
        Track& t = tracks_[id];
        t.root = id;
        if (i.op == Op::Trunc) {
            t.root = tracks_[i.a.id].root;
        } else if (i.op == Op::ZExt32) {
            const uint32_t of = tracks_[i.a.id].root;
            if (produces_zero_upper(of)) t.root = of;
        } else if (i.op == Op::FlagsOf) {
            Track& source = tracks_[i.a.id];
            if (source.flags) {
                t.root = source.flags;
            } else {
                source.flags = id;
            }
        }
    }

    // Backward: uses, hints, flags.
    PendingSet pending[2][32];
    uint32_t epoch = 1;
    uint32_t overwritten[2] = {};
    bool flags_needed = block_.flags_live_out;
    auto use = [this](ir::Value value, uint32_t by) {
        if (!value) return;
        Track& t = tracks_[tracks_[value.id].root];
        if (!t.remaining) t.last_use = by;
        t.remaining++;
    };
    use(block_.end.a, count);
    for (uint32_t id = count - 1; id >= 1; id--) {
        const Inst& i = block_.insts[id];
        const ir::OpInfo& op = ir::info(i.op);
        Track& t = tracks_[id];
        Outlook& outlook = outlook_[id];
        outlook.flags_needed = flags_needed;
        if (!sees_guest_state(i)) {
            outlook.overwritten[0] = overwritten[0];
            outlook.overwritten[1] = overwritten[1];
        }
        if (t.root != id) {
            t.dead = true;
            continue;
        }
        if (i.type == Type::V128 && rematerialises(id)) {
            t.dead = true;
            continue;
        }
        // Flags.
        if (i.op == Op::SetFlags) {
            if (!flags_needed) {
                t.dead = true;
                continue;
            }
            flags_needed = false;
        }
        const bool wants_flags = is_flag_setter(i.op) && t.flags && tracks_[t.flags].remaining;
        if (!wants_flags) t.flags = 0;
        if ((op.traits & (ir::kPure | ir::kReadsState)) &&
            !(op.traits & (ir::kEffect | ir::kFaults | ir::kWritesState)) && !t.remaining && !wants_flags) {
            t.dead = true;
            continue;
        }
        if ((op.traits & ir::kFaults) || is_state_probe(i) || i.op == Op::GetFlags) flags_needed = true;

        // Hints: this result, then what this instruction means for those before it.
        if (t.hint >= 0) {
            const unsigned bank = op.result == Type::V128;
            const PendingSet& set = pending[bank][t.hint];
            if (set.value != id || set.epoch != epoch || !can_hint(i)) t.hint = -1;
        }
        if (i.op == Op::SetX || i.op == Op::SetV) {
            const unsigned bank = i.op == Op::SetV;
            const uint32_t value = tracks_[i.a.id].root;
            pending[bank][i.imm] = {value, epoch};
            overwritten[bank] |= 1u << i.imm;
            if ((bank ? kPinnedV : kPinnedX)[i.imm] != InMemory)
                tracks_[value].hint = static_cast<int16_t>(i.imm);
        } else if (i.op == Op::GetX || i.op == Op::GetV) {
            pending[i.op == Op::GetV][i.imm] = {};
            overwritten[i.op == Op::GetV] &= ~(1u << i.imm);
        } else if (sees_guest_state(i)) {
            epoch++;
            overwritten[0] = overwritten[1] = 0;
        }

        if (i.op == Op::FlagsOf) continue;  // it needs the flags of its operand, not the value
        for (unsigned n = 0; n < 4; n++) use(i.operand(n), id);
    }
}

}  // namespace armature::translator::x64
