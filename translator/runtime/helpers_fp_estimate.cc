// SPDX-License-Identifier: MIT
// Reciprocal and square root estimates (by the manual's integer formulas, eight bits of precision), their
// Newton steps, FMULX, FRECPX, and the conversions to and from half precision and to odd.
#include "translator/ir/helpers.h"
#include "translator/runtime/guest_fp.h"

namespace armature::translator::helper {
namespace {

using namespace fp;
using guest::CpuState;
using guest::Vec128;

template <typename F, typename Fn>
void each_lane(CpuState* cpu, unsigned immediate, Fn fn) {
    const Vec128 a = cpu->vector_scratch[0];
    const Vec128 b = cpu->vector_scratch[1];
    Vec128 result;
    const unsigned lanes = lanes_of<F>(immediate);
    for (unsigned n = 0; n < lanes; n++) set_lane<F>(&result, n, fn(lane<F>(a, n), lane<F>(b, n)));
    cpu->vector_scratch[0] = result;
}

template <typename F>
bool product_is_invalid(typename F::Bits a, typename F::Bits b) {
    using T = Format<F>;
    return (T::is_infinity(a) && T::is_zero(b)) || (T::is_zero(a) && T::is_infinity(b));
}

template <typename F>
typename F::Bits mul_x(CpuState* cpu, typename F::Bits a, typename F::Bits b) {
    using T = Format<F>;
    a = flush_input<F>(cpu, a);
    b = flush_input<F>(cpu, b);
    const typename F::Bits values[2] = {a, b};
    typename F::Bits nan = 0;
    if (process_nans<F>(cpu, values, 2, &nan)) return nan;
    if (product_is_invalid<F>(a, b)) return ((a ^ b) & T::kSign) | T::bits(typename F::Real{2});
    const GuestMode mode(cpu);
    const auto x = pin(T::real(a));
    const auto y = pin(T::real(b));
    return T::bits(pin(x * y));
}

// constant - a * b (constant 2), or (3 - a * b) / 2: fused, rounded once.
template <typename F>
typename F::Bits step(CpuState* cpu, typename F::Bits a, typename F::Bits b, bool square_root) {
    using T = Format<F>;
    using Real = typename F::Real;
    a = flush_input<F>(cpu, a);
    b = flush_input<F>(cpu, b);
    const typename F::Bits values[2] = {a ^ T::kSign, b};
    typename F::Bits nan = 0;
    if (process_nans<F>(cpu, values, 2, &nan)) return nan;
    if (product_is_invalid<F>(a, b)) return T::bits(square_root ? Real{1.5} : Real{2});
    const GuestMode mode(cpu);
    const Real x = pin(T::real(values[0]));
    const Real other = pin(T::real(b));
    if (!square_root) return T::bits(pin(std::fma(x, other, Real{2})));
    // Half of the sum without a second rounding: a factor that stays a normal number is halved. If neither
    // does, the product is so small that half of it rounds the sum as the whole does.
    const bool halve_x = T::exponent(values[0]) > 1;
    const bool halve_other = !halve_x && T::exponent(b) > 1;
    return T::bits(pin(std::fma(halve_x ? x / 2 : x, halve_other ? other / 2 : other, Real{1.5})));
}

// RecipEstimate of the manual: a in [256, 512) -> [256, 512).
unsigned recip_estimate(unsigned a) {
    a = a * 2 + 1;
    const unsigned b = (1u << 19) / a;
    return (b + 1) / 2;
}

// RecipSqrtEstimate of the manual: a in [128, 512) -> [256, 512).
unsigned rsqrt_estimate(unsigned a) {
    if (a < 256) {
        a = a * 2 + 1;
    } else {
        a = (a >> 1) << 1;
        a = (a + 1) * 2;
    }
    unsigned b = 512;
    while (a * (b + 1) * (b + 1) < 1u << 28) b++;
    return (b + 1) / 2;
}

template <typename F>
typename F::Bits recip(CpuState* cpu, typename F::Bits x) {
    using T = Format<F>;
    using Bits = typename F::Bits;
    const Bits sign = x & T::kSign;
    if (T::is_nan(x)) return process_nan<F>(cpu, x);
    if (T::is_infinity(x)) return sign;
    x = flush_input<F>(cpu, x);
    if (T::is_zero(x)) {
        cpu->fpsr |= kDivideByZero;
        return sign | T::kInfinity;
    }
    // |x| < 2^-(bias + 1): the reciprocal overflows.
    if ((x & ~T::kSign) < Bits{1} << (F::kFractionBits - 2)) {
        cpu->fpsr |= kOverflow | kInexact;
        const unsigned mode = cpu->fpcr >> 22 & 3;
        const bool to_infinity = mode == 0 || (mode == 1 && !sign) || (mode == 2 && sign);
        return sign | (to_infinity ? T::kInfinity : T::kInfinity - 1);
    }
    const int result_bias = 2 * T::kBias - 1;
    int exponent = static_cast<int>(T::exponent(x));
    Bits fraction = x & T::kFraction;
    if ((cpu->fpcr & kFpcrFz) && exponent >= result_bias) {
        cpu->fpsr |= kUnderflow;
        return sign;
    }
    if (exponent == 0) {
        if (!(fraction & T::kQuiet)) {
            exponent = -1;
            fraction = fraction << 2 & T::kFraction;
        } else {
            fraction = fraction << 1 & T::kFraction;
        }
    }
    const unsigned scaled = 256 | static_cast<unsigned>(fraction >> (F::kFractionBits - 8));
    const unsigned estimate = recip_estimate(scaled);
    int result_exponent = result_bias - exponent;
    Bits result = Bits{estimate & 0xff} << (F::kFractionBits - 8);
    if (result_exponent == 0) {
        result = result >> 1 | T::kQuiet;
    } else if (result_exponent == -1) {
        result = result >> 2 | T::kQuiet >> 1;
        result_exponent = 0;
    }
    return sign | static_cast<Bits>(result_exponent) << F::kFractionBits | result;
}

template <typename F>
typename F::Bits rsqrt(CpuState* cpu, typename F::Bits x) {
    using T = Format<F>;
    using Bits = typename F::Bits;
    const Bits sign = x & T::kSign;
    if (T::is_nan(x)) return process_nan<F>(cpu, x);
    x = flush_input<F>(cpu, x);
    if (T::is_zero(x)) {
        cpu->fpsr |= kDivideByZero;
        return sign | T::kInfinity;
    }
    if (sign) {
        cpu->fpsr |= kInvalid;
        return T::kDefaultNan;
    }
    if (T::is_infinity(x)) return 0;
    int exponent = static_cast<int>(T::exponent(x));
    Bits fraction = x & T::kFraction;
    if (exponent == 0) {
        while (!(fraction & T::kQuiet)) {
            fraction = fraction << 1;
            exponent--;
        }
        fraction = fraction << 1 & T::kFraction;
    }
    const unsigned top = static_cast<unsigned>(fraction >> (F::kFractionBits - 8));
    const unsigned scaled = exponent & 1 ? 128 | top >> 1 : 256 | top;
    const unsigned estimate = rsqrt_estimate(scaled);
    const int result_exponent = (3 * T::kBias - 1 - exponent) / 2;
    return static_cast<Bits>(result_exponent) << F::kFractionBits | Bits{estimate & 0xff}
                                                                        << (F::kFractionBits - 8);
}

template <typename F>
typename F::Bits recip_exponent(CpuState* cpu, typename F::Bits x) {
    using T = Format<F>;
    using Bits = typename F::Bits;
    if (T::is_nan(x)) return process_nan<F>(cpu, x);
    x = flush_input<F>(cpu, x);
    const Bits sign = x & T::kSign;
    const Bits exponent = T::exponent(x);
    if (exponent == 0) return sign | (T::kExponentMax - 1) << F::kFractionBits;
    return sign | (~exponent & T::kExponentMax) << F::kFractionBits;
}

// --- Half precision

constexpr unsigned kHalfFraction = 10;
constexpr uint16_t kHalfInfinity = 0x7c00;
constexpr uint16_t kHalfQuiet = 0x0200;
constexpr uint16_t kAlternativeMax =
    0x7fff;  // the largest number of Arm's alternative format, which has no infinity or NaN
constexpr uint32_t kFpcrAhp = 1u << 26;

// Exact. The payload moves to the top of the fraction.
uint64_t half_to_double(CpuState* cpu, uint16_t half) {
    const uint64_t sign = uint64_t{half} >> 15 << 63;
    const unsigned exponent = half >> kHalfFraction & 0x1f;
    const uint64_t fraction = half & 0x3ff;
    if (exponent == 0x1f && !(cpu->fpcr & kFpcrAhp)) {
        if (fraction == 0) return sign | Format<F64>::kInfinity;
        return process_nan<F64>(cpu, sign | Format<F64>::kInfinity | fraction << 42);
    }
    if (exponent == 0) {
        return sign | Format<F64>::bits(std::ldexp(static_cast<double>(fraction), -24));
    }
    return sign | uint64_t{exponent + 1008} << 52 | fraction << 42;
}

bool rounds_up(unsigned mode, bool negative, bool odd, uint64_t rest, uint64_t half_way) {
    switch (mode) {
        case 0:
            return rest > half_way || (rest == half_way && odd);
        case 1:
            return rest && !negative;
        case 2:
            return rest && negative;
        default:
            return false;
    }
}

// One rounding, by FPCR's mode.
uint16_t double_to_half(CpuState* cpu, uint64_t bits) {
    using T = Format<F64>;
    const uint16_t sign = static_cast<uint16_t>(bits >> 48 & 0x8000);
    const bool alternative = cpu->fpcr & kFpcrAhp;
    if (alternative && (T::is_nan(bits) || T::is_infinity(bits))) {
        cpu->fpsr |= kInvalid;
        return T::is_nan(bits) ? sign : sign | kAlternativeMax;
    }
    if (T::is_nan(bits)) {
        const uint64_t quiet = process_nan<F64>(cpu, bits);
        const uint16_t nan_sign = static_cast<uint16_t>(quiet >> 48 & 0x8000);
        return static_cast<uint16_t>(nan_sign | kHalfInfinity | kHalfQuiet | (quiet >> 42 & 0x3ff));
    }
    if (T::is_infinity(bits)) return sign | kHalfInfinity;
    if (T::is_zero(bits)) return sign;
    const unsigned mode = cpu->fpcr >> 22 & 3;
    int exponent = static_cast<int>(T::exponent(bits)) - 1023;
    uint64_t significand = (bits & T::kFraction) | (T::exponent(bits) ? uint64_t{1} << 52 : 0);
    if (T::exponent(bits) == 0) exponent = -1022;
    // Bits to drop so that ten fraction bits are left, more for results below the smallest normal number.
    unsigned drop = 42;
    const bool tiny = exponent < -14;
    if (tiny) drop += static_cast<unsigned>(-14 - exponent) > 20 ? 20 : static_cast<unsigned>(-14 - exponent);
    const uint64_t rest = significand & ((uint64_t{1} << drop) - 1);
    uint64_t kept = significand >> drop;
    if (rounds_up(mode, sign, kept & 1, rest, uint64_t{1} << (drop - 1))) kept++;
    // `kept` includes the implicit bit of normal numbers, so a carry moves into the exponent by itself.
    const uint64_t biased = tiny ? kept : (static_cast<uint64_t>(exponent + 14) << kHalfFraction) + kept;
    if (alternative && biased > kAlternativeMax) {
        cpu->fpsr |= kInvalid;
        return sign | kAlternativeMax;
    }
    if (rest) cpu->fpsr |= kInexact | (tiny ? kUnderflow : 0);
    if (!alternative && biased >= kHalfInfinity) {
        cpu->fpsr |= kOverflow | kInexact;
        const bool to_infinity = mode == 0 || (mode == 1 && !sign) || (mode == 2 && sign);
        return static_cast<uint16_t>(sign | (to_infinity ? kHalfInfinity : kHalfInfinity - 1));
    }
    return static_cast<uint16_t>(sign | biased);
}

uint16_t half_lane(const Vec128& v, unsigned n) {
    return static_cast<uint16_t>((n & 4 ? v.hi : v.lo) >> (n & 3) * 16);
}

// Rounded towards zero, with the last bit set if anything was lost.
uint32_t narrow_to_odd(CpuState* cpu, uint64_t bits) {
    using T = Format<F64>;
    if (T::is_nan(bits)) {
        const uint64_t quiet = process_nan<F64>(cpu, bits);
        return static_cast<uint32_t>(quiet >> 32 & 0x80000000) | Format<F32>::kDefaultNan |
               static_cast<uint32_t>(quiet >> 29 & Format<F32>::kFraction);
    }
    bits = flush_input<F64>(cpu, bits);
    constexpr uint64_t kSmallestNormal = uint64_t{0x381}
                                         << F64::kFractionBits;  // single precision's, as a double
    if ((cpu->fpcr & kFpcrFz) && !T::is_zero(bits) && (bits & ~T::kSign) < kSmallestNormal) {
        cpu->fpsr |= kUnderflow;
        return static_cast<uint32_t>(bits >> 32 & 0x80000000);
    }
    const unsigned host = _mm_getcsr();
    constexpr unsigned kTowardsZero = 0x6000;
    constexpr unsigned kSticky = 0x3f;
    _mm_setcsr((host & ~kSticky) | kTowardsZero);
    const double value = pin(T::real(bits));
    const float result = pin(static_cast<float>(value));
    const unsigned raised = _mm_getcsr();
    _mm_setcsr(host);
    uint32_t out = Format<F32>::bits(result);
    if (raised & 0x20) {
        cpu->fpsr |= kInexact;
        out |= 1;
    }
    if (raised & 0x10) cpu->fpsr |= kUnderflow;
    if (raised & 0x08) cpu->fpsr |= kOverflow;
    return out;
}

}  // namespace

#define LANES_OF_TWO(Name, expression)                                                                   \
    void Name##F32(CpuState* cpu, unsigned immediate) {                                                  \
        using F = F32;                                                                                   \
        each_lane<F>(cpu, immediate, [&](F::Bits a, [[maybe_unused]] F::Bits b) { return expression; }); \
    }                                                                                                    \
    void Name##F64(CpuState* cpu, unsigned immediate) {                                                  \
        using F = F64;                                                                                   \
        each_lane<F>(cpu, immediate, [&](F::Bits a, [[maybe_unused]] F::Bits b) { return expression; }); \
    }
LANES_OF_TWO(MulX, mul_x<F>(cpu, a, b))
LANES_OF_TWO(RecipStep, step<F>(cpu, a, b, false))
LANES_OF_TWO(RsqrtStep, step<F>(cpu, a, b, true))
LANES_OF_TWO(RecipEstimate, recip<F>(cpu, a))
LANES_OF_TWO(RsqrtEstimate, rsqrt<F>(cpu, a))
LANES_OF_TWO(RecipExponent, recip_exponent<F>(cpu, a))
#undef LANES_OF_TWO

void WidenHalf(CpuState* cpu, unsigned) {
    const Vec128 x = cpu->vector_scratch[0];
    Vec128 result;
    for (unsigned n = 0; n < 4; n++) {
        const uint64_t wide = half_to_double(cpu, half_lane(x, n));
        const uint32_t single = Format<F64>::is_nan(wide)
                                    ? static_cast<uint32_t>(wide >> 32 & 0x80000000) |
                                          Format<F32>::kInfinity |
                                          static_cast<uint32_t>(wide >> 29 & Format<F32>::kFraction)
                                    : Format<F32>::bits(static_cast<float>(Format<F64>::real(wide)));
        set_lane<F32>(&result, n, single);
    }
    cpu->vector_scratch[0] = result;
}

void NarrowToHalf(CpuState* cpu, unsigned) {
    const Vec128 x = cpu->vector_scratch[0];
    uint64_t result = 0;
    for (unsigned n = 0; n < 4; n++) {
        const uint32_t single = flush_input<F32>(cpu, lane<F32>(x, n));
        const uint64_t wide = Format<F32>::is_nan(single)
                                  ? uint64_t{single & 0x80000000} << 32 | Format<F64>::kInfinity |
                                        uint64_t{single & Format<F32>::kFraction} << 29
                                  : Format<F64>::bits(static_cast<double>(Format<F32>::real(single)));
        result |= uint64_t{double_to_half(cpu, wide)} << n * 16;
    }
    cpu->vector_scratch[0] = {result, 0};
}

void HalfToDouble(CpuState* cpu, unsigned) {
    cpu->vector_scratch[0] = {half_to_double(cpu, half_lane(cpu->vector_scratch[0], 0)), 0};
}

void DoubleToHalf(CpuState* cpu, unsigned) {
    cpu->vector_scratch[0] = {double_to_half(cpu, flush_input<F64>(cpu, cpu->vector_scratch[0].lo)), 0};
}

void NarrowToOdd(CpuState* cpu, unsigned) {
    const Vec128 x = cpu->vector_scratch[0];
    const uint64_t low = narrow_to_odd(cpu, x.lo);
    cpu->vector_scratch[0] = {low | uint64_t{narrow_to_odd(cpu, x.hi)} << 32, 0};
}

}  // namespace armature::translator::helper
