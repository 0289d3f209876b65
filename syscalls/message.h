// SPDX-License-Identifier: MIT
// Internal to syscalls/.
#pragma once

#include <cstdint>

namespace armature::syscalls {

// Does the msghdr at this guest address pass on a descriptor of the emulator's (SCM_RIGHTS)?
bool message_names_hidden_descriptor(uint64_t address);

}  // namespace armature::syscalls
