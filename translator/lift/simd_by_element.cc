// SPDX-License-Identifier: MIT
// Advanced SIMD vector x indexed element: one lane of m stands in all its lanes. Then dot products and matrix
// products of bytes, with and without an element.
#include "translator/lift/simd.h"

namespace armature::translator::lift {
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
