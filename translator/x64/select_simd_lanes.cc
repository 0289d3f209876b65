// SPDX-License-Identifier: MIT
// Vector operations that work lane by lane: the table of single instructions, bitwise operations,
// comparisons, bit counts.
#include <cstddef>
#include <utility>

#include "guest/cpu_state.h"
#include "translator/x64/simd_emit.h"

namespace armature::translator::x64 {

using ir::Inst;
using Xbyak::Operand;
using Xbyak::Xmm;

void emit_binary(Context& e, const Inst& i, const BinaryForm& form, bool commutes) {
    ir::Value a = i.a;
    ir::Value b = i.b;
    if (commutes) {
        // Constants and what stays in memory are best as the second operand; what dies here as the first.
        const bool a_const = e.inst(a).op == ir::Op::VConst;
        if (a_const || (!e.host.avx && !e.last_use(a) && e.last_use(b) && e.inst(b).op != ir::Op::VConst)) {
            std::swap(a, b);
        }
    }
    if (e.host.avx) {
        const Xmm x = e.vuse(a);
        const Operand& y = e.vuse_xm(b);
        form.vex(e.c, vdef_last(e), x, y);
    } else {
        const Operand& y = e.vuse_xm(b);
        form.sse(e.c, e.vdef_as(self(e), a), y);
    }
}

void emit_unary(Context& e, const Inst& i, const UnaryForm& form) {
    const Operand& x = e.vuse_xm(i.a);
    form.sse(e.c, vdef_last(e), x);
}

Xbyak::Address splat8(Context& e, uint8_t value) {
    const uint64_t bytes = uint64_t{value} * 0x0101010101010101;
    return e.constant128(bytes, bytes);
}

void emit_by_helper(Context& e, const Inst& i, ir::Helper helper) {
    constexpr size_t kScratch = offsetof(guest::CpuState, vector_scratch);
    e.clobber_flags();
    for (unsigned n = 0; n < 3; n++) {
        if (i.operand(n)) e.c.movaps(e.state(kScratch + n * 16, 128), e.vuse(i.operand(n)));
    }
    e.call_cold(ir::kHelperFunctions[static_cast<unsigned>(helper)]);
    e.c.movaps(e.vdef(self(e)), e.state(kScratch, 128));
}

#define B(name) ARMATURE_BINARY_FORM(name)
#define U(name) ARMATURE_UNARY_FORM(name)
#define NA \
    BinaryForm {}
#define NA1 \
    UnaryForm {}
#define BINARY(Op, commutes, ...)                             \
    void emit_##Op(Context& e, const Inst& i) {               \
        static constexpr BinaryForm kForms[] = {__VA_ARGS__}; \
        emit_binary(e, i, kForms[i.width], commutes);         \
    }
#define UNARY(Op, ...)                                       \
    void emit_##Op(Context& e, const Inst& i) {              \
        static constexpr UnaryForm kForms[] = {__VA_ARGS__}; \
        emit_unary(e, i, kForms[i.width]);                   \
    }
#include "translator/x64/simd_forms.def"
#undef BINARY
#undef UNARY
#undef NA
#undef NA1

// --- Bitwise

void emit_VAndNot(Context& e, const Inst& i) {
    // PANDN complements its first operand, Arm's BIC the second.
    if (e.host.avx) {
        const Operand& x = e.vuse_xm(i.a);
        const Xmm y = e.vuse(i.b);
        e.c.vpandn(vdef_last(e), y, x);
    } else {
        const Operand& x = e.vuse_xm(i.a);
        e.c.pandn(e.vdef_as(self(e), i.b), x);
    }
}

void emit_VNot(Context& e, const Inst& i) {
    if (e.host.avx512) {
        const Xmm x = e.vuse(i.a);
        e.c.vpternlogd(vdef_last(e), x, x, 0x55);
        return;
    }
    const Operand& x = e.vuse_xm(i.a);
    const Xmm d = e.vdef(self(e));
    e.c.pcmpeqd(d, d);
    e.c.pxor(d, x);
}

void emit_VBitSel(Context& e, const Inst& i) {
    if (e.host.avx512) {
        // The destination is one of the sources: whichever dies. The immediate is the truth table.
        if (!impl(e).reuses(i.a) && impl(e).reuses(i.c)) {
            const Xmm m = e.vuse(i.a);
            const Operand& x = e.vuse_xm(i.b);
            e.c.vpternlogd(e.vdef_as(self(e), i.c), m, x, 0xb8);
        } else if (!impl(e).reuses(i.a) && impl(e).reuses(i.b)) {
            const Xmm m = e.vuse(i.a);
            const Operand& y = e.vuse_xm(i.c);
            e.c.vpternlogd(e.vdef_as(self(e), i.b), m, y, 0xe2);
        } else {
            const Xmm x = e.vuse(i.b);
            const Operand& y = e.vuse_xm(i.c);
            e.c.vpternlogd(e.vdef_as(self(e), i.a), x, y, 0xca);
        }
    } else if (e.host.avx) {
        const Xmm m = e.vuse(i.a);
        const Operand& x = e.vuse_xm(i.b);
        const Operand& y = e.vuse_xm(i.c);
        const Xmm t = e.vtemp();
        const Xmm d = e.vdef_over(self(e), i.a);
        e.c.vpand(t, m, x);
        e.c.vpandn(d, m, y);
        e.c.por(d, t);
    } else {
        // ((b ^ c) & a) ^ c
        const Operand& m = e.vuse_xm(i.a);
        const Operand& y = e.vuse_xm(i.c);
        const Xmm t = e.vuse_copy(i.b);
        e.c.pxor(t, y);
        e.c.pand(t, m);
        e.c.pxor(t, y);
        e.c.movdqa(e.vdef(self(e)), t);
    }
}

void emit_VXor3(Context& e, const Inst& i) {
    const Operand& y = e.vuse_xm(i.b);
    const Operand& z = e.vuse_xm(i.c);
    if (e.host.avx512 && y.isXMM()) {
        e.c.vpternlogd(e.vdef_as(self(e), i.a), Xmm(y.getIdx()), z, 0x96);
        return;
    }
    const Xmm t = e.vuse_copy(i.a);
    e.c.pxor(t, y);
    e.c.pxor(t, z);
    e.c.movdqa(e.vdef(self(e)), t);
}

// --- Comparison

namespace {

constexpr BinaryForm kGreater[] = {B(pcmpgtb), B(pcmpgtw), B(pcmpgtd), B(pcmpgtq)};

// Without PCMPGTQ: the upper words decide, or if they are equal the borrow of the 64-bit difference b - a.
void greater_64(Context& e, const Inst& i) {
    const Xmm x = e.vuse(i.a);
    const Xmm y = e.vuse(i.b);
    const Xmm d = e.vdef(self(e));
    const Xmm t = e.vtemp();
    e.c.movdqa(d, y);
    e.c.psubq(d, x);
    e.c.movdqa(t, x);
    e.c.pcmpeqd(t, y);
    e.c.pand(d, t);
    e.c.movdqa(t, x);
    e.c.pcmpgtd(t, y);
    e.c.por(d, t);
    e.c.pshufd(d, d, 0xf5);
}

}  // namespace

void emit_VCmpGtS(Context& e, const Inst& i) {
    if (i.width == 3 && !e.host.sse42) return greater_64(e, i);
    emit_binary(e, i, kGreater[i.width], false);
}

void emit_VSumBytes(Context& e, const Inst& i) {
    const Operand& x = e.vuse_xm(i.a);
    const Xmm d = e.vdef(self(e));
    e.c.pxor(d, d);
    e.c.psadbw(d, x);
}

void emit_VSetQc(Context& e, const Inst& i) {
    const Xmm x = e.vuse(i.a);
    e.clobber_flags();
    e.c.ptest(x, x);
    const Allocator::Short clear = impl(e).jcc_short(0x4);  // z
    e.c.or_(e.state(offsetof(guest::CpuState, fpsr), 32), guest::kFpsrQC);
    impl(e).bind(clear);
}

// --- Counting bits: a table of 16 entries for each half of a byte, and an operation that joins the two.

namespace {

void by_nibbles(Context& e, const Inst& i, uint64_t low_table0, uint64_t low_table8, uint64_t high_table0,
                uint64_t high_table8, void (*join)(Xbyak::CodeGenerator& c, const Xmm& d, const Xmm& t)) {
    const Xmm x = e.vuse(i.a);
    const Xmm d = e.vdef(self(e));
    const Xmm t = e.vtemp();
    const Xmm nibble = e.vtemp();
    const Xbyak::Address mask = splat8(e, 0x0f);
    e.c.movdqa(nibble, x);
    e.c.pand(nibble, mask);
    e.c.movdqa(d, e.constant128(low_table0, low_table8));
    e.c.pshufb(d, nibble);
    e.c.movdqa(nibble, x);
    e.c.psrlw(nibble, 4);
    e.c.pand(nibble, mask);
    e.c.movdqa(t, e.constant128(high_table0, high_table8));
    e.c.pshufb(t, nibble);
    join(e.c, d, t);
}

// Leading zeros of 2n-bit lanes in d from those of their n-bit halves in d.
void join_halves(Context& e, const Xmm& d, const Xmm& t, const Xmm& u, unsigned half_bits) {
    const uint64_t all = half_bits == 8 ? 0x0008000800080008 : 0x0000001000000010;
    // The lower half's count is added where the upper half is all zeros.
    e.c.movdqa(u, d);
    if (half_bits == 8) {
        e.c.psrlw(d, 8);
        e.c.movdqa(t, d);
        e.c.pcmpeqw(t, e.constant128(all, all));
        e.c.psllw(u, 8);
        e.c.psrlw(u, 8);
        e.c.pand(t, u);
        e.c.paddw(d, t);
    } else {
        e.c.psrld(d, 16);
        e.c.movdqa(t, d);
        e.c.pcmpeqd(t, e.constant128(all, all));
        e.c.pslld(u, 16);
        e.c.psrld(u, 16);
        e.c.pand(t, u);
        e.c.paddd(d, t);
    }
}

}  // namespace

void emit_VPopcount(Context& e, const Inst& i) {
    if (e.host.avx512 && e.host.avx512_bitalg) {
        const Operand& x = e.vuse_xm(i.a);
        e.c.vpopcntb(vdef_last(e), x);
        return;
    }
    constexpr uint64_t kLow = 0x0302020102010100;
    constexpr uint64_t kHigh = 0x0403030203020201;
    by_nibbles(e, i, kLow, kHigh, kLow, kHigh,
               [](Xbyak::CodeGenerator& c, const Xmm& d, const Xmm& t) { c.paddb(d, t); });
}

void emit_VClz(Context& e, const Inst& i) {
    if (e.host.avx512 && i.width == 2) {
        const Operand& x = e.vuse_xm(i.a);
        e.c.vplzcntd(vdef_last(e), x);
        return;
    }
    // Zeros above the lower nibble count only if the upper nibble is zero: then its entry is 8, else below 4.
    const Xmm x = e.vuse(i.a);
    const Xmm d = e.vdef(self(e));
    const Xmm t = e.vtemp();
    const Xmm u = e.vtemp();
    const Xbyak::Address mask = splat8(e, 0x0f);
    e.c.movdqa(t, x);
    e.c.pand(t, mask);
    e.c.movdqa(d, e.constant128(0x0505050506060708, 0x0404040404040404));
    e.c.pshufb(d, t);
    e.c.movdqa(t, x);
    e.c.psrlw(t, 4);
    e.c.pand(t, mask);
    e.c.movdqa(u, e.constant128(0x0101010102020308, 0));
    e.c.pshufb(u, t);
    e.c.pminub(d, u);
    if (i.width >= 1) join_halves(e, d, t, u, 8);
    if (i.width >= 2) join_halves(e, d, t, u, 16);
}

void emit_VReverseBits(Context& e, const Inst& i) {
    if (e.host.avx && e.host.gfni) {
        const Xmm x = e.vuse(i.a);
        constexpr uint64_t kMirror = 0x8040201008040201;
        e.c.vgf2p8affineqb(vdef_last(e), x, e.constant128(kMirror, kMirror), 0);
        return;
    }
    by_nibbles(e, i, 0xe060a020c0408000, 0xf070b030d0509010, 0x0e060a020c040800, 0x0f070b030d050901,
               [](Xbyak::CodeGenerator& c, const Xmm& d, const Xmm& t) { c.por(d, t); });
}

}  // namespace armature::translator::x64
