// SPDX-License-Identifier: MIT
// Threads and processes: how they start and end. Internal to syscalls/.
#pragma once

#include <cstdint>
#include <mutex>

#include "guest/thread.h"

namespace armature::syscalls {

inline constexpr int kRtSigreturn = 139;

// What clone and clone3 ask for, in clone3's terms.
struct CloneRequest {
    uint64_t flags = 0;  // CLONE_*, without the exit signal
    uint64_t exit_signal = 0;
    uint64_t stack = 0;  // the new stack pointer; 0: the parent's
    uint64_t parent_tid = 0;
    uint64_t child_tid = 0;
    uint64_t tls = 0;
    uint64_t pidfd = 0;
    uint64_t set_tid = 0;
    uint64_t set_tid_size = 0;
    uint64_t cgroup = 0;
    bool from_clone3 = false;
};

// All but what belongs to one thread's translator is copied; both sides' exit requests stay as they are.
void copy_cpu(guest::CpuState* to, const guest::CpuState& from);

// Of the host thread. What faults raise (SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP) is never blocked.
uint64_t block_host_signals();
void set_host_signal_mask(uint64_t mask);

// thread.cc
int64_t start_thread(guest::Thread* parent, const CloneRequest& request);
guest::Thread* make_thread(guest::Thread* parent, const CloneRequest& request);  // null: no memory
void discard_thread(guest::Thread* thread);
int create_host_thread(void* (*body)(void*), void* argument);  // detached; an errno
// The thread's part of exit(): frees what it had, tells those who wait for it. Returns on threads that
// started in start_thread (whose host thread then ends); does not return on the process's first thread.
void end_thread(guest::Thread* thread);

// process.cc
bool in_vfork_child();
void set_vfork_child(bool on);  // of the calling thread's storage, which the child will share
inline constexpr size_t kChildStack = 256 << 10;  // of the host code that runs a child which shares memory

// shared_process.cc: a child that shares memory and runs at the same time.
int64_t start_shared_process(guest::Thread* parent, const CloneRequest& request);
// Guards the small tables of this folder (limits, attached segments); taken around fork.
std::mutex& table_lock();

// cpu_loop.cc: the loop alone, without the beginning and the end of a thread.
void run_until_exit(guest::Thread* thread);

// futex.cc: marks the mutexes of a dying thread's robust list and wakes their waiters.
void release_robust_list(guest::Thread* thread);

// exec.cc: drops what a vfork child had prepared for its exec, which freed nothing.
void drop_exec_plan();

}  // namespace armature::syscalls
