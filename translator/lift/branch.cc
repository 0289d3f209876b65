// SPDX-License-Identifier: MIT
// Branches, exception generation and system calls.
#include <cstddef>

#include "guest/address_space.h"
#include "translator/lift/handlers.h"
#include "translator/lift/lifter.h"

namespace armature::translator::lift {
namespace {

uint64_t target_of(const Lifter& l, int64_t words) {
    return l.pc + static_cast<uint64_t>(words) * 4;
}

void end_branch(const Lifter& l, Terminator::Kind kind, Value a, uint64_t target, unsigned bit = 0) {
    Terminator t;
    t.kind = kind;
    t.a = a;
    t.bit = static_cast<uint8_t>(bit);
    t.target = target;
    t.next = l.pc + 4;
    l.b.end(t);
}

// --- BTI: what kind of indirect branch it was, as CpuState::btype has it.

constexpr uint32_t kBtypeTailCall = 1 << 1;  // BR from where nothing is checked, or by X16 or X17
constexpr uint32_t kBtypeCall = 1 << 2;
constexpr uint32_t kBtypeJump = 1 << 3;

void set_btype(const Lifter& l, uint32_t btype) {
    if (guest::enabled(guest::Feature::BTI))
        l.b.store_state(offsetof(guest::CpuState, btype), l.b.i32(btype));
}

uint32_t btype_of_br(const Lifter& l, unsigned n) {
    const bool jump = n != 16 && n != 17 && guest::AddressSpace::instance().is_guarded(l.pc);
    return jump ? kBtypeJump : kBtypeTailCall;
}

// The kinds of branches that may go to this instruction.
uint32_t landing_of(uint32_t encoding) {
    switch (encoding) {
        case 0xd503233f:  // PACIASP
        case 0xd503237f:  // PACIBSP
        case 0xd503245f:  // BTI c
            return kBtypeTailCall | kBtypeCall;
        case 0xd503249f:  // BTI j
            return kBtypeTailCall | kBtypeJump;
        case 0xd50324df:  // BTI jc
            return kBtypeTailCall | kBtypeCall | kBtypeJump;
        default:
            break;
    }
    const uint32_t exception = encoding & 0xffe0001f;
    const bool stops = exception == 0xd4200000 || exception == 0xd4400000;  // BRK, HLT
    return stops ? kBtypeTailCall | kBtypeCall | kBtypeJump : 0;
}

Value target_by_key(const Lifter& l, unsigned n, Value modifier, unsigned key_b) {
    return l.authenticated(l.b.get_r(Type::I64, n), modifier, key_b ? guest::kPacIB : guest::kPacIA);
}

}  // namespace

void check_landing(ir::Builder& builder, uint64_t address, uint32_t encoding) {
    if (!guest::enabled(guest::Feature::BTI)) return;
    const uint32_t refused = (kBtypeTailCall | kBtypeCall | kBtypeJump) & ~landing_of(encoding);
    if (refused && guest::AddressSpace::instance().is_guarded(address))
        builder.emit(Op::CheckLanding, Type::None, {}, {}, {}, {}, refused);
    builder.store_state(offsetof(guest::CpuState, btype), builder.i32(0));
}

HANDLER(B) {
    end_branch(*this, Terminator::Jump, {}, target_of(*this, f.i_signed()));
}

HANDLER(BL) {
    b.set_r(30, b.i64(pc + 4));
    end_branch(*this, Terminator::Call, {}, target_of(*this, f.i_signed()));
}

HANDLER(B_cond) {
    const uint64_t target = target_of(*this, f.i_signed());
    if (f.c() >= static_cast<unsigned>(Cond::AL)) return end_branch(*this, Terminator::Jump, {}, target);
    Terminator t;
    t.kind = Terminator::IfCond;
    t.cond = static_cast<Cond>(f.c());
    t.a = b.get_flags();
    t.target = target;
    t.next = pc + 4;
    b.end(t);
}

HANDLER(BC_cond) {
    B_cond({f.word});
}

HANDLER(CBZ) {
    end_branch(*this, Terminator::IfZero, b.get_r(int_type(f.z()), f.t()), target_of(*this, f.i_signed()));
}

HANDLER(CBNZ) {
    end_branch(*this, Terminator::IfNotZero, b.get_r(int_type(f.z()), f.t()), target_of(*this, f.i_signed()));
}

HANDLER(TBZ) {
    end_branch(*this, Terminator::IfBitClear, b.get_r(Type::I64, f.t()), target_of(*this, f.i_signed()),
               f.b());
}

HANDLER(TBNZ) {
    end_branch(*this, Terminator::IfBitSet, b.get_r(Type::I64, f.t()), target_of(*this, f.i_signed()), f.b());
}

HANDLER(BR) {
    set_btype(*this, btype_of_br(*this, f.n()));
    end_branch(*this, Terminator::Indirect, b.get_r(Type::I64, f.n()), 0);
}

HANDLER(BLR) {
    const Value target = b.get_r(Type::I64, f.n());
    set_btype(*this, kBtypeCall);
    b.set_r(30, b.i64(pc + 4));
    end_branch(*this, Terminator::CallIndirect, target, 0);
}

HANDLER(RET) {
    end_branch(*this, Terminator::Return, b.get_r(Type::I64, f.n()), 0);
}

// --- With pointer authentication

HANDLER(BRA) {
    const Value target = target_by_key(*this, f.n(), b.get_r_sp(Type::I64, f.m()), f.k());
    set_btype(*this, btype_of_br(*this, f.n()));
    end_branch(*this, Terminator::Indirect, target, 0);
}

HANDLER(BRAZ) {
    const Value target = target_by_key(*this, f.n(), b.i64(0), f.k());
    set_btype(*this, btype_of_br(*this, f.n()));
    end_branch(*this, Terminator::Indirect, target, 0);
}

HANDLER(BLRA) {
    const Value target = target_by_key(*this, f.n(), b.get_r_sp(Type::I64, f.m()), f.k());
    set_btype(*this, kBtypeCall);
    b.set_r(30, b.i64(pc + 4));
    end_branch(*this, Terminator::CallIndirect, target, 0);
}

HANDLER(BLRAZ) {
    const Value target = target_by_key(*this, f.n(), b.i64(0), f.k());
    set_btype(*this, kBtypeCall);
    b.set_r(30, b.i64(pc + 4));
    end_branch(*this, Terminator::CallIndirect, target, 0);
}

HANDLER(RETA) {
    end_branch(*this, Terminator::Return, target_by_key(*this, 30, b.get_r_sp(Type::I64, 31), f.k()), 0);
}

HANDLER(ERETA) {
    undefined();
}

HANDLER(SVC) {
    end_exit(ir::ExitKind::Syscall, pc + 4, f.i());
}

HANDLER(BRK) {
    end_exit(ir::ExitKind::Breakpoint, pc, f.i());
}

HANDLER(UDF) {
    undefined();
}

HANDLER(HVC) {
    undefined();
}

HANDLER(SMC) {
    undefined();
}

HANDLER(HLT) {
    undefined();
}

HANDLER(DCPS1) {
    undefined();
}

HANDLER(DCPS2) {
    undefined();
}

HANDLER(DCPS3) {
    undefined();
}

HANDLER(ERET) {
    undefined();
}

HANDLER(DRPS) {
    undefined();
}

}  // namespace armature::translator::lift
