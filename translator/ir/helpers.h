// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "guest/cpu_state.h"

namespace armature::translator {

namespace helper {
#define HELPER_SIGNATURE_I(Name) uint64_t Name(guest::CpuState*, uint64_t, uint64_t, uint64_t);
#define HELPER_SIGNATURE_V(Name) void Name(guest::CpuState*, unsigned);
#define HELPER(Name, kind) HELPER_SIGNATURE_##kind(Name)
#include "translator/ir/helpers.def"
#undef HELPER
#undef HELPER_SIGNATURE_I
#undef HELPER_SIGNATURE_V
}  // namespace helper

namespace ir {

enum class Helper : unsigned {
#define HELPER(Name, kind) Name,
#include "translator/ir/helpers.def"
#undef HELPER
    Count,
};

// Indexed by Helper; defined in runtime/helpers.cc.
extern const void* const kHelperFunctions[];

}  // namespace ir
}  // namespace armature::translator
