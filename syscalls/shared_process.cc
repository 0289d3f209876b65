// SPDX-License-Identifier: MIT
// clone(CLONE_VM) without CLONE_VFORK or CLONE_THREAD: a process of its own that shares memory with its
// parent and runs at the same time.
//
// The emulator's code in the child needs thread-local storage, which a bare clone does not have. So a helper
// thread lends its own: it makes the child by vfork, that is, it sleeps until the child has ended or executed
// another program. The guest's parent thread waits only until the child's id is known. Signals stay blocked
// on the helper.
#include <errno.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/mman.h>

#include <atomic>

#include "guest/thread.h"
#include "signals/signals.h"
#include "syscalls/call.h"
#include "syscalls/process.h"
#include "syscalls/seccomp.h"
#include "translator/translator.h"

namespace armature::syscalls {
namespace {

using guest::Thread;

struct Start {
    Thread* thread;
    CloneRequest request;
    int64_t pid;
    std::atomic<uint32_t> ready{0};
};

// `start` is on the parent's stack and gone as soon as the parent sees this.
void tell_parent(Start* start, int64_t pid) {
    start->pid = pid;
    start->ready.store(1, std::memory_order_release);
    host_call(SYS_futex, reinterpret_cast<uint64_t>(&start->ready), FUTEX_WAKE_PRIVATE, 1);
}

int child_main(void* argument) {
    auto* start = static_cast<Start*>(argument);
    Thread* thread = start->thread;
    thread->tid = static_cast<pid_t>(host_call(SYS_gettid));
    if (start->request.flags & CLONE_CLEAR_SIGHAND) signals::clear_handlers();
    tell_parent(start, thread->tid);
    signals::after_fork(true, thread);
    run_until_exit(thread);
    return thread->exit_status;
}

void* helper_main(void* argument) {
    auto* start = static_cast<Start*>(argument);
    Thread* thread = start->thread;
    guest::set_current_thread(thread);
    signals::enter_thread(false);
    signals::save_for_vfork();
    set_vfork_child(true);
    void* stack = mmap(nullptr, kChildStack, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (stack == MAP_FAILED) {
        tell_parent(start, -ENOMEM);
    } else {
        const CloneRequest& request = start->request;
        const uint64_t flags =
            (request.flags & ~static_cast<uint64_t>(CLONE_SETTLS)) | CLONE_VFORK | request.exit_signal;
        const int pid = clone(child_main, static_cast<char*>(stack) + kChildStack, static_cast<int>(flags),
                              start, request.flags & CLONE_PIDFD ? request.pidfd : request.parent_tid,
                              nullptr, request.child_tid);
        if (pid < 0) tell_parent(start, -errno);
        munmap(stack, kChildStack);
    }
    // The child has gone its own way.
    drop_exec_plan();
    signals::restore_after_vfork();
    signals::leave_thread();
    guest::set_current_thread(nullptr);
    discard_thread(thread);
    return nullptr;
}

}  // namespace

int64_t start_shared_process(Thread* parent, const CloneRequest& request) {
    translator::become_parallel();
    Start start{nullptr, request, 0};
    start.thread = make_thread(parent, request);
    if (!start.thread) return -ENOMEM;
    inherit_seccomp(start.thread, parent);
    start.thread->clear_child_tid = 0;
    start.thread->cpu.vcpu_index = parent->cpu.vcpu_index;
    const uint64_t mask = block_host_signals();
    const int error = create_host_thread(helper_main, &start);
    if (error) {
        set_host_signal_mask(mask);
        discard_thread(start.thread);
        return -error;
    }
    while (start.ready.load(std::memory_order_acquire) == 0)
        host_call(SYS_futex, reinterpret_cast<uint64_t>(&start.ready), FUTEX_WAIT_PRIVATE, 0, 0);
    set_host_signal_mask(mask);
    return start.pid;
}

}  // namespace armature::syscalls
