// SPDX-License-Identifier: MIT
// Arm's floating-point rules in C++, for what the host does differently. Lanes are handled as bits;
// arithmetic is done by the host in the guest's rounding mode (HostMode), and its flags go to CpuState::fpsr.
#pragma once

#include <immintrin.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <type_traits>

#include "guest/cpu_state.h"
#include "translator/runtime/host_math.h"

namespace armature::translator::fp {

inline constexpr uint32_t kFpcrDn = 1u << 25;
inline constexpr uint32_t kFpcrFz = 1u << 24;
inline constexpr uint32_t kFpcrFz16 = 1u << 19;
inline constexpr uint32_t kInvalid = 1u << 0;
inline constexpr uint32_t kDivideByZero = 1u << 1;
inline constexpr uint32_t kOverflow = 1u << 2;
inline constexpr uint32_t kUnderflow = 1u << 3;
inline constexpr uint32_t kInexact = 1u << 4;
inline constexpr uint32_t kInputDenormal = 1u << 7;

// While this lives the host computes with a rounding mode as in FPCR and nothing else of the guest's: no
// flushing, all exceptions masked, no flag set. `raised` tells which it set, as bits of FPSR.
class HostMode {
  public:
    explicit HostMode(uint32_t fpcr) : host_(_mm_getcsr()) {
        constexpr unsigned kRounding[4] = {0, 2, 1, 3};
        _mm_setcsr(0x1f80 | kRounding[fpcr >> 22 & 3] << 13);
    }
    ~HostMode() { _mm_setcsr(host_); }
    HostMode(const HostMode&) = delete;
    HostMode& operator=(const HostMode&) = delete;

    uint32_t raised() const {
        const unsigned flags = _mm_getcsr();
        return (flags & 1 ? kInvalid : 0) | (flags & 4 ? kDivideByZero : 0) | (flags & 8 ? kOverflow : 0) |
               (flags & 16 ? kUnderflow : 0) | (flags & 32 ? kInexact : 0);
    }

  private:
    unsigned host_;
};

// Keeps the compiler from moving arithmetic on x across a change of MXCSR: pin the operands after entering
// HostMode and the result before leaving it.
template <typename T>
inline T pin(T x) {
    asm volatile("" : "+x"(x));
    return x;
}

// Halves: their bits in the low part of a word, their values as doubles.
struct F16 {
    using Bits = uint32_t;
    using Real = double;
    static constexpr unsigned kLanes = 8;
    static constexpr unsigned kExponentBits = 5;
    static constexpr unsigned kFractionBits = 10;
};
struct F32 {
    using Bits = uint32_t;
    using Real = float;
    static constexpr unsigned kLanes = 4;
    static constexpr unsigned kExponentBits = 8;
    static constexpr unsigned kFractionBits = 23;
};
struct F64 {
    using Bits = uint64_t;
    using Real = double;
    static constexpr unsigned kLanes = 2;
    static constexpr unsigned kExponentBits = 11;
    static constexpr unsigned kFractionBits = 52;
};

double half_value(uint32_t half);
uint32_t half_bits(double value);  // of a half's value

template <typename F>
struct Format : F {
    using Bits = typename F::Bits;
    using Real = typename F::Real;
    static constexpr Bits kSign = Bits{1} << (F::kExponentBits + F::kFractionBits);
    static constexpr Bits kQuiet = Bits{1} << (F::kFractionBits - 1);
    static constexpr Bits kFraction = (Bits{1} << F::kFractionBits) - 1;
    static constexpr Bits kExponentMax = (Bits{1} << F::kExponentBits) - 1;
    static constexpr Bits kInfinity = kExponentMax << F::kFractionBits;
    static constexpr Bits kDefaultNan = kInfinity | kQuiet;
    static constexpr int kBias = static_cast<int>(kExponentMax >> 1);

    static bool is_nan(Bits x) { return (x & ~kSign) > kInfinity; }
    static bool is_snan(Bits x) { return is_nan(x) && !(x & kQuiet); }
    static bool is_infinity(Bits x) { return (x & ~kSign) == kInfinity; }
    static bool is_zero(Bits x) { return (x & ~kSign) == 0; }
    static bool is_denormal(Bits x) { return !is_zero(x) && (x & kInfinity) == 0; }
    static Bits exponent(Bits x) { return x >> F::kFractionBits & kExponentMax; }
    static Real real(Bits x) {
        if constexpr (std::is_same_v<F, F16>) {
            return half_value(x);
        } else {
            return std::bit_cast<Real>(x);
        }
    }
    static Bits bits(Real x) {
        if constexpr (std::is_same_v<F, F16>) {
            return half_bits(x);
        } else {
            return std::bit_cast<Bits>(x);
        }
    }
};

template <typename F>
bool flushes(const guest::CpuState* cpu) {
    return cpu->fpcr & (std::is_same_v<F, F16> ? kFpcrFz16 : kFpcrFz);
}

// What an operand counts as: a denormal number is a zero under FPCR.FZ (FZ16), and says so in FPSR unless it
// is a half.
template <typename F>
typename F::Bits flush_input(guest::CpuState* cpu, typename F::Bits x) {
    using T = Format<F>;
    if (!flushes<F>(cpu) || !T::is_denormal(x)) return x;
    if constexpr (!std::is_same_v<F, F16>) cpu->fpsr |= kInputDenormal;
    return x & T::kSign;
}

// FPProcessNaN: quiet it, or the default NaN if FPCR.DN.
template <typename F>
typename F::Bits process_nan(guest::CpuState* cpu, typename F::Bits x) {
    using T = Format<F>;
    if (T::is_snan(x)) cpu->fpsr |= kInvalid;
    return cpu->fpcr & kFpcrDn ? T::kDefaultNan : x | T::kQuiet;
}

// FPProcessNaNs: the first signalling NaN, else the first quiet one. False: no operand is a NaN.
template <typename F>
bool process_nans(guest::CpuState* cpu, const typename F::Bits* operands, unsigned count,
                  typename F::Bits* result) {
    using T = Format<F>;
    for (unsigned n = 0; n < count; n++) {
        if (T::is_snan(operands[n])) return *result = process_nan<F>(cpu, operands[n]), true;
    }
    for (unsigned n = 0; n < count; n++) {
        if (T::is_nan(operands[n])) return *result = process_nan<F>(cpu, operands[n]), true;
    }
    return false;
}

template <typename F>
typename F::Bits lane(const guest::Vec128& v, unsigned n) {
    if constexpr (std::is_same_v<F, F64>) {
        return n ? v.hi : v.lo;
    } else if constexpr (std::is_same_v<F, F16>) {
        return static_cast<uint16_t>((n & 4 ? v.hi : v.lo) >> (n & 3) * 16);
    } else {
        return static_cast<uint32_t>((n & 2 ? v.hi : v.lo) >> (n & 1) * 32);
    }
}
template <typename F>
void set_lane(guest::Vec128* v, unsigned n, typename F::Bits x) {
    if constexpr (std::is_same_v<F, F64>) {
        (n ? v->hi : v->lo) = x;
    } else if constexpr (std::is_same_v<F, F16>) {
        uint64_t& half = n & 4 ? v->hi : v->lo;
        const unsigned shift = (n & 3) * 16;
        half = (half & ~(uint64_t{0xffff} << shift)) | uint64_t{x & 0xffff} << shift;
    } else {
        uint64_t& half = n & 2 ? v->hi : v->lo;
        const unsigned shift = (n & 1) * 32;
        half = (half & ~(uint64_t{0xffffffff} << shift)) | uint64_t{x} << shift;
    }
}

template <typename F, typename Fn>
void each_lane(guest::CpuState* cpu, unsigned lanes, Fn fn) {
    guest::Vec128 result;
    for (unsigned n = 0; n < lanes; n++) set_lane<F>(&result, n, fn(n));
    cpu->vector_scratch[0] = result;
}

// a * b by all of Arm's rules (helpers_fp_arithmetic.cc).
template <typename F>
typename F::Bits multiply(guest::CpuState* cpu, typename F::Bits a, typename F::Bits b);
template <>
uint32_t multiply<F16>(guest::CpuState* cpu, uint32_t a, uint32_t b);
template <>
uint32_t multiply<F32>(guest::CpuState* cpu, uint32_t a, uint32_t b);
template <>
uint64_t multiply<F64>(guest::CpuState* cpu, uint64_t a, uint64_t b);

// Half-precision arithmetic is done on doubles (helpers_half.cc). A sum or quotient that a double does not
// hold is rounded to odd: no later rounding to fewer bits sees the difference, and its inexactness stays
// visible.
double add_to_odd(double a, double b);
// The rounding of an operation's result: FPCR's mode and FZ16.
uint32_t round_to_half(guest::CpuState* cpu, double value);

// Which lanes a helper computes: the immediate's top byte, 0 for all.
template <typename F>
unsigned lanes_of(unsigned immediate) {
    const unsigned lanes = immediate >> 24;
    return lanes ? lanes : F::kLanes;
}

}  // namespace armature::translator::fp
