// SPDX-License-Identifier: MIT
// Floating-point data processing on scalars: arithmetic, compare, select, moves.
#include "translator/lift/fp.h"

namespace armature::translator::lift {

using namespace fp;

namespace {

template <typename F>
void arithmetic(const Lifter& l, F f, Op op) {
    l.b.set_v(f.d(), scalar(l, op, f.p(), l.b.get_v(f.n()), l.b.get_v(f.m())));
}

// addend + n * m, with the signs of the product's first factor and of the addend as the four instructions
// have them.
template <typename F>
void multiply_add(const Lifter& l, F f, bool negate_product, bool negate_addend) {
    Value n = l.b.get_v(f.n());
    Value a = l.b.get_v(f.a());
    if (negate_product) n = negate(l, n, f.p());
    if (negate_addend) a = negate(l, a, f.p());
    l.b.set_v(f.d(), scalar(l, Op::FMulAdd, f.p(), a, n, l.b.get_v(f.m())));
}

Value compare(const Lifter& l, unsigned z, Value n, Value m, bool signalling) {
    return l.b.emit(Op::FCmp, Type::Flags, n, m, {}, {}, signalling ? ir::kFpSignalling : 0, width_of(z));
}

template <typename F>
void compare_registers(const Lifter& l, F f, bool signalling) {
    const Value m = f.o() ? l.b.emit(Op::VZero, Type::V128) : l.b.get_v(f.m());
    l.b.set_flags(compare(l, f.p(), l.b.get_v(f.n()), m, signalling));
}

// If the condition fails nothing is compared: zeros stand in for the operands, so that no exception is
// raised.
template <typename F>
void conditional_compare(const Lifter& l, F f, bool signalling) {
    const Cond cond = static_cast<Cond>(f.c());
    const Value n = l.b.get_v(f.n());
    const Value m = l.b.get_v(f.m());
    if (cond >= Cond::AL) return l.b.set_flags(compare(l, f.p(), n, m, signalling));
    const Value flags = l.b.get_flags();
    const Value zero = l.b.emit(Op::VZero, Type::V128);
    const auto pick = [&](Value value) {
        const Value picked = l.b.emit(Op::SelectV, Type::V128, flags, value, zero);
        l.b.inst(picked).cond = cond;
        return picked;
    };
    const Value compared = compare(l, f.p(), pick(n), pick(m), signalling);
    const Value fixed = l.b.emit(Op::FlagsNzcv, Type::Flags, {}, {}, {}, {}, f.k());
    const Value result = l.b.emit(Op::SelectFlags, Type::Flags, flags, compared, fixed);
    l.b.inst(result).cond = cond;
    l.b.set_flags(result);
}

template <typename F>
void round_scalar(const Lifter& l, F f, uint64_t host_rounding) {
    const uint64_t imm = host_rounding << ir::kFpRoundShift;
    l.b.set_v(f.d(), scalar(l, Op::FRound, f.p(), l.b.get_v(f.n()), {}, {}, imm));
}

}  // namespace

HANDLER(FMOV_reg) {
    b.set_v(f.d(), lane0(*this, b.get_v(f.n()), f.p()));
}
HANDLER(FABS_s) {
    b.set_v(f.d(), absolute(*this, lane0(*this, b.get_v(f.n()), f.p()), f.p()));
}
HANDLER(FNEG_s) {
    b.set_v(f.d(), lane0(*this, negate(*this, b.get_v(f.n()), f.p()), f.p()));
}
HANDLER(FSQRT_s) {
    b.set_v(f.d(), scalar(*this, Op::FSqrt, f.p(), b.get_v(f.n())));
}
HANDLER(FRINTN_s) {
    round_scalar(*this, f, ir::kRoundNearest | ir::kRoundQuiet);
}
HANDLER(FRINTP_s) {
    round_scalar(*this, f, ir::kRoundUp | ir::kRoundQuiet);
}
HANDLER(FRINTM_s) {
    round_scalar(*this, f, ir::kRoundDown | ir::kRoundQuiet);
}
HANDLER(FRINTZ_s) {
    round_scalar(*this, f, ir::kRoundZero | ir::kRoundQuiet);
}
HANDLER(FRINTX_s) {
    round_scalar(*this, f, ir::kRoundMode);
}
HANDLER(FRINTI_s) {
    round_scalar(*this, f, ir::kRoundMode | ir::kRoundQuiet);
}
HANDLER(FRINTA_s) {
    b.set_v(f.d(), round_to_integral(*this, b.get_v(f.n()), f.p(), true, Rounding::Away));
}

namespace {
template <typename F>
void round_to_int_scalar(const Lifter& l, F f, unsigned bits, unsigned host_rounding) {
    l.b.set_v(f.d(), helper_scalar(l, Helper::RoundToIntF32, f.p(), l.b.get_v(f.n()), {},
                                   bits | host_rounding << 8));
}
}  // namespace
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

HANDLER(FMUL_s) {
    arithmetic(*this, f, Op::FMul);
}
HANDLER(FDIV_s) {
    arithmetic(*this, f, Op::FDiv);
}
HANDLER(FADD_s) {
    arithmetic(*this, f, Op::FAdd);
}
HANDLER(FSUB_s) {
    arithmetic(*this, f, Op::FSub);
}
HANDLER(FMAX_s) {
    arithmetic(*this, f, Op::FMax);
}
HANDLER(FMIN_s) {
    arithmetic(*this, f, Op::FMin);
}
HANDLER(FMAXNM_s) {
    arithmetic(*this, f, Op::FMaxNumber);
}
HANDLER(FMINNM_s) {
    arithmetic(*this, f, Op::FMinNumber);
}
HANDLER(FNMUL_s) {
    const Value product = scalar(*this, Op::FMul, f.p(), b.get_v(f.n()), b.get_v(f.m()));
    b.set_v(f.d(), lane0(*this, negate(*this, product, f.p()), f.p()));
}
HANDLER(FMADD) {
    multiply_add(*this, f, false, false);
}
HANDLER(FMSUB) {
    multiply_add(*this, f, true, false);
}
HANDLER(FNMADD) {
    multiply_add(*this, f, true, true);
}
HANDLER(FNMSUB) {
    multiply_add(*this, f, false, true);
}

HANDLER(FCMP) {
    compare_registers(*this, f, false);
}
HANDLER(FCMPE) {
    compare_registers(*this, f, true);
}
HANDLER(FCCMP) {
    conditional_compare(*this, f, false);
}
HANDLER(FCCMPE) {
    conditional_compare(*this, f, true);
}
HANDLER(FCSEL) {
    const Cond cond = static_cast<Cond>(f.c());
    const Value n = lane0(*this, b.get_v(f.n()), f.p());
    if (cond >= Cond::AL) return b.set_v(f.d(), n);
    const Value m = lane0(*this, b.get_v(f.m()), f.p());
    const Value picked = b.emit(Op::SelectV, Type::V128, b.get_flags(), n, m);
    b.inst(picked).cond = cond;
    b.set_v(f.d(), mark_scalar(*this, picked, f.p()));
}

HANDLER(FMOV_s_imm) {
    const uint64_t bits = expand_immediate(f.i(), f.p());
    const Value integer = f.p() ? b.i64(bits) : b.i32(static_cast<uint32_t>(bits));
    b.set_v(f.d(), mark_scalar(*this, b.emit(Op::VFromI, Type::V128, integer), f.p()));
}
HANDLER(FMOV_to_gpr) {
    const Type type = int_type(f.z());
    b.set_r(f.d(), b.emit(Op::VExtractI, type, b.get_v(f.n()), {}, {}, {}, 0, width_of(f.z())));
}
HANDLER(FMOV_from_gpr) {
    const Value integer = b.get_r(int_type(f.z()), f.n());
    b.set_v(f.d(), mark_scalar(*this, b.emit(Op::VFromI, Type::V128, integer), f.z()));
}
HANDLER(FMOV_top_to_gpr) {
    b.set_r(f.d(), b.emit(Op::VExtractI, Type::I64, b.get_v(f.n()), {}, {}, {}, 1, kDouble));
}
HANDLER(FMOV_top_from_gpr) {
    b.set_v(f.d(),
            b.emit(Op::VInsertI, Type::V128, b.get_v(f.d()), b.get_r(Type::I64, f.n()), {}, {}, 1, kDouble));
}

}  // namespace armature::translator::lift
