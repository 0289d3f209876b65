// SPDX-License-Identifier: MIT
// Advanced SIMD three same, and its scalar forms: what does not saturate.
#include "translator/lift/simd.h"

namespace armature::translator::lift {
namespace {

// (a + v) >> 1 without overflow, rounded down.
Value halving_add(const Simd& s, unsigned lane, Value a, Value v, bool is_signed) {
    const Value half = s.shift_right(lane, s.xor_(a, v), 1, is_signed);
    return s.add(lane, s.and_(a, v), half);
}

Value rounding_halving_add(const Simd& s, unsigned lane, Value a, Value v, bool is_signed) {
    if (!is_signed && lane < 2) return s.op(Op::VAvgU, lane, a, v);
    const Value half = s.shift_right(lane, s.xor_(a, v), 1, is_signed);
    return s.sub(lane, s.or_(a, v), half);
}

// (a - v) >> 1: a - v = (a ^ v) - 2 * (~a & v).
Value halving_sub(const Simd& s, unsigned lane, Value a, Value v, bool is_signed) {
    const Value half = s.shift_right(lane, s.xor_(a, v), 1, is_signed);
    return s.sub(lane, half, s.and_not(v, a));
}

Value shift_helper(const Simd& s, unsigned lane, Value n, Value m, unsigned mode) {
    return s.helper(Helper::VShift, lane | mode, n, m);
}

}  // namespace

// HANDLER for the vector and the scalar row of an instruction.
#define LANES [](const Simd& s, unsigned lane, Value n, Value m)
#define LANES_D [](const Simd& s, unsigned lane, Value d, Value n, Value m)

HANDLER(SHADD) {
    binary(
        *this, f, LANES { return halving_add(s, lane, n, m, true); });
}
HANDLER(UHADD) {
    binary(
        *this, f, LANES { return halving_add(s, lane, n, m, false); });
}
HANDLER(SRHADD) {
    binary(
        *this, f, LANES { return rounding_halving_add(s, lane, n, m, true); });
}
HANDLER(URHADD) {
    binary(
        *this, f, LANES { return rounding_halving_add(s, lane, n, m, false); });
}
HANDLER(SHSUB) {
    binary(
        *this, f, LANES { return halving_sub(s, lane, n, m, true); });
}
HANDLER(UHSUB) {
    binary(
        *this, f, LANES { return halving_sub(s, lane, n, m, false); });
}

VECTOR_AND_SCALAR(
    ADD, binary, LANES { return s.add(lane, n, m); })
VECTOR_AND_SCALAR(
    SUB, binary, LANES { return s.sub(lane, n, m); })
VECTOR_AND_SCALAR(
    CMGT, binary, LANES { return s.gt(lane, n, m, true); })
VECTOR_AND_SCALAR(
    CMHI, binary, LANES { return s.gt(lane, n, m, false); })
VECTOR_AND_SCALAR(
    CMGE, binary, LANES { return s.ge(lane, n, m, true); })
VECTOR_AND_SCALAR(
    CMHS, binary, LANES { return s.ge(lane, n, m, false); })
VECTOR_AND_SCALAR(
    CMEQ, binary, LANES { return s.eq(lane, n, m); })
VECTOR_AND_SCALAR(
    CMTST, binary, LANES { return s.not_(s.eq(lane, s.and_(n, m), s.zero())); })

HANDLER(MUL_v) {
    binary(
        *this, f, LANES { return s.mul(lane, n, m); });
}
HANDLER(PMUL) {
    binary(
        *this, f, LANES { return s.helper(Helper::VPmul, 0, n, m); });
}
HANDLER(MLA_v) {
    ternary(
        *this, f, LANES_D { return s.add(lane, d, s.mul(lane, n, m)); });
}
HANDLER(MLS_v) {
    ternary(
        *this, f, LANES_D { return s.sub(lane, d, s.mul(lane, n, m)); });
}
HANDLER(SABD) {
    binary(
        *this, f, LANES { return s.difference(lane, n, m, true); });
}
HANDLER(UABD) {
    binary(
        *this, f, LANES { return s.difference(lane, n, m, false); });
}
HANDLER(SABA) {
    ternary(
        *this, f, LANES_D { return s.add(lane, d, s.difference(lane, n, m, true)); });
}
HANDLER(UABA) {
    ternary(
        *this, f, LANES_D { return s.add(lane, d, s.difference(lane, n, m, false)); });
}
HANDLER(SMAX_v) {
    binary(
        *this, f, LANES { return s.max(lane, n, m, true); });
}
HANDLER(UMAX_v) {
    binary(
        *this, f, LANES { return s.max(lane, n, m, false); });
}
HANDLER(SMIN_v) {
    binary(
        *this, f, LANES { return s.min(lane, n, m, true); });
}
HANDLER(UMIN_v) {
    binary(
        *this, f, LANES { return s.min(lane, n, m, false); });
}

// Shifts by the lanes of m.
VECTOR_AND_SCALAR(
    USHL, binary, LANES { return s.op(Op::VShiftU, lane, n, m); })
VECTOR_AND_SCALAR(
    SSHL, binary, LANES { return s.op(Op::VShiftS, lane, n, m); })
VECTOR_AND_SCALAR(
    SRSHL, binary, LANES { return shift_helper(s, lane, n, m, ShiftMode::kRound); })
VECTOR_AND_SCALAR(
    URSHL, binary, LANES { return shift_helper(s, lane, n, m, ShiftMode::kRound | ShiftMode::kUnsigned); })

// --- Pairs: the even lanes of n, then of m, with the odd ones. 64-bit operands are joined to one register
// first.

namespace {

template <typename F, typename Fn>
void pairwise(Lifter& l, F f, Fn fn) {
    const Simd s{l.b, f.Q() ? 16u : 8u};
    Value n = l.b.get_v(f.n());
    Value m = l.b.get_v(f.m());
    if (!f.Q()) n = m = s.join_low(n, m);
    l.b.set_v(f.d(), s.cut(fn(s, f.s(), s.even(f.s(), n, m), s.odd(f.s(), n, m))));
}

}  // namespace

HANDLER(ADDP_v) {
    pairwise(
        *this, f, LANES { return s.add(lane, n, m); });
}
HANDLER(SMAXP) {
    pairwise(
        *this, f, LANES { return s.max(lane, n, m, true); });
}
HANDLER(UMAXP) {
    pairwise(
        *this, f, LANES { return s.max(lane, n, m, false); });
}
HANDLER(SMINP) {
    pairwise(
        *this, f, LANES { return s.min(lane, n, m, true); });
}
HANDLER(UMINP) {
    pairwise(
        *this, f, LANES { return s.min(lane, n, m, false); });
}
HANDLER(ADDP_s) {
    const Simd s{b, 8};
    const Value n = b.get_v(f.n());
    b.set_v(f.d(), s.cut(s.add(3, n, s.shuffle32(n, 0xee))));
}

// --- Bitwise. ORR with twice the same register is MOV.

HANDLER(AND_v) {
    binary(
        *this, f, LANES { return n == m ? n : s.and_(n, m); });
}
HANDLER(BIC_v) {
    binary(
        *this, f, LANES { return s.and_not(n, m); });
}
HANDLER(ORR_v) {
    binary(
        *this, f, LANES { return n == m ? n : s.or_(n, m); });
}
HANDLER(ORN_v) {
    binary(
        *this, f, LANES { return s.or_(n, s.not_(m)); });
}
HANDLER(EOR_v) {
    binary(
        *this, f, LANES { return n == m ? s.zero() : s.xor_(n, m); });
}
HANDLER(BSL) {
    ternary(
        *this, f, LANES_D { return s.select(d, n, m); });
}
HANDLER(BIT) {
    ternary(
        *this, f, LANES_D { return s.select(m, n, d); });
}
HANDLER(BIF) {
    ternary(
        *this, f, LANES_D { return s.select(m, d, n); });
}

// --- Saturating

VECTOR_AND_SCALAR(
    SQADD, binary, LANES { return s.add_saturating(lane, n, m, true); })
VECTOR_AND_SCALAR(
    UQADD, binary, LANES { return s.add_saturating(lane, n, m, false); })
VECTOR_AND_SCALAR(
    SQSUB, binary, LANES { return s.sub_saturating(lane, n, m, true); })
VECTOR_AND_SCALAR(
    UQSUB, binary, LANES { return s.sub_saturating(lane, n, m, false); })
VECTOR_AND_SCALAR(
    SQDMULH, binary, LANES { return s.mul_doubling_high(lane, n, m, false); })
VECTOR_AND_SCALAR(
    SQRDMULH, binary, LANES { return s.mul_doubling_high(lane, n, m, true); })

// The helpers see whole registers and set QC: what lies above the operation must not count.
VECTOR_AND_SCALAR(
    SQSHL_reg, binary, LANES { return shift_helper(s, lane, s.cut(n), m, ShiftMode::kSaturate); })
VECTOR_AND_SCALAR(
    UQSHL_reg, binary,
    LANES { return shift_helper(s, lane, s.cut(n), m, ShiftMode::kSaturate | ShiftMode::kUnsigned); })
VECTOR_AND_SCALAR(
    SQRSHL, binary,
    LANES { return shift_helper(s, lane, s.cut(n), m, ShiftMode::kSaturate | ShiftMode::kRound); })
VECTOR_AND_SCALAR(
    UQRSHL, binary, LANES {
        return shift_helper(s, lane, s.cut(n), m,
                            ShiftMode::kSaturate | ShiftMode::kRound | ShiftMode::kUnsigned);
    })
VECTOR_AND_SCALAR(
    SQRDMLAH, ternary, LANES_D { return s.helper(Helper::VSqrdmlah, lane, s.cut(d), s.cut(n), m); })
VECTOR_AND_SCALAR(
    SQRDMLSH, ternary, LANES_D { return s.helper(Helper::VSqrdmlsh, lane, s.cut(d), s.cut(n), m); })

}  // namespace armature::translator::lift
