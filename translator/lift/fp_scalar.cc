// SPDX-License-Identifier: MIT
// Floating-point data processing on scalars: arithmetic, compare, select, moves.
#include "translator/lift/fp.h"

namespace armature::translator::lift {

using namespace fp;

namespace {

template <typename F>
void arithmetic(const Lifter& l, F f, Op op) {
    l.b.set_v(f.d(), scalar(l, op, scalar_width(f), l.b.get_v(f.n()), l.b.get_v(f.m())));
}

// addend + n * m, with the signs of the product's first factor and of the addend as the four instructions
// have them.
template <typename F>
void multiply_add(const Lifter& l, F f, bool negate_product, bool negate_addend) {
    const uint8_t w = scalar_width(f);
    Value n = l.b.get_v(f.n());
    Value a = l.b.get_v(f.a());
    if (negate_product) n = negate(l, n, w);
    if (negate_addend) a = negate(l, a, w);
    l.b.set_v(f.d(), scalar(l, Op::FMulAdd, w, a, n, l.b.get_v(f.m())));
}

Value compare(const Lifter& l, uint8_t w, Value n, Value m, bool signalling) {
    if (w == kHalf) {
        n = widen_half(l, n, Part::Scalar);
        m = widen_half(l, m, Part::Scalar);
        w = kSingle;
    }
    return l.b.emit(Op::FCmp, Type::Flags, n, m, {}, {}, signalling ? ir::kFpSignalling : 0, w);
}

template <typename F>
void compare_registers(const Lifter& l, F f, bool signalling) {
    const Value m = f.o() ? l.b.emit(Op::VZero, Type::V128) : l.b.get_v(f.m());
    l.b.set_flags(compare(l, scalar_width(f), l.b.get_v(f.n()), m, signalling));
}

// If the condition fails nothing is compared: zeros stand in for the operands, so that no exception is
// raised.
template <typename F>
void conditional_compare(const Lifter& l, F f, bool signalling) {
    const Cond cond = static_cast<Cond>(f.c());
    const uint8_t w = scalar_width(f);
    const Value n = l.b.get_v(f.n());
    const Value m = l.b.get_v(f.m());
    if (cond >= Cond::AL) return l.b.set_flags(compare(l, w, n, m, signalling));
    const Value flags = l.b.get_flags();
    const Value zero = l.b.emit(Op::VZero, Type::V128);
    const auto pick = [&](Value value) {
        const Value picked = l.b.emit(Op::SelectV, Type::V128, flags, value, zero);
        l.b.inst(picked).cond = cond;
        return picked;
    };
    const Value first = pick(n);
    const Value compared = compare(l, w, first, pick(m), signalling);
    const Value fixed = l.b.emit(Op::FlagsNzcv, Type::Flags, {}, {}, {}, {}, f.k());
    const Value result = l.b.emit(Op::SelectFlags, Type::Flags, flags, compared, fixed);
    l.b.inst(result).cond = cond;
    l.b.set_flags(result);
}

template <typename F>
void select(const Lifter& l, F f) {
    const Cond cond = static_cast<Cond>(f.c());
    const uint8_t w = scalar_width(f);
    const Value n = lane0(l, l.b.get_v(f.n()), w);
    if (cond >= Cond::AL) return l.b.set_v(f.d(), n);
    const Value m = lane0(l, l.b.get_v(f.m()), w);
    const Value picked = l.b.emit(Op::SelectV, Type::V128, l.b.get_flags(), n, m);
    l.b.inst(picked).cond = cond;
    l.b.set_v(f.d(), mark_scalar(l, picked, w));
}

template <typename F>
void round_scalar(const Lifter& l, F f, uint64_t host_rounding) {
    const uint64_t imm = host_rounding << ir::kFpRoundShift;
    l.b.set_v(f.d(), scalar(l, Op::FRound, scalar_width(f), l.b.get_v(f.n()), {}, {}, imm));
}

template <typename F>
void round_to_int_scalar(const Lifter& l, F f, unsigned bits, unsigned host_rounding) {
    l.b.set_v(f.d(), helper_scalar(l, Helper::RoundToIntF32, scalar_width(f), l.b.get_v(f.n()), {}, {},
                                   bits | host_rounding << 8));
}

template <typename F>
void negated_product(const Lifter& l, F f) {
    const uint8_t w = scalar_width(f);
    const Value product = scalar(l, Op::FMul, w, l.b.get_v(f.n()), l.b.get_v(f.m()));
    l.b.set_v(f.d(), lane0(l, negate(l, product, w), w));
}

template <typename F>
void immediate(const Lifter& l, F f) {
    const uint8_t w = scalar_width(f);
    const uint64_t bits = expand_immediate(f.i(), w);
    const Value integer = w == kDouble ? l.b.i64(bits) : l.b.i32(static_cast<uint32_t>(bits));
    l.b.set_v(f.d(), mark_scalar(l, l.b.emit(Op::VFromI, Type::V128, integer), w));
}

}  // namespace

HANDLERS(FMOV_reg, FMOV_reg_h, b.set_v(f.d(), lane0(*this, b.get_v(f.n()), scalar_width(f))))
SCALARS(FABS, const uint8_t w = scalar_width(f);
        b.set_v(f.d(), absolute(*this, lane0(*this, b.get_v(f.n()), w), w)))
SCALARS(FNEG, const uint8_t w = scalar_width(f);
        b.set_v(f.d(), lane0(*this, negate(*this, b.get_v(f.n()), w), w)))
SCALARS(FSQRT, b.set_v(f.d(), scalar(*this, Op::FSqrt, scalar_width(f), b.get_v(f.n()))))

SCALARS(FRINTN, round_scalar(*this, f, ir::kRoundNearest | ir::kRoundQuiet))
SCALARS(FRINTP, round_scalar(*this, f, ir::kRoundUp | ir::kRoundQuiet))
SCALARS(FRINTM, round_scalar(*this, f, ir::kRoundDown | ir::kRoundQuiet))
SCALARS(FRINTZ, round_scalar(*this, f, ir::kRoundZero | ir::kRoundQuiet))
SCALARS(FRINTX, round_scalar(*this, f, ir::kRoundMode))
SCALARS(FRINTI, round_scalar(*this, f, ir::kRoundMode | ir::kRoundQuiet))
SCALARS(FRINTA, round_scalar(*this, f, ir::kRoundAway))
HANDLER(FRINT32Z_s) {
    round_to_int_scalar(*this, f, 32, ir::kRoundZero);
}
HANDLER(FRINT32X_s) {
    round_to_int_scalar(*this, f, 32, ir::kRoundMode);
}
HANDLER(FRINT64Z_s) {
    round_to_int_scalar(*this, f, 64, ir::kRoundZero);
}
HANDLER(FRINT64X_s) {
    round_to_int_scalar(*this, f, 64, ir::kRoundMode);
}

SCALARS(FMUL, arithmetic(*this, f, Op::FMul))
SCALARS(FDIV, arithmetic(*this, f, Op::FDiv))
SCALARS(FADD, arithmetic(*this, f, Op::FAdd))
SCALARS(FSUB, arithmetic(*this, f, Op::FSub))
SCALARS(FMAX, arithmetic(*this, f, Op::FMax))
SCALARS(FMIN, arithmetic(*this, f, Op::FMin))
SCALARS(FMAXNM, arithmetic(*this, f, Op::FMaxNumber))
SCALARS(FMINNM, arithmetic(*this, f, Op::FMinNumber))
SCALARS(FNMUL, negated_product(*this, f))
HANDLERS(FMADD, FMADD_h, multiply_add(*this, f, false, false))
HANDLERS(FMSUB, FMSUB_h, multiply_add(*this, f, true, false))
HANDLERS(FNMADD, FNMADD_h, multiply_add(*this, f, true, true))
HANDLERS(FNMSUB, FNMSUB_h, multiply_add(*this, f, false, true))

HANDLERS(FCMP, FCMP_h, compare_registers(*this, f, false))
HANDLERS(FCMPE, FCMPE_h, compare_registers(*this, f, true))
HANDLERS(FCCMP, FCCMP_h, conditional_compare(*this, f, false))
HANDLERS(FCCMPE, FCCMPE_h, conditional_compare(*this, f, true))
HANDLERS(FCSEL, FCSEL_h, select(*this, f))

HANDLERS(FMOV_s_imm, FMOV_h_imm, immediate(*this, f))
HANDLER(FMOV_to_gpr) {
    const Type type = int_type(f.z());
    b.set_r(f.d(), b.emit(Op::VExtractI, type, b.get_v(f.n()), {}, {}, {}, 0, lane_width(f)));
}
HANDLER(FMOV_from_gpr) {
    const Value integer = b.get_r(int_type(f.z()), f.n());
    b.set_v(f.d(), mark_scalar(*this, b.emit(Op::VFromI, Type::V128, integer), lane_width(f)));
}
HANDLER(FMOV_to_gpr_h) {
    b.set_r(f.d(), b.emit(Op::VExtractI, int_type(f.z()), b.get_v(f.n()), {}, {}, {}, 0, kHalf));
}
HANDLER(FMOV_from_gpr_h) {
    const Value integer = b.get_r(Type::I32, f.n());
    b.set_v(f.d(), lane0(*this, b.emit(Op::VFromI, Type::V128, integer), kHalf));
}
HANDLER(FMOV_top_to_gpr) {
    b.set_r(f.d(), b.emit(Op::VExtractI, Type::I64, b.get_v(f.n()), {}, {}, {}, 1, kDouble));
}
HANDLER(FMOV_top_from_gpr) {
    b.set_v(f.d(),
            b.emit(Op::VInsertI, Type::V128, b.get_v(f.d()), b.get_r(Type::I64, f.n()), {}, {}, 1, kDouble));
}

}  // namespace armature::translator::lift
