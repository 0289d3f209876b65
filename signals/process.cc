// SPDX-License-Identifier: MIT
// Signals where processes begin and end: fork, vfork, exec, death.
#include <linux/ptrace.h>
#include <sys/prctl.h>

#include <cerrno>
#include <memory>

#include "guest/observer.h"
#include "signals/host_call.h"
#include "signals/requeue.h"
#include "signals/sent_faults.h"
#include "signals/signals.h"
#include "signals/thread_signals.h"
#include "signals/traced.h"
#include "support/log.h"

namespace armature::signals {

// What a vfork child may change in the memory that it shares with its parent.
struct VforkFrame {
    Dispositions* parent_dispositions = nullptr;
    Dispositions child_dispositions;
    uint64_t mask = 0;
    uint64_t saved_mask = 0;
    bool restore_mask = false;
    AltStack alt_stack;
    uint64_t fault_address = 0;
    uint64_t fault_code = 0;
};

namespace {

void unlock_after_fork(ThreadSignals* state) {
    if (state->locked_for_fork == nullptr) return;
    Dispositions* locked = state->locked_for_fork;
    state->locked_for_fork = nullptr;
    locked->lock.unlock();
}

// Gives a captured signal back to the kernel. Everything is blocked, so there it stays.
void return_captured(ThreadSignals* state) {
    if (!state->queue.has_captured()) return;
    siginfo_t info;
    state->queue.take_captured(&info);
    return_to_thread(info);
}

}  // namespace

void before_fork() {
    ThreadSignals* state = state_of(guest::current_thread());
    set_host_mask(kHostMaskAll);
    state->dispositions->lock.lock();
    state->locked_for_fork = state->dispositions;
}

void after_fork(bool child, guest::Thread* thread) {
    ThreadSignals* state = state_of(thread);
    unlock_after_fork(state);
    // A child starts with nothing pending; but what a vfork child clears is its parent's.
    if (child && state->vforks.empty()) {
        state->queue.clear();
        forget_sent();
    }
    apply_mask(state, state->mask);
}

void save_for_vfork() {
    ThreadSignals* state = state_of(guest::current_thread());
    unlock_after_fork(state);  // shared memory needs no frozen table
    set_host_mask(kHostMaskAll);
    return_captured(state);  // the parent's; the child, which has the same memory, must not deliver it
    auto frame = std::make_unique<VforkFrame>();
    frame->parent_dispositions = state->dispositions;
    {
        const std::lock_guard hold(state->dispositions->lock);
        for (int signo = 1; signo <= kSignalCount; signo++) {
            frame->child_dispositions.actions[signo] = state->dispositions->actions[signo];
        }
        frame->child_dispositions.captured = state->dispositions->captured.load();
    }
    frame->mask = state->mask;
    frame->saved_mask = state->saved_mask;
    frame->restore_mask = state->restore_mask;
    frame->alt_stack = state->alt_stack;
    frame->fault_address = state->fault_address;
    frame->fault_code = state->fault_code;
    state->dispositions = &frame->child_dispositions;
    state->vforks.push_back(frame.release());
}

void restore_after_vfork() {
    ThreadSignals* state = state_of(guest::current_thread());
    const std::unique_ptr<VforkFrame> frame(state->vforks.back());
    state->vforks.pop_back();
    state->dispositions = frame->parent_dispositions;
    state->saved_mask = frame->saved_mask;
    state->restore_mask = frame->restore_mask;
    state->alt_stack = frame->alt_stack;
    state->fault_address = frame->fault_address;
    state->fault_code = frame->fault_code;
    state->queue.drop_captured();  // the child's, and gone with it
    apply_mask(state, frame->mask);
}

void reset_handlers_for_exec() {
    ThreadSignals* state = state_of(guest::current_thread());
    set_host_mask(kHostMaskAll);
    return_captured(state);  // what is pending survives an exec
    const std::lock_guard hold(state->dispositions->lock);
    // Default before the mask opens: what arrives in between finds the new program's dispositions.
    for (int signo = 1; signo <= kSignalCount; signo++) {
        if (signal_bit(signo) & kUnblockable) continue;
        GuestAction host;
        host.handler =
            state->dispositions->actions[signo].handler == kHandlerIgnore ? kHandlerIgnore : kHandlerDefault;
        host_call(SYS_rt_sigaction, static_cast<uint64_t>(signo), reinterpret_cast<uint64_t>(&host), 0,
                  kSetSize);
    }
    set_host_mask(state->mask);
    siginfo_t info;
    while (state->queue.take_synchronous(&info)) return_to_thread(info);
    while (state->vforks.empty() && take_for_process(state->mask, &info)) return_to_thread(info);
}

void restore_handlers_after_exec() {
    ThreadSignals* state = state_of(guest::current_thread());
    set_host_mask(kHostMaskAll);
    {
        const std::lock_guard hold(state->dispositions->lock);
        for (int signo = 1; signo <= kSignalCount; signo++) {
            mirror_disposition(state->dispositions, signo);
        }
    }
    apply_mask(state, state->mask);
}

void die_by_signal(int signo, bool dump_core) {
    // A vfork child has nothing of its own to finish: it is all its parent's.
    guest::Thread* thread = guest::current_thread();
    if (thread != nullptr && wants_event(thread, PTRACE_EVENT_EXIT))
        stop_at_event(thread, PTRACE_EVENT_EXIT, static_cast<uint64_t>(signo));
    if (thread == nullptr || thread->signals == nullptr || thread->signals->vforks.empty()) {
        if (guest::observer.before_exit != nullptr) guest::observer.before_exit();
        support::flush_log();
    }
    if (!dump_core && default_action(signo) == DefaultAction::Core) prctl(PR_SET_DUMPABLE, 0);
    const GuestAction fallback;
    host_call(SYS_rt_sigaction, static_cast<uint64_t>(signo), reinterpret_cast<uint64_t>(&fallback), 0,
              kSetSize);
    host_call(SYS_tgkill, static_cast<uint64_t>(host_call(SYS_getpid)),
              static_cast<uint64_t>(host_call(SYS_gettid)), static_cast<uint64_t>(signo));
    set_host_mask(~signal_bit(signo));
    // The first process of a namespace survives its own fatal signals.
    const auto status = 128 + static_cast<uint64_t>(signo);
    for (;;) host_call(SYS_exit_group, status);
}

}  // namespace armature::signals
