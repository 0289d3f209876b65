// SPDX-License-Identifier: MIT
// One struct per row of the table, with an accessor per field: `f.n()` is the field n as a number,
// `f.i_signed()` the field i sign-extended from its width, `f.i_bits` that width. A handler takes the struct
// of its row, so a field that the pattern does not have is a compile error.
#pragma once

#include <cstdint>

namespace armature::translator::decode::fields {
#include "translator/decode/field_structs.inc"
}  // namespace armature::translator::decode::fields
