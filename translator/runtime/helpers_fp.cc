// SPDX-License-Identifier: MIT
// Floating-point helpers: NaN corrections, minimum and maximum with NaNs, and rounding and conversions that
// the host does not have.
#include "translator/ir/helpers.h"
#include "translator/runtime/guest_fp.h"

namespace armature::translator::helper {
namespace {

using namespace fp;
using guest::CpuState;
using guest::Vec128;

constexpr unsigned kHostResult = 3;  // slot of the host's result in FixNan*

// Lanes that are NaNs because the operand's is one.
template <typename F>
void fix_nan(CpuState* cpu) {
    const Vec128 x = cpu->vector_scratch[0];
    Vec128 result = cpu->vector_scratch[kHostResult];
    for (unsigned n = 0; n < F::kLanes; n++) {
        if (Format<F>::is_nan(lane<F>(result, n)))
            set_lane<F>(&result, n, process_nan<F>(cpu, lane<F>(x, n)));
    }
    cpu->vector_scratch[0] = result;
}

enum class Pick { Maximum, Minimum };

template <typename F>
typename F::Bits pick_number(typename F::Bits a, typename F::Bits b, Pick pick) {
    using T = Format<F>;
    if (T::is_zero(a) && T::is_zero(b)) return pick == Pick::Maximum ? a & b : a | b;
    const bool a_greater = T::real(a) > T::real(b);
    return a_greater == (pick == Pick::Maximum) ? a : b;
}

template <typename F>
void min_max(CpuState* cpu, Pick pick, bool numbers_win) {
    using T = Format<F>;
    const Vec128 x = cpu->vector_scratch[0];
    const Vec128 y = cpu->vector_scratch[1];
    each_lane<F>(cpu, F::kLanes, [&](unsigned n) {
        typename F::Bits values[2] = {flush_input<F>(cpu, lane<F>(x, n)), flush_input<F>(cpu, lane<F>(y, n))};
        const bool x_quiet = T::is_nan(values[0]) && !T::is_snan(values[0]);
        const bool y_quiet = T::is_nan(values[1]) && !T::is_snan(values[1]);
        if (numbers_win && x_quiet && !T::is_nan(values[1])) return values[1];
        if (numbers_win && y_quiet && !T::is_nan(values[0])) return values[0];
        typename F::Bits nan = 0;
        return process_nans<F>(cpu, values, 2, &nan) ? nan : pick_number<F>(values[0], values[1], pick);
    });
}

// FPToFixed towards zero: saturates, a NaN gives 0. `I` is the result's type. What fits is inexact if it is
// not `original`, which x was rounded from.
template <typename F, typename I>
I to_integer(CpuState* cpu, typename F::Bits x, typename F::Bits original) {
    using T = Format<F>;
    x = flush_input<F>(cpu, x);
    original = flush_input<F>(cpu, original);
    if (T::is_nan(x)) {
        cpu->fpsr |= kInvalid;
        return 0;
    }
    const double value = T::real(x);
    const double truncated = std::trunc(value);
    constexpr bool kSigned = std::is_signed_v<I>;
    const double limit = scale(1.0, static_cast<int>(sizeof(I)) * 8 - (kSigned ? 1 : 0));
    const double lowest = kSigned ? -limit : 0.0;
    if (truncated >= limit || truncated < lowest) {
        cpu->fpsr |= kInvalid;
        return truncated < 0 ? std::numeric_limits<I>::min() : std::numeric_limits<I>::max();
    }
    if (truncated != T::real(original)) cpu->fpsr |= kInexact;
    return static_cast<I>(truncated);
}

template <typename F, typename I>
void lanes_to_integer(CpuState* cpu) {
    const Vec128 x = cpu->vector_scratch[0];
    const Vec128 original = cpu->vector_scratch[1];
    each_lane<F>(cpu, F::kLanes, [&](unsigned n) {
        return static_cast<typename F::Bits>(to_integer<F, I>(cpu, lane<F>(x, n), lane<F>(original, n)));
    });
}
template <typename F, typename I>
void lane_to_integer(CpuState* cpu) {
    const Vec128* in = cpu->vector_scratch;
    const uint64_t result =
        static_cast<std::make_unsigned_t<I>>(to_integer<F, I>(cpu, lane<F>(in[0], 0), lane<F>(in[1], 0)));
    cpu->vector_scratch[0] = {result, 0};
}

// An integer as the bits of a Real, rounded by the mode in force.
template <typename Real, typename I>
auto from_integer(I integer) {
    asm volatile("" : "+r"(integer));
    const Real real = pin(static_cast<Real>(integer));
    return std::bit_cast<std::conditional_t<sizeof(Real) == 8, uint64_t, uint32_t>>(real);
}

// To nearest, ties away from zero.
template <typename F>
void round_away(CpuState* cpu, unsigned immediate) {
    using T = Format<F>;
    const Vec128 x = cpu->vector_scratch[0];
    each_lane<F>(cpu, lanes_of<F>(immediate), [&](unsigned n) {
        const auto bits = flush_input<F>(cpu, lane<F>(x, n));
        if (T::is_nan(bits)) return process_nan<F>(cpu, bits);
        return T::bits(fp::round_away(T::real(bits)));
    });
}

// The rounding that FRINT32 and FRINT64 ask for: towards zero, or FPCR's mode.
double round_as(CpuState* cpu, double value, unsigned mode) {
    constexpr unsigned kTowardsZero = 3;
    const unsigned fpcr_mode = mode == kTowardsZero ? kTowardsZero : cpu->fpcr >> 22 & 3;
    switch (fpcr_mode) {
        case 1:
            return std::ceil(value);
        case 2:
            return std::floor(value);
        case 3:
            return std::trunc(value);
        default:
            return round_to_even(value);  // the host's own mode is to nearest
    }
}

template <typename F>
void round_to_int(CpuState* cpu, unsigned immediate) {
    using T = Format<F>;
    const int bits = static_cast<int>(immediate & 0xff);
    const unsigned mode = immediate >> 8 & 0xff;
    const Vec128 x = cpu->vector_scratch[0];
    const double limit = scale(1.0, bits - 1);
    each_lane<F>(cpu, lanes_of<F>(immediate), [&](unsigned n) {
        const auto input = flush_input<F>(cpu, lane<F>(x, n));
        const double value = T::real(input);
        const double rounded = T::is_nan(input) ? value : round_as(cpu, value, mode);
        if (T::is_nan(input) || rounded >= limit || rounded < -limit) {
            cpu->fpsr |= kInvalid;
            return T::bits(static_cast<typename F::Real>(-limit));
        }
        if (rounded != value) cpu->fpsr |= kInexact;
        const auto result = T::bits(static_cast<typename F::Real>(rounded));
        return rounded == 0 ? result | (input & T::kSign) : result;
    });
}

// FixedF16, FixedF32, FixedF64: lanes times 2^fraction, rounded and saturated.
constexpr unsigned kToUnsigned = 1;
constexpr unsigned kTo64 = 2;
constexpr unsigned kTo16 = 4;
enum class Rounding : unsigned { Zero, Nearest, Up, Down, Away };

double round_by(Rounding rounding, double value) {
    switch (rounding) {
        case Rounding::Nearest:
            return round_to_even(value);  // the host's own mode is to nearest
        case Rounding::Up:
            return std::ceil(value);
        case Rounding::Down:
            return std::floor(value);
        case Rounding::Away:
            return fp::round_away(value);
        default:
            return std::trunc(value);
    }
}

template <typename F>
void to_fixed(CpuState* cpu, unsigned immediate) {
    using T = Format<F>;
    const int fraction = static_cast<int>(immediate >> 8 & 0xff);
    const auto rounding = static_cast<Rounding>(immediate >> 16 & 0xff);
    const Vec128 x = cpu->vector_scratch[0];
    const auto convert = [&](typename F::Bits input) -> uint64_t {
        const auto bits = flush_input<F>(cpu, input);
        // Scaled as a double: exact, as no power up to 2^64 takes a single or a double that fits a result out
        // of range.
        const uint64_t scaled = T::is_nan(bits)
                                    ? Format<F64>::kDefaultNan
                                    : Format<F64>::bits(scale(static_cast<double>(T::real(bits)), fraction));
        const uint64_t rounded =
            T::is_nan(bits) ? scaled : Format<F64>::bits(round_by(rounding, Format<F64>::real(scaled)));
        if (immediate & kTo64) {
            return immediate & kToUnsigned
                       ? to_integer<F64, uint64_t>(cpu, rounded, scaled)
                       : static_cast<uint64_t>(to_integer<F64, int64_t>(cpu, rounded, scaled));
        }
        if (immediate & kTo16) {
            return immediate & kToUnsigned
                       ? uint64_t{to_integer<F64, uint16_t>(cpu, rounded, scaled)}
                       : static_cast<uint16_t>(to_integer<F64, int16_t>(cpu, rounded, scaled));
        }
        return immediate & kToUnsigned
                   ? to_integer<F64, uint32_t>(cpu, rounded, scaled)
                   : static_cast<uint32_t>(to_integer<F64, int32_t>(cpu, rounded, scaled));
    };
    const unsigned lanes = lanes_of<F>(immediate);
    if (lanes == 1) {
        cpu->vector_scratch[0] = {convert(lane<F>(x, 0)), 0};
        return;
    }
    each_lane<F>(cpu, lanes,
                 [&](unsigned n) { return static_cast<typename F::Bits>(convert(lane<F>(x, n))); });
}

}  // namespace

void FixNanF32(CpuState* cpu, unsigned) {
    fix_nan<F32>(cpu);
}
void FixNanF64(CpuState* cpu, unsigned) {
    fix_nan<F64>(cpu);
}
void MaxF32(CpuState* cpu, unsigned) {
    min_max<F32>(cpu, Pick::Maximum, false);
}
void MaxF64(CpuState* cpu, unsigned) {
    min_max<F64>(cpu, Pick::Maximum, false);
}
void MinF32(CpuState* cpu, unsigned) {
    min_max<F32>(cpu, Pick::Minimum, false);
}
void MinF64(CpuState* cpu, unsigned) {
    min_max<F64>(cpu, Pick::Minimum, false);
}
void MaxNumberF32(CpuState* cpu, unsigned) {
    min_max<F32>(cpu, Pick::Maximum, true);
}
void MaxNumberF64(CpuState* cpu, unsigned) {
    min_max<F64>(cpu, Pick::Maximum, true);
}
void MinNumberF32(CpuState* cpu, unsigned) {
    min_max<F32>(cpu, Pick::Minimum, true);
}
void MinNumberF64(CpuState* cpu, unsigned) {
    min_max<F64>(cpu, Pick::Minimum, true);
}
void ToS32F32(CpuState* cpu, unsigned) {
    lanes_to_integer<F32, int32_t>(cpu);
}
void ToU32F32(CpuState* cpu, unsigned) {
    lanes_to_integer<F32, uint32_t>(cpu);
}
void ToS64F64(CpuState* cpu, unsigned) {
    lanes_to_integer<F64, int64_t>(cpu);
}
void ToU64F64(CpuState* cpu, unsigned) {
    lanes_to_integer<F64, uint64_t>(cpu);
}
void ToS64F32(CpuState* cpu, unsigned) {
    lane_to_integer<F32, int64_t>(cpu);
}
void ToU64F32(CpuState* cpu, unsigned) {
    lane_to_integer<F32, uint64_t>(cpu);
}
void ToS32F64(CpuState* cpu, unsigned) {
    lane_to_integer<F64, int32_t>(cpu);
}
void ToU32F64(CpuState* cpu, unsigned) {
    lane_to_integer<F64, uint32_t>(cpu);
}

void FromS64(CpuState* cpu, unsigned) {
    const HostMode mode(cpu->fpcr);
    Vec128& v = cpu->vector_scratch[0];
    v = {from_integer<double>(static_cast<int64_t>(v.lo)), from_integer<double>(static_cast<int64_t>(v.hi))};
    cpu->fpsr |= mode.raised();
}
void FromU64(CpuState* cpu, unsigned) {
    const HostMode mode(cpu->fpcr);
    Vec128& v = cpu->vector_scratch[0];
    v = {from_integer<double>(v.lo), from_integer<double>(v.hi)};
    cpu->fpsr |= mode.raised();
}
void FromU64F32(CpuState* cpu, unsigned) {
    const HostMode mode(cpu->fpcr);
    Vec128& v = cpu->vector_scratch[0];
    v = {from_integer<float>(v.lo), 0};
    cpu->fpsr |= mode.raised();
}
void FromU32F32(CpuState* cpu, unsigned) {
    const HostMode mode(cpu->fpcr);
    const Vec128 x = cpu->vector_scratch[0];
    each_lane<F32>(cpu, F32::kLanes, [&](unsigned n) { return from_integer<float>(lane<F32>(x, n)); });
    cpu->fpsr |= mode.raised();
}

void RoundAwayF16(CpuState* cpu, unsigned immediate) {
    round_away<F16>(cpu, immediate);
}
void RoundAwayF32(CpuState* cpu, unsigned immediate) {
    round_away<F32>(cpu, immediate);
}
void RoundAwayF64(CpuState* cpu, unsigned immediate) {
    round_away<F64>(cpu, immediate);
}
void RoundToIntF32(CpuState* cpu, unsigned immediate) {
    round_to_int<F32>(cpu, immediate);
}
void RoundToIntF64(CpuState* cpu, unsigned immediate) {
    round_to_int<F64>(cpu, immediate);
}
void FixedF16(CpuState* cpu, unsigned immediate) {
    to_fixed<F16>(cpu, immediate);
}
void FixedF32(CpuState* cpu, unsigned immediate) {
    to_fixed<F32>(cpu, immediate);
}
void FixedF64(CpuState* cpu, unsigned immediate) {
    to_fixed<F64>(cpu, immediate);
}

// FPToFixedJS: modulo 2^32 instead of saturation; Z says that the conversion was exact (and not of -0).
uint64_t JavaScriptConvert(CpuState* cpu, uint64_t bits, uint64_t, uint64_t) {
    using T = Format<F64>;
    constexpr uint64_t kZ = uint64_t{1} << 32;
    if (T::is_nan(bits) || T::is_infinity(bits)) {
        cpu->fpsr |= kInvalid;
        return 0;
    }
    bits = flush_input<F64>(cpu, bits);
    const double value = T::real(bits);
    const double truncated = std::trunc(value);
    // Modulo 2^32 is a shift of the fraction to its place.
    const int left = static_cast<int>(bits >> 52 & 0x7ff) - 1075;
    const uint64_t fraction = (bits & 0xfffffffffffff) | uint64_t{1} << 52;
    const uint64_t magnitude = left >= 32 || left <= -53 ? 0
                               : left < 0                ? fraction >> -left
                                                         : fraction << left;
    const uint32_t result = static_cast<uint32_t>(bits & T::kSign ? 0 - magnitude : magnitude);
    const bool in_range = truncated >= -2147483648.0 && truncated <= 2147483647.0;
    if (!in_range) {
        cpu->fpsr |= kInvalid;
    } else if (truncated != value) {
        cpu->fpsr |= kInexact;
    }
    const bool exact = in_range && truncated == value && !(T::is_zero(bits) && (bits & T::kSign));
    return result | (exact ? kZ : 0);
}

}  // namespace armature::translator::helper
