// SPDX-License-Identifier: MIT
// System call callbacks, and how qemu_plugin_set_pc() leaves one.
//
// set_pc never returns to the plugin, and system call callbacks are made from ordinary code with frames of
// the syscalls folder below. So each such callback is called through a frame that remembers the host's place
// (__builtin_setjmp); set_pc jumps back to it, over nothing but the plugin's own frames. The guest's pc is
// set, the rest of the callbacks are skipped, and the filter then answers for the call that it is not to be
// made.
#pragma once

#include <cstdint>

#include "guest/thread.h"

namespace armature::plugin_host {

void syscall_entry(guest::Thread* thread, int64_t number, const uint64_t arguments[8]);
bool syscall_filter(guest::Thread* thread, int64_t number, const uint64_t arguments[8], int64_t* result);
void syscall_return(guest::Thread* thread, int64_t number, int64_t result);

// Inside a system call callback: does not return. Elsewhere: returns.
void leave_syscall_callback(uint64_t pc);

}  // namespace armature::plugin_host
