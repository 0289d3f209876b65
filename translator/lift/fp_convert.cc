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

Value round_to_integral(const Lifter& l, Value value, unsigned z, bool is_scalar, Rounding rounding) {
    if (rounding == Rounding::Away && !is_scalar) return helper_vector(l, Helper::RoundAwayF32, z, 1, value);
    constexpr uint8_t kHost[] = {ir::kRoundNearest | ir::kRoundQuiet, ir::kRoundUp | ir::kRoundQuiet,
                                 ir::kRoundDown | ir::kRoundQuiet, ir::kRoundZero | ir::kRoundQuiet,
                                 ir::kRoundAway};
    const uint64_t mode = kHost[static_cast<unsigned>(rounding)];
    const uint64_t imm = mode << ir::kFpRoundShift;
    if (is_scalar) return scalar(l, Op::FRound, z, value, {}, {}, imm);
    return l.b.emit(Op::FRound, Type::V128, value, {}, {}, {}, imm, width_of(z));
}

}  // namespace fp

namespace {

// FixedF32 and FixedF64: the immediate's low bits.
constexpr unsigned kToUnsigned = 1;
constexpr unsigned kTo64 = 2;

constexpr unsigned kHalfType = 3;
constexpr unsigned kDoubleType = 1;

template <typename F>
void to_integer(const Lifter& l, F f, Rounding rounding, bool is_unsigned) {
    const Value n = l.b.get_v(f.n());
    const Value value = rounding == Rounding::Zero ? n : round_to_integral(l, n, f.p(), true, rounding);
    const uint64_t imm = is_unsigned ? ir::kFpUnsigned : 0;
    l.b.set_r(f.d(), l.b.emit(Op::FToI, int_type(f.z()), value, n, {}, {}, imm, width_of(f.p())));
}

template <typename F>
void to_fixed(const Lifter& l, F f, bool is_unsigned) {
    const unsigned fraction = 64 - f.f();
    const unsigned immediate = (is_unsigned ? kToUnsigned : 0) | (f.z() ? kTo64 : 0) | fraction << 8;
    const Value result = helper_scalar(l, Helper::FixedF32, f.p(), l.b.get_v(f.n()), {}, immediate);
    const Type type = int_type(f.z());
    l.b.set_r(f.d(), l.b.emit(Op::VExtractI, type, result, {}, {}, {}, 0, width_of(f.z())));
}

// 2 to the power of -fraction in every lane.
Value scale(const Lifter& l, unsigned z, unsigned fraction) {
    const uint64_t bits =
        z ? uint64_t{1023 - fraction} << 52 : uint64_t{127 - fraction} << 23 | uint64_t{127 - fraction} << 55;
    return l.b.emit(Op::VConst, Type::V128, {}, {}, {}, {}, bits);
}

Value from_integer(const Lifter& l, unsigned p, Value integer, bool is_unsigned) {
    const uint64_t imm = ir::kFpScalar | (is_unsigned ? ir::kFpUnsigned : 0);
    return mark_scalar(l, l.b.emit(Op::FFromI, Type::V128, integer, {}, {}, {}, imm, width_of(p)), p);
}

template <typename F>
void from_fixed(const Lifter& l, F f, bool is_unsigned) {
    const Value value = from_integer(l, f.p(), l.b.get_r(int_type(f.z()), f.n()), is_unsigned);
    l.b.set_v(f.d(), scalar(l, Op::FMul, f.p(), value, scale(l, f.p(), 64 - f.f())));
}

}  // namespace

HANDLER(FCVT) {
    const Value n = b.get_v(f.n());
    if (f.t() == kHalfType && f.o() == kDoubleType) {
        const Value wide = b.call_helper_v(static_cast<unsigned>(Helper::HalfToDouble), n);
        return b.set_v(f.d(), lane0(*this, wide, 1));
    }
    if (f.t() == kDoubleType && f.o() == kHalfType) {
        const Value half = b.call_helper_v(static_cast<unsigned>(Helper::DoubleToHalf), lane0(*this, n, 1));
        return b.set_v(f.d(), lane0(*this, half, 0));
    }
    const bool widens = f.t() == kHalfType || f.o() == kDoubleType;
    const uint8_t from = f.t() == kHalfType ? 1 : width_of(f.t());
    const Value result =
        b.emit(widens ? Op::FWiden : Op::FNarrow, Type::V128, n, {}, {}, {}, ir::kFpScalar, from);
    b.set_v(f.d(), mark_scalar(*this, result, f.o() == kDoubleType));
}

HANDLER(SCVTF_s_int) {
    b.set_v(f.d(), from_integer(*this, f.p(), b.get_r(int_type(f.z()), f.n()), false));
}
HANDLER(UCVTF_s_int) {
    b.set_v(f.d(), from_integer(*this, f.p(), b.get_r(int_type(f.z()), f.n()), true));
}
HANDLER(SCVTF_s_fixed) {
    from_fixed(*this, f, false);
}
HANDLER(UCVTF_s_fixed) {
    from_fixed(*this, f, true);
}
HANDLER(FCVTZS_s_fixed) {
    to_fixed(*this, f, false);
}
HANDLER(FCVTZU_s_fixed) {
    to_fixed(*this, f, true);
}

#define TO_INTEGER(letter, rounding)                     \
    HANDLER(FCVT##letter##S_s) {                         \
        to_integer(*this, f, Rounding::rounding, false); \
    }                                                    \
    HANDLER(FCVT##letter##U_s) {                         \
        to_integer(*this, f, Rounding::rounding, true);  \
    }
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

// Exceptions must come from the lanes that exist only: a 64-bit vector's upper half is cleared, a scalar's
// other lanes too.
template <typename F>
Value source(const Lifter& l, F f, bool is_scalar, unsigned q) {
    const Value n = l.b.get_v(f.n());
    return is_scalar ? lane0(l, n, f.z()) : narrow(l, n, q);
}

template <typename F>
void to_integer_lanes(const Lifter& l, F f, bool is_scalar, unsigned q, Rounding rounding, bool is_unsigned) {
    const Value n = source(l, f, is_scalar, q);
    const Value value = rounding == Rounding::Zero ? n : round_to_integral(l, n, f.z(), is_scalar, rounding);
    const uint64_t imm = (is_unsigned ? ir::kFpUnsigned : 0) | (is_scalar ? ir::kFpScalar : 0);
    const Value result = l.b.emit(Op::FToIVec, Type::V128, value, n, {}, {}, imm, width_of(f.z()));
    l.b.set_v(f.d(), is_scalar ? lane0(l, result, f.z()) : narrow(l, result, q));
}

Value from_integer_lanes(const Lifter& l, unsigned z, Value value, bool is_scalar, unsigned q,
                         bool is_unsigned) {
    const uint64_t imm = (is_unsigned ? ir::kFpUnsigned : 0) | (is_scalar ? ir::kFpScalar : 0);
    const Value result = l.b.emit(Op::FFromIVec, Type::V128, value, {}, {}, {}, imm, width_of(z));
    return is_scalar ? lane0(l, result, z) : narrow(l, result, q);
}

}  // namespace

#define TO_INTEGER_LANES(name, rounding, is_unsigned)                              \
    HANDLER(name##_v) {                                                            \
        to_integer_lanes(*this, f, false, f.Q(), Rounding::rounding, is_unsigned); \
    }                                                                              \
    HANDLER(name##_sv) {                                                           \
        to_integer_lanes(*this, f, true, 0, Rounding::rounding, is_unsigned);      \
    }
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

#define FROM_INTEGER_LANES(name, is_unsigned)                                                              \
    HANDLER(name##_v) {                                                                                    \
        b.set_v(f.d(), from_integer_lanes(*this, f.z(), source(*this, f, false, f.Q()), false, f.Q(),      \
                                          is_unsigned));                                                   \
    }                                                                                                      \
    HANDLER(name##_sv) {                                                                                   \
        b.set_v(f.d(), from_integer_lanes(*this, f.z(), source(*this, f, true, 0), true, 0, is_unsigned)); \
    }
FROM_INTEGER_LANES(SCVTF, false)
FROM_INTEGER_LANES(UCVTF, true)
#undef FROM_INTEGER_LANES

namespace {

// The seven bits h of a fixed-point row: 2 * lane bits - fraction bits; the highest set bit tells the lane.
struct FixedPoint {
    unsigned z;
    unsigned fraction;
};
FixedPoint fixed_point(unsigned h) {
    return h >= 64 ? FixedPoint{1, 128 - h} : FixedPoint{0, 64 - h};
}

template <typename F>
void from_fixed_lanes(const Lifter& l, F f, bool is_scalar, unsigned q, bool is_unsigned) {
    const FixedPoint at = fixed_point(f.h());
    const Value n = l.b.get_v(f.n());
    const Value operand = is_scalar ? lane0(l, n, at.z) : narrow(l, n, q);
    const Value value = from_integer_lanes(l, at.z, operand, is_scalar, q, is_unsigned);
    const Value power = scale(l, at.z, at.fraction);
    if (is_scalar) return l.b.set_v(f.d(), scalar(l, Op::FMul, at.z, value, power));
    const Value result = l.b.emit(Op::FMul, Type::V128, value, power, {}, {}, 0, width_of(at.z));
    l.b.set_v(f.d(), narrow(l, result, q));
}

template <typename F>
void to_fixed_lanes(const Lifter& l, F f, bool is_scalar, unsigned q, bool is_unsigned) {
    const FixedPoint at = fixed_point(f.h());
    const unsigned immediate = (is_unsigned ? kToUnsigned : 0) | (at.z ? kTo64 : 0) | at.fraction << 8;
    const Value n = l.b.get_v(f.n());
    l.b.set_v(f.d(), is_scalar ? helper_scalar(l, Helper::FixedF32, at.z, n, {}, immediate)
                               : helper_vector(l, Helper::FixedF32, at.z, q, n, {}, immediate));
}

}  // namespace

HANDLER(SCVTF_v_fixed) {
    from_fixed_lanes(*this, f, false, f.Q(), false);
}
HANDLER(SCVTF_sv_fixed) {
    from_fixed_lanes(*this, f, true, 0, false);
}
HANDLER(UCVTF_v_fixed) {
    from_fixed_lanes(*this, f, false, f.Q(), true);
}
HANDLER(UCVTF_sv_fixed) {
    from_fixed_lanes(*this, f, true, 0, true);
}
HANDLER(FCVTZS_v_fixed) {
    to_fixed_lanes(*this, f, false, f.Q(), false);
}
HANDLER(FCVTZS_sv_fixed) {
    to_fixed_lanes(*this, f, true, 0, false);
}
HANDLER(FCVTZU_v_fixed) {
    to_fixed_lanes(*this, f, false, f.Q(), true);
}
HANDLER(FCVTZU_sv_fixed) {
    to_fixed_lanes(*this, f, true, 0, true);
}

// --- Between precisions, lanes

HANDLER(FCVTL) {
    // Q: from the upper half.
    Value n = b.get_v(f.n());
    if (f.Q()) n = b.emit(Op::VShrBytes, Type::V128, n, {}, {}, {}, 8);
    b.set_v(f.d(), b.emit(Op::FWiden, Type::V128, n, {}, {}, {}, 0, static_cast<uint8_t>(1 + f.z())));
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
    const Value low = b.emit(Op::FNarrow, Type::V128, b.get_v(f.n()), {}, {}, {}, 0, width_of(f.z()));
    set_narrowed(*this, f.d(), f.Q(), low);
}
HANDLER(FCVTXN_v) {
    const Value low = b.call_helper_v(static_cast<unsigned>(Helper::NarrowToOdd), b.get_v(f.n()));
    set_narrowed(*this, f.d(), f.Q(), low);
}
HANDLER(FCVTXN_s) {
    const Value low =
        b.call_helper_v(static_cast<unsigned>(Helper::NarrowToOdd), lane0(*this, b.get_v(f.n()), 1));
    b.set_v(f.d(), lane0(*this, low, 0));
}

}  // namespace armature::translator::lift
