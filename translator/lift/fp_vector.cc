// SPDX-License-Identifier: MIT
// Floating point on vectors: arithmetic, compares, pairwise, across lanes, by element, estimates.
#include "translator/lift/fp.h"

namespace armature::translator::lift {

using namespace fp;

namespace {

Value vector(const Lifter& l, Op op, unsigned z, Value a, Value b = {}, Value c = {}, uint64_t imm = 0) {
    return l.b.emit(op, Type::V128, a, b, c, {}, imm, width_of(z));
}

template <typename F>
Value reg_n(const Lifter& l, F f) {
    return narrow(l, l.b.get_v(f.n()), f.Q());
}
template <typename F>
Value reg_m(const Lifter& l, F f) {
    return narrow(l, l.b.get_v(f.m()), f.Q());
}

template <typename F>
void same(const Lifter& l, F f, Op op) {
    l.b.set_v(f.d(), narrow(l, vector(l, op, f.z(), reg_n(l, f), reg_m(l, f)), f.Q()));
}
template <typename F>
void same_scalar(const Lifter& l, F f, Op op) {
    l.b.set_v(f.d(), scalar(l, op, f.z(), l.b.get_v(f.n()), l.b.get_v(f.m())));
}
template <typename F>
void by_helper(const Lifter& l, F f, Helper single) {
    l.b.set_v(f.d(), helper_vector(l, single, f.z(), f.Q(), l.b.get_v(f.n()), l.b.get_v(f.m())));
}
template <typename F>
void by_helper_scalar(const Lifter& l, F f, Helper single) {
    l.b.set_v(f.d(), helper_scalar(l, single, f.z(), l.b.get_v(f.n()), l.b.get_v(f.m())));
}

// Even lanes of n:m against odd lanes of n:m. For a 64-bit vector both halves sit in the lower one.
template <typename F>
void pairwise(const Lifter& l, F f, Op op) {
    Value n = l.b.get_v(f.n());
    Value m = l.b.get_v(f.m());
    if (!f.Q()) {
        n = l.b.emit(Op::VZip1, Type::V128, n, m, {}, {}, 0, kDouble);
        m = l.b.emit(Op::VZero, Type::V128);
    }
    const Value even = l.b.emit(Op::VUzp1, Type::V128, n, m, {}, {}, 0, width_of(f.z()));
    const Value odd = l.b.emit(Op::VUzp2, Type::V128, n, m, {}, {}, 0, width_of(f.z()));
    l.b.set_v(f.d(), narrow(l, vector(l, op, f.z(), even, odd), f.Q()));
}

template <typename F>
void pairwise_scalar(const Lifter& l, F f, Op op) {
    const Value n = l.b.get_v(f.n());
    const Value second = l.b.emit(Op::VShrBytes, Type::V128, n, {}, {}, {}, f.z() ? 8 : 4);
    l.b.set_v(f.d(), scalar(l, op, f.z(), n, second));
}

// (0 op 1) op (2 op 3), as the manual's Reduce does it.
template <typename F>
void across(const Lifter& l, F f, Op op) {
    const Value n = l.b.get_v(f.n());
    const Value swapped = l.b.emit(Op::VShuffle32, Type::V128, n, {}, {}, {}, 0xf5);  // lanes 1, 1, 3, 3
    const Value pairs = vector(l, op, 0, n, swapped);
    const Value low = lane0(l, pairs, 0);
    const Value high = lane0(l, l.b.emit(Op::VShrBytes, Type::V128, pairs, {}, {}, {}, 8), 0);
    l.b.set_v(f.d(), scalar(l, op, 0, low, high));
}

// FMLA and FMLS: d + n * m, the product's first factor negated.
Value fused(const Lifter& l, unsigned z, Value d, Value n, Value m, bool subtract) {
    if (subtract) n = negate(l, n, z);
    return vector(l, Op::FMulAdd, z, d, n, m);
}
template <typename F>
void multiply_add(const Lifter& l, F f, bool subtract) {
    Value n = reg_n(l, f);
    if (subtract) n = narrow(l, negate(l, n, f.z()), f.Q());
    const Value d = narrow(l, l.b.get_v(f.d()), f.Q());
    l.b.set_v(f.d(), narrow(l, vector(l, Op::FMulAdd, f.z(), d, n, reg_m(l, f)), f.Q()));
}

template <typename F>
Value element(const Lifter& l, F f) {
    const unsigned index = f.z() ? f.H() : f.H() << 1 | f.L();
    return l.b.emit(Op::VDupLane, Type::V128, l.b.get_v(f.m()), {}, {}, {}, index, width_of(f.z()));
}
// For a vector operation: in the lanes that exist only. Elsewhere an infinity would meet a zero.
template <typename F>
Value elements(const Lifter& l, F f) {
    return narrow(l, element(l, f), f.Q());
}

Value magnitude(const Lifter& l, Value value, unsigned z) {
    return absolute(l, value, z);
}

template <typename F>
void compare_magnitudes(const Lifter& l, F f, Op op) {
    const Value n = magnitude(l, reg_n(l, f), f.z());
    const Value m = magnitude(l, reg_m(l, f), f.z());
    l.b.set_v(f.d(), narrow(l, vector(l, op, f.z(), n, m), f.Q()));
}
template <typename F>
void compare_magnitudes_scalar(const Lifter& l, F f, Op op) {
    const Value n = magnitude(l, l.b.get_v(f.n()), f.z());
    const Value m = magnitude(l, l.b.get_v(f.m()), f.z());
    l.b.set_v(f.d(), scalar(l, op, f.z(), n, m));
}

// With zero: `swapped` compares zero with n (less than, less or equal).
template <typename F>
void compare_zero(const Lifter& l, F f, bool is_scalar, unsigned q, Op op, bool swapped) {
    const Value n = is_scalar ? l.b.get_v(f.n()) : narrow(l, l.b.get_v(f.n()), q);
    const Value zero = l.b.emit(Op::VZero, Type::V128);
    const Value a = swapped ? zero : n;
    const Value m = swapped ? n : zero;
    if (is_scalar) return l.b.set_v(f.d(), scalar(l, op, f.z(), a, m));
    l.b.set_v(f.d(), narrow(l, vector(l, op, f.z(), a, m), q));
}

template <typename F>
void round_vector(const Lifter& l, F f, uint64_t host_rounding) {
    const uint64_t imm = host_rounding << ir::kFpRoundShift;
    l.b.set_v(f.d(), narrow(l, vector(l, Op::FRound, f.z(), reg_n(l, f), {}, {}, imm), f.Q()));
}

template <typename F>
void round_to_int_vector(const Lifter& l, F f, unsigned bits, unsigned host_rounding) {
    const unsigned immediate = bits | host_rounding << 8;
    l.b.set_v(f.d(), helper_vector(l, Helper::RoundToIntF32, f.z(), f.Q(), l.b.get_v(f.n()), {}, immediate));
}

}  // namespace

#define SAME(name, op)          \
    HANDLER(name##_v) {         \
        same(*this, f, Op::op); \
    }
SAME(FMAXNM, FMaxNumber)
SAME(FMINNM, FMinNumber)
SAME(FADD, FAdd)
SAME(FSUB, FSub)
SAME(FMUL, FMul)
SAME(FMAX, FMax)
SAME(FMIN, FMin)
SAME(FCMEQ, FCmpEq)
SAME(FCMGE, FCmpGe)
SAME(FCMGT, FCmpGt)
#undef SAME

HANDLER(FDIV_v) {
    // The divisor's missing lanes become ones: zero by zero would be an invalid operation.
    Value m = b.get_v(f.m());
    if (!f.Q()) {
        constexpr uint64_t kOnes = 0x3f8000003f800000;
        const Value ones = b.emit(Op::VConst, Type::V128, {}, {}, {}, {}, kOnes);
        m = b.emit(Op::VZip1, Type::V128, m, ones, {}, {}, 0, kDouble);
    }
    b.set_v(f.d(), narrow(*this, vector(*this, Op::FDiv, f.z(), reg_n(*this, f), m), f.Q()));
}
HANDLER(FCMEQ_s) {
    same_scalar(*this, f, Op::FCmpEq);
}
HANDLER(FCMGE_s) {
    same_scalar(*this, f, Op::FCmpGe);
}
HANDLER(FCMGT_s) {
    same_scalar(*this, f, Op::FCmpGt);
}
HANDLER(FACGE_v) {
    compare_magnitudes(*this, f, Op::FCmpGe);
}
HANDLER(FACGT_v) {
    compare_magnitudes(*this, f, Op::FCmpGt);
}
HANDLER(FACGE_s) {
    compare_magnitudes_scalar(*this, f, Op::FCmpGe);
}
HANDLER(FACGT_s) {
    compare_magnitudes_scalar(*this, f, Op::FCmpGt);
}
HANDLER(FABD_v) {
    const Value difference = vector(*this, Op::FSub, f.z(), reg_n(*this, f), reg_m(*this, f));
    b.set_v(f.d(), narrow(*this, absolute(*this, difference, f.z()), f.Q()));
}
HANDLER(FABD_s) {
    const Value difference = scalar(*this, Op::FSub, f.z(), b.get_v(f.n()), b.get_v(f.m()));
    b.set_v(f.d(), absolute(*this, difference, f.z()));
}

#define BY_HELPER(name, helper)                          \
    HANDLER(name##_v) {                                  \
        by_helper(*this, f, Helper::helper##F32);        \
    }                                                    \
    HANDLER(name##_s) {                                  \
        by_helper_scalar(*this, f, Helper::helper##F32); \
    }
BY_HELPER(FMULX, MulX)
BY_HELPER(FRECPS, RecipStep)
BY_HELPER(FRSQRTS, RsqrtStep)
#undef BY_HELPER

#define ESTIMATE(name, helper)                                                                   \
    HANDLER(name##_v) {                                                                          \
        b.set_v(f.d(), helper_vector(*this, Helper::helper##F32, f.z(), f.Q(), b.get_v(f.n()))); \
    }                                                                                            \
    HANDLER(name##_sv) {                                                                         \
        b.set_v(f.d(), helper_scalar(*this, Helper::helper##F32, f.z(), b.get_v(f.n())));        \
    }
ESTIMATE(FRECPE, RecipEstimate)
ESTIMATE(FRSQRTE, RsqrtEstimate)
#undef ESTIMATE
HANDLER(FRECPX) {
    b.set_v(f.d(), helper_scalar(*this, Helper::RecipExponentF32, f.z(), b.get_v(f.n())));
}

#define PAIRWISE(name, op)                 \
    HANDLER(name##_v) {                    \
        pairwise(*this, f, Op::op);        \
    }                                      \
    HANDLER(name##_s) {                    \
        pairwise_scalar(*this, f, Op::op); \
    }
PAIRWISE(FADDP, FAdd)
PAIRWISE(FMAXNMP, FMaxNumber)
PAIRWISE(FMINNMP, FMinNumber)
PAIRWISE(FMAXP, FMax)
PAIRWISE(FMINP, FMin)
#undef PAIRWISE

HANDLER(FMAXNMV) {
    across(*this, f, Op::FMaxNumber);
}
HANDLER(FMINNMV) {
    across(*this, f, Op::FMinNumber);
}
HANDLER(FMAXV) {
    across(*this, f, Op::FMax);
}
HANDLER(FMINV) {
    across(*this, f, Op::FMin);
}

HANDLER(FMLA_v) {
    multiply_add(*this, f, false);
}
HANDLER(FMLS_v) {
    multiply_add(*this, f, true);
}
HANDLER(FMLA_v_elem) {
    const Value d = narrow(*this, b.get_v(f.d()), f.Q());
    b.set_v(f.d(), narrow(*this, fused(*this, f.z(), d, reg_n(*this, f), elements(*this, f), false), f.Q()));
}
HANDLER(FMLS_v_elem) {
    const Value d = narrow(*this, b.get_v(f.d()), f.Q());
    b.set_v(f.d(), narrow(*this, fused(*this, f.z(), d, reg_n(*this, f), elements(*this, f), true), f.Q()));
}
HANDLER(FMUL_v_elem) {
    b.set_v(f.d(), narrow(*this, vector(*this, Op::FMul, f.z(), reg_n(*this, f), elements(*this, f)), f.Q()));
}
HANDLER(FMULX_v_elem) {
    b.set_v(f.d(), helper_vector(*this, Helper::MulXF32, f.z(), f.Q(), b.get_v(f.n()), element(*this, f)));
}
HANDLER(FMLA_s_elem) {
    b.set_v(f.d(), scalar(*this, Op::FMulAdd, f.z(), b.get_v(f.d()), b.get_v(f.n()), element(*this, f)));
}
HANDLER(FMLS_s_elem) {
    const Value n = negate(*this, b.get_v(f.n()), f.z());
    b.set_v(f.d(), scalar(*this, Op::FMulAdd, f.z(), b.get_v(f.d()), n, element(*this, f)));
}
HANDLER(FMUL_s_elem) {
    b.set_v(f.d(), scalar(*this, Op::FMul, f.z(), b.get_v(f.n()), element(*this, f)));
}
HANDLER(FMULX_s_elem) {
    b.set_v(f.d(), helper_scalar(*this, Helper::MulXF32, f.z(), b.get_v(f.n()), element(*this, f)));
}

#define COMPARE_ZERO(name, op, swapped)                        \
    HANDLER(name##_zero_v) {                                   \
        compare_zero(*this, f, false, f.Q(), Op::op, swapped); \
    }                                                          \
    HANDLER(name##_zero_sv) {                                  \
        compare_zero(*this, f, true, 0, Op::op, swapped);      \
    }
COMPARE_ZERO(FCMGT, FCmpGt, false)
COMPARE_ZERO(FCMEQ, FCmpEq, false)
COMPARE_ZERO(FCMGE, FCmpGe, false)
COMPARE_ZERO(FCMLT, FCmpGt, true)
COMPARE_ZERO(FCMLE, FCmpGe, true)
#undef COMPARE_ZERO

HANDLER(FRINTN_v) {
    round_vector(*this, f, ir::kRoundNearest | ir::kRoundQuiet);
}
HANDLER(FRINTM_v) {
    round_vector(*this, f, ir::kRoundDown | ir::kRoundQuiet);
}
HANDLER(FRINTP_v) {
    round_vector(*this, f, ir::kRoundUp | ir::kRoundQuiet);
}
HANDLER(FRINTZ_v) {
    round_vector(*this, f, ir::kRoundZero | ir::kRoundQuiet);
}
HANDLER(FRINTX_v) {
    round_vector(*this, f, ir::kRoundMode);
}
HANDLER(FRINTI_v) {
    round_vector(*this, f, ir::kRoundMode | ir::kRoundQuiet);
}
HANDLER(FRINTA_v) {
    const Value rounded = round_to_integral(*this, reg_n(*this, f), f.z(), false, Rounding::Away);
    b.set_v(f.d(), narrow(*this, rounded, f.Q()));
}
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
HANDLER(FABS_v) {
    b.set_v(f.d(), absolute(*this, reg_n(*this, f), f.z()));
}
HANDLER(FNEG_v) {
    b.set_v(f.d(), narrow(*this, negate(*this, b.get_v(f.n()), f.z()), f.Q()));
}
HANDLER(FSQRT_v) {
    b.set_v(f.d(), narrow(*this, vector(*this, Op::FSqrt, f.z(), reg_n(*this, f)), f.Q()));
}

}  // namespace armature::translator::lift
