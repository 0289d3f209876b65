// SPDX-License-Identifier: MIT
// Advanced SIMD three different: results twice as wide as the operands (the 2 forms read the upper halves),
// or half.
#include "translator/lift/simd.h"

namespace armature::translator::lift {
namespace {

// d = fn(simd, lane, n, m, upper): the result is wide.
template <typename F, typename Fn>
void lengthening(Lifter& l, F f, Fn fn) {
    const unsigned lane = lane_of(f);
    const bool vector = requires {
        f.Q();
    };
    const Simd s{l.b, vector ? 16 : 2u << lane};
    const Value n = l.b.get_v(f.n());
    l.b.set_v(f.d(), s.cut(fn(s, lane, n, l.b.get_v(f.m()), upper_half(f))));
}

// d = fn(simd, lane, d, n, m, upper)
template <typename F, typename Fn>
void lengthening_accumulate(Lifter& l, F f, Fn fn) {
    const Value d = l.b.get_v(f.d());
    lengthening(l, f, [&](const Simd& s, unsigned lane, Value n, Value m, bool upper) {
        return fn(s, lane, d, n, m, upper);
    });
}

Value difference_long(const Simd& s, unsigned lane, Value n, Value m, bool is_signed, bool upper) {
    return s.extend(lane, s.difference(lane, n, m, is_signed), false, upper);
}

// Upper halves of the wide lanes of n + m or n - m.
template <typename F>
void narrowing_high(Lifter& l, F f, bool subtract, bool round) {
    const Simd s{l.b};
    const unsigned wide = f.s() + 1;
    const unsigned half = 8u << f.s();
    const Value n = l.b.get_v(f.n());
    const Value m = l.b.get_v(f.m());
    Value sum = subtract ? s.sub(wide, n, m) : s.add(wide, n, m);
    if (round) sum = s.add(wide, sum, s.splat(wide, uint64_t{1} << (half - 1)));
    set_narrow(l, f, s, s.narrow(f.s(), s.shr(wide, sum, half)));
}

}  // namespace

#define LONG [](const Simd& s, unsigned lane, Value n, Value m, bool upper)
#define LONG_D [](const Simd& s, unsigned lane, Value d, Value n, Value m, bool upper)
#define VECTOR_AND_SCALAR(Name, wrapper, ...) \
    HANDLER(Name##_v) {                       \
        wrapper(*this, f, __VA_ARGS__);       \
    }                                         \
    HANDLER(Name##_s) {                       \
        wrapper(*this, f, __VA_ARGS__);       \
    }

#define SIGNED_AND_UNSIGNED(SName, UName, wrapper, args, ...) \
    HANDLER(SName) {                                          \
        [[maybe_unused]] constexpr bool kSigned = true;       \
        wrapper(*this, f, args{__VA_ARGS__});                 \
    }                                                         \
    HANDLER(UName) {                                          \
        [[maybe_unused]] constexpr bool kSigned = false;      \
        wrapper(*this, f, args{__VA_ARGS__});                 \
    }

SIGNED_AND_UNSIGNED(SADDL, UADDL, lengthening, LONG, {
    return s.add(lane + 1, s.extend(lane, n, kSigned, upper), s.extend(lane, m, kSigned, upper));
})
SIGNED_AND_UNSIGNED(SSUBL, USUBL, lengthening, LONG, {
    const Value wide = s.extend(lane, n, kSigned, upper);
    return s.sub(lane + 1, wide, s.extend(lane, m, kSigned, upper));
})
SIGNED_AND_UNSIGNED(SADDW, UADDW, lengthening, LONG,
                    { return s.add(lane + 1, n, s.extend(lane, m, kSigned, upper)); })
SIGNED_AND_UNSIGNED(SSUBW, USUBW, lengthening, LONG,
                    { return s.sub(lane + 1, n, s.extend(lane, m, kSigned, upper)); })
SIGNED_AND_UNSIGNED(SABDL, UABDL, lengthening, LONG,
                    { return difference_long(s, lane, n, m, kSigned, upper); })
SIGNED_AND_UNSIGNED(SABAL, UABAL, lengthening_accumulate, LONG_D,
                    { return s.add(lane + 1, d, difference_long(s, lane, n, m, kSigned, upper)); })
SIGNED_AND_UNSIGNED(SMULL_v, UMULL_v, lengthening, LONG, { return s.mul_long(lane, n, m, kSigned, upper); })
SIGNED_AND_UNSIGNED(SMLAL_v, UMLAL_v, lengthening_accumulate, LONG_D,
                    { return s.add(lane + 1, d, s.mul_long(lane, n, m, kSigned, upper)); })
SIGNED_AND_UNSIGNED(SMLSL_v, UMLSL_v, lengthening_accumulate, LONG_D,
                    { return s.sub(lane + 1, d, s.mul_long(lane, n, m, kSigned, upper)); })

VECTOR_AND_SCALAR(
    SQDMULL, lengthening, LONG { return s.mul_doubling_long(lane, n, m, upper); })
VECTOR_AND_SCALAR(
    SQDMLAL, lengthening_accumulate,
    LONG_D { return s.add_saturating(lane + 1, d, s.mul_doubling_long(lane, n, m, upper), true); })
VECTOR_AND_SCALAR(
    SQDMLSL, lengthening_accumulate,
    LONG_D { return s.sub_saturating(lane + 1, d, s.mul_doubling_long(lane, n, m, upper), true); })

HANDLER(ADDHN) {
    narrowing_high(*this, f, false, false);
}
HANDLER(RADDHN) {
    narrowing_high(*this, f, false, true);
}
HANDLER(SUBHN) {
    narrowing_high(*this, f, true, false);
}
HANDLER(RSUBHN) {
    narrowing_high(*this, f, true, true);
}

HANDLER(PMULL) {
    const Simd s{b};
    const Value n = b.get_v(f.n());
    const Value m = b.get_v(f.m());
    if (f.Q()) {
        b.set_v(f.d(), s.helper(Helper::VPmull, 0, s.shuffle32(n, 0xee), s.shuffle32(m, 0xee)));
    } else {
        b.set_v(f.d(), s.helper(Helper::VPmull, 0, n, m));
    }
}

HANDLER(PMULL_64) {
    const Simd s{b};
    const Value n = b.get_v(f.n());
    b.set_v(f.d(), s.op(Op::VMulPoly64, 3, n, b.get_v(f.m()), {}, f.Q() ? 0x11 : 0x00));
}

// --- By element: the same with one lane of m in all its lanes.

namespace {

template <typename F>
Value element(Lifter& l, F f) {
    const Simd s{l.b};
    const unsigned index = f.s() == 1 ? f.H() << 2 | f.L() << 1 | f.M() : f.H() << 1 | f.L();
    const unsigned m = f.s() == 1 ? f.m() : f.M() << 4 | f.m();
    return s.dup_lane(f.s(), l.b.get_v(m), index);
}

// What `wrapper` needs of a row, with m taken from an element: fields d, n, s and perhaps Q.
template <typename F, typename Fn>
void lanes_by_element(Lifter& l, F f, Fn fn) {
    const Value m = element(l, f);
    unary(l, f, [&](const Simd& s, unsigned lane, Value n) { return fn(s, lane, l.b.get_v(f.d()), n, m); });
}

template <typename F, typename Fn>
void long_by_element(Lifter& l, F f, Fn fn) {
    const bool vector = requires {
        f.Q();
    };
    const Simd s{l.b, vector ? 16 : 2u << f.s()};
    const Value m = element(l, f);
    const Value n = l.b.get_v(f.n());
    l.b.set_v(f.d(), s.cut(fn(s, f.s(), l.b.get_v(f.d()), n, m, upper_half(f))));
}

}  // namespace

#define LANES_D [](const Simd& s, unsigned lane, Value d, Value n, Value m)
#define ELEMENT_D [](const Simd& s, unsigned lane, Value d, Value n, Value m, bool upper)

HANDLER(MUL_e) {
    lanes_by_element(
        *this, f, LANES_D { return s.mul(lane, n, m); });
}
HANDLER(MLA_e) {
    lanes_by_element(
        *this, f, LANES_D { return s.add(lane, d, s.mul(lane, n, m)); });
}
HANDLER(MLS_e) {
    lanes_by_element(
        *this, f, LANES_D { return s.sub(lane, d, s.mul(lane, n, m)); });
}
SIGNED_AND_UNSIGNED(SMULL_e, UMULL_e, long_by_element, ELEMENT_D,
                    { return s.mul_long(lane, n, m, kSigned, upper); })
SIGNED_AND_UNSIGNED(SMLAL_e, UMLAL_e, long_by_element, ELEMENT_D,
                    { return s.add(lane + 1, d, s.mul_long(lane, n, m, kSigned, upper)); })
SIGNED_AND_UNSIGNED(SMLSL_e, UMLSL_e, long_by_element, ELEMENT_D,
                    { return s.sub(lane + 1, d, s.mul_long(lane, n, m, kSigned, upper)); })
VECTOR_AND_SCALAR(
    SQDMULL_e, long_by_element, ELEMENT_D { return s.mul_doubling_long(lane, n, m, upper); })
VECTOR_AND_SCALAR(
    SQDMLAL_e, long_by_element,
    ELEMENT_D { return s.add_saturating(lane + 1, d, s.mul_doubling_long(lane, n, m, upper), true); })
VECTOR_AND_SCALAR(
    SQDMLSL_e, long_by_element,
    ELEMENT_D { return s.sub_saturating(lane + 1, d, s.mul_doubling_long(lane, n, m, upper), true); })
VECTOR_AND_SCALAR(
    SQDMULH_e, lanes_by_element, LANES_D { return s.mul_doubling_high(lane, n, m, false); })
VECTOR_AND_SCALAR(
    SQRDMULH_e, lanes_by_element, LANES_D { return s.mul_doubling_high(lane, n, m, true); })
VECTOR_AND_SCALAR(
    SQRDMLAH_e, lanes_by_element,
    LANES_D { return s.helper(Helper::VSqrdmlah, lane, s.cut(d), s.cut(n), m); })
VECTOR_AND_SCALAR(
    SQRDMLSH_e, lanes_by_element,
    LANES_D { return s.helper(Helper::VSqrdmlsh, lane, s.cut(d), s.cut(n), m); })

// --- Dot products and 2x2 matrix products of bytes

namespace {

template <typename F>
void dot_product(Lifter& l, F f, bool n_signed, bool m_signed, Value m) {
    const Simd s{l.b, f.Q() ? 16u : 8u};
    const Value n = l.b.get_v(f.n());
    const Value sum = s.add(2, l.b.get_v(f.d()), s.dot(n, n_signed, m, m_signed));
    l.b.set_v(f.d(), s.cut(sum));
}

template <typename F>
Value element_of_four(Lifter& l, F f) {
    return Simd{l.b}.dup_lane(2, l.b.get_v(f.M() << 4 | f.m()), f.H() << 1 | f.L());
}

template <typename F>
void matrix_product(Lifter& l, F f, bool n_unsigned, bool m_unsigned) {
    const Simd s{l.b};
    const Value d = l.b.get_v(f.d());
    const Value n = l.b.get_v(f.n());
    const unsigned mode = (n_unsigned ? 1 : 0) | (m_unsigned ? 2 : 0);
    l.b.set_v(f.d(), s.helper(Helper::VMatrixMultiply, mode, d, n, l.b.get_v(f.m())));
}

}  // namespace

HANDLER(SDOT_v) {
    dot_product(*this, f, true, true, b.get_v(f.m()));
}
HANDLER(UDOT_v) {
    dot_product(*this, f, false, false, b.get_v(f.m()));
}
HANDLER(USDOT_v) {
    dot_product(*this, f, false, true, b.get_v(f.m()));
}
HANDLER(SDOT_e) {
    dot_product(*this, f, true, true, element_of_four(*this, f));
}
HANDLER(UDOT_e) {
    dot_product(*this, f, false, false, element_of_four(*this, f));
}
HANDLER(USDOT_e) {
    dot_product(*this, f, false, true, element_of_four(*this, f));
}
HANDLER(SUDOT_e) {
    dot_product(*this, f, true, false, element_of_four(*this, f));
}
HANDLER(SMMLA) {
    matrix_product(*this, f, false, false);
}
HANDLER(UMMLA) {
    matrix_product(*this, f, true, true);
}
HANDLER(USMMLA) {
    matrix_product(*this, f, true, false);
}

}  // namespace armature::translator::lift
