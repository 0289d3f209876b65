// SPDX-License-Identifier: MIT
#pragma once

#include "translator/runtime/runtime.h"

namespace armature::translator::runtime {

// Does the instruction at the thread's pc, for blocks that end with ir::ExitKind::Emulate. Changes exit_code
// to what is left to do: go on (kExitResync), deliver runtime.fault (kExitFault), or see to an exit request.
void emulate(ThreadRuntime& runtime);

}  // namespace armature::translator::runtime
