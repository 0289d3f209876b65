// SPDX-License-Identifier: MIT
// Guest instruction -> IR. `lift` decodes one instruction word and appends its meaning to the builder; it ends the block
// (Builder::end) for branches, SVC, and what changes the translation's context.
#pragma once

#include <cstdint>

#include "translator/ir/builder.h"

namespace armature::translator::lift {

enum class LiftResult : uint8_t { Continue, Ended };

// An encoding that is not defined, or whose feature is off, ends the block with Terminator::Exit / ExitKind::Undefined.
LiftResult lift(ir::Builder& builder, uint64_t address, uint32_t encoding);

}  // namespace armature::translator::lift
