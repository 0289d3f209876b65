// SPDX-License-Identifier: MIT
// Floating-point arithmetic. The host computes; what it does differently from Arm is found by one test and
// done out of line by a C++ helper:
//   - a result that is a NaN: which operand's NaN it is, and the default NaN's sign;
//   - a product, quotient or fused sum of the smallest normal magnitude, which may have been tiny before
//   rounding;
//   - minimum and maximum with a NaN operand.
// The test is a compare of the result with itself. Where FPSR must be exact (Block::exact_status) it is one
// of the result's magnitude with the smallest normal number: equal or unordered is one condition; and under
// FPCR.FZ the first flushed operand or result faults (runtime/faults.cc).
//
// A scalar operation leaves its first operand's upper lanes in the result. They must be zero: nothing to do
// if the first operand's are known to be (Inst::upper_zero), which holds along chains of scalar operations.
#include <cstddef>

#include "translator/ir/helpers.h"
#include "translator/x64/simd_emit.h"

namespace armature::translator::x64 {

using ir::Helper;
using ir::Inst;
using Xbyak::Xmm;

namespace {

constexpr uint8_t kJp = 0xa;
constexpr uint8_t kJnz = 0x5;
constexpr unsigned kUnordered = 3;  // predicate of CMPPS
constexpr size_t kScratch = offsetof(guest::CpuState, vector_scratch);
constexpr unsigned kResultSlot = 3;  // where FixNan* helpers find the host's result
constexpr unsigned kLanesSlot = 4;   // where helpers of arithmetic find the number of lanes

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

// Temporaries of a test of the result. An instruction that may fault to the test's out-of-line code needs
// them before it is emitted: making room for them may store registers.
struct Temporaries {
    Xmm t, equal;
};

// Jumps to cold code if any lane of x and y (may be the same register) is unordered. Flags must be free.
Context::Jump jump_if_unordered(Context& e, const Inst& i, const Xmm& x, const Xmm& y,
                                const Xmm* temporary = nullptr) {
    if (is_scalar(i)) {
        is_double(i) ? e.c.ucomisd(x, y) : e.c.ucomiss(x, y);
        return e.jcc_forward(kJp);
    }
    const Xmm t = temporary ? *temporary : e.vtemp();
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

// Operands x to slot n, for a helper that is told the number of lanes.
void store_operand(Context& e, unsigned slot, const Xmm& x) {
    e.c.movaps(e.state(kScratch + slot * 16, 128), x);
}
uint32_t lanes_of(const Inst& i) {
    return is_scalar(i) ? 1 : 16u >> i.width;
}

// Cold code: registers v[0..2] to scratch slots 0..2, helper `data`, slot 0 to v[3]. It computes the whole
// operation.
void call_arithmetic(Context& e, const Context::Cold& cold) {
    e.bind(cold.from);
    for (unsigned n = 0; n < 3; n++) {
        if (cold.v[n] >= 0) store_operand(e, n, Xmm(cold.v[n]));
    }
    e.c.mov(e.state(kScratch + kLanesSlot * 16, 64), lanes_of(*cold.inst));
    e.call_cold(ir::kHelperFunctions[cold.data]);
    e.c.movaps(Xmm(cold.v[3]), e.state(kScratch, 128));
    e.jmp_back(cold.back);
}

// Cold code: operand v[0] to slot 0, the host's result v[3] to kResultSlot, helper `data`, slot 0 to v[3]. A
// NaN above a scalar is nobody's.
void call_fix(Context& e, const Context::Cold& cold) {
    const size_t result = kScratch + kResultSlot * 16;
    e.bind(cold.from);
    store_operand(e, 0, Xmm(cold.v[0]));
    e.c.movaps(e.state(result, 128), Xmm(cold.v[3]));
    if (is_scalar(*cold.inst)) {
        if (!is_double(*cold.inst)) e.c.mov(e.state(result + 4, 32), 0);
        e.c.mov(e.state(result + 8, 64), 0);
    }
    e.call_cold(ir::kHelperFunctions[cold.data]);
    e.c.movaps(Xmm(cold.v[3]), e.state(kScratch, 128));
    e.jmp_back(cold.back);
}

unsigned helper_of(const Inst& i, Helper single) {
    return static_cast<unsigned>(single) + (is_double(i) ? 1 : 0);
}

void fix_nan(Context& e, const Inst& i, const Xmm& d, const Xmm& x) {
    Context::Cold cold;
    cold.emit = call_fix;
    cold.inst = &i;
    cold.from = jump_if_unordered(e, i, d, d);
    cold.back = e.here();
    cold.v[0] = static_cast<int8_t>(x.getIdx());
    cold.v[3] = static_cast<int8_t>(d.getIdx());
    cold.data = helper_of(i, Helper::FixNanF32);
    e.cold(cold);
}

// Jumps to cold code if a lane of d is a NaN or of the smallest normal magnitude: Arm asks before rounding
// whether a result is tiny, the host after.
Context::Jump jump_if_special(Context& e, const Inst& i, const Xmm& d, const Temporaries& temporaries) {
    constexpr uint64_t kMagnitude32 = 0x7fffffff7fffffff;
    constexpr uint64_t kMagnitude64 = 0x7fffffffffffffff;
    constexpr uint64_t kSmallest32 = 0x0080000000800000;
    constexpr uint64_t kSmallest64 = 0x0010000000000000;
    constexpr uint8_t kEqualOrUnordered = 8;
    const Xmm& t = temporaries.t;
    const Xmm& equal = temporaries.equal;
    const uint64_t mask = is_double(i) ? kMagnitude64 : kMagnitude32;
    const uint64_t smallest = is_double(i) ? kSmallest64 : kSmallest32;
    if (e.host.avx) {
        e.c.vandps(t, d, e.constant128(mask, mask));
    } else {
        e.c.movaps(t, d);
        e.c.andps(t, e.constant128(mask, mask));
    }
    if (is_scalar(i)) {  // equal or unordered: ZF
        is_double(i) ? e.c.ucomisd(t, e.constant128(smallest, smallest))
                     : e.c.ucomiss(t, e.constant128(smallest, smallest));
        return e.jcc_forward(kE);
    }
    if (e.host.avx) {
        is_double(i) ? e.c.vcmppd(t, t, e.constant128(smallest, smallest), kEqualOrUnordered)
                     : e.c.vcmpps(t, t, e.constant128(smallest, smallest), kEqualOrUnordered);
    } else {
        e.c.movaps(equal, t);
        is_double(i) ? e.c.pcmpeqq(equal, e.constant128(smallest, smallest))
                     : e.c.pcmpeqd(equal, e.constant128(smallest, smallest));
        is_double(i) ? e.c.cmppd(t, t, kUnordered) : e.c.cmpps(t, t, kUnordered);
        e.c.orps(t, equal);
    }
    e.c.movmskps(e.c.eax, t);
    e.c.test(e.c.eax, e.c.eax);
    return e.jcc_forward(kJnz);
}

// Must a result be tested for having been tiny? A sum that is tiny is exact; a root is never tiny.
bool rounds_when_tiny(Context& e, const Inst& i) {
    return e.block().exact_status &&
           (i.op == ir::Op::FMul || i.op == ir::Op::FDiv || i.op == ir::Op::FMulAdd);
}

Temporaries temporaries_for(Context& e, const Inst& i) {
    const bool special = rounds_when_tiny(e, i);
    Temporaries temporaries;
    if (!is_scalar(i) || special) temporaries.t = e.vtemp();
    if (!is_scalar(i) && special && !e.host.avx) temporaries.equal = e.vtemp();
    return temporaries;
}

// What follows a host instruction of arithmetic at `at`: the cases that a helper computes.
void special_cases(Context& e, const Inst& i, Helper single, uint32_t at, const Temporaries& temporaries,
                   const Xmm& d, const Xmm& a, const Xmm* b = nullptr, const Xmm* c = nullptr) {
    Context::Cold cold;
    cold.emit = call_arithmetic;
    cold.inst = &i;
    cold.from = rounds_when_tiny(e, i) ? jump_if_special(e, i, d, temporaries)
                                       : jump_if_unordered(e, i, d, d, &temporaries.t);
    e.tiny_fault_point(i, at, cold.from);
    cold.back = e.here();
    cold.v[0] = static_cast<int8_t>(a.getIdx());
    if (b) cold.v[1] = static_cast<int8_t>(b->getIdx());
    if (c) cold.v[2] = static_cast<int8_t>(c->getIdx());
    cold.v[3] = static_cast<int8_t>(d.getIdx());
    cold.data = helper_of(i, single);
    e.cold(cold);
}

// Where the host would not note that an operand is denormal and flushed, a compare with itself does.
void watch_operand(Context& e, const Inst& i, const Xmm& x) {
    if (!e.block().exact_status) return;
    if (is_scalar(i) || i.op == ir::Op::FCmp) {
        is_double(i) ? e.c.ucomisd(x, x) : e.c.ucomiss(x, x);
        return;
    }
    const Xmm t = e.vtemp();
    e.c.movaps(t, x);
    is_double(i) ? e.c.cmppd(t, t, kUnordered) : e.c.cmpps(t, t, kUnordered);
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

// Gives the offset of the instruction.
uint32_t apply(Context& e, const BinaryForm& form, const Xmm& d, const Xmm& x, const Xmm& y) {
    if (!e.host.avx) e.c.movaps(d, x);
    const uint32_t at = e.here();
    e.host.avx ? form.vex(e.c, d, x, y) : form.sse(e.c, d, y);
    return at;
}

void arithmetic(Context& e, const Inst& i, const FpForms& forms, Helper single) {
    e.clobber_flags();
    const Xmm x = e.vuse(i.a);
    const Xmm y = e.vuse(i.b);
    const Xmm d = e.vdef(self(e, i));
    // Which NaN comes out is the helper's business, so sums and products may be computed either way round.
    const bool commutes = i.op == ir::Op::FAdd || i.op == ir::Op::FMul;
    const bool swapped = commutes && second_is_clean(e, i, i.a, i.b);
    if (i.op == ir::Op::FDiv) watch_operand(e, i, x);
    const Temporaries temporaries = temporaries_for(e, i);
    const uint32_t at = apply(e, forms.of(i), d, swapped ? y : x, swapped ? x : y);
    special_cases(e, i, single, at, temporaries, d, x, &y);
    if (is_scalar(i)) zero_upper(e, i, d, swapped ? i.b : i.a);
}

}  // namespace

void emit_FAdd(Context& e, const Inst& i) {
    static constexpr FpForms kForms = FP_FORMS(add);
    arithmetic(e, i, kForms, Helper::AddF32);
}
void emit_FSub(Context& e, const Inst& i) {
    static constexpr FpForms kForms = FP_FORMS(sub);
    arithmetic(e, i, kForms, Helper::SubF32);
}
void emit_FMul(Context& e, const Inst& i) {
    static constexpr FpForms kForms = FP_FORMS(mul);
    arithmetic(e, i, kForms, Helper::MulF32);
}
void emit_FDiv(Context& e, const Inst& i) {
    static constexpr FpForms kForms = FP_FORMS(div);
    arithmetic(e, i, kForms, Helper::DivF32);
}

void emit_FSqrt(Context& e, const Inst& i) {
    e.clobber_flags();
    const Xmm x = e.vuse(i.a);
    const Xmm d = e.vdef(self(e, i));
    watch_operand(e, i, x);
    const Temporaries temporaries = temporaries_for(e, i);
    if (is_scalar(i) && !e.host.avx) e.c.movaps(d, x);
    const uint32_t at = e.here();
    if (is_scalar(i) && e.host.avx) {
        is_double(i) ? e.c.vsqrtsd(d, x, x) : e.c.vsqrtss(d, x, x);
    } else if (is_scalar(i)) {
        is_double(i) ? e.c.sqrtsd(d, x) : e.c.sqrtss(d, x);
    } else {
        is_double(i) ? e.c.sqrtpd(d, x) : e.c.sqrtps(d, x);
    }
    special_cases(e, i, Helper::SqrtF32, at, temporaries, d, x);
    if (is_scalar(i)) zero_upper(e, i, d, i.a);
}

void emit_FMulAdd(Context& e, const Inst& i) {
    e.clobber_flags();
    const Xmm a = e.vuse(i.a);
    const Xmm x = e.vuse(i.b);
    const Xmm y = e.vuse(i.c);
    const Xmm d = e.vdef(self(e, i));
    if (!e.host.fma) {
        store_operand(e, 0, a);
        store_operand(e, 1, x);
        store_operand(e, 2, y);
        e.c.mov(e.state(kScratch + kLanesSlot * 16, 64), lanes_of(i));
        e.call_cold(ir::kHelperFunctions[helper_of(i, Helper::MulAddF32)]);
        e.c.movaps(d, e.state(kScratch, 128));
        return;
    }
    const bool from_factor = second_is_clean(e, i, i.a, i.b);
    const Temporaries temporaries = temporaries_for(e, i);
    e.c.movaps(d, from_factor ? x : a);
    const uint32_t at = e.here();
    if (from_factor) {
        is_double(i) ? e.c.vfmadd213sd(d, y, a) : e.c.vfmadd213ss(d, y, a);
    } else if (is_scalar(i)) {
        is_double(i) ? e.c.vfmadd231sd(d, x, y) : e.c.vfmadd231ss(d, x, y);
    } else {
        is_double(i) ? e.c.vfmadd231pd(d, x, y) : e.c.vfmadd231ps(d, x, y);
    }
    special_cases(e, i, Helper::MulAddF32, at, temporaries, d, a, &x, &y);
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
    if (e.block().exact_status) {
        e.clobber_flags();
        watch_operand(e, i, x);
        watch_operand(e, i, y);
    }
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
    watch_operand(e, i, x);
    watch_operand(e, i, y);
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
    watch_operand(e, i, x);
    if (mode == ir::kRoundAway) {
        round_away(e, i, d, x);
    } else if (is_scalar(i)) {
        e.c.movaps(d, x);
        is_double(i) ? e.c.roundsd(d, x, mode) : e.c.roundss(d, x, mode);
    } else {
        is_double(i) ? e.c.roundpd(d, x, mode) : e.c.roundps(d, x, mode);
    }
    fix_nan(e, i, d, x);
    if (is_scalar(i)) zero_upper(e, i, d, i.a);
}

}  // namespace armature::translator::x64
