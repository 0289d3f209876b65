// SPDX-License-Identifier: MIT
// Guest instruction -> IR. `lift` decodes one instruction word and appends its meaning to the builder; it
// ends the block (Builder::end) for branches, SVC, and what changes the translation's context.
#pragma once

#include <cstdint>

#include "translator/ir/builder.h"

namespace armature::translator::lift {

inline constexpr uint16_t kNoRow = 0xffff;  // GuestInst::row of an unallocated encoding

enum class LiftResult : uint8_t { Continue, Ended };

// Starts the guest instruction (Builder::begin_guest) unless the caller has done so, to put instrumentation
// before it. An encoding that is not defined, or whose feature is off, ends the block with Terminator::Exit /
// ExitKind::Undefined.
LiftResult lift(ir::Builder& builder, uint64_t address, uint32_t encoding);

// At the start of a block: with BTI, in a guarded page, an indirect branch must find a landing pad. Belongs
// to the instruction that the builder has begun.
void check_landing(ir::Builder& builder, uint64_t address, uint32_t encoding);

}  // namespace armature::translator::lift
