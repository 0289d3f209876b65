// SPDX-License-Identifier: MIT
// Loads and stores of one general register: unsigned offset, signed offset, unprivileged (in user mode the
// same), pre- and post-index, register offset, literal; and prefetch, which does nothing.
#include "translator/lift/memory.h"

namespace armature::translator::lift {
namespace {

// The kinds of transfer. Each addressing mode below has one handler per kind, which differ in nothing else.
constexpr Transfer kByte{1}, kHalf{2}, kWord{4}, kDouble{8};

Transfer signed_to(unsigned bytes, unsigned to_w) {
    return {bytes, true, to_w ? Type::I32 : Type::I64};
}

Transfer sized(unsigned is64) {
    return is64 ? kDouble : kWord;
}

}  // namespace

// --- Unsigned scaled offset

HANDLER(STRB_imm) {
    store_r(*this, f.t(), based(*this, f.n(), f.i()), kByte);
}

HANDLER(STRH_imm) {
    store_r(*this, f.t(), based(*this, f.n(), f.i() * 2), kHalf);
}

HANDLER(STR_imm) {
    store_r(*this, f.t(), based(*this, f.n(), f.i() * (f.z() ? 8 : 4)), sized(f.z()));
}

HANDLER(LDRB_imm) {
    load_r(*this, f.t(), based(*this, f.n(), f.i()), kByte);
}

HANDLER(LDRH_imm) {
    load_r(*this, f.t(), based(*this, f.n(), f.i() * 2), kHalf);
}

HANDLER(LDR_imm) {
    load_r(*this, f.t(), based(*this, f.n(), f.i() * (f.z() ? 8 : 4)), sized(f.z()));
}

HANDLER(LDRSB_imm) {
    load_r(*this, f.t(), based(*this, f.n(), f.i()), signed_to(1, f.x()));
}

HANDLER(LDRSH_imm) {
    load_r(*this, f.t(), based(*this, f.n(), f.i() * 2), signed_to(2, f.x()));
}

HANDLER(LDRSW_imm) {
    load_r(*this, f.t(), based(*this, f.n(), f.i() * 4), signed_to(4, false));
}

HANDLER(PRFM_imm) {}

// --- Signed byte offset, and its unprivileged and post- and pre-indexed forms

#define SIGNED_OFFSET_FORMS(mode, STRB, STRH, STR, LDRB, LDRH, LDR, LDRSB, LDRSH, LDRSW) \
    HANDLER(STRB) {                                                                      \
        store_r(*this, f.t(), mode(*this, f.n(), f.i_signed()), kByte);                  \
    }                                                                                    \
    HANDLER(STRH) {                                                                      \
        store_r(*this, f.t(), mode(*this, f.n(), f.i_signed()), kHalf);                  \
    }                                                                                    \
    HANDLER(STR) {                                                                       \
        store_r(*this, f.t(), mode(*this, f.n(), f.i_signed()), sized(f.z()));           \
    }                                                                                    \
    HANDLER(LDRB) {                                                                      \
        load_r(*this, f.t(), mode(*this, f.n(), f.i_signed()), kByte);                   \
    }                                                                                    \
    HANDLER(LDRH) {                                                                      \
        load_r(*this, f.t(), mode(*this, f.n(), f.i_signed()), kHalf);                   \
    }                                                                                    \
    HANDLER(LDR) {                                                                       \
        load_r(*this, f.t(), mode(*this, f.n(), f.i_signed()), sized(f.z()));            \
    }                                                                                    \
    HANDLER(LDRSB) {                                                                     \
        load_r(*this, f.t(), mode(*this, f.n(), f.i_signed()), signed_to(1, f.x()));     \
    }                                                                                    \
    HANDLER(LDRSH) {                                                                     \
        load_r(*this, f.t(), mode(*this, f.n(), f.i_signed()), signed_to(2, f.x()));     \
    }                                                                                    \
    HANDLER(LDRSW) {                                                                     \
        load_r(*this, f.t(), mode(*this, f.n(), f.i_signed()), signed_to(4, false));     \
    }

SIGNED_OFFSET_FORMS(based, STURB, STURH, STUR, LDURB, LDURH, LDUR, LDURSB, LDURSH, LDURSW)
SIGNED_OFFSET_FORMS(based, STTRB, STTRH, STTR, LDTRB, LDTRH, LDTR, LDTRSB, LDTRSH, LDTRSW)
SIGNED_OFFSET_FORMS(post_index, STRB_post, STRH_post, STR_post, LDRB_post, LDRH_post, LDR_post, LDRSB_post,
                    LDRSH_post, LDRSW_post)
SIGNED_OFFSET_FORMS(pre_index, STRB_pre, STRH_pre, STR_pre, LDRB_pre, LDRH_pre, LDR_pre, LDRSB_pre, LDRSH_pre,
                    LDRSW_pre)
#undef SIGNED_OFFSET_FORMS

HANDLER(PRFUM) {}

// --- Register offset

HANDLER(STRB_reg) {
    store_r(*this, f.t(), indexed(*this, f.n(), f.m(), f.o(), 0), kByte);
}

HANDLER(STRH_reg) {
    store_r(*this, f.t(), indexed(*this, f.n(), f.m(), f.o(), f.h()), kHalf);
}

HANDLER(STR_reg) {
    store_r(*this, f.t(), indexed(*this, f.n(), f.m(), f.o(), f.h() ? 2 + f.z() : 0), sized(f.z()));
}

HANDLER(LDRB_reg) {
    load_r(*this, f.t(), indexed(*this, f.n(), f.m(), f.o(), 0), kByte);
}

HANDLER(LDRH_reg) {
    load_r(*this, f.t(), indexed(*this, f.n(), f.m(), f.o(), f.h()), kHalf);
}

HANDLER(LDR_reg) {
    load_r(*this, f.t(), indexed(*this, f.n(), f.m(), f.o(), f.h() ? 2 + f.z() : 0), sized(f.z()));
}

HANDLER(LDRSB_reg) {
    load_r(*this, f.t(), indexed(*this, f.n(), f.m(), f.o(), 0), signed_to(1, f.x()));
}

HANDLER(LDRSH_reg) {
    load_r(*this, f.t(), indexed(*this, f.n(), f.m(), f.o(), f.h()), signed_to(2, f.x()));
}

HANDLER(LDRSW_reg) {
    load_r(*this, f.t(), indexed(*this, f.n(), f.m(), f.o(), f.h() ? 2 : 0), signed_to(4, false));
}

HANDLER(PRFM_reg) {}

// --- Literal

HANDLER(LDR_lit) {
    load_r(*this, f.t(), literal(*this, f.i_signed()), sized(f.z()));
}

HANDLER(LDRSW_lit) {
    load_r(*this, f.t(), literal(*this, f.i_signed()), signed_to(4, false));
}

HANDLER(PRFM_lit) {}

}  // namespace armature::translator::lift
