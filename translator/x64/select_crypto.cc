// SPDX-License-Identifier: MIT
// Cryptography: the host's AES, SHA and carry-less multiplication instructions, or helpers where it has none.
#include <cstddef>

#include "guest/cpu_state.h"
#include "translator/x64/simd_emit.h"

namespace armature::translator::x64 {

using ir::Helper;
using ir::Inst;
using Xbyak::Operand;
using Xbyak::Xmm;

namespace {

constexpr BinaryForm kAesEnc = ARMATURE_BINARY_FORM(aesenc);
constexpr BinaryForm kAesEncLast = ARMATURE_BINARY_FORM(aesenclast);
constexpr BinaryForm kAesDec = ARMATURE_BINARY_FORM(aesdec);
constexpr BinaryForm kAesDecLast = ARMATURE_BINARY_FORM(aesdeclast);

void aes(Context& e, const Inst& i, const BinaryForm& form, Helper helper) {
    if (!e.host.aes) return emit_by_helper(e, i, helper);
    emit_binary(e, i, form, false);
}

}  // namespace

void emit_VAesEnc(Context& e, const Inst& i) {
    aes(e, i, kAesEnc, Helper::VAesEnc);
}

void emit_VAesEncLast(Context& e, const Inst& i) {
    aes(e, i, kAesEncLast, Helper::VAesEncLast);
}

void emit_VAesDec(Context& e, const Inst& i) {
    aes(e, i, kAesDec, Helper::VAesDec);
}

void emit_VAesDecLast(Context& e, const Inst& i) {
    aes(e, i, kAesDecLast, Helper::VAesDecLast);
}

void emit_VAesInvMix(Context& e, const Inst& i) {
    if (!e.host.aes) return emit_by_helper(e, i, Helper::VAesInvMix);
    emit_unary(e, i, ARMATURE_UNARY_FORM(aesimc));
}

void emit_VMulPoly64(Context& e, const Inst& i) {
    if (e.host.pclmul) {
        const uint8_t lanes = static_cast<uint8_t>(i.imm);
        const Operand& y = e.vuse_xm(i.b);
        if (e.host.avx) {
            const Xmm x = e.vuse(i.a);
            e.c.vpclmulqdq(vdef_last(e), x, y, lanes);
        } else {
            e.c.pclmulqdq(e.vdef_as(self(e), i.a), y, lanes);
        }
        return;
    }
    // The helper multiplies lane 0 of its operands: choose by the half that is stored.
    constexpr size_t kScratch = offsetof(guest::CpuState, vector_scratch);
    const Xmm operands[] = {e.vuse(i.a), e.vuse(i.b)};
    e.clobber_flags();
    for (unsigned n = 0; n < 2; n++) {
        if (i.imm >> n * 4 & 1) {
            e.c.movhps(e.state(kScratch + n * 16, 64), operands[n]);
        } else {
            e.c.movlps(e.state(kScratch + n * 16, 64), operands[n]);
        }
    }
    e.call_cold(ir::kHelperFunctions[static_cast<unsigned>(Helper::VMulPoly64)]);
    e.c.movaps(e.vdef(self(e)), e.state(kScratch, 128));
}

void emit_VSha1Rounds(Context& e, const Inst& i) {
    if (!e.host.sha) {
        const unsigned first = static_cast<unsigned>(Helper::VSha1Rounds0);
        return emit_by_helper(e, i, static_cast<Helper>(first + i.imm));
    }
    const Operand& y = e.vuse_xm(i.b);
    e.c.sha1rnds4(e.vdef_as(self(e), i.a), y, static_cast<uint8_t>(i.imm));
}

void emit_VSha256Rounds(Context& e, const Inst& i) {
    if (!e.host.sha) return emit_by_helper(e, i, Helper::VSha256Rounds);
    // The host takes the third operand from xmm0: what is there and still needed moves away for the moment.
    const Xmm wk = e.vuse(i.c);
    Xmm abef = e.vuse(i.b);
    const Xmm d = e.vdef_as(self(e), i.a);
    const Xmm zero(0);
    Xmm state = d;
    Xmm saved = zero;
    const bool occupied = wk.getIdx() != 0 && impl(e).file(Bank::Vector).owner[0] != 0;
    if (occupied) {
        saved = e.vtemp();
        e.c.movdqa(saved, zero);
        if (abef.getIdx() == 0) abef = saved;
        if (state.getIdx() == 0) state = saved;
    }
    if (wk.getIdx() != 0) e.c.movdqa(zero, wk);
    e.c.sha256rnds2(state, abef);
    if (occupied) e.c.movdqa(zero, saved);
}

void emit_VSha256Schedule1(Context& e, const Inst& i) {
    if (!e.host.sha) return emit_by_helper(e, i, Helper::VSha256Schedule1);
    const Operand& y = e.vuse_xm(i.b);
    e.c.sha256msg1(e.vdef_as(self(e), i.a), y);
}

void emit_VSha256Schedule2(Context& e, const Inst& i) {
    if (!e.host.sha) return emit_by_helper(e, i, Helper::VSha256Schedule2);
    const Operand& y = e.vuse_xm(i.b);
    e.c.sha256msg2(e.vdef_as(self(e), i.a), y);
}

}  // namespace armature::translator::x64
