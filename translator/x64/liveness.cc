// SPDX-License-Identifier: MIT
// What the forward pass needs to know beforehand: aliases, uses, dead instructions, result hints, flags
// liveness.
//
// A result hint says that a value may be computed straight into the pinned register of the SetX/SetV that
// takes it. That makes the SetX disappear, but it changes the guest register early, so between the two
// nothing may look at the guest's state: no fault, no call, no read of that register. The backward scan
// keeps, for each guest register, the Set it would reach without meeting such a barrier.
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
    return reinterpret_cast<const Probe*>(i.imm)->access_level != 0;
}

bool sees_guest_state(const Inst& i, uint8_t traits) {
    if (!(traits & (ir::kFaults | ir::kHelper))) return false;
    if (i.op == Op::CallHelper || i.op == Op::CallHelperV) return true;
    return (traits & ir::kFaults) || is_state_probe(i);
}

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
    if (inst.op == Op::Load || inst.op == Op::LoadSigned) return true;
    if (inst.op == Op::LoadV) return inst.width >= 4;
    return !(ir::traits(inst.op) & (ir::kFaults | ir::kHelper));
}

void Allocator::analyse() {
    find_aliases();
    find_uses();
}

// Forward. Fills the tracks.
void Allocator::find_aliases() {
    const Inst* const insts = block_.insts.data();
    Track* const tracks = tracks_.data();
    const uint32_t count = static_cast<uint32_t>(block_.insts.size());
    new (tracks) Track;
    for (uint32_t id = 1; id < count; id++) {
        const Inst& i = insts[id];
        Track& t = *new (tracks + id) Track;
        t.root = id;
        switch (i.op) {
            case Op::Const:
                t.dead = true;
                break;
            case Op::Trunc:
                t.root = tracks[i.a.id].root;
                break;
            case Op::ZExt32: {
                const uint32_t of = tracks[i.a.id].root;
                if (produces_zero_upper(of)) t.root = of;
                break;
            }
            case Op::FlagsOf: {
                Track& source = tracks[i.a.id];
                if (source.flags) {
                    t.root = source.flags;
                } else {
                    source.flags = id;
                }
                break;
            }
            default:
                break;
        }
    }
    new (tracks + count) Track;
}

// Backward: uses, hints, flags. Fills the outlook.
void Allocator::find_uses() {
    const Inst* const insts = block_.insts.data();
    Track* const tracks = tracks_.data();
    Outlook* const outlook = outlook_.data();
    const uint32_t count = static_cast<uint32_t>(block_.insts.size());
    uint32_t pending[2][32];       // by bank and guest register: the value of the Set that is reached...
    uint32_t overwritten[2] = {};  // ...if there is one
    bool flags_needed = block_.flags_live_out;
    const auto use = [tracks](ir::Value value, uint32_t by) {
        Track& t = tracks[tracks[value.id].root];
        if (!t.remaining) t.last_use = by;
        t.remaining++;
    };
    new (outlook + count) Outlook{{0, 0}, flags_needed};
    if (block_.end.a) use(block_.end.a, count);
    for (uint32_t id = count - 1; id >= 1; id--) {
        const Inst& i = insts[id];
        const uint8_t traits = ir::traits(i.op);
        Track& t = tracks[id];
        const bool sees = sees_guest_state(i, traits);
        new (outlook + id) Outlook{{sees ? 0 : overwritten[0], sees ? 0 : overwritten[1]}, flags_needed};
        if (t.dead) continue;
        if (t.root != id || (i.type == Type::V128 && rematerialises(id))) {
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
        const bool wants_flags = t.flags && is_flag_setter(i.op) && tracks[t.flags].remaining;
        if (!wants_flags) t.flags = 0;
        if (!t.remaining && !wants_flags && (traits & (ir::kPure | ir::kReadsState)) &&
            !(traits & (ir::kEffect | ir::kFaults | ir::kWritesState))) {
            t.dead = true;
            continue;
        }
        if ((traits & ir::kFaults) || i.op == Op::GetFlags || is_state_probe(i)) flags_needed = true;

        // Hints: this result, then what this instruction means for those before it.
        if (t.hint >= 0) {
            const unsigned bank = i.type == Type::V128;
            if (!(overwritten[bank] >> t.hint & 1) || pending[bank][t.hint] != id || !can_hint(i))
                t.hint = -1;
        }
        if (i.op == Op::SetX || i.op == Op::SetV) {
            const unsigned bank = i.op == Op::SetV;
            const uint32_t value = tracks[i.a.id].root;
            pending[bank][i.imm] = value;
            overwritten[bank] |= 1u << i.imm;
            if ((bank ? plan->v : plan->x)[i.imm] != InMemory)
                tracks[value].hint = static_cast<int16_t>(i.imm);
        } else if (i.op == Op::GetX || i.op == Op::GetV) {
            overwritten[i.op == Op::GetV] &= ~(1u << i.imm);
        } else if (sees) {
            overwritten[0] = overwritten[1] = 0;
        }

        if (i.op == Op::FlagsOf) continue;  // it needs the flags of its operand, not the value
        for (unsigned n = 0; n < i.operands; n++) {
            if (i.operand(n)) use(i.operand(n), id);
        }
    }
    new (outlook) Outlook{{0, 0}, true};
}

}  // namespace armature::translator::x64
