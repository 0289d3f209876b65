// SPDX-License-Identifier: MIT
// Internal to syscalls/.
#pragma once

#include <cstdint>

namespace armature::syscalls {

// memory.cc: every page of the range is the guest's.
bool guest_owns(uint64_t begin, uint64_t size);

}  // namespace armature::syscalls
