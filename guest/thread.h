// SPDX-License-Identifier: MIT
// One guest thread: its CPU state and what hangs on it. Each runs on a host thread of its own.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>

#include "guest/cpu_state.h"

namespace armature::translator {
class ThreadRuntime;
}
namespace armature::signals {
struct ThreadSignals;
struct TraceBlock;
}  // namespace armature::signals
namespace armature::syscalls {
struct SeccompFilter;
}

namespace armature::guest {

struct Thread {
    CpuState cpu;
    pid_t tid = 0;                                 // host and guest thread id (the same)
    translator::ThreadRuntime* runtime = nullptr;  // owned; made by translator::create_thread_runtime
    signals::ThreadSignals* signals = nullptr;     // owned; made by signals::create_thread_signals
    uint64_t clear_child_tid = 0;                  // CLONE_CHILD_CLEARTID / set_tid_address
    uint64_t robust_list = 0;                      // guest address given to set_robust_list
    uint64_t robust_list_size = 0;
    std::atomic<syscalls::SeccompFilter*> seccomp{nullptr};  // owned; see syscalls/seccomp.cc
    std::atomic<bool> owes_no_new_privs{false};              // another thread set them for this one too
    signals::TraceBlock* trace = nullptr;     // owned; null unless it is traced: see signals/traced.cc
    std::atomic<uint32_t> trace_requests{0};  // of a tracer: bits of signals::TraceRequest
    bool exiting = false;                     // exit() seen: leave the CPU loop
    int exit_status = 0;
};

// The calling host thread's guest thread; null on threads that are not the guest's. Async-signal-safe
// (initial-exec TLS).
Thread* current_thread();
void set_current_thread(Thread* thread);

// All live guest threads, in creation order. `lock_threads` also keeps threads from starting and ending
// (fork, flush, stop requests). The callback form is what most callers want.
void register_thread(Thread* thread);  // gives cpu.vcpu_index: the highest live index plus one, as QEMU does
void unregister_thread(Thread* thread);
void lock_threads();
void unlock_threads();
unsigned live_threads();                                           // how many are registered
unsigned vcpus_started();                                          // highest index ever used, plus one
void for_each_thread(void (*fn)(Thread*, void*), void* argument);  // takes the lock
bool try_for_each_thread(void (*fn)(Thread*, void*),
                         void* argument);         // not if the lock is taken; for handlers
void reset_threads_after_fork(Thread* survivor);  // child: only the calling thread is left

}  // namespace armature::guest
