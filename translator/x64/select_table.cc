// SPDX-License-Identifier: MIT
// Every operation of the intermediate language has an emitter: a missing one does not link.
#include "translator/x64/allocator.h"

namespace armature::translator::x64 {

#define OP(Name, result, operands, traits) void emit_##Name(Context& e, const ir::Inst& i);
#include "translator/ir/ops.def"
#undef OP

const Emitter kEmitters[] = {
#define OP(Name, result, operands, traits) emit_##Name,
#include "translator/ir/ops.def"
#undef OP
};

}  // namespace armature::translator::x64
