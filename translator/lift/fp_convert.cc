// SPDX-License-Identifier: MIT
// Conversions: between precisions, to and from integers in general registers and in vector lanes, rounding to
// integral.
//
// A conversion to integer rounds first, with the host's rounding instruction that raises Inexact, and then
// truncates what is integral already. Fixed-point sources are scaled by a power of two, which is exact.
#include "translator/lift/fp.h"

namespace armature::translator::lift {

using namespace fp;

namespace fp {

Value round_to_integral(const Lifter& l, Value value, uint8_t w, bool is_scalar, Rounding rounding) {
    if (rounding == Rounding::Away && !is_scalar) return helper_vector(l, Helper::RoundAwayF32, w, 1, value);
    constexpr uint8_t kHost[] = {ir::kRoundZero | ir::kRoundQuiet, ir::kRoundNearest | ir::kRoundQuiet,
                                 ir::kRoundUp | ir::kRoundQuiet, ir::kRoundDown | ir::kRoundQuiet,
                                 ir::kRoundAway};
    const uint64_t mode = kHost[static_cast<unsigned>(rounding)];
    const uint64_t imm = mode << ir::kFpRoundShift;
    if (is_scalar) return scalar(l, Op::FRound, w, value, {}, {}, imm);
    return packed(l, Op::FRound, w, 1, value, {}, {}, imm);
}

}  // namespace fp

namespace {

// FixedF16, FixedF32, FixedF64: the immediate's low bits, and where it has a Rounding.
constexpr unsigned kToUnsigned = 1;
constexpr unsigned kTo64 = 2;
constexpr unsigned kTo16 = 4;
constexpr unsigned kFractionShift = 8;
constexpr unsigned kRoundingShift = 16;
// FixedToHalf: source of 16, 32 or 64 bits.
constexpr unsigned kFrom64 = 2;
constexpr unsigned kFrom32 = 4;

constexpr unsigned kHalfType = 3;
constexpr unsigned kDoubleType = 1;

template <typename F>
void to_integer(const Lifter& l, F f, Rounding rounding, bool is_unsigned) {
    uint8_t w = scalar_width(f);
    Value n = l.b.get_v(f.n());
    if (w == kHalf) {
        n = widen_half(l, n, Part::Scalar);
        w = kSingle;
    }
    const Value value = rounding == Rounding::Zero ? n : round_to_integral(l, n, w, true, rounding);
    const uint64_t imm = is_unsigned ? ir::kFpUnsigned : 0;
    l.b.set_r(f.d(), l.b.emit(Op::FToI, int_type(f.z()), value, n, {}, {}, imm, w));
}

template <typename F>
void to_fixed(const Lifter& l, F f, bool is_unsigned) {
    const unsigned fraction = 64 - f.f();
    const unsigned immediate =
        (is_unsigned ? kToUnsigned : 0) | (f.z() ? kTo64 : 0) | fraction << kFractionShift;
    const Value result =
        helper_scalar(l, Helper::FixedF32, scalar_width(f), l.b.get_v(f.n()), {}, {}, immediate);
    const Type type = int_type(f.z());
    l.b.set_r(f.d(), l.b.emit(Op::VExtractI, type, result, {}, {}, {}, 0, static_cast<uint8_t>(2 + f.z())));
}

// 2 to the power of -fraction in every lane.
Value scale(const Lifter& l, uint8_t w, unsigned fraction) {
    const uint64_t bits = w == kDouble ? uint64_t{1023 - fraction} << 52
                                       : uint64_t{127 - fraction} << 23 | uint64_t{127 - fraction} << 55;
    return l.b.emit(Op::VConst, Type::V128, {}, {}, {}, {}, bits);
}

// A 64-bit integer divided by a power of two, rounded once.
Value to_half(const Lifter& l, Value integer, unsigned fraction, bool is_unsigned, bool is64) {
    const unsigned immediate = (is_unsigned ? kToUnsigned : 0) | (is64 ? kFrom64 : kFrom32) |
                               fraction << kFractionShift | 1u << kHelperLanesShift;
    const Value source = l.b.emit(Op::VFromI, Type::V128, integer);
    const Value half =
        l.b.call_helper_v(static_cast<unsigned>(Helper::FixedToHalf), source, {}, {}, immediate);
    return mark_scalar(l, half, kHalf);
}

Value from_integer(const Lifter& l, uint8_t w, Value integer, bool is_unsigned, bool is64) {
    if (w == kHalf) return to_half(l, integer, 0, is_unsigned, is64);
    const uint64_t imm = ir::kFpScalar | (is_unsigned ? ir::kFpUnsigned : 0);
    return mark_scalar(l, l.b.emit(Op::FFromI, Type::V128, integer, {}, {}, {}, imm, w), w);
}

template <typename F>
void from_fixed(const Lifter& l, F f, bool is_unsigned) {
    const uint8_t w = scalar_width(f);
    const Value integer = l.b.get_r(int_type(f.z()), f.n());
    if (w == kHalf) return l.b.set_v(f.d(), to_half(l, integer, 64 - f.f(), is_unsigned, f.z()));
    const Value value = from_integer(l, w, integer, is_unsigned, f.z());
    l.b.set_v(f.d(), scalar(l, Op::FMul, w, value, scale(l, w, 64 - f.f())));
}

}  // namespace

HANDLER(FCVT) {
    const Value n = b.get_v(f.n());
    if (f.t() == kHalfType && f.o() == kDoubleType) {
        const Value wide = b.call_helper_v(static_cast<unsigned>(Helper::HalfToDouble), n);
        return b.set_v(f.d(), lane0(*this, wide, kDouble));
    }
    if (f.t() == kDoubleType && f.o() == kHalfType) {
        const Value half =
            b.call_helper_v(static_cast<unsigned>(Helper::DoubleToHalf), lane0(*this, n, kDouble));
        return b.set_v(f.d(), lane0(*this, half, kHalf));
    }
    const bool widens = f.t() == kHalfType || f.o() == kDoubleType;
    const uint8_t from = f.t() == kHalfType ? kHalf : static_cast<uint8_t>(kSingle + f.t());
    const Value result =
        b.emit(widens ? Op::FWiden : Op::FNarrow, Type::V128, n, {}, {}, {}, ir::kFpScalar, from);
    b.set_v(f.d(), mark_scalar(*this, result, f.o() == kDoubleType ? kDouble : kSingle));
}

HANDLERS(SCVTF_s_int, SCVTF_h_int,
         b.set_v(f.d(), from_integer(*this, scalar_width(f), b.get_r(int_type(f.z()), f.n()), false, f.z())))
HANDLERS(UCVTF_s_int, UCVTF_h_int,
         b.set_v(f.d(), from_integer(*this, scalar_width(f), b.get_r(int_type(f.z()), f.n()), true, f.z())))
HANDLERS(SCVTF_s_fixed, SCVTF_h_fixed, from_fixed(*this, f, false))
HANDLERS(UCVTF_s_fixed, UCVTF_h_fixed, from_fixed(*this, f, true))
HANDLERS(FCVTZS_s_fixed, FCVTZS_h_fixed, to_fixed(*this, f, false))
HANDLERS(FCVTZU_s_fixed, FCVTZU_h_fixed, to_fixed(*this, f, true))

#define TO_INTEGER(letter, rounding)                                          \
    SCALARS(FCVT##letter##S, to_integer(*this, f, Rounding::rounding, false)) \
    SCALARS(FCVT##letter##U, to_integer(*this, f, Rounding::rounding, true))
TO_INTEGER(N, Nearest)
TO_INTEGER(P, Up)
TO_INTEGER(M, Down)
TO_INTEGER(Z, Zero)
TO_INTEGER(A, Away)
#undef TO_INTEGER

HANDLER(FJCVTZS) {
    const Value bits = b.emit(Op::VExtractI, Type::I64, b.get_v(f.n()), {}, {}, {}, 0, kDouble);
    const Value result = helper(Helper::JavaScriptConvert, bits);
    b.set_flags(b.emit(Op::FlagsFromNzcv, Type::Flags, b.and_(b.shr(result, 2u), b.i64(1u << 30))));
    b.set_r(f.d(), b.trunc(result));
}

// --- Lanes

namespace {

// 64 bits (Q = 0), 128, or one lane.
enum class Size { Half, Whole, Lane };

template <typename F>
Size size_of(F f) {
    if constexpr (requires { f.Q(); }) {
        return f.Q() ? Size::Whole : Size::Half;
    } else {
        return Size::Lane;
    }
}

Value cut(const Lifter& l, Value value, uint8_t w, Size size) {
    return size == Size::Lane ? lane0(l, value, w) : narrow(l, value, size == Size::Whole);
}

Value by_helper(const Lifter& l, Helper helper, uint8_t w, Size size, Value n, unsigned immediate) {
    if (size == Size::Lane) return helper_scalar(l, helper, w, n, {}, {}, immediate);
    return helper_vector(l, helper, w, size == Size::Whole, n, {}, {}, immediate);
}

template <typename F>
void to_integer_lanes(const Lifter& l, F f, Rounding rounding, bool is_unsigned) {
    const uint8_t w = lane_width(f);
    const Size size = size_of(f);
    if (w == kHalf) {
        const unsigned immediate =
            (is_unsigned ? kToUnsigned : 0) | kTo16 | static_cast<unsigned>(rounding) << kRoundingShift;
        return l.b.set_v(f.d(), by_helper(l, Helper::FixedF32, w, size, l.b.get_v(f.n()), immediate));
    }
    // Exceptions must come from the lanes that exist only.
    const Value n = cut(l, l.b.get_v(f.n()), w, size);
    const Value value =
        rounding == Rounding::Zero ? n : round_to_integral(l, n, w, size == Size::Lane, rounding);
    const uint64_t imm = (is_unsigned ? ir::kFpUnsigned : 0) | (size == Size::Lane ? ir::kFpScalar : 0);
    l.b.set_v(f.d(), cut(l, l.b.emit(Op::FToIVec, Type::V128, value, n, {}, {}, imm, w), w, size));
}

// Lanes of singles or doubles from integers.
Value from_integer_lanes(const Lifter& l, uint8_t w, Value value, Size size, bool is_unsigned) {
    const uint64_t imm = (is_unsigned ? ir::kFpUnsigned : 0) | (size == Size::Lane ? ir::kFpScalar : 0);
    return cut(l, l.b.emit(Op::FFromIVec, Type::V128, cut(l, value, w, size), {}, {}, {}, imm, w), w, size);
}

Value to_half_lanes(const Lifter& l, Value n, Size size, unsigned fraction, bool is_unsigned) {
    const unsigned lanes = size == Size::Lane ? 1 : size == Size::Half ? 4 : 8;
    const unsigned immediate =
        (is_unsigned ? kToUnsigned : 0) | fraction << kFractionShift | lanes << kHelperLanesShift;
    const Value result = l.b.call_helper_v(static_cast<unsigned>(Helper::FixedToHalf), n, {}, {}, immediate);
    if (size == Size::Lane) return mark_scalar(l, result, kHalf);
    if (size == Size::Half) l.b.inst(result).upper_zero = 1;
    return result;
}

template <typename F>
void from_lanes(const Lifter& l, F f, bool is_unsigned) {
    const uint8_t w = lane_width(f);
    const Value n = l.b.get_v(f.n());
    l.b.set_v(f.d(), w == kHalf ? to_half_lanes(l, n, size_of(f), 0, is_unsigned)
                                : from_integer_lanes(l, w, n, size_of(f), is_unsigned));
}

// The bits h of a fixed-point row: 2 * lane bits - fraction bits, whose highest set bit tells the lane; of a
// half row without that bit.
struct FixedPoint {
    uint8_t w;
    unsigned fraction;
};
template <typename F>
FixedPoint fixed_point(F f) {
    if constexpr (F::h_bits == 4) return {kHalf, 16 - f.h()};
    return f.h() >= 64 ? FixedPoint{kDouble, 128 - f.h()} : FixedPoint{kSingle, 64 - f.h()};
}

template <typename F>
void from_fixed_lanes(const Lifter& l, F f, bool is_unsigned) {
    const FixedPoint at = fixed_point(f);
    const Size size = size_of(f);
    const Value n = l.b.get_v(f.n());
    if (at.w == kHalf) return l.b.set_v(f.d(), to_half_lanes(l, n, size, at.fraction, is_unsigned));
    const Value value = from_integer_lanes(l, at.w, n, size, is_unsigned);
    const Value power = scale(l, at.w, at.fraction);
    l.b.set_v(f.d(), size == Size::Lane ? scalar(l, Op::FMul, at.w, value, power)
                                        : packed(l, Op::FMul, at.w, size == Size::Whole, value, power));
}

template <typename F>
void to_fixed_lanes(const Lifter& l, F f, bool is_unsigned) {
    constexpr unsigned kSizes[] = {0, kTo16, 0, kTo64};
    const FixedPoint at = fixed_point(f);
    const unsigned immediate = (is_unsigned ? kToUnsigned : 0) | kSizes[at.w] | at.fraction << kFractionShift;
    l.b.set_v(f.d(), by_helper(l, Helper::FixedF32, at.w, size_of(f), l.b.get_v(f.n()), immediate));
}

}  // namespace

#define TO_INTEGER_LANES(name, rounding, is_unsigned)                          \
    VECTORS(name, to_integer_lanes(*this, f, Rounding::rounding, is_unsigned)) \
    LANES(name, to_integer_lanes(*this, f, Rounding::rounding, is_unsigned))
TO_INTEGER_LANES(FCVTNS, Nearest, false)
TO_INTEGER_LANES(FCVTNU, Nearest, true)
TO_INTEGER_LANES(FCVTPS, Up, false)
TO_INTEGER_LANES(FCVTPU, Up, true)
TO_INTEGER_LANES(FCVTMS, Down, false)
TO_INTEGER_LANES(FCVTMU, Down, true)
TO_INTEGER_LANES(FCVTZS, Zero, false)
TO_INTEGER_LANES(FCVTZU, Zero, true)
TO_INTEGER_LANES(FCVTAS, Away, false)
TO_INTEGER_LANES(FCVTAU, Away, true)
#undef TO_INTEGER_LANES

VECTORS(SCVTF, from_lanes(*this, f, false))
LANES(SCVTF, from_lanes(*this, f, false))
VECTORS(UCVTF, from_lanes(*this, f, true))
LANES(UCVTF, from_lanes(*this, f, true))

#define FIXED_LANES(name, function, is_unsigned)                               \
    HANDLERS(name##_v_fixed, name##_vh_fixed, function(*this, f, is_unsigned)) \
    HANDLERS(name##_sv_fixed, name##_hv_fixed, function(*this, f, is_unsigned))
FIXED_LANES(SCVTF, from_fixed_lanes, false)
FIXED_LANES(UCVTF, from_fixed_lanes, true)
FIXED_LANES(FCVTZS, to_fixed_lanes, false)
FIXED_LANES(FCVTZU, to_fixed_lanes, true)
#undef FIXED_LANES

// --- Between precisions, lanes

HANDLER(FCVTL) {
    // Q: from the upper half.
    Value n = b.get_v(f.n());
    if (f.Q()) n = b.emit(Op::VShrBytes, Type::V128, n, {}, {}, {}, 8);
    b.set_v(f.d(), b.emit(Op::FWiden, Type::V128, n, {}, {}, {}, 0, static_cast<uint8_t>(kHalf + f.z())));
}

namespace {
// A narrowed result goes to the lower half with the upper zero, or (Q) to the upper half with the lower kept.
void set_narrowed(const Lifter& l, unsigned d, unsigned q, Value low) {
    if (!q) {
        l.b.inst(low).upper_zero = 1;
        return l.b.set_v(d, low);
    }
    l.b.set_v(d, l.b.emit(Op::VZip1, Type::V128, l.b.get_v(d), low, {}, {}, 0, kDouble));
}
}  // namespace

HANDLER(FCVTN) {
    const Value low = b.emit(Op::FNarrow, Type::V128, b.get_v(f.n()), {}, {}, {}, 0, lane_width(f));
    set_narrowed(*this, f.d(), f.Q(), low);
}
HANDLER(FCVTXN_v) {
    const Value low = b.call_helper_v(static_cast<unsigned>(Helper::NarrowToOdd), b.get_v(f.n()));
    set_narrowed(*this, f.d(), f.Q(), low);
}
HANDLER(FCVTXN_s) {
    const Value low =
        b.call_helper_v(static_cast<unsigned>(Helper::NarrowToOdd), lane0(*this, b.get_v(f.n()), kDouble));
    b.set_v(f.d(), lane0(*this, low, kSingle));
}

}  // namespace armature::translator::lift
