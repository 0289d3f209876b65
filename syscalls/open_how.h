// SPDX-License-Identifier: MIT
// Internal to syscalls/.
#pragma once

#include <linux/openat2.h>

#include <cstdint>

namespace armature::syscalls {

// file.cc: openat2's argument at a guest address, its flags the host's afterwards. 0 or -errno.
int64_t read_open_how(open_how* how, uint64_t address, uint64_t size);

}  // namespace armature::syscalls
