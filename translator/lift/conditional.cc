// SPDX-License-Identifier: MIT
// Conditional select and compare, and the instructions that edit the flags. The conditions AL and NV both
// mean always.
#include "translator/lift/handlers.h"

namespace armature::translator::lift {
namespace {

constexpr unsigned kN = 31, kZ = 30, kC = 29, kV = 28;  // positions in NZCV values

bool always(unsigned cond) {
    return cond >= static_cast<unsigned>(Cond::AL);
}

// d = cond ? n : other, where `other` is made from m.
template <typename F>
void select(const Lifter& l, F f, Value other) {
    const Value n = l.b.get_r(int_type(f.z()), f.n());
    if (always(f.c())) return l.b.set_r(f.d(), n);
    l.b.set_r(f.d(), l.b.select(static_cast<Cond>(f.c()), l.b.get_flags(), n, other));
}

template <typename F>
void compare(const Lifter& l, F f, Op op, Value operand) {
    const Value n = l.b.get_r(int_type(f.z()), f.n());
    if (always(f.c())) {
        const Value result = op == Op::CcmpSub ? l.b.sub_s(n, operand) : l.b.add_s(n, operand);
        return l.b.set_flags(l.b.flags_of(result));
    }
    l.b.set_flags(l.b.ccmp(op, static_cast<Cond>(f.c()), l.b.get_flags(), n, operand, f.k()));
}

Value nzcv(const Lifter& l) {
    return l.b.emit(Op::NzcvFromFlags, Type::I64, l.b.get_flags());
}

void set_nzcv(const Lifter& l, Value nzcv) {
    l.b.set_flags(l.b.emit(Op::FlagsFromNzcv, Type::Flags, nzcv));
}

// One flag of an NZCV value, moved to where another belongs; all other bits zero.
Value flag(const Lifter& l, Value nzcv, unsigned from, unsigned to) {
    ir::Builder& b = l.b;
    const Value moved = from < to ? b.shl(nzcv, to - from) : b.shr(nzcv, from - to);
    return b.and_(moved, b.i64(uint64_t{1} << to));
}

Value bits(const Lifter& l, uint64_t mask) {
    return l.b.i64(mask);
}

constexpr uint64_t bit(unsigned position) {
    return uint64_t{1} << position;
}

// N and Z of the low `size` bits of n, V of an overflow out of them; C stays.
void set_flags_of_narrow(const Lifter& l, unsigned n, unsigned size) {
    ir::Builder& b = l.b;
    const Value value = b.get_r(Type::I64, n);
    const Value top = b.shl(value, kN - (size - 1));  // bit size - 1 in N's place, bit size above it
    const Value is_zero =
        b.cond_bit(Type::I64, Cond::EQ, b.flags_of(b.and_s(value, b.i64((uint64_t{1} << size) - 1))));
    const Value overflow = b.and_(b.shr(b.xor_(top, b.shr(top, 1)), kN - kV), bits(l, bit(kV)));
    Value result = b.or_(b.and_(top, bits(l, bit(kN))), b.shl(is_zero, kZ));
    result = b.or_(result, overflow);
    result = b.or_(result, b.and_(nzcv(l), bits(l, bit(kC))));
    set_nzcv(l, result);
}

}  // namespace

HANDLER(CSEL) {
    select(*this, f, b.get_r(int_type(f.z()), f.m()));
}

HANDLER(CSINC) {
    const Type type = int_type(f.z());
    if (f.n() == 31 && f.m() == 31 && !always(f.c())) {  // CSET
        return b.set_r(f.d(), b.cond_bit(type, ir::invert(static_cast<Cond>(f.c())), b.get_flags()));
    }
    select(*this, f, b.add(b.get_r(type, f.m()), b.constant(type, 1)));
}

HANDLER(CSINV) {
    const Type type = int_type(f.z());
    if (f.n() == 31 && f.m() == 31 && !always(f.c())) {  // CSETM
        return b.set_r(f.d(), b.neg(b.cond_bit(type, ir::invert(static_cast<Cond>(f.c())), b.get_flags())));
    }
    select(*this, f, b.not_(b.get_r(type, f.m())));
}

HANDLER(CSNEG) {
    select(*this, f, b.neg(b.get_r(int_type(f.z()), f.m())));
}

HANDLER(CCMN_reg) {
    compare(*this, f, Op::CcmpAdd, b.get_r(int_type(f.z()), f.m()));
}

HANDLER(CCMP_reg) {
    compare(*this, f, Op::CcmpSub, b.get_r(int_type(f.z()), f.m()));
}

HANDLER(CCMN_imm) {
    compare(*this, f, Op::CcmpAdd, b.constant(int_type(f.z()), f.i()));
}

HANDLER(CCMP_imm) {
    compare(*this, f, Op::CcmpSub, b.constant(int_type(f.z()), f.i()));
}

// Bits of a rotated register replace those flags that the mask k names.
HANDLER(RMIF) {
    const uint64_t mask = uint64_t{f.k()} << kV;
    const Value rotated = b.ror(b.get_r(Type::I64, f.n()), f.i());
    const Value chosen = b.and_(b.shl(rotated, kV), b.i64(mask));
    const Value kept = b.and_(nzcv(*this), b.i64(0xf0000000 & ~mask));
    set_nzcv(*this, b.or_(kept, chosen));
}

HANDLER(SETF8) {
    set_flags_of_narrow(*this, f.n(), 8);
}

HANDLER(SETF16) {
    set_flags_of_narrow(*this, f.n(), 16);
}

HANDLER(CFINV) {
    set_nzcv(*this, b.xor_(nzcv(*this), bits(*this, bit(kC))));
}

// From the flags of an Arm floating-point comparison to the alternative format: N = V = 0, Z = Z | V, C = C &
// ~V.
HANDLER(AXFLAG) {
    const Value old = nzcv(*this);
    const Value z = b.or_(flag(*this, old, kZ, kZ), flag(*this, old, kV, kZ));
    const Value c = b.and_not(flag(*this, old, kC, kC), flag(*this, old, kV, kC));
    set_nzcv(*this, b.or_(z, c));
}

// And back: N = ~C & ~Z, Z = Z & C, C = C | Z, V = ~C & Z.
HANDLER(XAFLAG) {
    const Value old = nzcv(*this);
    const Value inverse = b.not_(old);
    const Value n = b.and_(flag(*this, inverse, kC, kN), flag(*this, inverse, kZ, kN));
    const Value z = b.and_(flag(*this, old, kZ, kZ), flag(*this, old, kC, kZ));
    const Value c = b.or_(flag(*this, old, kC, kC), flag(*this, old, kZ, kC));
    const Value v = b.and_(flag(*this, inverse, kC, kV), flag(*this, old, kZ, kV));
    set_nzcv(*this, b.or_(b.or_(n, z), b.or_(c, v)));
}

}  // namespace armature::translator::lift
