// SPDX-License-Identifier: MIT
// Condition flags.
//
// A Flags value is in EFLAGS, in CpuState::flags, in a spill slot, or a constant. The format in memory is
// that of CpuState::flags: LAHF and SETO after a subtraction, which `add al, 0x7f; sahf` turns back. Emitters
// leave EFLAGS as their operation makes them and say how they relate to Arm's (FlagsAt):
//
//               N    Z    C       V
//   EflagsSub   SF   ZF   !CF     OF
//   EflagsAdd   SF   ZF   CF      OF      one CMC away from Sub
//   EflagsLogic SF   ZF   (0)     (0)     x86 has CF = 0, which would read as C = 1: one STC away from Sub
//   EflagsFcmp  after UCOMIS: less CF; equal ZF; greater none; unordered ZF, PF, CF
//               Arm:          N;       Z, C;     C;            C, V
//
// Guest flags that were set stay in EFLAGS until an instruction destroys them. Only if somebody can still ask
// for them (Outlook::flags_needed) are they then stored.
#include "translator/x64/allocator.h"

namespace armature::translator::x64 {

using ir::Cond;
using ir::Inst;
using ir::Op;
using ir::Value;

namespace {

using Xbyak::util::al;
using Xbyak::util::ax;
using Xbyak::util::eax;

constexpr uint8_t kAddToOverflow = 0x7f;  // al = 1 overflows, al = 0 does not

// For EflagsSub, indexed by Arm condition.
constexpr uint8_t kSubCondition[16] = {kE, kNE, kAE, kB, kS, kNS, kO, kNO, kA, kBE, kGE, kL, kG, kLE, kE, kE};

uint32_t constant_flags(uint64_t nzcv) {
    guest::CpuState cpu;
    cpu.set_nzcv(static_cast<uint32_t>(nzcv & 0xf) << 28);
    return cpu.flags;
}

bool reads_carry(Cond cond) {
    return cond == Cond::CS || cond == Cond::CC || cond == Cond::HI || cond == Cond::LS;
}

}  // namespace

bool Allocator::guest_flags_needed() const {
    if (index_ < last_instruction()) {
        const Op op = current().op;
        if ((ir::traits(op) & ir::kFaults) || op == Op::CallHelper || op == Op::CallHelperV) return true;
    }
    return outlook_[index_].flags_needed;
}

bool Allocator::flags_busy() const {
    if (!eflags_value_) return false;
    return tracks_[eflags_value_].remaining || (flags_in_eflags_ && guest_flags_needed());
}

// Makes EFLAGS those of a subtraction.
void Allocator::normalise_eflags() {
    if (eflags_kind_ == FlagsAt::EflagsAdd) {
        c.cmc();
        eflags_kind_ = FlagsAt::EflagsSub;
    } else if (eflags_kind_ == FlagsAt::EflagsLogic) {
        c.stc();
        eflags_kind_ = FlagsAt::EflagsSub;
    }
}

// Stores EFLAGS in CpuState::flags' format. They survive, except those of a floating-point compare.
void Allocator::save_eflags(const Xbyak::Address& where) {
    if (eflags_kind_ == FlagsAt::EflagsFcmp) {
        // eax = Z at 14, P at 10, C at 8. Times 0x81: N (15) becomes C; adding 0x3c00 then carries out for
        // unordered only.
        //   greater 0000 -> 3c00    less 0100 -> bd00    equal 4000 -> 7c00    unordered 4500 -> 0100 and
        //   carry
        c.lahf();
        c.and_(eax, 0x4500);
        c.imul(eax, eax, 0x81);
        c.add(ax, 0x3c00);
        c.adc(al, 0);
        c.sub(Xbyak::util::ah, al);
        c.mov(where, eax);
        eflags_kind_ = FlagsAt::State;
        return;
    }
    normalise_eflags();
    c.lahf();
    c.seto(al);
    c.mov(where, eax);
}

// A value that is only in CpuState::flags and still wanted moves to a slot of its own.
void Allocator::keep_state_flags() {
    const uint32_t id = state_flags_value_;
    if (!id || id == eflags_value_ || !tracks_[id].remaining || tracks_[id].spill >= 0) return;
    Track& t = tracks_[id];
    t.spill = allocate_spill();
    c.mov(eax, state(kStateFlags, 32));
    c.mov(spill_slot(t.spill, 32), eax);
}

void Context::clobber_flags() {
    Allocator& e = impl(*this);
    const uint32_t id = e.eflags_value_;
    if (!id) return;
    const bool store = e.flags_in_eflags_ && e.guest_flags_needed();
    Track& t = e.tracks_[id];
    const unsigned here = e.index_ < e.last_instruction() && e.flags_consumed_ ? e.occurrences(id) : 0;
    const bool keep = t.remaining > here && t.spill < 0 && e.state_flags_value_ != id;
    if (store) {
        e.keep_state_flags();
        e.save_eflags(state(kStateFlags, 32));
        e.state_flags_value_ = id;
    } else if (keep) {
        t.spill = e.allocate_spill();
        e.save_eflags(e.spill_slot(t.spill, 32));
    }
    e.flags_in_eflags_ = false;
    e.eflags_value_ = 0;
}

// The present instruction tests `flags` and then destroys EFLAGS: saves what must be saved while that is
// easy.
void Allocator::keep_flags(Value flags) {
    const uint32_t id = root(flags);
    if (eflags_value_ != id) return;
    flags_consumed_ = true;
    clobber_flags();
    flags_consumed_ = false;
    if (eflags_kind_ != FlagsAt::State) eflags_value_ = id;  // they survived
}

void Context::produce_flags(Value value, FlagsAt kind) {
    Allocator& e = impl(*this);
    const Inst& i = inst(value);
    const uint32_t id = i.type == ir::Type::Flags ? e.root(value) : e.tracks_[value.id].flags;
    e.eflags_value_ = id;
    e.eflags_kind_ = kind;
    e.flags_in_eflags_ = false;
}

void Allocator::flags_from_rax(Value result) {
    Track& t = tracks_[result.id];
    t.spill = allocate_spill();
    c.mov(spill_slot(t.spill, 32), eax);
}

void Allocator::flags_to_slot(Value flags) {
    const uint32_t id = root(flags);
    Track& t = tracks_[id];
    if (t.spill >= 0) return;
    t.spill = allocate_spill();
    if (eflags_value_ == id) {
        save_eflags(spill_slot(t.spill, 32));
        if (eflags_kind_ == FlagsAt::State) {  // they did not survive
            if (flags_in_eflags_) {
                keep_state_flags();
                c.mov(state(kStateFlags, 32), eax);
                state_flags_value_ = id;
            }
            flags_in_eflags_ = false;
            eflags_value_ = 0;
        }
        return;
    }
    if (block_.insts[id].op == Op::FlagsNzcv) {
        c.mov(spill_slot(t.spill, 32), constant_flags(block_.insts[id].imm));
        return;
    }
    c.mov(eax, state(kStateFlags, 32));
    c.mov(spill_slot(t.spill, 32), eax);
}

Xbyak::Address Allocator::flags_slot(Value flags) {
    const uint32_t id = root(flags);
    if (tracks_[id].spill >= 0) return spill_slot(tracks_[id].spill, 32);
    if (state_flags_value_ == id) return state(kStateFlags, 32);
    flags_to_slot(flags);
    return spill_slot(tracks_[id].spill, 32);
}

// Fills EFLAGS from memory or a constant.
void Allocator::load_eflags(uint32_t id) {
    const Inst& definition = block_.insts[id];
    clobber_flags();
    if (tracks_[id].spill < 0 && definition.op == Op::FlagsNzcv) {
        c.mov(eax, constant_flags(definition.imm));
    } else {
        c.mov(eax, flags_slot({id}));
    }
    c.add(al, kAddToOverflow);
    c.sahf();
    eflags_value_ = id;
    eflags_kind_ = FlagsAt::EflagsSub;
    flags_in_eflags_ = false;
}

uint8_t Context::condition(Value flags, Cond cond, uint8_t* second, bool* both) {
    Allocator& e = impl(*this);
    *second = kNoCondition;
    *both = false;
    const uint32_t id = e.root(flags);
    if (e.eflags_value_ != id) {
        // One bit of the word in memory is enough for the simple conditions.
        const bool simple = cond <= Cond::VC;
        if (simple && e.dies(id) && inst({id}).op != Op::FlagsNzcv) {
            static constexpr uint8_t kByte[] = {1, 1, 1, 0};
            static constexpr uint8_t kMask[] = {0x40, 0x01, 0x80, 0x01};
            const unsigned which = static_cast<unsigned>(cond) / 2;
            clobber_flags();
            const Xbyak::Address word = e.flags_slot({id});
            c.test(c.byte[word.getRegExp() + kByte[which]], kMask[which]);
            e.flags_consumed_ = true;
            const bool inverted = cond == Cond::CS || cond == Cond::CC;  // the bit is !C
            const bool want_set = !(static_cast<unsigned>(cond) & 1);
            return want_set != inverted ? kNE : kE;
        }
        e.load_eflags(id);
    }
    e.flags_consumed_ = true;
    if (e.eflags_kind_ == FlagsAt::EflagsFcmp) {
        struct Pair {
            uint8_t first, second;
            bool both;
        };
        static constexpr Pair kFcmp[16] = {
            {kE, kNP, true},             // EQ
            {kNE, kP, false},            // NE
            {kAE, kP, false},            // CS: not less
            {kB, kNP, true},             // CC: less
            {kB, kNP, true},             // MI
            {kAE, kP, false},            // PL
            {kP, kNoCondition, false},   // VS: unordered
            {kNP, kNoCondition, false},  // VC
            {kA, kP, false},             // HI: greater or unordered
            {kBE, kNP, true},            // LS
            {kAE, kNoCondition, false},  // GE
            {kB, kNoCondition, false},   // LT: less or unordered
            {kA, kNoCondition, false},   // GT
            {kBE, kNoCondition, false},  // LE
            {kE, kNP, true},
            {kE, kNP, true},
        };
        const Pair& pair = kFcmp[static_cast<unsigned>(cond)];
        *second = pair.second;
        *both = pair.both;
        return pair.first;
    }
    if (reads_carry(cond)) e.normalise_eflags();
    return kSubCondition[static_cast<unsigned>(cond)];
}

void Allocator::carry_in(Value flags, bool as_borrow) {
    const uint32_t id = root(flags);
    bool here = eflags_value_ == id;
    if (here && eflags_kind_ == FlagsAt::EflagsFcmp) {
        flags_to_slot(flags);
        here = false;
    }
    FlagsAt kind = eflags_kind_;
    flags_consumed_ = true;
    clobber_flags();  // what is saved survives in EFLAGS as after a subtraction
    if (here) {
        if (eflags_kind_ != kind) kind = eflags_kind_;
        if (kind == FlagsAt::EflagsLogic) {
            if (as_borrow) c.stc();  // C = 0; CF is clear already
            return;
        }
        if ((kind == FlagsAt::EflagsSub) != as_borrow) c.cmc();
        return;
    }
    c.bt(flags_slot(flags), 8);  // !C
    if (!as_borrow) c.cmc();
}

// --- The guest's NZCV

void Allocator::set_guest_flags(Value flags) {
    const uint32_t id = root(flags);
    if (eflags_value_ == id) {
        flags_in_eflags_ = true;
        if (state_flags_value_ == id) flags_in_eflags_ = false;  // set once more
        return;
    }
    flags_in_eflags_ = false;
    if (state_flags_value_ == id) return;
    keep_state_flags();
    const Inst& definition = block_.insts[id];
    if (definition.op == Op::FlagsNzcv && tracks_[id].spill < 0) {
        c.mov(state(kStateFlags, 32), constant_flags(definition.imm));
    } else {
        c.mov(eax, flags_slot(flags));
        c.mov(state(kStateFlags, 32), eax);
    }
    state_flags_value_ = id;
}

void Allocator::read_guest_flags(uint32_t id) {
    if (flags_in_eflags_) {
        tracks_[eflags_value_].remaining += tracks_[id].remaining;
        tracks_[id].root = eflags_value_;
    } else if (state_flags_value_) {
        tracks_[state_flags_value_].remaining += tracks_[id].remaining;
        tracks_[id].root = state_flags_value_;
    } else {
        state_flags_value_ = id;
    }
}

void Allocator::flush_guest_flags() {
    if (!flags_in_eflags_) return;
    keep_state_flags();
    save_eflags(state(kStateFlags, 32));
    state_flags_value_ = eflags_value_;
    flags_in_eflags_ = false;
    if (eflags_kind_ == FlagsAt::State) eflags_value_ = 0;
}

}  // namespace armature::translator::x64
