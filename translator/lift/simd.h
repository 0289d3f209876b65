// SPDX-License-Identifier: MIT
// What the lifters of vector instructions share.
//
// An instruction is written once, as a function of lane size and operands that works on all 128 bits; the
// wrappers at the end read the registers and cut the result to what the encoding says: 128 bits (Q), 64 bits,
// or one lane for the scalar forms. Cutting is free where the value is known to be short already
// (Inst::upper_zero). What lies above the operation's size in a source register must not be seen in FPSR.QC:
// set_qc() cuts too.
#pragma once

#include "translator/ir/shift_mode.h"
#include "translator/lift/handlers.h"

namespace armature::translator::lift {

using ir::ShiftMode;

struct Simd {
    ir::Builder& b;
    unsigned bytes = 16;  // of the operation

    Value op(Op o, unsigned lane, Value a, Value v = {}, Value c = {}, uint64_t imm = 0) const;
    // The same, or one of the last operations if it made that value: for instructions that repeat part of
    // another's work.
    Value find_or_op(Op o, unsigned lane, Value a, Value v, Value c = {}, uint64_t imm = 0) const;
    Value helper(Helper which, unsigned immediate, Value a, Value v = {}, Value c = {}) const {
        return b.call_helper_v(static_cast<unsigned>(which), a, v, c, immediate);
    }

    // Constants; `value` is a lane's.
    Value splat(unsigned lane, uint64_t value) const;
    Value zero() const { return splat(3, 0); }
    Value ones() const { return splat(3, ~uint64_t{0}); }
    Value minimum(unsigned lane) const { return splat(lane, uint64_t{1} << ((8u << lane) - 1)); }
    Value constant(uint64_t lo, uint64_t hi) const;

    // v cut to the lower `size` bytes (16: as is).
    Value cut(Value v, unsigned size) const;
    Value cut(Value v) const { return cut(v, bytes); }

    Value add(unsigned lane, Value a, Value v) const { return op(Op::VAdd, lane, a, v); }
    Value sub(unsigned lane, Value a, Value v) const { return op(Op::VSub, lane, a, v); }
    Value and_(Value a, Value v) const { return op(Op::VAnd, 0, a, v); }
    Value or_(Value a, Value v) const { return op(Op::VOr, 0, a, v); }
    Value xor_(Value a, Value v) const { return op(Op::VXor, 0, a, v); }
    Value and_not(Value a, Value v) const { return op(Op::VAndNot, 0, a, v); }
    Value not_(Value a) const { return op(Op::VNot, 0, a); }
    Value select(Value mask, Value a, Value v) const { return op(Op::VBitSel, 0, mask, a, v); }
    Value shl(unsigned lane, Value a, unsigned n) const { return n ? op(Op::VShlI, lane, a, {}, {}, n) : a; }
    Value shr(unsigned lane, Value a, unsigned n) const { return n ? op(Op::VShrI, lane, a, {}, {}, n) : a; }
    Value sar(unsigned lane, Value a, unsigned n) const { return n ? op(Op::VSarI, lane, a, {}, {}, n) : a; }
    Value shift_right(unsigned lane, Value a, unsigned n, bool is_signed) const {
        return is_signed ? sar(lane, a, n) : shr(lane, a, n);
    }
    Value round_shift_right(unsigned lane, Value a, unsigned n, bool is_signed) const;
    Value mul(unsigned lane, Value a, Value v) const;
    Value abs(unsigned lane, Value a) const;
    Value min(unsigned lane, Value a, Value v, bool is_signed) const;
    Value max(unsigned lane, Value a, Value v, bool is_signed) const;
    Value difference(unsigned lane, Value a, Value v, bool is_signed) const;  // absolute

    // Comparisons: lanes of all ones or zeros.
    Value eq(unsigned lane, Value a, Value v) const { return op(Op::VCmpEq, lane, a, v); }
    Value gt(unsigned lane, Value a, Value v, bool is_signed) const;
    Value ge(unsigned lane, Value a, Value v, bool is_signed) const;

    // Lanes of the lower or upper half, twice as wide.
    Value extend(unsigned lane, Value a, bool is_signed, bool upper) const {
        return op(is_signed ? Op::VSExt : Op::VZExt, lane, a, {}, {}, upper);
    }
    Value mul_long(unsigned lane, Value a, Value v, bool is_signed, bool upper) const;
    // Lanes of `lane` bytes from wider ones, in the lower half; the upper is zero.
    Value narrow(unsigned lane, Value a) const;
    enum Saturation { kSigned, kUnsigned, kSignedToUnsigned };
    Value narrow_saturating(unsigned lane, Value a, Saturation how) const;

    Value add_saturating(unsigned lane, Value a, Value v, bool is_signed) const;
    Value sub_saturating(unsigned lane, Value a, Value v, bool is_signed) const;
    // a * v * 2, its upper half, rounded or not.
    Value mul_doubling_high(unsigned lane, Value a, Value v, bool round) const;
    Value mul_doubling_long(unsigned lane, Value a, Value v,
                            bool upper) const;  // result lanes are twice as wide

    Value dup_lane(unsigned lane, Value a, unsigned index) const {
        return op(Op::VDupLane, lane, a, {}, {}, index);
    }
    Value even(unsigned lane, Value a, Value v) const { return op(Op::VUzp1, lane, a, v); }
    Value odd(unsigned lane, Value a, Value v) const { return op(Op::VUzp2, lane, a, v); }
    Value join_low(Value low, Value high) const { return op(Op::VZip1, 3, low, high); }
    Value shuffle32(Value a, unsigned control) const { return op(Op::VShuffle32, 2, a, {}, {}, control); }
    // Neighbours added, lanes twice as wide.
    Value add_pairs_long(unsigned lane, Value a, bool is_signed) const;
    // Dot products of four bytes each, in 32-bit lanes.
    Value dot(Value a, bool a_signed, Value v, bool v_signed) const;

    // FPSR.QC is set if any bit of `difference` inside the operation's size is.
    void set_qc(Value difference) const;
};

// --- From fields to operands

template <typename F>
unsigned lane_of(F f) {
    if constexpr (requires { f.s(); }) {
        return f.s();
    } else {
        return 3;
    }
}

template <typename F>
unsigned bytes_of(F f, unsigned lane) {
    if constexpr (requires { f.Q(); }) {
        return f.Q() ? 16 : 8;
    } else {
        return 1u << lane;
    }
}

template <typename F>
bool upper_half(F f) {
    if constexpr (requires { f.Q(); }) {
        return f.Q();
    } else {
        return false;
    }
}

// d = fn(simd, lane, n)
template <typename F, typename Fn>
void unary(Lifter& l, F f, Fn fn) {
    const unsigned lane = lane_of(f);
    const Simd simd{l.b, bytes_of(f, lane)};
    l.b.set_v(f.d(), simd.cut(fn(simd, lane, l.b.get_v(f.n()))));
}

// d = fn(simd, lane, n, m)
template <typename F, typename Fn>
void binary(Lifter& l, F f, Fn fn) {
    const unsigned lane = lane_of(f);
    const Simd simd{l.b, bytes_of(f, lane)};
    const Value n = l.b.get_v(f.n());
    l.b.set_v(f.d(), simd.cut(fn(simd, lane, n, l.b.get_v(f.m()))));
}

// d = fn(simd, lane, d, n, m)
template <typename F, typename Fn>
void ternary(Lifter& l, F f, Fn fn) {
    const unsigned lane = lane_of(f);
    const Simd simd{l.b, bytes_of(f, lane)};
    const Value d = l.b.get_v(f.d());
    const Value n = l.b.get_v(f.n());
    l.b.set_v(f.d(), simd.cut(fn(simd, lane, d, n, l.b.get_v(f.m()))));
}

// Results of narrowing instructions: into the lower half of d with the upper zeroed, or (Q) into the upper.
template <typename F>
void set_narrow(Lifter& l, F f, const Simd& simd, Value result) {
    l.b.set_v(f.d(), upper_half(f) ? simd.join_low(l.b.get_v(f.d()), result) : result);
}

// The handlers of an instruction's vector and scalar rows, Name_v and Name_s: wrapper(*this, f, the rest).
#define VECTOR_AND_SCALAR(Name, wrapper, ...) \
    HANDLER(Name##_v) {                       \
        wrapper(*this, f, __VA_ARGS__);       \
    }                                         \
    HANDLER(Name##_s) {                       \
        wrapper(*this, f, __VA_ARGS__);       \
    }

// The handlers of a pair that differs only in signedness: the last argument is the body of a function with
// the parameters `args`, which may ask for kSigned.
#define SIGNED_AND_UNSIGNED(SName, UName, wrapper, args, ...) \
    HANDLER(SName) {                                          \
        [[maybe_unused]] constexpr bool kSigned = true;       \
        wrapper(*this, f, args{__VA_ARGS__});                 \
    }                                                         \
    HANDLER(UName) {                                          \
        [[maybe_unused]] constexpr bool kSigned = false;      \
        wrapper(*this, f, args{__VA_ARGS__});                 \
    }

}  // namespace armature::translator::lift
