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

}  // namespace armature::translator::lift
