// SPDX-License-Identifier: MIT
// Advanced SIMD shift by immediate, and its scalar forms. The field i (immh:immb) holds lane size and count:
// its highest set bit says the size, right shifts count down from twice the lane's bits, left shifts up from
// the lane's bits.
#include <bit>

#include "translator/lift/simd.h"

namespace armature::translator::lift {
namespace {

template <typename F>
unsigned shifted_lane(F f) {
    return static_cast<unsigned>(std::bit_width(f.i() >> 3)) - 1;
}

// d = fn(simd, lane, d, n, count)
template <typename F, typename Fn>
void shift(Lifter& l, F f, bool left, Fn fn) {
    const unsigned lane = shifted_lane(f);
    const unsigned bits = 8u << lane;
    const Simd s{l.b, bytes_of(f, lane)};
    const unsigned count = left ? f.i() - bits : 2 * bits - f.i();
    const Value d = l.b.get_v(f.d());
    l.b.set_v(f.d(), s.cut(fn(s, lane, d, l.b.get_v(f.n()), count)));
}

template <typename F>
void narrowing(Lifter& l, F f, bool round) {
    const unsigned lane = shifted_lane(f);
    const unsigned count = (16u << lane) - f.i();
    const unsigned wide = lane + 1;
    const Simd s{l.b};
    Value n = l.b.get_v(f.n());
    if (round) n = s.add(wide, n, s.splat(wide, uint64_t{1} << (count - 1)));
    set_narrow(l, f, s, s.narrow(lane, s.shr(wide, n, count)));
}

template <typename F>
void saturating_narrowing(Lifter& l, F f, bool is_signed, bool round, Simd::Saturation how) {
    const unsigned lane = shifted_lane(f);
    const unsigned count = (16u << lane) - f.i();
    const unsigned wide = lane + 1;
    const bool vector = requires {
        f.Q();
    };
    const Simd s{l.b, vector ? 16 : 1u << lane};
    const Value n = l.b.get_v(f.n());
    const Value shifted =
        round ? s.round_shift_right(wide, n, count, is_signed) : s.shift_right(wide, n, count, is_signed);
    const Value result = s.narrow_saturating(lane, shifted, how);
    set_narrow(l, f, s, vector ? result : s.cut(result));
}

template <typename F>
void saturating_left(Lifter& l, F f, unsigned mode) {
    shift(l, f, true, [mode](const Simd& s, unsigned lane, Value, Value n, unsigned count) {
        return s.helper(Helper::VShift, lane | mode | ShiftMode::kSaturate, s.cut(n), s.splat(lane, count));
    });
}

template <typename F>
void lengthening(Lifter& l, F f, bool is_signed) {
    const unsigned lane = shifted_lane(f);
    const Simd s{l.b};
    const Value wide = s.extend(lane, l.b.get_v(f.n()), is_signed, f.Q());
    l.b.set_v(f.d(), s.shl(lane + 1, wide, f.i() - (8u << lane)));
}

uint64_t lane_ones(unsigned lane) {
    return ~uint64_t{0} >> (64 - (8u << lane));
}

}  // namespace

#define LANES [](const Simd& s, unsigned lane, Value d, Value n, unsigned count)

VECTOR_AND_SCALAR(
    SSHR, shift, false, LANES { return s.sar(lane, n, count); })
VECTOR_AND_SCALAR(
    USHR, shift, false, LANES { return s.shr(lane, n, count); })
VECTOR_AND_SCALAR(
    SSRA, shift, false, LANES { return s.add(lane, d, s.sar(lane, n, count)); })
VECTOR_AND_SCALAR(
    USRA, shift, false, LANES { return s.add(lane, d, s.shr(lane, n, count)); })
VECTOR_AND_SCALAR(
    SRSHR, shift, false, LANES { return s.round_shift_right(lane, n, count, true); })
VECTOR_AND_SCALAR(
    URSHR, shift, false, LANES { return s.round_shift_right(lane, n, count, false); })
VECTOR_AND_SCALAR(
    SRSRA, shift, false, LANES { return s.add(lane, d, s.round_shift_right(lane, n, count, true)); })
VECTOR_AND_SCALAR(
    URSRA, shift, false, LANES { return s.add(lane, d, s.round_shift_right(lane, n, count, false)); })
VECTOR_AND_SCALAR(
    SHL, shift, true, LANES { return s.shl(lane, n, count); })
VECTOR_AND_SCALAR(
    SLI, shift, true, LANES {
        if (count == 0) return n;
        const uint64_t kept = ~(~uint64_t{0} << count);
        return s.or_(s.and_(d, s.splat(lane, kept)), s.shl(lane, n, count));
    })
VECTOR_AND_SCALAR(
    SRI, shift, false, LANES {
        if (count == 8u << lane) return d;
        const uint64_t kept = ~(lane_ones(lane) >> count);
        return s.or_(s.and_(d, s.splat(lane, kept)), s.shr(lane, n, count));
    })

VECTOR_AND_SCALAR(SQSHL_imm, saturating_left, 0)
VECTOR_AND_SCALAR(UQSHL_imm, saturating_left, ShiftMode::kUnsigned)
VECTOR_AND_SCALAR(SQSHLU, saturating_left, ShiftMode::kToUnsigned)

HANDLER(SHRN) {
    narrowing(*this, f, false);
}
HANDLER(RSHRN) {
    narrowing(*this, f, true);
}
VECTOR_AND_SCALAR(SQSHRN, saturating_narrowing, true, false, Simd::kSigned)
VECTOR_AND_SCALAR(SQRSHRN, saturating_narrowing, true, true, Simd::kSigned)
VECTOR_AND_SCALAR(UQSHRN, saturating_narrowing, false, false, Simd::kUnsigned)
VECTOR_AND_SCALAR(UQRSHRN, saturating_narrowing, false, true, Simd::kUnsigned)
VECTOR_AND_SCALAR(SQSHRUN, saturating_narrowing, true, false, Simd::kSignedToUnsigned)
VECTOR_AND_SCALAR(SQRSHRUN, saturating_narrowing, true, true, Simd::kSignedToUnsigned)

HANDLER(SSHLL) {
    lengthening(*this, f, true);
}
HANDLER(USHLL) {
    lengthening(*this, f, false);
}

}  // namespace armature::translator::lift
