// SPDX-License-Identifier: MIT
// Processes: fork, vfork, their beginning and end.
//
// fork goes through the C library's, which leaves malloc and stdio usable in the child, after every lock of
// the emulator has been taken in one fixed order; both processes release them, and the child forgets the
// other threads. Flags that fork() cannot carry (namespaces, pidfd, an unusual exit signal) use the raw call
// under the same locks.
//
// vfork really shares memory, since programs rely on seeing what the child wrote (posix_spawn reports exec's
// error that way). The child is a bare clone on a host stack of its own that borrows everything of the
// suspended parent: its thread-local storage, its guest::Thread, its signal state (which saves what the child
// may change). Only the translator's runtime is a new one: a child that is killed inside translated code must
// not leave the parent's fiber half way. What the child must not do is end in the ordinary way: it neither
// flushes nor calls exit handlers, which are the parent's.
#include "syscalls/process.h"

#include <errno.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <new>

#include "guest/address_space.h"
#include "guest/observer.h"
#include "guest/sve_state.h"
#include "guest/user_access.h"
#include "signals/signals.h"
#include "signals/traced.h"
#include "support/log.h"
#include "syscalls/call.h"
#include "syscalls/ptrace.h"
#include "syscalls/seccomp.h"
#include "syscalls/syscalls.h"
#include "syscalls/uring.h"
#include "translator/translator.h"

namespace armature::syscalls {
namespace {

using guest::Thread;

// What is done here, on the guest's memory and registers, and not by the kernel.
constexpr uint64_t kOurFlags = CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;

// Set while the memory of the process is shared with a vfork child, on the thread that did it; read by the
// child, which runs on the same thread-local storage.
thread_local bool vfork_child = false;

void before_fork() {
    if (guest::observer.before_fork) guest::observer.before_fork();
    lock_rings();
    table_lock().lock();
    guest::lock_threads();
    signals::before_fork();
    translator::before_fork();
    guest::AddressSpace::instance().before_fork();
}

void after_fork(bool child, Thread* thread) {
    guest::AddressSpace::instance().after_fork();
    if (child) {
        thread->tid = getpid();
        guest::reset_threads_after_fork(thread);
    } else {
        guest::unlock_threads();
    }
    translator::after_fork(child);
    signals::after_fork(child, thread);
    table_lock().unlock();
    unlock_rings();
    if (child) forget_tracees();
    if (child) support::reopen_log_after_fork();
    if (guest::observer.after_fork) guest::observer.after_fork(child);
}

// Where the kernel clears the C library's idea of the thread's id; a raw clone of the process lets the kernel
// write the child's id there, as the C library's fork does.
uint64_t libc_tid_address() {
    uint64_t address = 0;
    if (host_call(SYS_prctl, PR_GET_TID_ADDRESS, reinterpret_cast<uint64_t>(&address)) != 0) return 0;
    return address;
}

int64_t raw_fork(const CloneRequest& request, int* pidfd) {
    const uint64_t tid_address = libc_tid_address();
    clone_args args{};
    args.flags = request.flags & ~(kOurFlags | CLONE_CLEAR_SIGHAND);
    if (tid_address) args.flags |= CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
    args.child_tid = tid_address;
    args.exit_signal = request.exit_signal;
    args.pidfd = reinterpret_cast<uint64_t>(pidfd);
    args.set_tid = request.set_tid;
    args.set_tid_size = request.set_tid_size;
    args.cgroup = request.cgroup;
    return host_call(SYS_clone3, reinterpret_cast<uint64_t>(&args), sizeof args);
}

struct Fork {
    Thread* thread;
    const CloneRequest* request;
    int64_t result;
};

int64_t fork_now(Thread* thread, const CloneRequest& request) {
    constexpr uint64_t kPlain = kOurFlags | CLONE_CLEAR_SIGHAND | CLONE_DETACHED | CLONE_UNTRACED;
    const bool plain = request.exit_signal == SIGCHLD && !(request.flags & ~kPlain) && !request.set_tid_size;
    int pidfd = -1;
    signals::announce_clone(thread, request.flags, request.exit_signal);
    before_fork();
    int64_t pid;
    if (plain) {
        pid = fork();
        if (pid < 0) pid = -errno;
    } else {
        pid = raw_fork(request, &pidfd);
    }
    after_fork(pid == 0, thread);
    signals::TraceBlock* trace = signals::trace_of_clone(thread);
    if (pid != 0) delete trace;
    signals::clone_is_made(thread);
    if (pid < 0) return pid;
    if (pid > 0) {
        if (request.flags & CLONE_PARENT_SETTID)
            guest::write_object(request.parent_tid, static_cast<int32_t>(pid));
        if (request.flags & CLONE_PIDFD) guest::write_object(request.pidfd, pidfd);
        return pid;
    }
    thread->clear_child_tid = request.flags & CLONE_CHILD_CLEARTID ? request.child_tid : 0;
    thread->robust_list = 0;
    thread->robust_list_size = 0;
    if (request.flags & CLONE_CHILD_SETTID)
        guest::write_object(request.child_tid, static_cast<int32_t>(thread->tid));
    if (request.stack) thread->cpu.sp = request.stack;
    if (request.flags & CLONE_SETTLS) thread->cpu.tpidr_el0 = request.tls;
    if (request.flags & CLONE_CLEAR_SIGHAND) signals::clear_handlers();
    thread->cpu.x[0] = 0;
    const signals::TraceBlock* parents = thread->trace;
    signals::begin_traced_process(thread, trace);
    delete parents;
    return 0;
}

// With plugins no other thread may be in a callback, or the child would inherit a lock of theirs that nobody
// releases.
int64_t fork_process(Thread* thread, const CloneRequest& request) {
    if (!guest::observer.before_fork) return fork_now(thread, request);
    Fork call{thread, &request, 0};
    translator::run_exclusive(
        [](void* argument) {
            Fork* made = static_cast<Fork*>(argument);
            made->result = fork_now(made->thread, *made->request);
        },
        &call);
    return call.result;
}

struct VforkStart {
    Thread* thread;
    signals::TraceBlock* trace;
    bool clear_handlers;
};

int vfork_main(void* argument) {
    auto* start = static_cast<VforkStart*>(argument);
    Thread* thread = start->thread;
    thread->tid = static_cast<pid_t>(host_call(SYS_gettid));
    if (start->clear_handlers) signals::clear_handlers();
    signals::after_fork(true, thread);
    signals::begin_traced_process(thread, start->trace);
    run_until_exit(thread);
    return thread->exit_status;
}

// What the child changes in the parent's guest::Thread, to be put back.
struct SavedThread {
    guest::CpuState cpu;
    translator::ThreadRuntime* runtime;
    pid_t tid;
    uint64_t clear_child_tid, robust_list, robust_list_size;
    SeccompFilter* seccomp;
    signals::TraceBlock* trace;
    bool vfork;
};

int64_t vfork_process(Thread* thread, const CloneRequest& request) {
    void* stack = mmap(nullptr, kChildStack, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (stack == MAP_FAILED) return -ENOMEM;
    auto* saved = new (std::nothrow) SavedThread{};
    if (!saved) {
        munmap(stack, kChildStack);
        return -ENOMEM;
    }
    block_host_signals();
    memcpy(static_cast<void*>(&saved->cpu), &thread->cpu, sizeof saved->cpu);
    saved->runtime = thread->runtime;
    saved->tid = thread->tid;
    saved->clear_child_tid = thread->clear_child_tid;
    saved->robust_list = thread->robust_list;
    saved->robust_list_size = thread->robust_list_size;
    saved->seccomp = hold_seccomp(thread);
    saved->trace = thread->trace;
    saved->vfork = vfork_child;

    signals::save_for_vfork();
    thread->runtime = translator::create_thread_runtime(thread);
    thread->cpu.x[0] = 0;
    if (request.stack) thread->cpu.sp = request.stack;
    if (request.flags & CLONE_SETTLS) thread->cpu.tpidr_el0 = request.tls;
    thread->clear_child_tid = 0;
    vfork_child = true;
    signals::announce_clone(thread, request.flags, request.exit_signal);
    VforkStart start{thread, signals::trace_of_clone(thread), (request.flags & CLONE_CLEAR_SIGHAND) != 0};
    int64_t pid = -ENOMEM;
    if (thread->runtime) {
        const uint64_t flags = (request.flags & ~static_cast<uint64_t>(CLONE_SETTLS)) | request.exit_signal;
        pid = clone(vfork_main, static_cast<char*>(stack) + kChildStack, static_cast<int>(flags), &start,
                    request.flags & CLONE_PIDFD ? request.pidfd : request.parent_tid, nullptr,
                    request.child_tid);
        if (pid < 0) pid = -errno;
    }

    // The child has gone its own way.
    vfork_child = saved->vfork;
    drop_exec_plan();
    translator::ThreadRuntime* child_runtime = thread->runtime;
    // Others may have asked this thread to leave meanwhile; asking once too often does no harm.
    const uint32_t exit_request = saved->cpu.exit_request.load(std::memory_order_relaxed) |
                                  thread->cpu.exit_request.load(std::memory_order_relaxed);
    memcpy(static_cast<void*>(&thread->cpu), &saved->cpu, sizeof saved->cpu);
    guest::clear_sve(thread->cpu);
    thread->cpu.exit_request.store(exit_request, std::memory_order_relaxed);
    thread->runtime = saved->runtime;
    thread->tid = saved->tid;
    thread->clear_child_tid = saved->clear_child_tid;
    thread->robust_list = saved->robust_list;
    thread->robust_list_size = saved->robust_list_size;
    restore_seccomp(thread, saved->seccomp);
    if (pid < 0) delete start.trace;
    if (thread->trace != saved->trace) delete thread->trace;  // the child's
    thread->trace = saved->trace;
    signals::clone_is_made(thread);
    thread->exiting = false;
    if (child_runtime) translator::destroy_thread_runtime(child_runtime);
    signals::restore_after_vfork();
    delete saved;
    munmap(stack, kChildStack);
    return pid;
}

int64_t start(Thread* thread, const CloneRequest& request) {
    const uint64_t flags = request.flags;
    // A signal that is already here is the parent's alone.
    if (signals::has_deliverable(thread)) return -signals::kErestartnointr;
    if (flags & CLONE_THREAD) return start_thread(thread, request);
    if ((flags & CLONE_SIGHAND) && !(flags & CLONE_VM)) return -EINVAL;
    // vfork without shared memory is a fork whose parent waits; its end is what the flag is for.
    if (!(flags & CLONE_VM)) return fork_process(thread, request);
    constexpr uint64_t kNotInShared = CLONE_SIGHAND | CLONE_INTO_CGROUP;
    if (!(flags & kNotInShared) && !request.set_tid_size)
        return flags & CLONE_VFORK ? vfork_process(thread, request) : start_shared_process(thread, request);
    if (support::log_enabled(support::LogItem::Unimp))
        support::log_printf(
            "clone with flags %#llx: a process that shares memory is refused with CLONE_SIGHAND, "
            "CLONE_INTO_CGROUP or set_tid\n",
            static_cast<unsigned long long>(flags));
    return -EINVAL;
}

}  // namespace

std::mutex& table_lock() {
    static std::mutex lock;
    return lock;
}

bool in_vfork_child() {
    return vfork_child;
}

void set_vfork_child(bool on) {
    vfork_child = on;
}

void copy_cpu(guest::CpuState* to, const guest::CpuState& from) {
    memcpy(static_cast<void*>(to), &from, sizeof from);
    guest::clear_sve(*to);
}

uint64_t block_host_signals() {
    uint64_t all = ~uint64_t{0};
    for (int signo : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP}) all &= ~(uint64_t{1} << (signo - 1));
    uint64_t old = 0;
    host_call(SYS_rt_sigprocmask, SIG_SETMASK, reinterpret_cast<uint64_t>(&all),
              reinterpret_cast<uint64_t>(&old), 8);
    return old;
}

void set_host_signal_mask(uint64_t mask) {
    host_call(SYS_rt_sigprocmask, SIG_SETMASK, reinterpret_cast<uint64_t>(&mask), 0, 8);
}

void exit_group(Thread* thread, int status) {
    if (!vfork_child) {
        if (guest::observer.before_exit) guest::observer.before_exit();
        support::flush_log();
    }
    if (signals::wants_event(thread, PTRACE_EVENT_EXIT))
        signals::stop_at_event(thread, PTRACE_EVENT_EXIT, static_cast<uint64_t>(status & 0xff) << 8);
    for (;;) host_call(SYS_exit_group, static_cast<uint64_t>(status & 0xff));
}

int64_t sys_exit_group(Thread* thread, Arguments a) {
    exit_group(thread, static_cast<int>(a[0]));
}

// AArch64's order: flags, stack, parent's tid, tls, child's tid.
int64_t sys_clone(Thread* thread, Arguments a) {
    CloneRequest request;
    request.flags = a[0] & 0xffffff00u;
    request.exit_signal = a[0] & CSIGNAL;
    request.stack = a[1];
    request.parent_tid = a[2];
    request.pidfd = a[2];
    request.tls = a[3];
    request.child_tid = a[4];
    if ((request.flags & CLONE_PIDFD) && (request.flags & (CLONE_PARENT_SETTID | CLONE_DETACHED)))
        return -EINVAL;
    return start(thread, request);
}

int64_t sys_clone3(Thread* thread, Arguments a) {
    const uint64_t size = a[1];
    if (size > guest::kPageSize) return -E2BIG;
    if (size < CLONE_ARGS_SIZE_VER0) return -EINVAL;
    clone_args args{};
    const size_t known = size < sizeof args ? size : sizeof args;
    if (!guest::read_memory(&args, a[0], known)) return -EFAULT;
    for (uint64_t offset = sizeof args; offset < size; offset++) {
        uint8_t byte = 0;
        if (!guest::read_object(&byte, a[0] + offset)) return -EFAULT;
        if (byte) return -E2BIG;
    }
    if (args.flags & (CLONE_DETACHED | (CSIGNAL & ~static_cast<uint64_t>(CLONE_NEWTIME)))) return -EINVAL;
    if ((args.flags & CLONE_CLEAR_SIGHAND) && (args.flags & CLONE_SIGHAND)) return -EINVAL;
    if (args.exit_signal > 64) return -EINVAL;
    if ((args.flags & (CLONE_THREAD | CLONE_PARENT)) && args.exit_signal) return -EINVAL;
    if ((args.stack == 0) != (args.stack_size == 0)) return -EINVAL;
    CloneRequest request;
    request.flags = args.flags;
    request.exit_signal = args.exit_signal;
    request.stack = args.stack ? args.stack + args.stack_size : 0;
    request.parent_tid = args.parent_tid;
    request.child_tid = args.child_tid;
    request.tls = args.tls;
    request.pidfd = args.pidfd;
    request.set_tid = args.set_tid;
    request.set_tid_size = args.set_tid_size;
    request.cgroup = args.cgroup;
    request.from_clone3 = true;
    return start(thread, request);
}

}  // namespace armature::syscalls
