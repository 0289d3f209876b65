// SPDX-License-Identifier: MIT
// Floating-point arithmetic. The host computes; what it does differently from Arm is found by one test and
// done out of line by a C++ helper:
//   - a result that is a NaN: which operand's NaN it is, and the default NaN's sign (FixNan*);
//   - minimum and maximum with a NaN operand.
// The test is a compare of the result with itself, so the fast path costs two instructions more than the
// operation.
//
// A scalar operation leaves its first operand's upper lanes in the result. They must be zero: nothing to do
// if the first operand's are known to be (Inst::upper_zero), which holds along chains of scalar operations.
#include <cstddef>

#include "translator/ir/helpers.h"
#include "translator/x64/simd_emit.h"

namespace armature::translator::x64 {

using ir::Helper;
using ir::Inst;
using Xbyak::Operand;
using Xbyak::Xmm;

namespace {

constexpr uint8_t kJp = 0xa;
constexpr uint8_t kJnz = 0x5;
constexpr unsigned kUnordered = 3;  // predicate of CMPPS
constexpr size_t kScratch = offsetof(guest::CpuState, vector_scratch);
constexpr unsigned kResultSlot = 3;  // where FixNan* helpers find the host's result

bool is_scalar(const Inst& i) {
    return i.imm & ir::kFpScalar;
}
bool is_double(const Inst& i) {
    return i.width == 3;
}

// Zeroes the lanes above a scalar result, unless they are known to come from `from` as zeros.
void zero_upper(Context& e, const Inst& i, const Xmm& d, ir::Value from) {
    if (from && e.inst(from).upper_zero >= (is_double(i) ? 1 : 2)) return;
    if (is_double(i)) {
        e.c.movq(d, d);
    } else {
        e.c.insertps(d, d, 0x0e);
    }
}

// Which of two operands gives a scalar result its upper lanes: one whose are known to be zero, if there is
// one.
bool second_is_clean(Context& e, const Inst& i, ir::Value first, ir::Value second) {
    const unsigned clean = is_double(i) ? 1 : 2;
    return is_scalar(i) && e.inst(first).upper_zero < clean && e.inst(second).upper_zero >= clean;
}

// Jumps to cold code if any lane of x and y (may be the same register) is unordered. Flags must be free.
Context::Jump jump_if_unordered(Context& e, const Inst& i, const Xmm& x, const Xmm& y) {
    if (is_scalar(i)) {
        is_double(i) ? e.c.ucomisd(x, y) : e.c.ucomiss(x, y);
        return e.jcc_forward(kJp);
    }
    const Xmm t = e.vtemp();
    if (e.host.avx) {
        is_double(i) ? e.c.vcmppd(t, x, y, kUnordered) : e.c.vcmpps(t, x, y, kUnordered);
    } else {
        e.c.movaps(t, x);
        is_double(i) ? e.c.cmppd(t, y, kUnordered) : e.c.cmpps(t, y, kUnordered);
    }
    e.c.movmskps(e.c.eax, t);
    e.c.test(e.c.eax, e.c.eax);
    return e.jcc_forward(kJnz);
}

// Cold code: registers v[0..2] to scratch slots 0..2 and v[3] to kResultSlot, helper `data`, slot 0 to v[3].
// The upper part of `data` is the size of a scalar, 0 for vectors: a NaN above a scalar is nobody's.
constexpr unsigned kScalarBytesShift = 16;
constexpr unsigned kHelperMask = (1u << kScalarBytesShift) - 1;
void call_fix(Context& e, const Context::Cold& cold) {
    e.bind(cold.from);
    for (unsigned n = 0; n < 3; n++) {
        if (cold.v[n] >= 0) e.c.movaps(e.state(kScratch + n * 16, 128), Xmm(cold.v[n]));
    }
    const size_t result = kScratch + kResultSlot * 16;
    e.c.movaps(e.state(result, 128), Xmm(cold.v[3]));
    const unsigned scalar_bytes = static_cast<unsigned>(cold.data >> kScalarBytesShift);
    if (scalar_bytes == 4) e.c.mov(e.state(result + 4, 32), 0);
    if (scalar_bytes) e.c.mov(e.state(result + 8, 64), 0);
    e.call_cold(ir::kHelperFunctions[cold.data & kHelperMask]);
    e.c.movaps(Xmm(cold.v[3]), e.state(kScratch, 128));
    e.jmp_back(cold.back);
}

unsigned helper_of(const Inst& i, Helper single) {
    return static_cast<unsigned>(single) + (is_double(i) ? 1 : 0);
}

void fix_nan(Context& e, const Inst& i, Helper single, const Xmm& d, const Xmm* a, const Xmm* b = nullptr,
             const Xmm* c = nullptr) {
    Context::Cold cold;
    cold.emit = call_fix;
    cold.from = jump_if_unordered(e, i, d, d);
    cold.back = e.here();
    cold.v[0] = static_cast<int8_t>(a->getIdx());
    if (b) cold.v[1] = static_cast<int8_t>(b->getIdx());
    if (c) cold.v[2] = static_cast<int8_t>(c->getIdx());
    cold.v[3] = static_cast<int8_t>(d.getIdx());
    cold.data = helper_of(i, single) | (is_scalar(i) ? 1u << i.width : 0) << kScalarBytesShift;
    e.cold(cold);
}

// An operation in its four kinds: scalar single, scalar double, packed single, packed double.
struct FpForms {
    BinaryForm form[4];
    const BinaryForm& of(const Inst& i) const {
        return form[(is_scalar(i) ? 0 : 2) + (is_double(i) ? 1 : 0)];
    }
};
#define FP_FORMS(name)                                                                                      \
    FpForms {                                                                                               \
        {                                                                                                   \
            ARMATURE_BINARY_FORM(name##ss), ARMATURE_BINARY_FORM(name##sd), ARMATURE_BINARY_FORM(name##ps), \
                ARMATURE_BINARY_FORM(name##pd)                                                              \
        }                                                                                                   \
    }

void apply(Context& e, const BinaryForm& form, const Xmm& d, const Xmm& x, const Xmm& y) {
    if (e.host.avx) {
        form.vex(e.c, d, x, y);
    } else {
        e.c.movaps(d, x);
        form.sse(e.c, d, y);
    }
}

void arithmetic(Context& e, const Inst& i, const FpForms& forms) {
    e.clobber_flags();
    const Xmm x = e.vuse(i.a);
    const Xmm y = e.vuse(i.b);
    const Xmm d = e.vdef(self(e, i));
    // Which NaN comes out is the helper's business, so sums and products may be computed either way round.
    const bool commutes = i.op == ir::Op::FAdd || i.op == ir::Op::FMul;
    const bool swapped = commutes && second_is_clean(e, i, i.a, i.b);
    apply(e, forms.of(i), d, swapped ? y : x, swapped ? x : y);
    fix_nan(e, i, Helper::FixNan2F32, d, &x, &y);
    if (is_scalar(i)) zero_upper(e, i, d, swapped ? i.b : i.a);
}

}  // namespace

void emit_FAdd(Context& e, const Inst& i) {
    static constexpr FpForms kForms = FP_FORMS(add);
    arithmetic(e, i, kForms);
}
void emit_FSub(Context& e, const Inst& i) {
    static constexpr FpForms kForms = FP_FORMS(sub);
    arithmetic(e, i, kForms);
}
void emit_FMul(Context& e, const Inst& i) {
    static constexpr FpForms kForms = FP_FORMS(mul);
    arithmetic(e, i, kForms);
}
void emit_FDiv(Context& e, const Inst& i) {
    static constexpr FpForms kForms = FP_FORMS(div);
    arithmetic(e, i, kForms);
}

void emit_FSqrt(Context& e, const Inst& i) {
    e.clobber_flags();
    const Xmm x = e.vuse(i.a);
    const Xmm d = e.vdef(self(e, i));
    if (is_scalar(i) && e.host.avx) {
        is_double(i) ? e.c.vsqrtsd(d, x, x) : e.c.vsqrtss(d, x, x);
    } else if (is_scalar(i)) {
        e.c.movaps(d, x);
        is_double(i) ? e.c.sqrtsd(d, x) : e.c.sqrtss(d, x);
    } else {
        is_double(i) ? e.c.sqrtpd(d, x) : e.c.sqrtps(d, x);
    }
    fix_nan(e, i, Helper::FixNan1F32, d, &x);
    if (is_scalar(i)) zero_upper(e, i, d, i.a);
}

void emit_FMulAdd(Context& e, const Inst& i) {
    e.clobber_flags();
    const Xmm a = e.vuse(i.a);
    const Xmm x = e.vuse(i.b);
    const Xmm y = e.vuse(i.c);
    const Xmm d = e.vdef(self(e, i));
    if (!e.host.fma) {
        e.c.movaps(e.state(kScratch, 128), a);
        e.c.movaps(e.state(kScratch + 16, 128), x);
        e.c.movaps(e.state(kScratch + 32, 128), y);
        if (is_scalar(i)) {
            // Lanes that do not exist must not raise exceptions.
            for (unsigned slot = 0; slot < 3; slot++) {
                if (!is_double(i)) e.c.mov(e.state(kScratch + slot * 16 + 4, 32), 0);
                e.c.mov(e.state(kScratch + slot * 16 + 8, 64), 0);
            }
        }
        e.call_cold(ir::kHelperFunctions[helper_of(i, Helper::MulAddF32)]);
        e.c.movaps(d, e.state(kScratch, 128));
        return;
    }
    const bool from_factor = second_is_clean(e, i, i.a, i.b);
    e.c.movaps(d, from_factor ? x : a);
    if (from_factor) {
        is_double(i) ? e.c.vfmadd213sd(d, y, a) : e.c.vfmadd213ss(d, y, a);
    } else if (is_scalar(i)) {
        is_double(i) ? e.c.vfmadd231sd(d, x, y) : e.c.vfmadd231ss(d, x, y);
    } else {
        is_double(i) ? e.c.vfmadd231pd(d, x, y) : e.c.vfmadd231ps(d, x, y);
    }
    fix_nan(e, i, Helper::FixNan3F32, d, &a, &x, &y);
    if (is_scalar(i)) zero_upper(e, i, d, from_factor ? i.b : i.a);
}

// --- Minimum and maximum. x86 gives its second operand when both are zeros; computing it both ways round and
// joining
// --- the bits gives Arm's signed zero: maximum +0 (and), minimum -0 (or).

namespace {

void call_min_max(Context& e, const Context::Cold& cold) {
    e.bind(cold.from);
    for (unsigned n = 0; n < 2; n++) e.c.movaps(e.state(kScratch + n * 16, 128), Xmm(cold.v[n]));
    if (is_scalar(*cold.inst)) {
        for (unsigned n = 0; n < 2; n++) {
            if (!is_double(*cold.inst)) e.c.mov(e.state(kScratch + n * 16 + 4, 32), 0);
            e.c.mov(e.state(kScratch + n * 16 + 8, 64), 0);
        }
    }
    e.call_cold(ir::kHelperFunctions[cold.data]);
    e.c.movaps(Xmm(cold.v[3]), e.state(kScratch, 128));
    e.jmp_back(cold.back);
}

void min_max(Context& e, const Inst& i, const FpForms& forms, Helper single, bool maximum) {
    e.clobber_flags();
    const Xmm x = e.vuse(i.a);
    const Xmm y = e.vuse(i.b);
    const Xmm d = e.vdef(self(e, i));
    Context::Cold cold;
    cold.emit = call_min_max;
    cold.inst = &i;
    const Xmm t = e.vtemp();  // before the jump: making room for it may store a register
    cold.from = jump_if_unordered(e, i, x, y);
    apply(e, forms.of(i), d, x, y);
    apply(e, forms.of(i), t, y, x);
    maximum ? e.c.andps(d, t) : e.c.orps(d, t);
    cold.back = e.here();
    cold.v[0] = static_cast<int8_t>(x.getIdx());
    cold.v[1] = static_cast<int8_t>(y.getIdx());
    cold.v[3] = static_cast<int8_t>(d.getIdx());
    cold.data = helper_of(i, single);
    e.cold(cold);
    if (is_scalar(i)) zero_upper(e, i, d, {});
}

constexpr FpForms kMax = FP_FORMS(max);
constexpr FpForms kMin = FP_FORMS(min);

}  // namespace

void emit_FMax(Context& e, const Inst& i) {
    min_max(e, i, kMax, Helper::MaxF32, true);
}
void emit_FMin(Context& e, const Inst& i) {
    min_max(e, i, kMin, Helper::MinF32, false);
}
void emit_FMaxNumber(Context& e, const Inst& i) {
    min_max(e, i, kMax, Helper::MaxNumberF32, true);
}
void emit_FMinNumber(Context& e, const Inst& i) {
    min_max(e, i, kMin, Helper::MinNumberF32, false);
}

// --- Compares. Predicates: 0 equal (quiet), 1 less, 2 less or equal (both signal invalid for any NaN, as
// Arm's do).

namespace {

void compare(Context& e, const Inst& i, ir::Value first, ir::Value second, uint8_t predicate) {
    const Xmm x = e.vuse(first);
    const Xmm y = e.vuse(second);
    const Xmm d = e.vdef(self(e, i));
    e.c.movaps(d, x);
    if (is_scalar(i)) {
        is_double(i) ? e.c.cmpsd(d, y, predicate) : e.c.cmpss(d, y, predicate);
        zero_upper(e, i, d, first);
    } else {
        is_double(i) ? e.c.cmppd(d, y, predicate) : e.c.cmpps(d, y, predicate);
    }
}

}  // namespace

void emit_FCmpEq(Context& e, const Inst& i) {
    compare(e, i, i.a, i.b, 0);
}
void emit_FCmpGe(Context& e, const Inst& i) {
    compare(e, i, i.b, i.a, 2);
}
void emit_FCmpGt(Context& e, const Inst& i) {
    compare(e, i, i.b, i.a, 1);
}

void emit_FCmp(Context& e, const Inst& i) {
    e.clobber_flags();
    const Xmm x = e.vuse(i.a);
    const Xmm y = e.vuse(i.b);
    if (i.imm & ir::kFpSignalling) {
        is_double(i) ? e.c.comisd(x, y) : e.c.comiss(x, y);
    } else {
        is_double(i) ? e.c.ucomisd(x, y) : e.c.ucomiss(x, y);
    }
    e.produce_flags(self(e, i), FlagsAt::EflagsFcmp);
}

namespace {

// To nearest, ties away from zero: truncated, and one further from zero if half or more was cut off. Every
// step is exact, so nothing is raised. What is integral, infinite or a NaN by its size stays as truncation
// leaves it.
void round_away(Context& e, const Inst& i, const Xmm& d, const Xmm& x) {
    const bool wide = is_double(i);
    constexpr uint64_t kSign64 = uint64_t{1} << 63;
    constexpr uint64_t kSign32 = uint64_t{1} << 31;
    const Xmm cut = e.vtemp();
    const Xmm step = e.vtemp();
    const auto sign = wide ? e.constant128(kSign64, 0) : e.constant128(kSign32, 0);
    e.c.movaps(d, x);
    wide ? e.c.roundsd(d, x, ir::kRoundZero | ir::kRoundQuiet)
         : e.c.roundss(d, x, ir::kRoundZero | ir::kRoundQuiet);
    if (wide) {
        const Xbyak::Reg64 limit = e.temp();
        e.c.movq(e.c.rax, x);
        e.c.add(e.c.rax, e.c.rax);
        e.c.mov(limit, uint64_t{0x4330000000000000} << 1);  // 2^52
        e.c.cmp(e.c.rax, limit);
    } else {
        e.c.movd(e.c.eax, x);
        e.c.add(e.c.eax, e.c.eax);
        e.c.cmp(e.c.eax, 0x4b000000u << 1);  // 2^23
    }
    const Context::Jump large = e.jcc_forward(kAE);
    e.c.movaps(cut, x);
    wide ? e.c.subsd(cut, d) : e.c.subss(cut, d);
    e.c.movaps(step, cut);
    e.c.andps(step, sign);
    e.c.xorps(cut, step);  // its magnitude
    constexpr uint64_t kHalf64 = 0x3fe0000000000000;
    constexpr uint64_t kOne64 = 0x3ff0000000000000;
    constexpr uint64_t kHalf32 = 0x3f000000;
    constexpr uint64_t kOne32 = 0x3f800000;
    constexpr uint8_t kNotLess = 5;
    wide ? e.c.cmpsd(cut, e.constant128(kHalf64, 0), kNotLess)
         : e.c.cmpss(cut, e.constant128(kHalf32, 0), kNotLess);
    e.c.andps(cut, wide ? e.constant128(kOne64, 0) : e.constant128(kOne32, 0));
    e.c.movaps(step, x);
    e.c.andps(step, sign);
    e.c.orps(cut, step);  // one or zero, with the operand's sign: -0.3 becomes -0
    wide ? e.c.addsd(d, cut) : e.c.addss(d, cut);
    e.bind(large);
}

}  // namespace

void emit_FRound(Context& e, const Inst& i) {
    e.clobber_flags();
    const Xmm x = e.vuse(i.a);
    const Xmm d = e.vdef(self(e, i));
    const uint8_t mode = static_cast<uint8_t>(i.imm >> ir::kFpRoundShift);
    if (mode == ir::kRoundAway) {
        round_away(e, i, d, x);
    } else if (is_scalar(i)) {
        e.c.movaps(d, x);
        is_double(i) ? e.c.roundsd(d, x, mode) : e.c.roundss(d, x, mode);
    } else {
        is_double(i) ? e.c.roundpd(d, x, mode) : e.c.roundps(d, x, mode);
    }
    fix_nan(e, i, Helper::FixNan1F32, d, &x);
    if (is_scalar(i)) zero_upper(e, i, d, i.a);
}

}  // namespace armature::translator::x64
