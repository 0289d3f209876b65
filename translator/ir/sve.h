// SPDX-License-Identifier: MIT
// Instructions of SVE that the host has, or nearly: operation Sve, whose immediate is SveFields. Which ones
// they are is in ir/sve_direct.def.
#pragma once

#include <cstdint>

namespace armature::translator::ir {

enum class SveOp : uint16_t {
    None,
#define SVE_DIRECT(Name, ...) Name,
#include "translator/ir/sve_direct.def"
#undef SVE_DIRECT
};

// SveFields::imm of gathers and scatters with a vector of offsets.
inline constexpr int32_t kGatherScaled = 1;  // offsets are multiples of what is accessed
inline constexpr int32_t kGatherSigned = 2;  // they are words, and signed
inline constexpr unsigned kNoRegister = 31;  // as an index: none, and zero where a number is wanted

// The operands, as far as the form has them.
struct SveFields {
    uint64_t op : 9 = 0;      // SveOp
    uint64_t size : 2 = 0;    // log2 of an element's bytes
    uint64_t memory : 2 = 0;  // the same, of an element in memory
    uint64_t option : 1 = 0;  // memory: signed; copies: merging
    uint64_t d : 5 = 0;       // the result, or what is stored
    uint64_t n : 5 = 0;       // vector, predicate or general register
    uint64_t m : 5 = 0;
    uint64_t g : 4 = 0;          // governing predicate
    uint64_t registers : 3 = 1;  // of a structure
    int64_t imm : 28 = 0;
};
static_assert(sizeof(SveFields) == 8);

}  // namespace armature::translator::ir
