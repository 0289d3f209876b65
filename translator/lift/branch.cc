// SPDX-License-Identifier: MIT
// Branches, exception generation and system calls.
#include "translator/lift/handlers.h"

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

}  // namespace

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
    end_branch(*this, Terminator::Indirect, b.get_r(Type::I64, f.n()), 0);
}

HANDLER(BLR) {
    const Value target = b.get_r(Type::I64, f.n());
    b.set_r(30, b.i64(pc + 4));
    end_branch(*this, Terminator::CallIndirect, target, 0);
}

HANDLER(RET) {
    end_branch(*this, Terminator::Return, b.get_r(Type::I64, f.n()), 0);
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
