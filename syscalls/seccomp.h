// SPDX-License-Identifier: MIT
// The guest's seccomp: strict mode and filters, see seccomp.cc. Internal to syscalls/, but for what
// tools/armature hands over (syscalls.h).
#pragma once

#include <cstdint>

#include "guest/thread.h"
#include "syscalls/call.h"

namespace armature::syscalls {

// The vdso's functions are system calls here, but not for filters and tracers.
bool is_vdso_call(uint64_t pc, int64_t number);

inline bool has_seccomp(const guest::Thread* thread) {
    return thread->seccomp.load(std::memory_order_acquire) != nullptr;
}

// May the call be made? False: it is over, with *result as dispatch() returns it, or the thread is about to
// end.
bool seccomp_admits(guest::Thread* thread, int64_t number, Arguments a, int64_t* result);

// A new thread's part, a thread's last, and keeping a vfork parent's filters while its child may add some.
void inherit_seccomp(guest::Thread* thread, guest::Thread* parent);
void drop_seccomp(guest::Thread* thread);
SeccompFilter* hold_seccomp(guest::Thread* thread);
void restore_seccomp(guest::Thread* thread, SeccompFilter* held);

int64_t prctl_seccomp(guest::Thread* thread, uint64_t mode, uint64_t program);
int64_t seccomp_mode(const guest::Thread* thread);

// What /proc/PID/status shows for a thread of this process.
struct SeccompStatus {
    int mode = 0;
    unsigned filters = 0;
};
SeccompStatus seccomp_status(pid_t tid);

// For exec: a descriptor of all filters in writing, -1 if there are none, or -errno.
int64_t write_seccomp_for_exec(const guest::Thread* thread);

}  // namespace armature::syscalls
