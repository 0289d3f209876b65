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
// end. A tracer may have made another call of it.
bool seccomp_admits(guest::Thread* thread, int64_t* number, uint64_t a[8], int64_t* result);

// seccomp_notify.cc: a filter of the host's with a listener, for those of `flags` that it is to have; a
// descriptor or -errno. And its threads' filters, after the guest's were handed to all threads.
int64_t install_listener(uint64_t flags);
int64_t spread_listener();
// True: the call is to be made. Otherwise it is over.
bool ask_listener(guest::Thread* thread, int64_t number, Arguments a, int64_t* result);
// The supervisor's ioctls.
bool is_listener_request(uint64_t request);
int64_t listener_request(guest::Thread* thread, Arguments a);

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
