// SPDX-License-Identifier: MIT
// What the emitters of vector operations share.
//
// Two encodings exist of nearly everything: VEX with three operands, and SSE where the destination is the
// first source. Operations with two sources take whichever the host has (simd_forms.def has one row for
// both). Those with one source and moves are always encoded as SSE, which has no disadvantage there:
// translated code never touches the upper halves of ymm registers, so mixing the two costs nothing.
#pragma once

#include "translator/ir/helpers.h"
#include "translator/x64/emit.h"

namespace armature::translator::x64 {

inline ir::Value self(Context& e, const ir::Inst&) {
    return self(e);
}

// The result of an operation that is one VEX (or one-source) instruction: any operand's register that is free
// after it.
inline Xbyak::Xmm vdef_last(Context& e) {
    return impl(e).vdef_last(self(e));
}

// One operation in both encodings; `b` may be memory.
struct BinaryForm {
    void (*vex)(Xbyak::CodeGenerator& c, const Xbyak::Xmm& d, const Xbyak::Xmm& a,
                const Xbyak::Operand& b) = nullptr;
    void (*sse)(Xbyak::CodeGenerator& c, const Xbyak::Xmm& d, const Xbyak::Operand& b) = nullptr;
};
struct UnaryForm {
    void (*sse)(Xbyak::CodeGenerator& c, const Xbyak::Xmm& d, const Xbyak::Operand& a) = nullptr;
};

#define ARMATURE_BINARY_FORM(name)                                                                       \
    BinaryForm {                                                                                         \
        [](Xbyak::CodeGenerator& c, const Xbyak::Xmm& d, const Xbyak::Xmm& a, const Xbyak::Operand& b) { \
            c.v##name(d, a, b);                                                                          \
        },                                                                                               \
            [](Xbyak::CodeGenerator& c, const Xbyak::Xmm& d, const Xbyak::Operand& b) { c.name(d, b); }  \
    }
#define ARMATURE_UNARY_FORM(name)                                                                   \
    UnaryForm {                                                                                     \
        [](Xbyak::CodeGenerator& c, const Xbyak::Xmm& d, const Xbyak::Operand& a) { c.name(d, a); } \
    }

// result = a op b
void emit_binary(Context& e, const ir::Inst& i, const BinaryForm& form, bool commutes);
void emit_unary(Context& e, const ir::Inst& i, const UnaryForm& form);

// 16 bytes that repeat a lane.
Xbyak::Address splat8(Context& e, uint8_t value);

// For what this host lacks: operands a, b, c through vector_scratch to a C++ helper (without an immediate)
// and back.
void emit_by_helper(Context& e, const ir::Inst& i, ir::Helper helper);

}  // namespace armature::translator::x64
