// SPDX-License-Identifier: MIT
// Guest threads. Each is a detached host pthread whose id is the guest's thread id.
//
// A pthread rather than a bare clone, because the emulator's own code on that thread needs the C library's
// thread state. The price is that the host kernel's "clear this word and wake" at the end of a thread belongs
// to the C library; the guest's word is cleared here, as the last thing done before the host thread itself
// ends, when nothing of the guest's memory is used any more. pthread_exit is never called: it would load
// libgcc_s.
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <atomic>
#include <new>

#include "guest/observer.h"
#include "guest/user_access.h"
#include "signals/signals.h"
#include "signals/traced.h"
#include "support/log.h"
#include "syscalls/call.h"
#include "syscalls/process.h"
#include "syscalls/seccomp.h"
#include "syscalls/syscalls.h"
#include "translator/translator.h"

namespace armature::syscalls {
namespace {

using guest::Thread;

constexpr size_t kHostStack = 256 << 10;

constexpr uint64_t kThreadFlags = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD;
constexpr uint64_t kSharedFlags =
    CLONE_FS | CLONE_FILES | CLONE_SYSVSEM;  // what a pthread shares; undone if not asked
constexpr uint64_t kOtherFlags = CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID |
                                 CLONE_CHILD_CLEARTID | CLONE_DETACHED | CLONE_UNTRACED | CLONE_PTRACE |
                                 CLONE_IO;

struct Start {
    Thread* thread;
    uint64_t parent_tid;  // addresses, 0: do not write
    uint64_t child_tid;
    uint64_t unshare;  // what the new thread does not share
    std::atomic<uint32_t> ready;
};

void* thread_main(void* argument) {
    auto* start = static_cast<Start*>(argument);
    Thread* thread = start->thread;
    thread->tid = static_cast<pid_t>(host_call(SYS_gettid));
    guest::set_current_thread(thread);
    signals::enter_thread();
    if (start->unshare) host_call(SYS_unshare, start->unshare);
    const auto tid = static_cast<int32_t>(thread->tid);
    if (start->parent_tid) guest::write_object(start->parent_tid, tid);
    if (start->child_tid) guest::write_object(start->child_tid, tid);
    // `start` is on the parent's stack and gone as soon as the parent sees this.
    start->ready.store(static_cast<uint32_t>(tid), std::memory_order_release);
    host_call(SYS_futex, reinterpret_cast<uint64_t>(&start->ready), FUTEX_WAKE_PRIVATE, 1);
    if (thread->trace) signals::begin_traced_thread(thread);
    cpu_loop(thread);
    return nullptr;
}

}  // namespace

void discard_thread(Thread* thread) {
    delete thread->trace;
    if (thread->signals) signals::destroy_thread_signals(thread->signals);
    if (thread->runtime) translator::destroy_thread_runtime(thread->runtime);
    drop_seccomp(thread);
    delete thread;
}

Thread* make_thread(Thread* parent, const CloneRequest& request) {
    translator::become_parallel();
    auto* thread = new (std::nothrow) Thread;
    if (!thread) return nullptr;
    copy_cpu(&thread->cpu, parent->cpu);
    thread->cpu.exit_request.store(0, std::memory_order_relaxed);
    thread->cpu.x[0] = 0;
    if (request.stack) thread->cpu.sp = request.stack;
    if (request.flags & CLONE_SETTLS) thread->cpu.tpidr_el0 = request.tls;
    if (request.flags & CLONE_CHILD_CLEARTID) thread->clear_child_tid = request.child_tid;
    thread->runtime = translator::create_thread_runtime(thread);
    thread->signals = signals::create_thread_signals(thread, parent);
    if (!thread->runtime || !thread->signals) {
        discard_thread(thread);
        return nullptr;
    }
    return thread;
}

int create_host_thread(void* (*body)(void*), void* argument) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, kHostStack);
    pthread_t handle;
    const int error = pthread_create(&handle, &attributes, body, argument);
    pthread_attr_destroy(&attributes);
    return error;
}

int64_t start_thread(Thread* parent, const CloneRequest& request) {
    const uint64_t unknown = request.flags & ~(kThreadFlags | kSharedFlags | kOtherFlags);
    if ((request.flags & kThreadFlags) != kThreadFlags) return -EINVAL;
    if (unknown || in_vfork_child() || request.set_tid_size) {
        if (support::log_enabled(support::LogItem::Unimp))
            support::log_printf("clone of a thread with flags %#llx is not supported\n",
                                static_cast<unsigned long long>(request.flags));
        return -EINVAL;
    }
    Start start{nullptr, request.flags & CLONE_PARENT_SETTID ? request.parent_tid : 0,
                request.flags & CLONE_CHILD_SETTID ? request.child_tid : 0, kSharedFlags & ~request.flags, 0};
    start.thread = make_thread(parent, request);
    if (!start.thread) return -ENOMEM;
    guest::register_thread(start.thread);
    inherit_seccomp(start.thread, parent);
    signals::announce_clone(parent, request.flags, request.exit_signal);
    start.thread->trace = signals::trace_of_clone(parent);
    // The new thread starts with everything blocked, until its signal state is in place.
    const uint64_t mask = block_host_signals();
    const int error = create_host_thread(thread_main, &start);
    signals::clone_is_made(parent);
    if (error) {
        set_host_signal_mask(mask);
        guest::unregister_thread(start.thread);
        discard_thread(start.thread);
        return -error;
    }
    while (start.ready.load(std::memory_order_acquire) == 0)
        host_call(SYS_futex, reinterpret_cast<uint64_t>(&start.ready), FUTEX_WAIT_PRIVATE, 0, 0);
    set_host_signal_mask(mask);
    return static_cast<int64_t>(start.ready.load(std::memory_order_relaxed));
}

void end_thread(Thread* thread) {
    const int status = thread->exit_status;
    const bool is_leader = thread->tid == getpid();
    block_host_signals();
    if (signals::wants_event(thread, PTRACE_EVENT_EXIT))
        signals::stop_at_event(thread, PTRACE_EVENT_EXIT, static_cast<uint64_t>(status) << 8);
    signals::stop_tracing(thread);
    if (guest::observer.vcpu_exit) guest::observer.vcpu_exit(thread);
    release_robust_list(thread);
    guest::unregister_thread(thread);
    if (guest::live_threads() == 0) {
        // The last thread; the process's status is the first thread's, so this is an ordinary exit.
        if (guest::observer.before_exit) guest::observer.before_exit();
        support::flush_log();
        host_call(SYS_exit, static_cast<uint64_t>(status));
    }
    const uint64_t clear = thread->clear_child_tid;
    signals::leave_thread();
    guest::set_current_thread(nullptr);
    discard_thread(thread);
    // Clears and wakes in one call, which survives a bad address: this thread can no longer take a fault.
    if (clear)
        host_call(SYS_futex, clear, FUTEX_WAKE_OP, 1, 0, clear,
                  FUTEX_OP(FUTEX_OP_SET, 0, FUTEX_OP_CMP_LT, 0));
    // The first thread must not return to the C library, which would end the process.
    if (is_leader) host_call(SYS_exit, static_cast<uint64_t>(status));
}

int64_t sys_exit(Thread* thread, Arguments a) {
    const int status = static_cast<int>(a[0] & 0xff);
    if (in_vfork_child()) host_call(SYS_exit_group, static_cast<uint64_t>(status));
    if (guest::live_threads() == 1 && thread->tid == getpid()) exit_group(thread, status);
    thread->exit_status = status;
    thread->exiting = true;
    return 0;
}

int64_t sys_set_tid_address(Thread* thread, Arguments a) {
    thread->clear_child_tid = a[0];
    // Where the C library has no part in the end of the thread, the kernel does it.
    if (in_vfork_child()) return host_call(SYS_set_tid_address, a[0]);
    return thread->tid;
}

}  // namespace armature::syscalls
