// SPDX-License-Identifier: MIT
// Resource limits of memory, which are the guest's alone. Internal to syscalls/.
#pragma once

#include <sys/resource.h>

#include <string>

namespace armature::syscalls {

// At start: the guest's limits are the process's, or what an exec handed over (kExecLimits).
void read_limits();

// For a new emulator, as one word.
std::string limits_for_exec();

// Around an exec of the emulator, which needs descriptors to start with; the new one sets the guest's limit.
void raise_descriptor_limit();
void restore_descriptor_limit();

// Gives the guest's limits to the process while it is about to become a native program; puts the process's
// own back if it did not.
class HostLimits {
  public:
    HostLimits();
    ~HostLimits();
    HostLimits(const HostLimits&) = delete;
    HostLimits& operator=(const HostLimits&) = delete;

  private:
    rlimit saved_[4];
};

}  // namespace armature::syscalls
