// SPDX-License-Identifier: MIT
// What the floating-point handlers share. `z` is the precision (0 single, 1 double), as the rows name it.
//
// Every value that is written to a vector register has the lanes beyond its size zero: scalar operations give
// that (kFpScalar), 64-bit vectors go through `narrow`. Lanes beyond the size of an operand are never looked
// at, except by vector operations on 64-bit vectors: those clear them first, so that garbage raises no
// exception.
#pragma once

#include "translator/lift/handlers.h"

namespace armature::translator::lift::fp {

inline constexpr uint8_t kSingle = 2;
inline constexpr uint8_t kDouble = 3;

inline uint8_t width_of(unsigned z) {
    return static_cast<uint8_t>(kSingle + z);
}
// The helper for singles is followed by the one for doubles in helpers.def.
inline unsigned helper_for(Helper single, unsigned z) {
    return static_cast<unsigned>(single) + z;
}

// Notes that all lanes but the first are zero (see Inst::upper_zero).
inline Value mark_scalar(const Lifter& l, Value value, unsigned z) {
    l.b.inst(value).upper_zero = z ? 1 : 2;
    return value;
}

inline Value scalar(const Lifter& l, Op op, unsigned z, Value a, Value b = {}, Value c = {},
                    uint64_t imm = 0) {
    return mark_scalar(l, l.b.emit(op, Type::V128, a, b, c, {}, imm | ir::kFpScalar, width_of(z)), z);
}

// Lane 0 alone, the rest zero.
inline Value lane0(const Lifter& l, Value value, unsigned z) {
    if (l.b.inst(value).upper_zero >= (z ? 1 : 2)) return value;
    if (z) {
        const Value low = l.b.emit(Op::VTrunc64, Type::V128, value);
        l.b.inst(low).upper_zero = 1;
        return low;
    }
    const Value low = l.b.emit(Op::VTruncLane, Type::V128, value, {}, {}, {}, 0, kSingle);
    l.b.inst(low).upper_zero = 2;
    return low;
}

// A 64-bit vector (Q = 0) has a zero upper half.
inline Value narrow(const Lifter& l, Value value, unsigned q) {
    return q ? value : lane0(l, value, 1);
}

// Which lanes a helper computes, in the top byte of its immediate; 0: all. The others are zero and raise
// nothing.
inline constexpr unsigned kHelperLanesShift = 24;

inline Value helper_scalar(const Lifter& l, Helper single, unsigned z, Value a, Value b = {},
                           unsigned immediate = 0) {
    const Value result =
        l.b.call_helper_v(helper_for(single, z), a, b, {}, immediate | 1u << kHelperLanesShift);
    return mark_scalar(l, result, z);
}
inline Value helper_vector(const Lifter& l, Helper single, unsigned z, unsigned q, Value a, Value b = {},
                           unsigned immediate = 0) {
    const unsigned lanes = q ? 0 : 2u << kHelperLanesShift;
    const Value result = l.b.call_helper_v(helper_for(single, z), a, b, {}, immediate | lanes);
    if (!q) l.b.inst(result).upper_zero = 1;
    return result;
}

inline Value sign_mask(const Lifter& l, unsigned z) {
    return l.b.emit(Op::VConst, Type::V128, {}, {}, {}, {}, z ? 0x8000000000000000 : 0x8000000080000000);
}
// Sign operations leave zero lanes alone only where the mask is limited to them: callers narrow the result.
inline Value negate(const Lifter& l, Value value, unsigned z) {
    return l.b.emit(Op::VXor, Type::V128, value, sign_mask(l, z));
}
inline Value absolute(const Lifter& l, Value value, unsigned z) {
    const Value result = l.b.emit(Op::VAndNot, Type::V128, value, sign_mask(l, z));
    l.b.inst(result).upper_zero = l.b.inst(value).upper_zero;
    return result;
}

// VFPExpandImm.
inline uint64_t expand_immediate(unsigned imm8, unsigned z) {
    const uint64_t sign = imm8 >> 7 & 1;
    const uint64_t b = imm8 >> 6 & 1;
    const uint64_t low = imm8 & 0x3f;
    if (z) return sign << 63 | (b ? uint64_t{0x3fc0} : uint64_t{0x4000}) << 48 | low << 48;
    return sign << 31 | (b ? uint64_t{0x3e00} : uint64_t{0x4000}) << 16 | low << 19;
}

// How a conversion to integer rounds. Away (to nearest, ties away from zero) is not the host's: a helper does
// it.
enum class Rounding { Nearest, Up, Down, Zero, Away };

// `value` rounded to integral; raises nothing but Invalid.
Value round_to_integral(const Lifter& l, Value value, unsigned z, bool is_scalar, Rounding rounding);

}  // namespace armature::translator::lift::fp
