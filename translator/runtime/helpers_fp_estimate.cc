// SPDX-License-Identifier: MIT
// Reciprocal and square root estimates (by the manual's integer formulas, eight bits of precision), their
// Newton steps, FMULX, FRECPX, and the conversion to odd.
#include "translator/ir/helpers.h"
#include "translator/runtime/guest_fp.h"

namespace armature::translator::helper {
namespace {

using namespace fp;
using guest::CpuState;
using guest::Vec128;

template <typename F, typename Fn>
void each_pair(CpuState* cpu, unsigned immediate, Fn fn) {
    const Vec128 a = cpu->vector_scratch[0];
    const Vec128 b = cpu->vector_scratch[1];
    each_lane<F>(cpu, lanes_of<F>(immediate), [&](unsigned n) { return fn(lane<F>(a, n), lane<F>(b, n)); });
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
    return multiply<F>(cpu, a, b);
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
    if constexpr (std::is_same_v<F, F16>) {
        const double product = T::real(values[0]) * T::real(b);
        return round_to_half(cpu, square_root ? add_to_odd(product, 3) / 2 : add_to_odd(product, 2));
    }
    const HostMode mode(cpu->fpcr);
    const Real x = pin(T::real(values[0]));
    const Real other = pin(T::real(b));
    const auto finish = [&](Real result) {
        const Real pinned = pin(result);
        cpu->fpsr |= mode.raised();
        return T::bits(pinned);
    };
    if (!square_root) return finish(multiply_add(x, other, Real{2}));
    // Half of the sum without a second rounding: a factor that stays a normal number is halved. If neither
    // does, the product is so small that half of it rounds the sum as the whole does.
    const bool halve_x = T::exponent(values[0]) > 1;
    const bool halve_other = !halve_x && T::exponent(b) > 1;
    return finish(multiply_add(halve_x ? x / 2 : x, halve_other ? other / 2 : other, Real{1.5}));
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
    if (flushes<F>(cpu) && exponent >= result_bias) {
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
    void Name##F16(CpuState* cpu, unsigned immediate) {                                                  \
        using F = F16;                                                                                   \
        each_pair<F>(cpu, immediate, [&](F::Bits a, [[maybe_unused]] F::Bits b) { return expression; }); \
    }                                                                                                    \
    void Name##F32(CpuState* cpu, unsigned immediate) {                                                  \
        using F = F32;                                                                                   \
        each_pair<F>(cpu, immediate, [&](F::Bits a, [[maybe_unused]] F::Bits b) { return expression; }); \
    }                                                                                                    \
    void Name##F64(CpuState* cpu, unsigned immediate) {                                                  \
        using F = F64;                                                                                   \
        each_pair<F>(cpu, immediate, [&](F::Bits a, [[maybe_unused]] F::Bits b) { return expression; }); \
    }
LANES_OF_TWO(MulX, mul_x<F>(cpu, a, b))
LANES_OF_TWO(RecipStep, step<F>(cpu, a, b, false))
LANES_OF_TWO(RsqrtStep, step<F>(cpu, a, b, true))
LANES_OF_TWO(RecipEstimate, recip<F>(cpu, a))
LANES_OF_TWO(RsqrtEstimate, rsqrt<F>(cpu, a))
LANES_OF_TWO(RecipExponent, recip_exponent<F>(cpu, a))
#undef LANES_OF_TWO

void NarrowToOdd(CpuState* cpu, unsigned) {
    const Vec128 x = cpu->vector_scratch[0];
    const uint64_t low = narrow_to_odd(cpu, x.lo);
    cpu->vector_scratch[0] = {low | uint64_t{narrow_to_odd(cpu, x.hi)} << 32, 0};
}

}  // namespace armature::translator::helper
