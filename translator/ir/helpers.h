// SPDX-License-Identifier: MIT
#pragma once

#include "guest/cpu_state.h"

namespace armature::translator::ir {

enum class Helper : unsigned {
#define HELPER(Name) Name,
#include "translator/ir/helpers.def"
#undef HELPER
    Count,
};

// Filled by runtime/helpers.cc; indexed by Helper.
extern const void* const kHelperFunctions[];

}  // namespace armature::translator::ir
