// SPDX-License-Identifier: MIT
// What the floating-point handlers share. A precision is `w`, log2 of a lane's bytes; rows give it by their
// field p (scalars) or z (vectors), and rows of halves by not having it.
//
// Halves are computed as singles: widening is exact, +, -, * and square root of a half's 11 bits rounded
// first to 24 and then to 11 bits are rounded correctly in every mode, and so are minimum, maximum and
// rounding to integral. A fused multiply-add is not, and a quotient that FPCR.FZ16 flushes would already have
// been inexact: these two are helpers'.
//
// Every value that is written to a vector register has the lanes beyond its size zero: scalar operations give
// that (kFpScalar), 64-bit vectors go through `narrow`. Lanes beyond the size of an operand are never looked
// at, except by vector operations on 64-bit vectors: those clear them first, so that garbage raises no
// exception.
#pragma once

#include "translator/lift/handlers.h"

namespace armature::translator::lift::fp {

inline constexpr uint8_t kHalf = 1;
inline constexpr uint8_t kSingle = 2;
inline constexpr uint8_t kDouble = 3;

template <typename F>
uint8_t scalar_width(F f) {
    if constexpr (requires { f.p(); }) {
        return static_cast<uint8_t>(kSingle + f.p());
    } else {
        return kHalf;
    }
}
template <typename F>
uint8_t lane_width(F f) {
    if constexpr (requires { f.z(); }) {
        return static_cast<uint8_t>(kSingle + f.z());
    } else {
        return kHalf;
    }
}
// Of an instruction's helpers the one for singles names all; those for halves (if any) and doubles are its
// neighbours in helpers.def.
inline unsigned helper_for(Helper single, uint8_t w) {
    return static_cast<unsigned>(single) + w - kSingle;
}

// Notes that all lanes but the first are zero (see Inst::upper_zero).
inline uint8_t upper_zero_of(uint8_t w) {
    return static_cast<uint8_t>(4 - w);
}
inline Value mark_scalar(const Lifter& l, Value value, uint8_t w) {
    l.b.inst(value).upper_zero = upper_zero_of(w);
    return value;
}

// Lane 0 alone, the rest zero.
inline Value lane0(const Lifter& l, Value value, uint8_t w) {
    if (l.b.inst(value).upper_zero >= upper_zero_of(w)) return value;
    const Value low = w == kDouble ? l.b.emit(Op::VTrunc64, Type::V128, value)
                                   : l.b.emit(Op::VTruncLane, Type::V128, value, {}, {}, {}, 0, w);
    return mark_scalar(l, low, w);
}

// A 64-bit vector (Q = 0) has a zero upper half.
inline Value narrow(const Lifter& l, Value value, unsigned q) {
    return q ? value : lane0(l, value, kDouble);
}

// Halves as singles and back: lane 0, or four lanes.
enum class Part { Scalar, Lower, Upper };
Value widen_half(const Lifter& l, Value halves, Part part);
Value round_to_half(const Lifter& l, Value singles, Part part);

// Operations of all precisions. `packed` works on 64 (Q = 0: the operands' upper halves are zero) or 128
// bits.
Value scalar(const Lifter& l, Op op, uint8_t w, Value a, Value b = {}, Value c = {}, uint64_t imm = 0);
Value packed(const Lifter& l, Op op, uint8_t w, unsigned q, Value a, Value b = {}, Value c = {},
             uint64_t imm = 0);

// Which lanes a helper computes, in the top byte of its immediate; 0: all. The others are zero and raise
// nothing.
inline constexpr unsigned kHelperLanesShift = 24;

inline Value helper_scalar(const Lifter& l, Helper single, uint8_t w, Value a, Value b = {}, Value c = {},
                           unsigned immediate = 0) {
    const Value result =
        l.b.call_helper_v(helper_for(single, w), a, b, c, immediate | 1u << kHelperLanesShift);
    return mark_scalar(l, result, w);
}
inline Value helper_vector(const Lifter& l, Helper single, uint8_t w, unsigned q, Value a, Value b = {},
                           Value c = {}, unsigned immediate = 0) {
    const unsigned lanes = q ? 0 : (8u >> w) << kHelperLanesShift;
    const Value result = l.b.call_helper_v(helper_for(single, w), a, b, c, immediate | lanes);
    if (!q) l.b.inst(result).upper_zero = 1;
    return result;
}

inline Value sign_mask(const Lifter& l, uint8_t w) {
    constexpr uint64_t kSigns[] = {0, 0x8000800080008000, 0x8000000080000000, 0x8000000000000000};
    return l.b.emit(Op::VConst, Type::V128, {}, {}, {}, {}, kSigns[w]);
}
// Sign operations leave zero lanes alone only where the mask is limited to them: callers narrow the result.
inline Value negate(const Lifter& l, Value value, uint8_t w) {
    return l.b.emit(Op::VXor, Type::V128, value, sign_mask(l, w));
}
inline Value absolute(const Lifter& l, Value value, uint8_t w) {
    const Value result = l.b.emit(Op::VAndNot, Type::V128, value, sign_mask(l, w));
    l.b.inst(result).upper_zero = l.b.inst(value).upper_zero;
    return result;
}

// VFPExpandImm.
inline uint64_t expand_immediate(unsigned imm8, uint8_t w) {
    const uint64_t sign = imm8 >> 7 & 1;
    const uint64_t b = imm8 >> 6 & 1;
    const uint64_t low = imm8 & 0x3f;
    if (w == kDouble) return sign << 63 | (b ? uint64_t{0x3fc0} : uint64_t{0x4000}) << 48 | low << 48;
    if (w == kSingle) return sign << 31 | (b ? uint64_t{0x3e00} : uint64_t{0x4000}) << 16 | low << 19;
    return sign << 15 | (b ? uint64_t{0x3000} : uint64_t{0x4000}) | low << 6;
}

// How a conversion to integer rounds. Away (to nearest, ties away from zero) is not the host's: a helper does
// it.
enum class Rounding { Zero, Nearest, Up, Down, Away };

// Singles or doubles rounded to integral; raises nothing but Invalid.
Value round_to_integral(const Lifter& l, Value value, uint8_t w, bool is_scalar, Rounding rounding);

// The handlers of rows that differ in precision only, with one body.
#define HANDLERS(Name, Half, ...) \
    HANDLER(Name) {               \
        __VA_ARGS__;              \
    }                             \
    HANDLER(Half) {               \
        __VA_ARGS__;              \
    }
#define SCALARS(Name, ...) HANDLERS(Name##_s, Name##_h, __VA_ARGS__)
#define VECTORS(Name, ...) HANDLERS(Name##_v, Name##_vh, __VA_ARGS__)
#define LANES(Name, ...) HANDLERS(Name##_sv, Name##_hv, __VA_ARGS__)

}  // namespace armature::translator::lift::fp
