// SPDX-License-Identifier: MIT
// Permutes, widening and narrowing. What the host has no instruction for is a PSHUFB with a constant.
#include "translator/x64/simd_emit.h"

namespace armature::translator::x64 {

using ir::Inst;
using Xbyak::Address;
using Xbyak::Operand;
using Xbyak::Xmm;

namespace {

struct Bytes {
    uint8_t at[16];
};

Address constant(Context& e, const Bytes& bytes) {
    uint64_t half[2] = {};
    for (unsigned i = 0; i < 16; i++) half[i / 8] |= uint64_t{bytes.at[i]} << i % 8 * 8;
    return e.constant128(half[0], half[1]);
}

constexpr uint8_t kNone = 0x80;  // PSHUFB: a zero byte

// result = the bytes of a that the constant names
void shuffle_const(Context& e, const Inst& i, const Bytes& bytes) {
    const Address control = constant(e, bytes);
    if (e.host.avx) {
        const Xmm x = e.vuse(i.a);
        e.c.vpshufb(vdef_last(e), x, control);
    } else {
        e.c.pshufb(e.vdef_as(self(e), i.a), control);
    }
}

// Even (odd = 0) or odd lanes of one register, in both halves or only in the lower one.
Bytes alternate(unsigned width, unsigned odd, bool both) {
    Bytes bytes{};
    const unsigned size = 1u << width;
    for (unsigned i = 0; i < 16; i++) {
        const unsigned k = i % 8;
        bytes.at[i] = i < 8 || both ? static_cast<uint8_t>((k / size * 2 + odd) * size + k % size) : kNone;
    }
    return bytes;
}

constexpr BinaryForm kZipQuads[] = {ARMATURE_BINARY_FORM(punpcklqdq), ARMATURE_BINARY_FORM(punpckhqdq)};

void shufps(Context& e, const Inst& i, unsigned control) {
    const Operand& y = e.vuse_xm(i.b);
    if (e.host.avx) {
        const Xmm x = e.vuse(i.a);
        e.c.vshufps(vdef_last(e), x, y, static_cast<uint8_t>(control));
    } else {
        e.c.shufps(e.vdef_as(self(e), i.a), y, static_cast<uint8_t>(control));
    }
}

void unzip(Context& e, const Inst& i, unsigned odd) {
    if (i.width == 3) return emit_binary(e, i, kZipQuads[odd], false);
    if (i.width == 2) return shufps(e, i, odd ? 0xdd : 0x88);
    if (i.a == i.b) return shuffle_const(e, i, alternate(i.width, odd, true));
    if (i.width == 1) {
        const Xmm x = e.vuse_copy(i.a);
        const Xmm y = e.vuse_copy(i.b);
        e.c.pshufb(x, constant(e, alternate(1, odd, false)));
        e.c.pshufb(y, constant(e, alternate(1, odd, false)));
        e.c.punpcklqdq(x, y);
        e.c.movdqa(e.vdef(self(e)), x);
        return;
    }
    const Xmm t = e.vuse_copy(i.b);
    const Xmm d = e.vdef_as(self(e), i.a);
    if (odd) {
        e.c.psrlw(d, 8);
        e.c.psrlw(t, 8);
    } else {
        e.c.pand(d, e.constant128(0x00ff00ff00ff00ff, 0x00ff00ff00ff00ff));
        e.c.pand(t, e.constant128(0x00ff00ff00ff00ff, 0x00ff00ff00ff00ff));
    }
    e.c.packuswb(d, t);
}

}  // namespace

void emit_VUzp1(Context& e, const Inst& i) {
    unzip(e, i, 0);
}

void emit_VUzp2(Context& e, const Inst& i) {
    unzip(e, i, 1);
}

void emit_VTrn1(Context& e, const Inst& i) {
    if (i.width == 3) return emit_binary(e, i, kZipQuads[0], false);
    const Xmm t = e.vuse_copy(i.b);
    const Xmm d = e.vdef_as(self(e), i.a);
    switch (i.width) {
        case 0:
            e.c.psllw(t, 8);
            e.c.pand(d, e.constant128(0x00ff00ff00ff00ff, 0x00ff00ff00ff00ff));
            e.c.por(d, t);
            break;
        case 1:
            e.c.pslld(t, 16);
            e.c.pblendw(d, t, 0xaa);
            break;
        default:
            e.c.psllq(t, 32);
            e.c.pblendw(d, t, 0xcc);
            break;
    }
}

void emit_VTrn2(Context& e, const Inst& i) {
    if (i.width == 3) return emit_binary(e, i, kZipQuads[1], false);
    const Xmm t = e.vuse_copy(i.b);
    const Xmm d = e.vdef_as(self(e), i.a);
    switch (i.width) {
        case 0:
            e.c.psrlw(d, 8);
            e.c.pand(t, e.constant128(0xff00ff00ff00ff00, 0xff00ff00ff00ff00));
            e.c.por(d, t);
            break;
        case 1:
            e.c.psrld(d, 16);
            e.c.pblendw(d, t, 0xaa);
            break;
        default:
            e.c.psrlq(d, 32);
            e.c.pblendw(d, t, 0xcc);
            break;
    }
}

void emit_VExt(Context& e, const Inst& i) {
    const uint8_t bytes = static_cast<uint8_t>(i.imm);
    const Operand& low = e.vuse_xm(i.a);
    if (e.host.avx) {
        const Xmm high = e.vuse(i.b);
        e.c.vpalignr(vdef_last(e), high, low, bytes);
    } else {
        e.c.palignr(e.vdef_as(self(e), i.b), low, bytes);
    }
}

void emit_VShuffle32(Context& e, const Inst& i) {
    const Operand& x = e.vuse_xm(i.a);
    e.c.pshufd(vdef_last(e), x, static_cast<uint8_t>(i.imm));
}

void emit_VShuffle32x2(Context& e, const Inst& i) {
    shufps(e, i, static_cast<unsigned>(i.imm));
}

void emit_VReverse(Context& e, const Inst& i) {
    if (i.width == 2) {
        const Operand& x = e.vuse_xm(i.a);
        e.c.pshufd(vdef_last(e), x, 0xb1);
        return;
    }
    const unsigned size = 1u << i.width;
    const unsigned container = static_cast<unsigned>(i.imm);
    Bytes bytes{};
    for (unsigned k = 0; k < 16; k++) {
        const unsigned in = k % container;
        bytes.at[k] = static_cast<uint8_t>(k - in + (container - size - in / size * size) + in % size);
    }
    shuffle_const(e, i, bytes);
}

namespace {

constexpr UnaryForm kZeroExtend[] = {ARMATURE_UNARY_FORM(pmovzxbw), ARMATURE_UNARY_FORM(pmovzxwd),
                                     ARMATURE_UNARY_FORM(pmovzxdq)};
constexpr UnaryForm kSignExtend[] = {ARMATURE_UNARY_FORM(pmovsxbw), ARMATURE_UNARY_FORM(pmovsxwd),
                                     ARMATURE_UNARY_FORM(pmovsxdq)};

void extend(Context& e, const Inst& i, const UnaryForm& form) {
    const Operand& x = e.vuse_xm(i.a);
    const Xmm d = e.vdef_over(self(e), i.a);
    if (i.imm) {
        e.c.pshufd(d, x, 0xee);
        form.sse(e.c, d, d);
    } else {
        form.sse(e.c, d, x);
    }
}

}  // namespace

void emit_VZExt(Context& e, const Inst& i) {
    extend(e, i, kZeroExtend[i.width]);
}

void emit_VSExt(Context& e, const Inst& i) {
    extend(e, i, kSignExtend[i.width]);
}

void emit_VNarrow(Context& e, const Inst& i) {
    shuffle_const(e, i, alternate(i.width, 0, false));
}

}  // namespace armature::translator::x64
