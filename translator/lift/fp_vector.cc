// SPDX-License-Identifier: MIT
// Floating point on vectors: arithmetic, compares, pairwise, across lanes, by element, estimates.
#include "translator/lift/fp.h"

namespace armature::translator::lift {

using namespace fp;

namespace fp {
namespace {

bool is_compare(Op op) {
    return op == Op::FCmpEq || op == Op::FCmpGe || op == Op::FCmpGt;
}

// What an operation gives for singles, as halves in the lower half.
Value half_result(const Lifter& l, Op op, Value singles, Part part) {
    if (!is_compare(op)) return round_to_half(l, singles, part);
    const Value masks = l.b.emit(Op::VNarrow, Type::V128, singles, {}, {}, {}, 0, kHalf);
    return mark_scalar(l, masks, part == Part::Scalar ? kHalf : kDouble);
}

Value widened(const Lifter& l, Value value, Part part) {
    return value ? widen_half(l, value, part) : value;
}

// One part of an operation on halves.
Value halves(const Lifter& l, Op op, Part part, Value a, Value b, uint64_t imm) {
    const Value x = widened(l, a, part);
    const Value y = widened(l, b, part);
    const bool is_scalar = part == Part::Scalar;
    const Value result = is_scalar ? scalar(l, op, kSingle, x, y, {}, imm)
                                   : l.b.emit(op, Type::V128, x, y, {}, {}, imm, kSingle);
    return half_result(l, op, result, part);
}

}  // namespace

Value widen_half(const Lifter& l, Value value, Part part) {
    const uint64_t imm = ir::kFpArithmetic | (part == Part::Scalar ? ir::kFpScalar : 0) |
                         (part == Part::Upper ? ir::kFpUpper : 0);
    const Value wide = l.b.emit(Op::FWiden, Type::V128, value, {}, {}, {}, imm, kHalf);
    return part == Part::Scalar ? mark_scalar(l, wide, kSingle) : wide;
}

Value round_to_half(const Lifter& l, Value singles, Part part) {
    const uint64_t imm = ir::kFpArithmetic | (part == Part::Scalar ? ir::kFpScalar : 0);
    const Value result = l.b.emit(Op::FNarrow, Type::V128, singles, {}, {}, {}, imm, kSingle);
    return mark_scalar(l, result, part == Part::Scalar ? kHalf : kDouble);
}

Value scalar(const Lifter& l, Op op, uint8_t w, Value a, Value b, Value c, uint64_t imm) {
    if (w != kHalf) return mark_scalar(l, l.b.emit(op, Type::V128, a, b, c, {}, imm | ir::kFpScalar, w), w);
    if (op == Op::FMulAdd) return helper_scalar(l, Helper::MulAddF32, w, a, b, c);
    if (op == Op::FDiv) return helper_scalar(l, Helper::DivF32, w, a, b);
    return halves(l, op, Part::Scalar, a, b, imm);
}

Value packed(const Lifter& l, Op op, uint8_t w, unsigned q, Value a, Value b, Value c, uint64_t imm) {
    if (w != kHalf) return narrow(l, l.b.emit(op, Type::V128, a, b, c, {}, imm, w), q);
    if (op == Op::FMulAdd) return helper_vector(l, Helper::MulAddF32, w, q, a, b, c);
    if (op == Op::FDiv) return helper_vector(l, Helper::DivF32, w, q, a, b);
    const Value low = halves(l, op, Part::Lower, a, b, imm);
    if (!q) return low;
    const Value high = halves(l, op, Part::Upper, a, b, imm);
    return l.b.emit(Op::VZip1, Type::V128, low, high, {}, {}, 0, kDouble);
}

}  // namespace fp

namespace {

template <typename F>
unsigned quads(F f) {
    if constexpr (requires { f.Q(); }) {
        return f.Q();
    } else {
        return 1;
    }
}

template <typename F>
Value reg_n(const Lifter& l, F f) {
    return narrow(l, l.b.get_v(f.n()), quads(f));
}
template <typename F>
Value reg_m(const Lifter& l, F f) {
    return narrow(l, l.b.get_v(f.m()), quads(f));
}

template <typename F>
void same(const Lifter& l, F f, Op op) {
    const Value n = reg_n(l, f);
    l.b.set_v(f.d(), packed(l, op, lane_width(f), f.Q(), n, reg_m(l, f)));
}
template <typename F>
void same_scalar(const Lifter& l, F f, Op op) {
    const Value n = l.b.get_v(f.n());
    l.b.set_v(f.d(), scalar(l, op, lane_width(f), n, l.b.get_v(f.m())));
}
template <typename F>
void one_operand(const Lifter& l, F f, Op op, uint64_t imm = 0) {
    l.b.set_v(f.d(), packed(l, op, lane_width(f), f.Q(), reg_n(l, f), {}, {}, imm));
}
template <typename F>
void by_helper(const Lifter& l, F f, Helper single) {
    l.b.set_v(f.d(), helper_vector(l, single, lane_width(f), f.Q(), l.b.get_v(f.n()), l.b.get_v(f.m())));
}
template <typename F>
void by_helper_scalar(const Lifter& l, F f, Helper single) {
    l.b.set_v(f.d(), helper_scalar(l, single, lane_width(f), l.b.get_v(f.n()), l.b.get_v(f.m())));
}

// The divisor's missing lanes become ones: zero by zero would be an invalid operation.
template <typename F>
void divide(const Lifter& l, F f) {
    Value m = l.b.get_v(f.m());
    if (!f.Q() && lane_width(f) != kHalf) {
        constexpr uint64_t kOnes = 0x3f8000003f800000;
        const Value ones = l.b.emit(Op::VConst, Type::V128, {}, {}, {}, {}, kOnes);
        m = l.b.emit(Op::VZip1, Type::V128, m, ones, {}, {}, 0, kDouble);
    }
    l.b.set_v(f.d(), packed(l, Op::FDiv, lane_width(f), f.Q(), reg_n(l, f), m));
}

// Even lanes of n:m against odd lanes of n:m. For a 64-bit vector both halves sit in the lower one.
template <typename F>
void pairwise(const Lifter& l, F f, Op op) {
    const uint8_t w = lane_width(f);
    Value n = l.b.get_v(f.n());
    Value m = l.b.get_v(f.m());
    if (!f.Q()) {
        n = l.b.emit(Op::VZip1, Type::V128, n, m, {}, {}, 0, kDouble);
        m = l.b.emit(Op::VZero, Type::V128);
    }
    const Value even = l.b.emit(Op::VUzp1, Type::V128, n, m, {}, {}, 0, w);
    const Value odd = l.b.emit(Op::VUzp2, Type::V128, n, m, {}, {}, 0, w);
    l.b.set_v(f.d(), packed(l, op, w, f.Q(), even, odd));
}

template <typename F>
void pairwise_scalar(const Lifter& l, F f, Op op) {
    const uint8_t w = lane_width(f);
    const Value n = l.b.get_v(f.n());
    const Value second = l.b.emit(Op::VShrBytes, Type::V128, n, {}, {}, {}, uint64_t{1} << w);
    l.b.set_v(f.d(), scalar(l, op, w, n, second));
}

// (0 op 1) op (2 op 3) of singles, as the manual's Reduce does it.
Value reduce(const Lifter& l, Op op, Value n) {
    const Value swapped = l.b.emit(Op::VShuffle32, Type::V128, n, {}, {}, {}, 0xf5);  // lanes 1, 1, 3, 3
    const Value pairs = packed(l, op, kSingle, 1, n, swapped);
    const Value low = lane0(l, pairs, kSingle);
    const Value high = lane0(l, l.b.emit(Op::VShrBytes, Type::V128, pairs, {}, {}, {}, 8), kSingle);
    return scalar(l, op, kSingle, low, high);
}
template <typename F>
void across(const Lifter& l, F f, Op op) {
    l.b.set_v(f.d(), reduce(l, op, l.b.get_v(f.n())));
}
template <typename F>
void across_halves(const Lifter& l, F f, Op op) {
    const Value n = l.b.get_v(f.n());
    Value result = reduce(l, op, widen_half(l, n, Part::Lower));
    if (f.Q()) result = scalar(l, op, kSingle, result, reduce(l, op, widen_half(l, n, Part::Upper)));
    l.b.set_v(f.d(), round_to_half(l, result, Part::Scalar));
}

template <typename F>
Value element(const Lifter& l, F f) {
    const uint8_t w = lane_width(f);
    unsigned index = w == kDouble ? f.H() : f.H() << 1 | f.L();
    if constexpr (requires { f.M(); }) index = index << 1 | f.M();
    return l.b.emit(Op::VDupLane, Type::V128, l.b.get_v(f.m()), {}, {}, {}, index, w);
}
// For a vector operation: in the lanes that exist only. Elsewhere an infinity would meet a zero.
template <typename F>
Value elements(const Lifter& l, F f) {
    return narrow(l, element(l, f), f.Q());
}

// FMLA and FMLS: d + n * m, the product's first factor negated.
template <typename F>
void fused(const Lifter& l, F f, Value m, bool subtract) {
    const uint8_t w = lane_width(f);
    Value n = reg_n(l, f);
    if (subtract) n = narrow(l, negate(l, n, w), f.Q());
    const Value d = narrow(l, l.b.get_v(f.d()), f.Q());
    l.b.set_v(f.d(), packed(l, Op::FMulAdd, w, f.Q(), d, n, m));
}
template <typename F>
void fused_scalar(const Lifter& l, F f, bool subtract) {
    const uint8_t w = lane_width(f);
    Value n = l.b.get_v(f.n());
    if (subtract) n = negate(l, n, w);
    l.b.set_v(f.d(), scalar(l, Op::FMulAdd, w, l.b.get_v(f.d()), n, element(l, f)));
}

template <typename F>
void difference(const Lifter& l, F f) {
    const uint8_t w = lane_width(f);
    l.b.set_v(f.d(), absolute(l, packed(l, Op::FSub, w, f.Q(), reg_n(l, f), reg_m(l, f)), w));
}
template <typename F>
void difference_scalar(const Lifter& l, F f) {
    const uint8_t w = lane_width(f);
    l.b.set_v(f.d(), absolute(l, scalar(l, Op::FSub, w, l.b.get_v(f.n()), l.b.get_v(f.m())), w));
}

template <typename F>
void compare_magnitudes(const Lifter& l, F f, Op op) {
    const uint8_t w = lane_width(f);
    const Value n = absolute(l, reg_n(l, f), w);
    l.b.set_v(f.d(), packed(l, op, w, f.Q(), n, absolute(l, reg_m(l, f), w)));
}
template <typename F>
void compare_magnitudes_scalar(const Lifter& l, F f, Op op) {
    const uint8_t w = lane_width(f);
    const Value n = absolute(l, l.b.get_v(f.n()), w);
    l.b.set_v(f.d(), scalar(l, op, w, n, absolute(l, l.b.get_v(f.m()), w)));
}

// With zero: `swapped` compares zero with n (less than, less or equal).
template <typename F>
void compare_zero(const Lifter& l, F f, Op op, bool swapped) {
    const Value n = reg_n(l, f);
    const Value zero = l.b.emit(Op::VZero, Type::V128);
    l.b.set_v(f.d(), packed(l, op, lane_width(f), f.Q(), swapped ? zero : n, swapped ? n : zero));
}
template <typename F>
void compare_zero_scalar(const Lifter& l, F f, Op op, bool swapped) {
    const Value n = l.b.get_v(f.n());
    const Value zero = l.b.emit(Op::VZero, Type::V128);
    l.b.set_v(f.d(), scalar(l, op, lane_width(f), swapped ? zero : n, swapped ? n : zero));
}

template <typename F>
void round_vector(const Lifter& l, F f, uint64_t host_rounding) {
    one_operand(l, f, Op::FRound, host_rounding << ir::kFpRoundShift);
}

template <typename F>
void round_to_int_vector(const Lifter& l, F f, unsigned bits, unsigned host_rounding) {
    const unsigned immediate = bits | host_rounding << 8;
    l.b.set_v(f.d(), helper_vector(l, Helper::RoundToIntF32, lane_width(f), f.Q(), l.b.get_v(f.n()), {}, {},
                                   immediate));
}

}  // namespace

VECTORS(FMAXNM, same(*this, f, Op::FMaxNumber))
VECTORS(FMINNM, same(*this, f, Op::FMinNumber))
VECTORS(FADD, same(*this, f, Op::FAdd))
VECTORS(FSUB, same(*this, f, Op::FSub))
VECTORS(FMUL, same(*this, f, Op::FMul))
VECTORS(FDIV, divide(*this, f))
VECTORS(FMAX, same(*this, f, Op::FMax))
VECTORS(FMIN, same(*this, f, Op::FMin))
VECTORS(FABD, difference(*this, f))
SCALARS(FABD, difference_scalar(*this, f))

VECTORS(FCMEQ, same(*this, f, Op::FCmpEq))
VECTORS(FCMGE, same(*this, f, Op::FCmpGe))
VECTORS(FCMGT, same(*this, f, Op::FCmpGt))
VECTORS(FACGE, compare_magnitudes(*this, f, Op::FCmpGe))
VECTORS(FACGT, compare_magnitudes(*this, f, Op::FCmpGt))
SCALARS(FCMEQ, same_scalar(*this, f, Op::FCmpEq))
SCALARS(FCMGE, same_scalar(*this, f, Op::FCmpGe))
SCALARS(FCMGT, same_scalar(*this, f, Op::FCmpGt))
SCALARS(FACGE, compare_magnitudes_scalar(*this, f, Op::FCmpGe))
SCALARS(FACGT, compare_magnitudes_scalar(*this, f, Op::FCmpGt))

#define COMPARE_ZERO(name, op, swapped)                           \
    VECTORS(name##_zero, compare_zero(*this, f, Op::op, swapped)) \
    LANES(name##_zero, compare_zero_scalar(*this, f, Op::op, swapped))
COMPARE_ZERO(FCMGT, FCmpGt, false)
COMPARE_ZERO(FCMEQ, FCmpEq, false)
COMPARE_ZERO(FCMGE, FCmpGe, false)
COMPARE_ZERO(FCMLT, FCmpGt, true)
COMPARE_ZERO(FCMLE, FCmpGe, true)
#undef COMPARE_ZERO

#define BY_HELPER(name, helper)                             \
    VECTORS(name, by_helper(*this, f, Helper::helper##F32)) \
    SCALARS(name, by_helper_scalar(*this, f, Helper::helper##F32))
BY_HELPER(FMULX, MulX)
BY_HELPER(FRECPS, RecipStep)
BY_HELPER(FRSQRTS, RsqrtStep)
#undef BY_HELPER

#define ESTIMATE(name, helper)                                                                               \
    VECTORS(name,                                                                                            \
            b.set_v(f.d(), helper_vector(*this, Helper::helper##F32, lane_width(f), f.Q(), b.get_v(f.n())))) \
    LANES(name, b.set_v(f.d(), helper_scalar(*this, Helper::helper##F32, lane_width(f), b.get_v(f.n()))))
ESTIMATE(FRECPE, RecipEstimate)
ESTIMATE(FRSQRTE, RsqrtEstimate)
#undef ESTIMATE
HANDLERS(FRECPX, FRECPX_h,
         b.set_v(f.d(), helper_scalar(*this, Helper::RecipExponentF32, lane_width(f), b.get_v(f.n()))))

#define PAIRWISE(name, op)                    \
    VECTORS(name, pairwise(*this, f, Op::op)) \
    SCALARS(name, pairwise_scalar(*this, f, Op::op))
PAIRWISE(FADDP, FAdd)
PAIRWISE(FMAXNMP, FMaxNumber)
PAIRWISE(FMINNMP, FMinNumber)
PAIRWISE(FMAXP, FMax)
PAIRWISE(FMINP, FMin)
#undef PAIRWISE

#define ACROSS(name, op)                 \
    HANDLER(name) {                      \
        across(*this, f, Op::op);        \
    }                                    \
    HANDLER(name##_h) {                  \
        across_halves(*this, f, Op::op); \
    }
ACROSS(FMAXNMV, FMaxNumber)
ACROSS(FMINNMV, FMinNumber)
ACROSS(FMAXV, FMax)
ACROSS(FMINV, FMin)
#undef ACROSS

VECTORS(FMLA, fused(*this, f, reg_m(*this, f), false))
VECTORS(FMLS, fused(*this, f, reg_m(*this, f), true))
HANDLERS(FMLA_v_elem, FMLA_vh_elem, fused(*this, f, elements(*this, f), false))
HANDLERS(FMLS_v_elem, FMLS_vh_elem, fused(*this, f, elements(*this, f), true))
HANDLERS(FMLA_s_elem, FMLA_h_elem, fused_scalar(*this, f, false))
HANDLERS(FMLS_s_elem, FMLS_h_elem, fused_scalar(*this, f, true))
HANDLERS(FMUL_v_elem, FMUL_vh_elem,
         b.set_v(f.d(), packed(*this, Op::FMul, lane_width(f), f.Q(), reg_n(*this, f), elements(*this, f))))
HANDLERS(FMUL_s_elem, FMUL_h_elem,
         b.set_v(f.d(), scalar(*this, Op::FMul, lane_width(f), b.get_v(f.n()), element(*this, f))))
HANDLERS(FMULX_v_elem, FMULX_vh_elem,
         b.set_v(f.d(), helper_vector(*this, Helper::MulXF32, lane_width(f), f.Q(), b.get_v(f.n()),
                                      element(*this, f))))
HANDLERS(FMULX_s_elem, FMULX_h_elem,
         b.set_v(f.d(),
                 helper_scalar(*this, Helper::MulXF32, lane_width(f), b.get_v(f.n()), element(*this, f))))

VECTORS(FRINTN, round_vector(*this, f, ir::kRoundNearest | ir::kRoundQuiet))
VECTORS(FRINTM, round_vector(*this, f, ir::kRoundDown | ir::kRoundQuiet))
VECTORS(FRINTP, round_vector(*this, f, ir::kRoundUp | ir::kRoundQuiet))
VECTORS(FRINTZ, round_vector(*this, f, ir::kRoundZero | ir::kRoundQuiet))
VECTORS(FRINTX, round_vector(*this, f, ir::kRoundMode))
VECTORS(FRINTI, round_vector(*this, f, ir::kRoundMode | ir::kRoundQuiet))
VECTORS(FRINTA,
        b.set_v(f.d(), helper_vector(*this, Helper::RoundAwayF32, lane_width(f), f.Q(), b.get_v(f.n()))))
HANDLER(FRINT32Z_v) {
    round_to_int_vector(*this, f, 32, ir::kRoundZero);
}
HANDLER(FRINT32X_v) {
    round_to_int_vector(*this, f, 32, ir::kRoundMode);
}
HANDLER(FRINT64Z_v) {
    round_to_int_vector(*this, f, 64, ir::kRoundZero);
}
HANDLER(FRINT64X_v) {
    round_to_int_vector(*this, f, 64, ir::kRoundMode);
}
VECTORS(FABS, b.set_v(f.d(), absolute(*this, reg_n(*this, f), lane_width(f))))
VECTORS(FNEG, b.set_v(f.d(), narrow(*this, negate(*this, b.get_v(f.n()), lane_width(f)), f.Q())))
VECTORS(FSQRT, one_operand(*this, f, Op::FSqrt))

}  // namespace armature::translator::lift
