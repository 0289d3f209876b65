// SPDX-License-Identifier: MIT
// Vector shifts. The host has none for bytes (words are shifted, and what crossed over is masked away; or one
// GF(2) matrix multiplication does it), no arithmetic one for 64 bits before AVX-512, and shifts by a vector
// only since AVX2.
#include "translator/x64/simd_emit.h"

namespace armature::translator::x64 {

using ir::Inst;
using Xbyak::Operand;
using Xbyak::Xmm;

namespace {

enum Kind { kShl, kShr, kSar };

using ShiftVex = void (*)(Xbyak::CodeGenerator&, const Xmm& d, const Xmm& a, uint8_t n);
using ShiftSse = void (*)(Xbyak::CodeGenerator&, const Xmm& d, uint8_t n);
struct ShiftForm {
    ShiftVex vex = nullptr;
    ShiftSse sse = nullptr;
};
#define S(name)                                                                                     \
    ShiftForm {                                                                                     \
        [](Xbyak::CodeGenerator& c, const Xmm& d, const Xmm& a, uint8_t n) { c.v##name(d, a, n); }, \
            [](Xbyak::CodeGenerator& c, const Xmm& d, uint8_t n) { c.name(d, n); }                  \
    }
constexpr ShiftForm kShifts[3][4] = {
    {{}, S(psllw), S(pslld), S(psllq)},
    {{}, S(psrlw), S(psrld), S(psrlq)},
    {{}, S(psraw), S(psrad), {}},
};
constexpr ShiftForm kByteShifts[2] = {S(pslldq), S(psrldq)};
#undef S

void shift(Context& e, const Inst& i, const ShiftForm& form, unsigned n) {
    if (e.host.avx) {
        const Xmm x = e.vuse(i.a);
        form.vex(e.c, vdef_last(e), x, static_cast<uint8_t>(n));
    } else {
        form.sse(e.c, e.vdef_as(self(e), i.a), static_cast<uint8_t>(n));
    }
}

// Bit i of a result byte is the parity of (byte 7 - i of the matrix & the source).
uint64_t matrix(Kind kind, unsigned n) {
    uint64_t rows = 0;
    for (unsigned bit = 0; bit < 8; bit++) {
        unsigned from = kind == kShl ? bit - n : bit + n;
        if (kind == kSar && from > 7) from = 7;
        if (from < 8) rows |= uint64_t{1} << from << (7 - bit) * 8;
    }
    return rows;
}

void shift_bytes_lanes(Context& e, const Inst& i, Kind kind, unsigned n) {
    if (kind != kSar && n >= 8) {
        const Xmm d = e.vdef(self(e));
        e.c.pxor(d, d);
        return;
    }
    if (kind == kSar && n >= 7) {
        const Operand& x = e.vuse_xm(i.a);
        const Xmm d = e.vdef(self(e));
        e.c.pxor(d, d);
        e.c.pcmpgtb(d, x);
        return;
    }
    if (e.host.avx && e.host.gfni) {
        const Xmm x = e.vuse(i.a);
        const uint64_t rows = matrix(kind, n);
        e.c.vgf2p8affineqb(vdef_last(e), x, e.constant128(rows, rows), 0);
        return;
    }
    const Xmm d = e.vdef_as(self(e), i.a);
    if (kind == kShl) {
        e.c.psllw(d, static_cast<uint8_t>(n));
        e.c.pand(d, splat8(e, static_cast<uint8_t>(0xff << n)));
        return;
    }
    e.c.psrlw(d, static_cast<uint8_t>(n));
    e.c.pand(d, splat8(e, static_cast<uint8_t>(0xff >> n)));
    if (kind == kSar) {
        const uint8_t sign = static_cast<uint8_t>(0x80 >> n);
        e.c.pxor(d, splat8(e, sign));
        e.c.psubb(d, splat8(e, sign));
    }
}

void sar_64(Context& e, const Inst& i, unsigned n) {
    if (n > 63) n = 63;
    if (e.host.avx512) {
        const Xmm x = e.vuse(i.a);
        e.c.vpsraq(vdef_last(e), x, static_cast<uint8_t>(n));
        return;
    }
    const Operand& x = e.vuse_xm(i.a);
    const Xmm d = e.vdef(self(e));
    if (n == 63) {
        e.c.pshufd(d, x, 0xf5);
        e.c.psrad(d, 31);
        return;
    }
    const Xmm t = e.vtemp();
    if (n <= 32) {
        // Upper words from a 32-bit arithmetic shift, lower ones from a 64-bit logical one.
        e.c.movdqa(d, x);
        e.c.movdqa(t, x);
        e.c.psrlq(d, static_cast<uint8_t>(n));
        e.c.psrad(t, static_cast<uint8_t>(n));
    } else {
        e.c.pshufd(d, x, 0xf5);
        e.c.movdqa(t, d);
        e.c.psrad(d, static_cast<uint8_t>(n - 32));
        e.c.psrad(t, 31);
    }
    e.c.pblendw(d, t, 0xcc);
}

void immediate_shift(Context& e, const Inst& i, Kind kind) {
    const unsigned n = static_cast<unsigned>(i.imm);
    if (i.width == 0) return shift_bytes_lanes(e, i, kind, n);
    if (kind == kSar && i.width == 3) return sar_64(e, i, n);
    shift(e, i, kShifts[kind][i.width], n);
}

// Shifts by the signed low byte of each lane of b. The host's shifts by a vector take the count as unsigned,
// and give zero (or the sign) for counts that are too large; so a left shift by n and a right shift by -n
// never both have a result, except that an arithmetic right shift gives the sign, so there the count's sign
// has to choose.
struct VariableForms {
    void (*left)(Xbyak::CodeGenerator&, const Xmm& d, const Xmm& a, const Operand& n);
    void (*right)(Xbyak::CodeGenerator&, const Xmm& d, const Xmm& a, const Operand& n);
    void (*right_signed)(Xbyak::CodeGenerator&, const Xmm& d, const Xmm& a, const Operand& n);
};
#define V(name) [](Xbyak::CodeGenerator& c, const Xmm& d, const Xmm& a, const Operand& n) { c.name(d, a, n); }
constexpr VariableForms kVariable[4] = {
    {},
    {V(vpsllvw), V(vpsrlvw), V(vpsravw)},
    {V(vpsllvd), V(vpsrlvd), V(vpsravd)},
    {V(vpsllvq), V(vpsrlvq), V(vpsravq)},
};
#undef V

// The low byte of each lane of n, sign-extended to the lane.
void extend_counts(Context& e, const Xmm& n, const Xmm& t, unsigned width) {
    if (width == 1) {
        e.c.psllw(n, 8);
        e.c.psraw(n, 8);
        return;
    }
    e.c.pslld(n, 24);
    e.c.psrad(n, 24);
    if (width == 3) {
        e.c.pshufd(n, n, 0xa0);
        e.c.movdqa(t, n);
        e.c.psrad(t, 31);
        e.c.pblendw(n, t, 0xcc);
    }
}

// t = -n
void negate(Context& e, const Xmm& t, const Xmm& n, unsigned width) {
    e.c.pxor(t, t);
    if (width == 1) {
        e.c.psubw(t, n);
    } else if (width == 2) {
        e.c.psubd(t, n);
    } else {
        e.c.psubq(t, n);
    }
}

bool has_variable(const Context& e, unsigned width, bool is_signed) {
    if (width == 2 || (width == 3 && !is_signed)) return e.host.avx2;
    return e.host.avx512;
}

}  // namespace

void emit_VShlI(Context& e, const Inst& i) {
    immediate_shift(e, i, kShl);
}

void emit_VShrI(Context& e, const Inst& i) {
    immediate_shift(e, i, kShr);
}

void emit_VSarI(Context& e, const Inst& i) {
    immediate_shift(e, i, kSar);
}

void emit_VShlBytes(Context& e, const Inst& i) {
    shift(e, i, kByteShifts[0], static_cast<unsigned>(i.imm));
}

void emit_VShrBytes(Context& e, const Inst& i) {
    shift(e, i, kByteShifts[1], static_cast<unsigned>(i.imm));
}

void emit_VShiftU(Context& e, const Inst& i) {
    constexpr ir::Helper kHelpers[] = {ir::Helper::VUshl8, ir::Helper::VUshl16, ir::Helper::VUshl32,
                                       ir::Helper::VUshl64};
    if (i.width == 0 || !has_variable(e, i.width, false)) return emit_by_helper(e, i, kHelpers[i.width]);
    const Xmm x = e.vuse(i.a);
    const Xmm n = e.vuse_copy(i.b);
    const Xmm t = e.vtemp();
    const Xmm d = e.vdef(self(e));
    extend_counts(e, n, t, i.width);
    kVariable[i.width].left(e.c, d, x, n);
    negate(e, t, n, i.width);
    kVariable[i.width].right(e.c, t, x, t);
    e.c.por(d, t);
}

void emit_VShiftS(Context& e, const Inst& i) {
    constexpr ir::Helper kHelpers[] = {ir::Helper::VSshl8, ir::Helper::VSshl16, ir::Helper::VSshl32,
                                       ir::Helper::VSshl64};
    if (i.width == 0 || !has_variable(e, i.width, true)) return emit_by_helper(e, i, kHelpers[i.width]);
    const Xmm x = e.vuse(i.a);
    const Xmm n = e.vuse_copy(i.b);
    const Xmm t = e.vtemp();
    const Xmm d = e.vdef(self(e));
    extend_counts(e, n, t, i.width);
    kVariable[i.width].left(e.c, d, x, n);
    negate(e, t, n, i.width);
    kVariable[i.width].right_signed(e.c, t, x, t);
    e.c.vpblendvb(d, d, t, n);
}

}  // namespace armature::translator::x64
