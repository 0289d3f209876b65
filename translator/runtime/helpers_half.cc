// SPDX-License-Identifier: MIT
// The 16-bit formats: half precision and bfloat16.
//
// A half's value and the product of two are exact as doubles. Sums that are not are rounded to odd, so that
// the one rounding that counts, to 11 bits by FPCR's mode, gives the correct result and knows whether it is
// inexact.
#include <limits>

#include "translator/ir/helpers.h"
#include "translator/runtime/guest_fp.h"

namespace armature::translator {

namespace fp {

namespace {
constexpr unsigned kHalfShift = F64::kFractionBits - F16::kFractionBits;
}

double half_value(uint32_t half) {
    using H = Format<F16>;
    using D = Format<F64>;
    const uint64_t sign = uint64_t{half & H::kSign} << 48;
    const uint64_t fraction = half & H::kFraction;
    if (H::exponent(half) == H::kExponentMax) return D::real(sign | D::kInfinity | fraction << kHalfShift);
    if (H::exponent(half) == 0) {
        return D::real(sign | D::bits(scale(static_cast<double>(fraction), -24)));
    }
    const uint64_t exponent = H::exponent(half) + static_cast<uint64_t>(D::kBias - H::kBias);
    return D::real(sign | exponent << F64::kFractionBits | fraction << kHalfShift);
}

uint32_t half_bits(double value) {
    using H = Format<F16>;
    using D = Format<F64>;
    const uint64_t bits = D::bits(value);
    const uint32_t sign = static_cast<uint32_t>(bits >> 48) & H::kSign;
    if (D::is_infinity(bits) || D::is_nan(bits)) {
        return sign | H::kInfinity | static_cast<uint32_t>(bits >> kHalfShift & H::kFraction);
    }
    const int exponent = static_cast<int>(D::exponent(bits)) - D::kBias + H::kBias;
    if (exponent <= 0) return sign | static_cast<uint32_t>(scale(std::fabs(value), 24));
    return sign | static_cast<uint32_t>(exponent) << F16::kFractionBits |
           static_cast<uint32_t>(bits >> kHalfShift & H::kFraction);
}

double add_to_odd(double a, double b) {
    using D = Format<F64>;
    const double sum = a + b;
    const uint64_t bits = D::bits(sum);
    if (!std::isfinite(sum) || sum == 0 || (bits & 1)) return sum;
    // What the sum lost, exactly.
    const double rest_of_b = sum - a;
    const double lost = (a - (sum - rest_of_b)) + (b - rest_of_b);
    if (lost == 0) return sum;
    const bool grows = (lost > 0) == (sum > 0);
    return D::real(grows ? bits + 1 : bits - 1);
}

namespace {

constexpr uint32_t kHalfInfinity = Format<F16>::kInfinity;
constexpr uint32_t kAlternativeMax =
    0x7fff;  // the largest number of Arm's alternative format, which has no infinity or NaN
constexpr uint32_t kFpcrAhp = 1u << 26;

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
bool overflows_to_infinity(unsigned mode, bool negative) {
    return mode == 0 || (mode == 1 && !negative) || (mode == 2 && negative);
}

struct HalfRules {
    bool alternative;  // FPCR.AHP counts
    bool flush;        // FPCR.FZ16 does
};

// One rounding, by FPCR's mode.
uint32_t narrow_to_half(guest::CpuState* cpu, uint64_t bits, HalfRules rules) {
    using T = Format<F64>;
    const uint32_t sign = static_cast<uint32_t>(bits >> 48 & 0x8000);
    if (rules.alternative && (T::is_nan(bits) || T::is_infinity(bits))) {
        cpu->fpsr |= kInvalid;
        return T::is_nan(bits) ? sign : sign | kAlternativeMax;
    }
    if (T::is_nan(bits)) return half_bits(T::real(process_nan<F64>(cpu, bits)));
    if (T::is_infinity(bits)) return sign | kHalfInfinity;
    if (T::is_zero(bits)) return sign;
    const unsigned mode = cpu->fpcr >> 22 & 3;
    int exponent = static_cast<int>(T::exponent(bits)) - T::kBias;
    uint64_t significand = (bits & T::kFraction) | (T::exponent(bits) ? T::kFraction + 1 : 0);
    if (T::exponent(bits) == 0) exponent = 1 - T::kBias;
    const bool tiny = exponent < -14;
    if (tiny && rules.flush) {
        cpu->fpsr |= kUnderflow;
        return sign;
    }
    // Bits to drop so that ten fraction bits are left, more for results below the smallest normal number.
    unsigned drop = kHalfShift;
    if (tiny) drop += static_cast<unsigned>(-14 - exponent) > 20 ? 20 : static_cast<unsigned>(-14 - exponent);
    const uint64_t rest = significand & ((uint64_t{1} << drop) - 1);
    uint64_t kept = significand >> drop;
    if (rounds_up(mode, sign, kept & 1, rest, uint64_t{1} << (drop - 1))) kept++;
    // `kept` includes the implicit bit of normal numbers, so a carry moves into the exponent by itself.
    const uint64_t biased = tiny ? kept : (static_cast<uint64_t>(exponent + 14) << F16::kFractionBits) + kept;
    if (rules.alternative && biased > kAlternativeMax) {
        cpu->fpsr |= kInvalid;
        return sign | kAlternativeMax;
    }
    if (rest) cpu->fpsr |= kInexact | (tiny ? kUnderflow : 0);
    if (!rules.alternative && biased >= kHalfInfinity) {
        cpu->fpsr |= kOverflow | kInexact;
        return sign | (overflows_to_infinity(mode, sign) ? kHalfInfinity : kHalfInfinity - 1);
    }
    return sign | static_cast<uint32_t>(biased);
}

HalfRules conversion_rules(const guest::CpuState* cpu) {
    return {(cpu->fpcr & kFpcrAhp) != 0, false};
}

// A conversion: exact but for NaNs, and there are none under FPCR.AHP.
uint64_t half_to_double(guest::CpuState* cpu, uint32_t half) {
    using H = Format<F16>;
    using T = Format<F64>;
    if (H::exponent(half) == H::kExponentMax && cpu->fpcr & kFpcrAhp) {
        return uint64_t{half & H::kSign} << 48 | uint64_t{0x40f} << F64::kFractionBits |
               uint64_t{half & H::kFraction} << kHalfShift;
    }
    const uint64_t bits = T::bits(half_value(half));
    return T::is_nan(bits) ? process_nan<F64>(cpu, bits) : bits;
}

// Between singles and doubles by bits alone: a signalling NaN stays one.
uint64_t single_to_double(uint32_t single) {
    using S = Format<F32>;
    if (!S::is_nan(single)) return Format<F64>::bits(static_cast<double>(S::real(single)));
    return uint64_t{single & S::kSign} << 32 | Format<F64>::kInfinity | uint64_t{single & S::kFraction} << 29;
}
uint32_t double_to_single(uint64_t bits) {
    using S = Format<F32>;
    if (!Format<F64>::is_nan(bits)) return S::bits(static_cast<float>(Format<F64>::real(bits)));
    return (static_cast<uint32_t>(bits >> 32) & S::kSign) | S::kInfinity |
           (static_cast<uint32_t>(bits >> 29) & S::kFraction);
}

// --- bfloat16: the upper half of a single

uint32_t narrow_to_bfloat(guest::CpuState* cpu, uint32_t single) {
    using T = Format<F32>;
    constexpr uint32_t kInfinity = T::kInfinity >> 16;
    const uint32_t x = flush_input<F32>(cpu, single);
    if (T::is_nan(x)) return process_nan<F32>(cpu, x) >> 16;
    const uint32_t sign = x >> 16 & 0x8000;
    const unsigned mode = cpu->fpcr >> 22 & 3;
    const uint32_t rest = x & 0xffff;
    uint32_t kept = x >> 16 & 0x7fff;
    if (rounds_up(mode, sign, kept & 1, rest, 0x8000)) kept++;
    if (rest) cpu->fpsr |= kInexact | (T::exponent(x) == 0 ? kUnderflow : 0);
    if (rest && kept >= kInfinity) cpu->fpsr |= kOverflow;
    return sign | kept;
}

// BFDOT and BFMMLA: to odd, denormals are zeros on both sides, one NaN, no exceptions.
double flushed(uint32_t single) {
    using T = Format<F32>;
    return static_cast<double>(T::real(T::is_denormal(single) ? single & T::kSign : single));
}
double to_odd_single(double value) {
    using T = Format<F64>;
    if (std::isnan(value)) return std::numeric_limits<double>::quiet_NaN();
    const double magnitude = std::fabs(value);
    if (magnitude < scale(1.0, -126)) return std::copysign(0.0, value);
    if (magnitude >= scale(1.0, 128)) return std::copysign(std::numeric_limits<double>::infinity(), value);
    constexpr uint64_t kDropped = (uint64_t{1} << 29) - 1;
    const uint64_t bits = T::bits(value);
    return T::real((bits & ~kDropped) | (bits & kDropped ? kDropped + 1 : 0));
}
double odd_sum(double a, double b) {
    return to_odd_single(add_to_odd(a, b));
}

// sum + n0 * m0 + n1 * m1 of a pair of bfloat16 each.
uint32_t bfloat_dot(uint32_t sum, uint32_t n, uint32_t m) {
    const double low = to_odd_single(flushed(n << 16) * flushed(m << 16));
    const double high = to_odd_single(flushed(n & 0xffff0000) * flushed(m & 0xffff0000));
    const double result = odd_sum(flushed(sum), odd_sum(low, high));
    if (std::isnan(result)) return Format<F32>::kDefaultNan;
    return Format<F32>::bits(static_cast<float>(result));
}

}  // namespace

template <>
uint32_t multiply<F16>(guest::CpuState* cpu, uint32_t a, uint32_t b) {
    return round_to_half(cpu, half_value(a) * half_value(b));
}

uint32_t round_to_half(guest::CpuState* cpu, double value) {
    return narrow_to_half(cpu, Format<F64>::bits(value), {false, flushes<F16>(cpu)});
}

}  // namespace fp

namespace helper {

using namespace fp;
using guest::CpuState;
using guest::Vec128;

void MulAddF16(CpuState* cpu, unsigned immediate) {
    using T = Format<F16>;
    const Vec128 a = cpu->vector_scratch[0];
    const Vec128 x = cpu->vector_scratch[1];
    const Vec128 y = cpu->vector_scratch[2];
    each_lane<F16>(cpu, lanes_of<F16>(immediate), [&](unsigned n) -> uint32_t {
        const uint32_t values[3] = {flush_input<F16>(cpu, lane<F16>(a, n)),
                                    flush_input<F16>(cpu, lane<F16>(x, n)),
                                    flush_input<F16>(cpu, lane<F16>(y, n))};
        const double product = T::real(values[1]) * T::real(values[2]);
        const bool invalid_product = std::isnan(product) && !T::is_nan(values[1]) && !T::is_nan(values[2]);
        if (invalid_product && !T::is_snan(values[0])) {
            cpu->fpsr |= kInvalid;
            return T::kDefaultNan;
        }
        uint32_t nan = 0;
        if (process_nans<F16>(cpu, values, 3, &nan)) return nan;
        const double sum = add_to_odd(product, T::real(values[0]));
        if (std::isnan(sum)) {
            cpu->fpsr |= kInvalid;
            return T::kDefaultNan;
        }
        // An exact zero's sign is by FPCR's mode, unless both are zeros of one sign.
        if (sum == 0 && (product != 0 || std::signbit(product) != std::signbit(T::real(values[0])))) {
            return (cpu->fpcr >> 22 & 3) == 2 ? T::kSign : 0;
        }
        return round_to_half(cpu, sum);
    });
}

void DivF16(CpuState* cpu, unsigned immediate) {
    using T = Format<F16>;
    const Vec128 x = cpu->vector_scratch[0];
    const Vec128 y = cpu->vector_scratch[1];
    each_lane<F16>(cpu, lanes_of<F16>(immediate), [&](unsigned n) -> uint32_t {
        const uint32_t values[2] = {flush_input<F16>(cpu, lane<F16>(x, n)),
                                    flush_input<F16>(cpu, lane<F16>(y, n))};
        uint32_t nan = 0;
        if (process_nans<F16>(cpu, values, 2, &nan)) return nan;
        const double dividend = T::real(values[0]);
        const double divisor = T::real(values[1]);
        const double quotient = dividend / divisor;
        if (std::isnan(quotient)) {
            cpu->fpsr |= kInvalid;
            return T::kDefaultNan;
        }
        if (divisor == 0 && std::isfinite(dividend)) cpu->fpsr |= kDivideByZero;
        if (!std::isfinite(quotient) || std::isinf(divisor)) return round_to_half(cpu, quotient);
        // To odd: what the quotient lost has the remainder's sign relative to the divisor's.
        const uint64_t bits = Format<F64>::bits(quotient);
        const double remainder = multiply_add(-quotient, divisor, dividend);
        if (remainder == 0 || (bits & 1)) return round_to_half(cpu, quotient);
        const bool grows = ((remainder > 0) == (divisor > 0)) == (quotient > 0);
        return round_to_half(cpu, Format<F64>::real(grows ? bits + 1 : bits - 1));
    });
}

void HalvesToSingles(CpuState* cpu, unsigned) {
    const Vec128 x = cpu->vector_scratch[0];
    each_lane<F32>(cpu, F32::kLanes, [&](unsigned n) {
        const uint32_t half = flush_input<F16>(cpu, lane<F16>(x, n));
        return double_to_single(Format<F64>::bits(half_value(half)));
    });
}

void SinglesToHalves(CpuState* cpu, unsigned) {
    const Vec128 x = cpu->vector_scratch[0];
    each_lane<F16>(cpu, F32::kLanes, [&](unsigned n) {
        return round_to_half(cpu, Format<F64>::real(single_to_double(lane<F32>(x, n))));
    });
}

// Integers divided by 2^fraction. The immediate's low bits: what they are besides signed lanes of 16 bits.
void FixedToHalf(CpuState* cpu, unsigned immediate) {
    constexpr unsigned kUnsigned = 1;
    constexpr unsigned kFrom64 = 2;
    constexpr unsigned kFrom32 = 4;
    const Vec128 x = cpu->vector_scratch[0];
    const unsigned bits = immediate & kFrom64 ? 64 : immediate & kFrom32 ? 32 : 16;
    const int fraction = static_cast<int>(immediate >> 8 & 0xff);
    each_lane<F16>(cpu, lanes_of<F16>(immediate), [&](unsigned n) {
        const uint64_t lane_bits = (bits == 16 ? lane<F16>(x, n) : x.lo) << (64 - bits);
        const bool negative = !(immediate & kUnsigned) && lane_bits >> 63;
        const uint64_t magnitude = (negative ? -lane_bits : lane_bits) >> (64 - bits);
        const double upper = scale(static_cast<double>(magnitude >> 32), 32);
        const double value = add_to_odd(upper, static_cast<double>(magnitude & 0xffffffff));
        return round_to_half(cpu, scale(negative ? -value : value, -fraction));
    });
}

void WidenHalf(CpuState* cpu, unsigned) {
    const Vec128 x = cpu->vector_scratch[0];
    each_lane<F32>(cpu, F32::kLanes,
                   [&](unsigned n) { return double_to_single(half_to_double(cpu, lane<F16>(x, n))); });
}

void NarrowToHalf(CpuState* cpu, unsigned) {
    const Vec128 x = cpu->vector_scratch[0];
    each_lane<F16>(cpu, F32::kLanes, [&](unsigned n) {
        const uint32_t single = flush_input<F32>(cpu, lane<F32>(x, n));
        return narrow_to_half(cpu, single_to_double(single), conversion_rules(cpu));
    });
}

void HalfToDouble(CpuState* cpu, unsigned) {
    cpu->vector_scratch[0] = {half_to_double(cpu, lane<F16>(cpu->vector_scratch[0], 0)), 0};
}

void DoubleToHalf(CpuState* cpu, unsigned) {
    const uint64_t x = flush_input<F64>(cpu, cpu->vector_scratch[0].lo);
    cpu->vector_scratch[0] = {narrow_to_half(cpu, x, conversion_rules(cpu)), 0};
}

void NarrowToBfloat(CpuState* cpu, unsigned) {
    const Vec128 x = cpu->vector_scratch[0];
    each_lane<F16>(cpu, F32::kLanes, [&](unsigned n) { return narrow_to_bfloat(cpu, lane<F32>(x, n)); });
}

void BfloatDot(CpuState* cpu, unsigned) {
    const Vec128 d = cpu->vector_scratch[0];
    const Vec128 n = cpu->vector_scratch[1];
    const Vec128 m = cpu->vector_scratch[2];
    each_lane<F32>(cpu, F32::kLanes,
                   [&](unsigned i) { return bfloat_dot(lane<F32>(d, i), lane<F32>(n, i), lane<F32>(m, i)); });
}

// d, a matrix of two by two, plus n, two rows of four, times m, two columns of four.
void BfloatMatrixMultiply(CpuState* cpu, unsigned) {
    const Vec128 d = cpu->vector_scratch[0];
    const Vec128 n = cpu->vector_scratch[1];
    const Vec128 m = cpu->vector_scratch[2];
    each_lane<F32>(cpu, F32::kLanes, [&](unsigned i) {
        const unsigned row = i & 2;
        const unsigned column = (i & 1) * 2;
        const uint32_t first = bfloat_dot(lane<F32>(d, i), lane<F32>(n, row), lane<F32>(m, column));
        return bfloat_dot(first, lane<F32>(n, row + 1), lane<F32>(m, column + 1));
    });
}

}  // namespace helper
}  // namespace armature::translator
