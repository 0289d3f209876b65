// SPDX-License-Identifier: MIT
// Arithmetic on singles and doubles by Arm's rules in full: what translated code's fast path, one host
// instruction, leaves to C++. That is a result that is a NaN (which operand's NaN, and the default NaN's
// sign), one that may have been tiny before it was rounded to the smallest normal number (the host asks after
// rounding), operands and results that FPCR.FZ flushes while the host's flags still have to be watched
// (runtime/faults.cc), and fused multiply-add on hosts without it.
//
// The host computes here too, from operands already flushed, with exceptions masked and its own flushing off;
// its flags tell the rest. Whether a result of the smallest normal magnitude was tiny is asked by rounding
// towards zero.
#include "translator/ir/helpers.h"
#include "translator/runtime/guest_fp.h"

namespace armature::translator {
namespace helper {
namespace {

using namespace fp;
using guest::CpuState;
using guest::Vec128;

enum class Operation { Add, Sub, Mul, Div, Sqrt, MulAdd };

constexpr unsigned operands(Operation operation) {
    return operation == Operation::Sqrt ? 1 : operation == Operation::MulAdd ? 3 : 2;
}

template <Operation operation, typename Real>
Real compute(Real a, Real b, Real c) {
    switch (operation) {
        case Operation::Add:
            return a + b;
        case Operation::Sub:
            return a - b;
        case Operation::Mul:
            return a * b;
        case Operation::Div:
            return a / b;
        case Operation::Sqrt:
            return square_root(a);
        default:
            return multiply_add(b, c, a);
    }
}

struct Rounded {
    uint64_t bits;
    uint32_t raised;  // as in FPSR
};

template <typename F, Operation operation>
Rounded by_host(const typename F::Bits* values, uint32_t rounding) {
    using T = Format<F>;
    const HostMode mode(rounding);
    const auto a = pin(T::real(values[0]));
    const auto b = pin(T::real(values[1]));
    const auto c = pin(T::real(values[2]));
    const auto result = pin(compute<operation>(a, b, c));
    return {T::bits(result), mode.raised()};
}

template <typename F>
bool invalid_product(const typename F::Bits* values) {
    using T = Format<F>;
    return (T::is_infinity(values[1]) && T::is_zero(values[2])) ||
           (T::is_zero(values[1]) && T::is_infinity(values[2]));
}

template <typename F, Operation operation>
typename F::Bits exact(CpuState* cpu, const typename F::Bits* in) {
    using T = Format<F>;
    using Bits = typename F::Bits;
    Bits values[3] = {};
    for (unsigned n = 0; n < operands(operation); n++) values[n] = flush_input<F>(cpu, in[n]);
    if (operation == Operation::MulAdd && T::is_nan(values[0]) && !T::is_snan(values[0]) &&
        invalid_product<F>(values)) {
        cpu->fpsr |= kInvalid;
        return T::kDefaultNan;
    }
    Bits nan = 0;
    if (process_nans<F>(cpu, values, operands(operation), &nan)) return nan;
    const Rounded rounded = by_host<F, operation>(values, cpu->fpcr);
    const Bits result = static_cast<Bits>(rounded.bits);
    if (T::is_nan(result)) {
        cpu->fpsr |= kInvalid;
        return T::kDefaultNan;
    }
    constexpr Bits kSmallestNormal = T::kFraction + 1;
    const Bits magnitude = result & ~T::kSign;
    const bool inexact = rounded.raised & kInexact;
    bool tiny = magnitude < kSmallestNormal && (magnitude || inexact);
    if (magnitude == kSmallestNormal && inexact) {
        constexpr uint32_t kTowardsZero = 3u << 22;
        const Rounded cut = by_host<F, operation>(values, kTowardsZero);
        tiny = (static_cast<Bits>(cut.bits) & ~T::kSign) < kSmallestNormal;
    }
    if (tiny && flushes<F>(cpu)) {
        cpu->fpsr |= kUnderflow;
        return result & T::kSign;
    }
    cpu->fpsr |= (rounded.raised & ~kUnderflow) | (tiny && inexact ? kUnderflow : 0);
    return result;
}

constexpr unsigned kLanesSlot = 4;
unsigned lane_count(const CpuState* cpu) {
    return static_cast<unsigned>(cpu->vector_scratch[kLanesSlot].lo);
}

template <typename F, Operation operation>
void arithmetic(CpuState* cpu) {
    const Vec128 a = cpu->vector_scratch[0];
    const Vec128 b = cpu->vector_scratch[1];
    const Vec128 c = cpu->vector_scratch[2];
    each_lane<F>(cpu, lane_count(cpu), [&](unsigned n) {
        const typename F::Bits values[3] = {lane<F>(a, n), lane<F>(b, n), lane<F>(c, n)};
        return exact<F, operation>(cpu, values);
    });
}

uint32_t narrow_to_single(CpuState* cpu, uint64_t bits) {
    using S = Format<F32>;
    using D = Format<F64>;
    const uint64_t x = flush_input<F64>(cpu, bits);
    if (D::is_nan(x)) {
        const uint64_t nan = process_nan<F64>(cpu, x);
        return (static_cast<uint32_t>(nan >> 32) & S::kSign) | S::kInfinity |
               (static_cast<uint32_t>(nan >> 29) & S::kFraction);
    }
    constexpr uint64_t kSmallestNormal = uint64_t{0x381}
                                         << F64::kFractionBits;  // single precision's, as a double
    const uint64_t magnitude = x & ~D::kSign;
    const bool tiny = magnitude && magnitude < kSmallestNormal;
    if (tiny && flushes<F32>(cpu)) {
        cpu->fpsr |= kUnderflow;
        return static_cast<uint32_t>(x >> 32) & S::kSign;
    }
    const HostMode mode(cpu->fpcr);
    const double value = pin(D::real(x));
    const float result = pin(static_cast<float>(value));
    const uint32_t raised = mode.raised();
    cpu->fpsr |= (raised & ~kUnderflow) | (tiny && raised & kInexact ? kUnderflow : 0);
    return S::bits(result);
}

}  // namespace

#define ARITHMETIC(name)                       \
    void name##F32(CpuState* cpu, unsigned) {  \
        arithmetic<F32, Operation::name>(cpu); \
    }                                          \
    void name##F64(CpuState* cpu, unsigned) {  \
        arithmetic<F64, Operation::name>(cpu); \
    }
ARITHMETIC(Add)
ARITHMETIC(Sub)
ARITHMETIC(Mul)
ARITHMETIC(Div)
ARITHMETIC(Sqrt)
ARITHMETIC(MulAdd)
#undef ARITHMETIC

void NarrowToSingle(CpuState* cpu, unsigned) {
    const Vec128 x = cpu->vector_scratch[0];
    each_lane<F32>(cpu, lane_count(cpu), [&](unsigned n) { return narrow_to_single(cpu, lane<F64>(x, n)); });
}

}  // namespace helper

namespace fp {

template <>
uint32_t multiply<F32>(guest::CpuState* cpu, uint32_t a, uint32_t b) {
    const uint32_t values[3] = {a, b, 0};
    return helper::exact<F32, helper::Operation::Mul>(cpu, values);
}
template <>
uint64_t multiply<F64>(guest::CpuState* cpu, uint64_t a, uint64_t b) {
    const uint64_t values[3] = {a, b, 0};
    return helper::exact<F64, helper::Operation::Mul>(cpu, values);
}

}  // namespace fp
}  // namespace armature::translator
