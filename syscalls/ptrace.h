// SPDX-License-Identifier: MIT
// The tracing side of ptrace, see ptrace.cc. Internal to syscalls/.
#pragma once

#include <cstdint>
#include <string>

#include "guest/thread.h"

namespace armature::syscalls {

// `status` is what the host's wait gave for `pid`. False: nothing that concerns the guest, and a stopped
// thread goes on already. Else *status is what the guest is to see.
bool filter_wait_status(pid_t pid, int* status);

// The guest wrote to the memory of a process by its descriptor or id: code there may be stale.
bool has_tracees();
void wrote_to_tracee(uint64_t address, uint64_t size);

// The guest's auxiliary vector and path of a traced process or thread; false if it is none.
bool describe_tracee(pid_t pid, std::string* auxv, std::string* path);

void forget_tracees();  // in the child of a fork

}  // namespace armature::syscalls
