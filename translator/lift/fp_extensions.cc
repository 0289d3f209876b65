// SPDX-License-Identifier: MIT
// FHM: products of halves, exact, added to singles with one rounding: a fused multiply-add of widened
// operands. FCMA: complex numbers in pairs of lanes; a rotation is a swap of a pair's lanes and a change of
// signs. BF16: a bfloat16 is the upper half of a single. BFMLAL respects FPCR like any multiply-add; BFDOT
// and BFMMLA have arithmetic of their own (round to odd, no FPCR, no FPSR), which a helper does.
#include "translator/lift/fp.h"

namespace armature::translator::lift {

using namespace fp;

namespace {

// --- FHM

// The halves that a widening multiply takes, as singles: for 64 bits two of the lower four.
template <typename F>
Value widened(const Lifter& l, F f, Value value, bool upper) {
    if (f.Q()) return widen_half(l, value, upper ? Part::Upper : Part::Lower);
    if (upper) value = l.b.emit(Op::VShrBytes, Type::V128, value, {}, {}, {}, 4);
    return widen_half(l, lane0(l, value, kSingle), Part::Lower);
}

template <typename F>
void add_product(const Lifter& l, F f, Value m, bool upper, bool subtract) {
    Value n = l.b.get_v(f.n());
    if (subtract) n = negate(l, n, kHalf);
    n = widened(l, f, n, upper);
    m = widened(l, f, m, upper);
    const Value d = narrow(l, l.b.get_v(f.d()), f.Q());
    l.b.set_v(f.d(), packed(l, Op::FMulAdd, kSingle, f.Q(), d, n, m));
}
template <typename F>
void add_product_element(const Lifter& l, F f, bool upper, bool subtract) {
    const unsigned index = f.H() << 2 | f.L() << 1 | f.M();
    const Value m = l.b.emit(Op::VDupLane, Type::V128, l.b.get_v(f.m()), {}, {}, {}, index, kHalf);
    add_product(l, f, m, upper, subtract);
}

// --- FCMA

Value constant(const Lifter& l, uint64_t lo, uint64_t hi) {
    if (lo == hi) return l.b.emit(Op::VConst, Type::V128, {}, {}, {}, {}, lo);
    return l.b.emit(Op::VCombine64, Type::V128, l.b.i64(lo), l.b.i64(hi));
}

Value swap_pairs(const Lifter& l, Value value, uint8_t w) {
    if (w == kDouble) return l.b.emit(Op::VShuffle32, Type::V128, value, {}, {}, {}, 0x4e);
    if (w == kSingle) return l.b.emit(Op::VShuffle32, Type::V128, value, {}, {}, {}, 0xb1);
    return l.b.emit(Op::VReverse, Type::V128, value, {}, {}, {}, 4, kHalf);
}

// `value` with the signs of its even or odd lanes changed.
Value negate_lanes(const Lifter& l, Value value, uint8_t w, bool even, bool odd) {
    constexpr uint64_t kEven[] = {0, 0x0000800000008000, 0x0000000080000000};
    constexpr uint64_t kOdd[] = {0, 0x8000000080000000, 0x8000000000000000};
    if (!even && !odd) return value;
    if (even && odd) return negate(l, value, w);
    constexpr uint64_t kSign = uint64_t{1} << 63;
    const Value signs = w == kDouble ? constant(l, even ? kSign : 0, odd ? kSign : 0)
                                     : constant(l, (even ? kEven : kOdd)[w], (even ? kEven : kOdd)[w]);
    return l.b.emit(Op::VXor, Type::V128, value, signs);
}

// d + n * m rotated by 90 degrees times `rotation`, the part of it that one instruction adds.
void multiply_complex(const Lifter& l, uint8_t w, unsigned q, unsigned rotation, unsigned d, Value n,
                      Value m) {
    const bool imaginary = rotation & 1;  // of n
    n = l.b.emit(imaginary ? Op::VTrn2 : Op::VTrn1, Type::V128, n, n, {}, {}, 0, w);
    if (imaginary) m = swap_pairs(l, m, w);
    m = negate_lanes(l, m, w, rotation == 1 || rotation == 2, rotation >= 2);
    const Value addend = narrow(l, l.b.get_v(d), q);
    l.b.set_v(d, packed(l, Op::FMulAdd, w, q, addend, narrow(l, n, q), narrow(l, m, q)));
}

// A pair of lanes, in every pair.
Value dup_pair(const Lifter& l, Value value, uint8_t w, unsigned index) {
    return l.b.emit(Op::VDupLane, Type::V128, value, {}, {}, {}, index, static_cast<uint8_t>(w + 1));
}

// --- BF16

// Even (or odd) lanes of bfloat16 as singles.
Value widen_bfloat(const Lifter& l, Value value, bool odd) {
    if (odd) {
        return l.b.emit(Op::VAnd, Type::V128, value, constant(l, 0xffff0000ffff0000, 0xffff0000ffff0000));
    }
    return l.b.emit(Op::VShlI, Type::V128, value, {}, {}, {}, 16, kSingle);
}

void add_bfloat_product(const Lifter& l, unsigned d, bool odd, Value n, Value m) {
    const Value addend = l.b.get_v(d);
    l.b.set_v(d, packed(l, Op::FMulAdd, kSingle, 1, addend, widen_bfloat(l, n, odd), m));
}

Value helper_of_three(const Lifter& l, Helper helper, unsigned q, Value d, Value n, Value m) {
    const Value result = l.b.call_helper_v(static_cast<unsigned>(helper), d, n, m);
    return narrow(l, result, q);
}

}  // namespace

HANDLER(FMLAL) {
    add_product(*this, f, b.get_v(f.m()), false, false);
}
HANDLER(FMLSL) {
    add_product(*this, f, b.get_v(f.m()), false, true);
}
HANDLER(FMLAL2) {
    add_product(*this, f, b.get_v(f.m()), true, false);
}
HANDLER(FMLSL2) {
    add_product(*this, f, b.get_v(f.m()), true, true);
}
HANDLER(FMLAL_elem) {
    add_product_element(*this, f, false, false);
}
HANDLER(FMLSL_elem) {
    add_product_element(*this, f, false, true);
}
HANDLER(FMLAL2_elem) {
    add_product_element(*this, f, true, false);
}
HANDLER(FMLSL2_elem) {
    add_product_element(*this, f, true, true);
}

HANDLER(FCADD) {
    const uint8_t w = static_cast<uint8_t>(f.s());
    const Value n = narrow(*this, b.get_v(f.n()), f.Q());
    const Value m = negate_lanes(*this, swap_pairs(*this, b.get_v(f.m()), w), w, !f.r(), f.r());
    b.set_v(f.d(), packed(*this, Op::FAdd, w, f.Q(), n, narrow(*this, m, f.Q())));
}
HANDLER(FCMLA) {
    multiply_complex(*this, static_cast<uint8_t>(f.s()), f.Q(), f.r(), f.d(), b.get_v(f.n()), b.get_v(f.m()));
}
HANDLER(FCMLA_elem_h) {
    const Value m = dup_pair(*this, b.get_v(f.m()), kHalf, f.H() << 1 | f.L());
    multiply_complex(*this, kHalf, f.Q(), f.r(), f.d(), b.get_v(f.n()), m);
}
HANDLER(FCMLA_elem_s) {
    const Value m = dup_pair(*this, b.get_v(f.m()), kSingle, f.H());
    multiply_complex(*this, kSingle, 1, f.r(), f.d(), b.get_v(f.n()), m);
}

HANDLER(BFCVT) {
    const Value result =
        b.call_helper_v(static_cast<unsigned>(Helper::NarrowToBfloat), lane0(*this, b.get_v(f.n()), kSingle));
    b.set_v(f.d(), lane0(*this, result, kHalf));
}
HANDLER(BFCVTN) {
    const Value low = b.call_helper_v(static_cast<unsigned>(Helper::NarrowToBfloat), b.get_v(f.n()));
    b.inst(low).upper_zero = 1;
    if (!f.Q()) return b.set_v(f.d(), low);
    b.set_v(f.d(), b.emit(Op::VZip1, Type::V128, b.get_v(f.d()), low, {}, {}, 0, kDouble));
}
HANDLER(BFDOT) {
    const Value d = b.get_v(f.d());
    const Value n = b.get_v(f.n());
    b.set_v(f.d(), helper_of_three(*this, Helper::BfloatDot, f.Q(), d, n, b.get_v(f.m())));
}
HANDLER(BFDOT_elem) {
    const Value d = b.get_v(f.d());
    const Value n = b.get_v(f.n());
    const Value m = dup_pair(*this, b.get_v(f.m()), kHalf, f.H() << 1 | f.L());
    b.set_v(f.d(), helper_of_three(*this, Helper::BfloatDot, f.Q(), d, n, m));
}
HANDLER(BFMMLA) {
    const Value d = b.get_v(f.d());
    const Value n = b.get_v(f.n());
    b.set_v(f.d(), helper_of_three(*this, Helper::BfloatMatrixMultiply, 1, d, n, b.get_v(f.m())));
}
HANDLER(BFMLAL) {
    const Value n = b.get_v(f.n());
    add_bfloat_product(*this, f.d(), f.Q(), n, widen_bfloat(*this, b.get_v(f.m()), f.Q()));
}
HANDLER(BFMLAL_elem) {
    const unsigned index = f.H() << 2 | f.L() << 1 | f.M();
    const Value n = b.get_v(f.n());
    const Value m = b.emit(Op::VDupLane, Type::V128, b.get_v(f.m()), {}, {}, {}, index, kHalf);
    add_bfloat_product(*this, f.d(), f.Q(), n, widen_bfloat(*this, m, true));
}

}  // namespace armature::translator::lift
