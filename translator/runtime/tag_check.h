// SPDX-License-Identifier: MIT
// The check of an access against allocation tags, for C++ that makes accesses itself, and for translated code
// once its inline compare has failed.
#pragma once

#include <cstdint>

#include "guest/cpu_state.h"

namespace armature::translator {

// Does the access fault, by this thread's mode (prctl) and PSTATE.TCO? Then *fault is the first address with
// another tag. In the modes that report later, the report is noted instead.
bool tag_check_fails(guest::CpuState& cpu, uint64_t address, uint64_t size, bool store_only, uint64_t* fault);

}  // namespace armature::translator
