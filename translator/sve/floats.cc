// SPDX-License-Identifier: MIT
// Floating-point operations on one element, of 2^size bytes.
#include <algorithm>
#include <cmath>

#include "translator/runtime/host_math.h"
#include "translator/sve/forms_fp.h"

namespace armature::translator::sve {
namespace {

template <typename Fn>
uint64_t by_format(unsigned size, Fn fn) {
    return size == 3 ? fn(F64{}) : size == 2 ? fn(F32{}) : fn(F16{});
}

uint64_t call(CpuState& cpu, void (*function)(CpuState*, unsigned), uint64_t bits, unsigned immediate = 0) {
    cpu.vector_scratch[0] = {bits, 0};
    cpu.vector_scratch[1] = {};
    cpu.vector_scratch[4].lo = 1;
    function(&cpu, immediate);
    return cpu.vector_scratch[0].lo;
}

// While it lives, these bits of FPCR are zero.
class WithoutFpcr {
  public:
    WithoutFpcr(CpuState& cpu, uint32_t bits) : cpu_(cpu), before_(cpu.fpcr) { cpu.fpcr &= ~bits; }
    ~WithoutFpcr() { cpu_.fpcr = before_; }
    WithoutFpcr(const WithoutFpcr&) = delete;
    WithoutFpcr& operator=(const WithoutFpcr&) = delete;

  private:
    CpuState& cpu_;
    uint32_t before_;
};

constexpr unsigned kOneLane = 1u << 24;

uint64_t low_bits(uint64_t bits, unsigned size) {
    return bits & ~uint64_t{0} >> (64 - (8u << size));
}

template <typename F>
uint64_t round_format(CpuState& cpu, typename F::Bits x, Round round) {
    using Form = fp::Format<F>;
    x = fp::flush_input<F>(&cpu, x);
    if (Form::is_nan(x)) return fp::process_nan<F>(&cpu, x);
    if (Form::is_infinity(x) || Form::is_zero(x)) return x;
    constexpr Round kModes[] = {Round::Nearest, Round::Up, Round::Down, Round::Zero};
    const Round mode = round == Round::Mode || round == Round::ModeExact ? kModes[cpu.fpcr >> 22 & 3] : round;
    const double value = Form::real(x);
    double result = 0;
    switch (mode) {
        case Round::Up:
            result = std::ceil(value);
            break;
        case Round::Down:
            result = std::floor(value);
            break;
        case Round::Zero:
            result = std::trunc(value);
            break;
        case Round::Away:
            result = fp::round_away(value);
            break;
        default:
            result = fp::round_to_even(value);
    }
    if (round == Round::ModeExact && result != value) cpu.fpsr |= fp::kInexact;
    return (Form::bits(static_cast<typename F::Real>(result)) & ~Form::kSign) | (x & Form::kSign);
}

// x * 2^n where that is exact, and a normal number.
double scaled_exactly(double x, int n) {
    for (; n > 1000; n -= 1000) x = fp::scale(x, 1000);
    for (; n < -1000; n += 1000) x = fp::scale(x, -1000);
    return fp::scale(x, n);
}
// The exponent of a number that is neither zero, infinite nor a NaN.
int exponent_of(uint64_t x) {
    using Form = fp::Format<F64>;
    const int biased = static_cast<int>(Form::exponent(x));
    if (biased) return biased - Form::kBias;
    return 1 - Form::kBias - (std::countl_zero(x & Form::kFraction) - static_cast<int>(F64::kExponentBits));
}

// x * 2^by, rounded once. Both factors of the product are in the range of normal numbers.
uint64_t scaled_double(CpuState& cpu, uint64_t x, int64_t by) {
    using Form = fp::Format<F64>;
    const int exponent = exponent_of(x);
    const double fraction = scaled_exactly(Form::real(x), -exponent);
    const auto total = static_cast<int>(std::clamp<int64_t>(exponent + by, -1200, 1100));
    const int half = total / 2;
    return fp::multiply<F64>(&cpu, Form::bits(fp::scale(fraction, half)),
                             Form::bits(fp::scale(1.0, total - half)));
}

template <typename F>
uint64_t scale_format(CpuState& cpu, typename F::Bits x, int64_t by) {
    using Form = fp::Format<F>;
    x = fp::flush_input<F>(&cpu, x);
    if (Form::is_nan(x)) return fp::process_nan<F>(&cpu, x);
    if (Form::is_infinity(x) || Form::is_zero(x)) return x;
    by = std::clamp<int64_t>(by, -5000, 5000);
    if constexpr (std::is_same_v<F, F64>) {
        return scaled_double(cpu, x, by);
    } else {
        const double result =
            fp::scale(double{Form::real(x)}, static_cast<int>(std::clamp<int64_t>(by, -400, 400)));
        if constexpr (std::is_same_v<F, F16>) return fp::round_to_half(&cpu, result);
        return call(cpu, helper::NarrowToSingle, fp::Format<F64>::bits(result));
    }
}

template <typename F>
uint64_t exponent_format(CpuState& cpu, typename F::Bits x) {
    using Form = fp::Format<F>;
    constexpr uint64_t kLeast = uint64_t{1} << (F::kExponentBits + F::kFractionBits);
    x = fp::flush_input<F>(&cpu, x);
    if (Form::is_infinity(x)) return kLeast - 1;
    if (Form::is_nan(x) || Form::is_zero(x)) {
        cpu.fpsr |= fp::kInvalid;
        return kLeast;
    }
    return static_cast<uint64_t>(int64_t{exponent_of(fp::Format<F64>::bits(double{Form::real(x)}))});
}

uint64_t single_to_double(CpuState& cpu, uint32_t x) {
    using Single = fp::Format<F32>;
    x = fp::flush_input<F32>(&cpu, x);
    if (!Single::is_nan(x)) return fp::Format<F64>::bits(double{Single::real(x)});
    const uint32_t nan = fp::process_nan<F32>(&cpu, x);
    return uint64_t{nan & Single::kSign} << 32 | fp::Format<F64>::kInfinity |
           uint64_t{nan & Single::kFraction} << 29;
}

template <typename Real, typename I>
uint64_t rounded_integer(CpuState& cpu, I integer) {
    const fp::HostMode mode(cpu.fpcr);
    asm volatile("" : "+r"(integer));
    const Real real = fp::pin(static_cast<Real>(integer));
    cpu.fpsr |= mode.raised();
    return std::bit_cast<std::conditional_t<sizeof(Real) == 8, uint64_t, uint32_t>>(real);
}

constexpr uint64_t kTrigonometric[3][16] = {
#include "translator/sve/trigonometric.inc"
};
constexpr uint64_t kExponential[3][64] = {
#include "translator/sve/exponential.inc"
};

}  // namespace

uint64_t round_to_integral(CpuState& cpu, uint64_t bits, unsigned size, Round round) {
    return by_format(size, [&]<typename F>(F) -> uint64_t {
        return round_format<F>(cpu, static_cast<typename F::Bits>(bits), round);
    });
}

uint64_t scaled(CpuState& cpu, uint64_t bits, int64_t by, unsigned size) {
    return by_format(size, [&]<typename F>(F) -> uint64_t {
        return scale_format<F>(cpu, static_cast<typename F::Bits>(bits), by);
    });
}

uint64_t binary_exponent(CpuState& cpu, uint64_t bits, unsigned size) {
    return by_format(size, [&]<typename F>(F) -> uint64_t {
        return exponent_format<F>(cpu, static_cast<typename F::Bits>(bits));
    });
}

uint64_t convert_float(CpuState& cpu, uint64_t bits, unsigned from, unsigned to) {
    // These know no alternative format of halves.
    const WithoutFpcr ahp(cpu, 1u << 26);
    if (from == 1) return low_bits(call(cpu, to == 2 ? helper::WidenHalf : helper::HalfToDouble, bits), to);
    if (from == 3)
        return low_bits(call(cpu, to == 2 ? helper::NarrowToSingle : helper::DoubleToHalf, bits), to);
    return to == 1 ? low_bits(call(cpu, helper::NarrowToHalf, bits), to)
                   : single_to_double(cpu, static_cast<uint32_t>(bits));
}

uint64_t float_to_integer(CpuState& cpu, uint64_t bits, unsigned from, unsigned to, bool is_signed) {
    constexpr unsigned kToUnsigned = 1, kTo64 = 2, kTo16 = 4;
    constexpr Helper kHelpers[] = {helper::FixedF16, helper::FixedF32, helper::FixedF64};
    const unsigned immediate = (is_signed ? 0 : kToUnsigned) |
                               (to == 3   ? kTo64
                                : to == 1 ? kTo16
                                          : 0) |
                               kOneLane;
    const uint64_t result = low_bits(call(cpu, kHelpers[from - 1], bits, immediate), to);
    if (!is_signed) return result;
    const unsigned unused = 64 - (8u << to);
    return static_cast<uint64_t>(static_cast<int64_t>(result << unused) >> unused);
}

uint64_t integer_to_float(CpuState& cpu, uint64_t bits, unsigned from, unsigned to, bool is_signed) {
    const unsigned unused = 64 - (8u << from);
    const int64_t value = static_cast<int64_t>(bits << unused) >> unused;
    if (to == 1) {
        constexpr unsigned kUnsigned = 1, kFrom64 = 2, kFrom32 = 4;
        const unsigned immediate = (is_signed ? 0 : kUnsigned) | (from == 3   ? kFrom64
                                                                  : from == 2 ? kFrom32
                                                                              : 0);
        return low_bits(call(cpu, helper::FixedToHalf, bits, immediate | kOneLane), 1);
    }
    if (to == 2) return is_signed ? rounded_integer<float>(cpu, value) : rounded_integer<float>(cpu, bits);
    return is_signed ? rounded_integer<double>(cpu, value) : rounded_integer<double>(cpu, bits);
}

uint64_t narrow_to_odd(CpuState& cpu, uint64_t bits) {
    // The other lane is one: exact.
    cpu.vector_scratch[0] = {bits, kOne<uint64_t>};
    helper::NarrowToOdd(&cpu, 0);
    return static_cast<uint32_t>(cpu.vector_scratch[0].lo);
}

uint64_t narrow_to_bfloat(CpuState& cpu, uint64_t bits) {
    return call(cpu, helper::NarrowToBfloat, bits) & 0xffff;
}

Lanes<uint32_t> widened_halves(Machine& m, const Lanes<uint16_t>& halves, bool top) {
    Lanes<uint32_t> r{};
    for (unsigned at = 0; at < m.elements<uint32_t>(); at += 4) {
        uint64_t four = 0;
        for (unsigned i = 0; i < 4; i++) four |= uint64_t{halves[2 * (at + i) + top]} << 16 * i;
        m.cpu.vector_scratch[0] = {four, 0};
        helper::HalvesToSingles(&m.cpu, 0);
        std::memcpy(&r[at], &m.cpu.vector_scratch[0], 16);
    }
    return r;
}

uint64_t trigonometric_coefficient(unsigned index, unsigned size) {
    return kTrigonometric[size - 1][index];
}
uint64_t exponential_fraction(unsigned index, unsigned size) {
    return kExponential[size - 1][index];
}

}  // namespace armature::translator::sve
