// SPDX-License-Identifier: MIT
// Conversions between floating point and integers. The host marks what does not fit with its "integer
// indefinite" value; only then a helper computes Arm's saturated result.
#include <cstddef>

#include "translator/ir/helpers.h"
#include "translator/x64/simd_emit.h"

namespace armature::translator::x64 {

using ir::Helper;
using ir::Inst;
using Xbyak::Reg64;
using Xbyak::Xmm;

namespace {

constexpr uint8_t kJo = 0x0;
constexpr uint8_t kJae = 0x3;
constexpr uint8_t kJe = 0x4;
constexpr uint8_t kJne = 0x5;
constexpr uint8_t kJs = 0x8;
constexpr size_t kScratch = offsetof(guest::CpuState, vector_scratch);

bool is_double(const Inst& i) {
    return i.width == 3;
}
bool is_unsigned(const Inst& i) {
    return i.imm & ir::kFpUnsigned;
}

// v[0], and what it was rounded from in v[1], to the helper `data`; the low 64 bits of its result to g[0].
void convert_cold(Context& e, const Context::Cold& cold) {
    e.bind(cold.from);
    e.c.movaps(e.state(kScratch, 128), Xmm(cold.v[0]));
    e.c.movaps(e.state(kScratch + 16, 128), Xmm(cold.v[1]));
    for (const size_t slot : {kScratch, kScratch + 16}) {
        if (cold.inst->width == 2) e.c.mov(e.state(slot + 4, 32), 0);
        e.c.mov(e.state(slot + 8, 64), 0);
    }
    e.call_cold(ir::kHelperFunctions[cold.data]);
    e.c.mov(Reg64(cold.g[0]), e.state(kScratch, 64));
    e.jmp_back(cold.back);
}

Helper saturating(const Inst& i) {
    const bool to64 = i.type == ir::Type::I64;
    if (is_double(i)) {
        if (is_unsigned(i)) return to64 ? Helper::ToU64F64 : Helper::ToU32F64;
        return to64 ? Helper::ToS64F64 : Helper::ToS32F64;
    }
    if (is_unsigned(i)) return to64 ? Helper::ToU64F32 : Helper::ToU32F32;
    return to64 ? Helper::ToS64F32 : Helper::ToS32F32;
}

void truncate_signed(Context& e, const Inst& i, const Xbyak::Reg32e& r, const Xmm& x) {
    is_double(i) ? e.c.cvttsd2si(r, x) : e.c.cvttss2si(r, x);
}

// Emits the conversion and its test; gives the jump taken by what does not fit.
Context::Jump to_integer(Context& e, const Inst& i, const Reg64& r, const Xmm& x) {
    const bool to64 = i.type == ir::Type::I64;
    const Xbyak::Reg32e out = to64 ? static_cast<Xbyak::Reg32e>(r) : static_cast<Xbyak::Reg32e>(r.cvt32());
    if (!is_unsigned(i)) {
        truncate_signed(e, i, out, x);
        e.c.cmp(out, 1);  // overflows for the minimum only
        return e.jcc_forward(kJo);
    }
    if (e.host.avx512) {
        is_double(i) ? e.c.vcvttsd2usi(out, x) : e.c.vcvttss2usi(out, x);
        e.c.cmp(out, -1);
        return e.jcc_forward(kJe);
    }
    // What the signed conversion cannot do exceeds the limit as an unsigned number of bits: the large, the
    // negative and NaNs. It must not be tried on them: it would raise Inexact.
    const unsigned power = to64 ? 63 : 32;
    if (is_double(i)) {
        e.c.movq(e.c.rax, x);
        e.c.mov(r, uint64_t{1023 + power} << 52);
        e.c.cmp(e.c.rax, r);
    } else {
        e.c.movd(e.c.eax, x);
        e.c.cmp(e.c.eax, (127 + power) << 23);
    }
    const Context::Jump bad = e.jcc_forward(kJae);
    truncate_signed(e, i, r, x);
    return bad;
}

// Raises Inexact if x (operand b) is not integral, and nothing else: it fits. Its registers are asked for by
// the caller, before any jump: making room for them may store or load a register.
void raise_inexact(Context& e, const Inst& i, const Xmm& x, const Xmm& t) {
    constexpr uint8_t kTowardsZero = 3;
    if (i.op == ir::Op::FToI || (i.imm & ir::kFpScalar)) {
        is_double(i) ? e.c.roundsd(t, x, kTowardsZero) : e.c.roundss(t, x, kTowardsZero);
    } else {
        is_double(i) ? e.c.roundpd(t, x, kTowardsZero) : e.c.roundps(t, x, kTowardsZero);
    }
}

// A conversion does not note that its operand is denormal and flushed; a compare does.
void watch_operand(Context& e, const Inst& i, const Xmm& x, const Xmm& t) {
    if (!e.block().exact_status) return;
    if (i.op == ir::Op::FToI || (i.imm & ir::kFpScalar)) {
        is_double(i) ? e.c.ucomisd(x, x) : e.c.ucomiss(x, x);
    } else {
        e.c.movaps(t, x);
        is_double(i) ? e.c.cmpunordpd(t, t) : e.c.cmpunordps(t, t);
    }
}

}  // namespace

void emit_FToI(Context& e, const Inst& i) {
    e.clobber_flags();
    const Xmm x = e.vuse(i.a);
    const Reg64 r = e.def(self(e, i));
    const Xmm original = e.vuse(i.b);
    const Xmm t = e.vtemp();
    watch_operand(e, i, original, t);
    Context::Cold cold;
    cold.emit = convert_cold;
    cold.inst = &i;
    cold.from = to_integer(e, i, r, x);
    if (i.b != i.a) raise_inexact(e, i, original, t);
    cold.back = e.here();
    cold.g[0] = static_cast<int8_t>(r.getIdx());
    cold.v[0] = static_cast<int8_t>(x.getIdx());
    cold.v[1] = static_cast<int8_t>(original.getIdx());
    cold.data = static_cast<unsigned>(saturating(i));
    e.cold(cold);
}

namespace {

// g[0] is a 64-bit integer with the top bit set; the result goes to v[0].
void from_big_unsigned(Context& e, const Context::Cold& cold) {
    e.bind(cold.from);
    e.c.mov(e.state(kScratch, 64), Reg64(cold.g[0]));
    e.c.mov(e.state(kScratch + 8, 64), 0);
    e.call_cold(ir::kHelperFunctions[cold.data]);
    e.c.movq(Xmm(cold.v[0]), e.state(kScratch, 64));
    e.jmp_back(cold.back);
}

void from_signed(Context& e, const Inst& i, const Xmm& d, const Xbyak::Reg32e& r) {
    is_double(i) ? e.c.cvtsi2sd(d, r) : e.c.cvtsi2ss(d, r);
}

}  // namespace

void emit_FFromI(Context& e, const Inst& i) {
    const bool from64 = e.inst(i.a).type == ir::Type::I64;
    const Reg64 r = e.use(i.a);
    if (!is_unsigned(i)) {
        const Xmm d = e.vdef(self(e, i));
        e.c.xorps(d, d);
        from64 ? from_signed(e, i, d, r) : from_signed(e, i, d, r.cvt32());
        return;
    }
    if (!from64) {
        const Xmm d = e.vdef(self(e, i));
        e.c.xorps(d, d);
        e.c.mov(e.c.eax, r.cvt32());
        from_signed(e, i, d, e.c.rax);
        return;
    }
    if (e.host.avx512) {
        const Xmm d = e.vdef(self(e, i));
        e.c.xorps(d, d);
        is_double(i) ? e.c.vcvtusi2sd(d, d, r) : e.c.vcvtusi2ss(d, d, r);
        return;
    }
    e.clobber_flags();
    const Xmm d = e.vdef(self(e, i));
    e.c.xorps(d, d);
    e.c.test(r, r);
    Context::Cold cold;
    cold.emit = from_big_unsigned;
    cold.inst = &i;
    cold.from = e.jcc_forward(kJs);
    from_signed(e, i, d, r);
    cold.back = e.here();
    cold.g[0] = static_cast<int8_t>(r.getIdx());
    cold.v[0] = static_cast<int8_t>(d.getIdx());
    cold.data = static_cast<unsigned>(is_double(i) ? Helper::FromU64 : Helper::FromU64F32);
    e.cold(cold);
}

// --- Lanes

namespace {

// v[0], and what it was rounded from in v[2], to the helper `data`; its result to v[1].
void lanes_cold(Context& e, const Context::Cold& cold) {
    e.bind(cold.from);
    e.c.movaps(e.state(kScratch, 128), Xmm(cold.v[0]));
    e.c.movaps(e.state(kScratch + 16, 128), Xmm(cold.v[2]));
    e.call_cold(ir::kHelperFunctions[cold.data]);
    e.c.movaps(Xmm(cold.v[1]), e.state(kScratch, 128));
    e.jmp_back(cold.back);
}

void lanes_by_helper(Context& e, const Inst& i, Helper helper) {
    e.clobber_flags();
    e.c.movaps(e.state(kScratch, 128), e.vuse(i.a));
    if (i.b) e.c.movaps(e.state(kScratch + 16, 128), e.vuse(i.b));
    e.call_cold(ir::kHelperFunctions[static_cast<unsigned>(helper)]);
    e.c.movaps(e.vdef(self(e, i)), e.state(kScratch, 128));
}

}  // namespace

void emit_FToIVec(Context& e, const Inst& i) {
    const Helper helper = is_double(i) ? (is_unsigned(i) ? Helper::ToU64F64 : Helper::ToS64F64)
                                       : (is_unsigned(i) ? Helper::ToU32F32 : Helper::ToS32F32);
    if (!e.host.avx512 && (is_double(i) || is_unsigned(i))) return lanes_by_helper(e, i, helper);
    e.clobber_flags();
    const Xmm x = e.vuse(i.a);
    const Xmm original = e.vuse(i.b);
    const Xmm d = e.vdef(self(e, i));
    const Xmm t = e.vtemp();
    watch_operand(e, i, original, t);
    uint64_t indefinite = ~uint64_t{0};
    if (is_unsigned(i)) {
        is_double(i) ? e.c.vcvttpd2uqq(d, x) : e.c.vcvttps2udq(d, x);
    } else if (is_double(i)) {
        e.c.vcvttpd2qq(d, x);
        indefinite = uint64_t{1} << 63;
    } else {
        e.c.cvttps2dq(d, x);
        indefinite = 0x8000000080000000;
    }
    e.c.movaps(t, e.constant128(indefinite, indefinite));
    is_double(i) ? e.c.pcmpeqq(t, d) : e.c.pcmpeqd(t, d);
    e.c.movmskps(e.c.eax, t);
    e.c.test(e.c.eax, e.c.eax);
    Context::Cold cold;
    cold.emit = lanes_cold;
    cold.inst = &i;
    cold.from = e.jcc_forward(kJne);
    if (i.b != i.a) raise_inexact(e, i, original, t);
    cold.back = e.here();
    cold.v[0] = static_cast<int8_t>(x.getIdx());
    cold.v[1] = static_cast<int8_t>(d.getIdx());
    cold.v[2] = static_cast<int8_t>(original.getIdx());
    cold.data = static_cast<unsigned>(helper);
    e.cold(cold);
}

void emit_FFromIVec(Context& e, const Inst& i) {
    if (!is_double(i) && !is_unsigned(i)) {
        const Xmm x = e.vuse(i.a);
        e.c.cvtdq2ps(e.vdef(self(e, i)), x);
        return;
    }
    if (!e.host.avx512) {
        const Helper helper = !is_double(i)    ? Helper::FromU32F32
                              : is_unsigned(i) ? Helper::FromU64
                                               : Helper::FromS64;
        return lanes_by_helper(e, i, helper);
    }
    const Xmm x = e.vuse(i.a);
    const Xmm d = e.vdef(self(e, i));
    if (!is_double(i)) {
        e.c.vcvtudq2ps(d, x);
    } else if (is_unsigned(i)) {
        e.c.vcvtuqq2pd(d, x);
    } else {
        e.c.vcvtqq2pd(d, x);
    }
}

}  // namespace armature::translator::x64
