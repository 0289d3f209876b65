// SPDX-License-Identifier: MIT
// The guest's signal mask and the calls that wait under one.
//
// Each change of the mask goes through the interruptible stub: it happens only if nothing is queued, so a
// signal that came before is delivered under the mask that let it in, and the call is then made again
// (ERESTARTNOINTR).
#include <cerrno>

#include "guest/user_access.h"
#include "signals/host_call.h"
#include "signals/requeue.h"
#include "signals/sent_faults.h"
#include "signals/signals.h"
#include "signals/thread_signals.h"

namespace armature::signals {
namespace {

bool is_interruption(int64_t result) {
    return result == -EINTR || result == -kErestartsys || result == -kErestartnointr ||
           result == -kErestartnohand || result == -kErestartRestartblock;
}

long pointer(const void* address) {
    return reinterpret_cast<long>(address);
}

// 0, or -kErestartnointr if a signal must be delivered first.
int64_t change_mask(ThreadSignals* state, uint64_t mask) {
    const uint64_t host = host_mask(mask);
    const int64_t result =
        blocking_syscall(SYS_rt_sigprocmask, SIG_SETMASK, pointer(&host), 0, static_cast<long>(kSetSize));
    if (result != 0) return result;
    state->mask = mask & ~kUnblockable;
    refresh_queue(state);
    return 0;
}

}  // namespace

bool has_deliverable(guest::Thread* thread) {
    return state_of(thread)->queue.deliverable();
}

int64_t sys_rt_sigprocmask(guest::Thread* thread, int how, uint64_t set, uint64_t oldset, uint64_t size) {
    if (size != kSetSize) return -EINVAL;
    ThreadSignals* state = state_of(thread);
    const uint64_t old = state->mask;
    if (set != 0) {
        uint64_t bits = 0;
        if (!guest::read_object(&bits, set)) return -EFAULT;
        uint64_t mask = 0;
        switch (how) {
            case SIG_BLOCK:
                mask = old | bits;
                break;
            case SIG_UNBLOCK:
                mask = old & ~bits;
                break;
            case SIG_SETMASK:
                mask = bits;
                break;
            default:
                return -EINVAL;
        }
        mask &= ~kUnblockable;
        if (mask != old) {
            const int64_t result = change_mask(state, mask);
            if (result != 0) return result;
        }
    }
    if (oldset != 0 && !guest::write_object(oldset, old)) return -EFAULT;
    return 0;
}

int64_t sys_rt_sigpending(guest::Thread* thread, uint64_t set, uint64_t size) {
    if (size > kSetSize) return -EINVAL;
    const ThreadSignals* state = state_of(thread);
    uint64_t pending = 0;
    host_call(SYS_rt_sigpending, reinterpret_cast<uint64_t>(&pending), kSetSize);
    pending = (pending | state->queue.synchronous() | waiting_for_process()) & state->mask;
    return guest::write_memory(set, &pending, size) ? 0 : -EFAULT;
}

int64_t sys_rt_sigsuspend(guest::Thread* thread, uint64_t set, uint64_t size) {
    if (size != kSetSize) return -EINVAL;
    uint64_t mask = 0;
    if (!guest::read_object(&mask, set)) return -EFAULT;
    mask &= ~kUnblockable;
    ThreadSignals* state = state_of(thread);
    if (state->queue.deliverable()) return -kErestartnointr;
    const uint64_t old = state->mask;
    state->mask = mask;
    refresh_queue(state);  // a synchronous signal may have waited for this
    if (!state->queue.deliverable()) {
        const uint64_t host = host_mask(mask);
        const int64_t result =
            blocking_syscall(SYS_rt_sigsuspend, pointer(&host), static_cast<long>(kSetSize));
        if (result == -kErestartnointr) {
            state->mask = old;
            refresh_queue(state);
            return result;
        }
    }
    // The handler's frame gets the old mask; deliver_pending puts it back if there is no handler.
    state->saved_mask = old;
    state->restore_mask = true;
    return -kErestartnohand;
}

int64_t with_signal_mask(guest::Thread* thread, uint64_t set, uint64_t size, MaskedCall call,
                         void* argument) {
    if (size != kSetSize) return -EINVAL;
    uint64_t mask = 0;
    if (!guest::read_object(&mask, set)) return -EFAULT;
    mask &= ~kUnblockable;
    ThreadSignals* state = state_of(thread);
    if (state->queue.deliverable()) return -kErestartnointr;
    const uint64_t old = state->mask;
    state->mask = mask;
    refresh_queue(state);  // a synchronous signal may have waited for this
    const uint64_t host = host_mask(mask);
    const int64_t result = call(argument, &host);
    const int captured = state->queue.captured();
    // Until the call is made the old mask is in force: what it lets in is delivered under it.
    const bool came_before = result == -kErestartnointr && captured != 0 && !(old & signal_bit(captured));
    if (is_interruption(result) && state->queue.deliverable() && !came_before) {
        state->saved_mask = old;
        state->restore_mask = true;
        return -kErestartnohand;
    }
    state->mask = old;
    refresh_queue(state);
    return result;
}

SignalSets signal_sets(pid_t tid) {
    struct Search {
        pid_t tid;
        SignalSets sets;
    } search{tid, {}};
    guest::for_each_thread(
        [](guest::Thread* thread, void* argument) {
            auto* wanted = static_cast<Search*>(argument);
            if (thread->tid != wanted->tid) return;
            wanted->sets.known = true;
            wanted->sets.blocked = state_of(thread)->mask;
        },
        &search);
    ThreadSignals* state = state_of(guest::current_thread());
    const std::lock_guard hold(state->dispositions->lock);
    for (int signo = 1; signo <= kSignalCount; signo++) {
        const uint64_t handler = state->dispositions->actions[signo].handler;
        if (handler == kHandlerIgnore) search.sets.ignored |= signal_bit(signo);
        if (handler != kHandlerIgnore && handler != kHandlerDefault) search.sets.caught |= signal_bit(signo);
    }
    return search.sets;
}

int64_t sys_rt_sigtimedwait(guest::Thread* thread, uint64_t set, uint64_t info, uint64_t timeout,
                            uint64_t size) {
    if (size != kSetSize) return -EINVAL;
    uint64_t wanted = 0;
    if (!guest::read_object(&wanted, set)) return -EFAULT;
    ThreadSignals* state = state_of(thread);
    if (state->queue.deliverable()) return -kErestartnointr;
    const uint64_t queued = state->queue.synchronous() & wanted;
    if (queued != 0) {
        siginfo_t taken;
        const int signo = state->queue.take(~queued, &taken);
        refresh_queue(state);
        return info == 0 || guest::write_object(info, taken) ? signo : -EFAULT;
    }
    if ((wanted & kSynchronous) == 0)
        return blocking_syscall(SYS_rt_sigtimedwait, pointer(&wanted), static_cast<long>(info),
                                static_cast<long>(timeout), static_cast<long>(kSetSize));
    // One of the five that is sent to this thread from here on ends the call, by the host kernel itself; so
    // does the word to take one that is kept.
    state->waits_for.store(wanted & kSynchronous);
    siginfo_t taken;
    int64_t result = 0;
    if (take_for_process(wanted, &taken)) {
        result = taken.si_signo;
    } else {
        result = blocking_syscall(SYS_rt_sigtimedwait, pointer(&wanted), pointer(&taken),
                                  static_cast<long>(timeout), static_cast<long>(kSetSize));
        if (result > 0 && how_sent(&taken) == Sent::Look && !take_for_process(wanted, &taken))
            result = -kErestartnointr;
        if (result > 0) result = taken.si_signo;
    }
    state->waits_for.store(0);
    if (result > 0 && info != 0 && !guest::write_object(info, taken)) return -EFAULT;
    return result;
}

int64_t sys_signalfd4(guest::Thread* thread, int fd, uint64_t set, uint64_t size, int flags) {
    return host_call(SYS_signalfd4, static_cast<uint64_t>(fd), set, size, static_cast<uint64_t>(flags));
}

}  // namespace armature::signals
