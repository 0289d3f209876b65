// SPDX-License-Identifier: MIT
// What the guest wants done with each signal: rt_sigaction, and the table behind it.
#include <cerrno>

#include "guest/user_access.h"
#include "signals/host_call.h"
#include "signals/signals.h"
#include "signals/thread_signals.h"

namespace armature::signals {
namespace {

// Flags that AArch64's kernel knows; it clears the others, so that programs can probe for support.
constexpr uint64_t kKnownFlags = SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART |
                                 SA_NODEFER | static_cast<unsigned>(SA_RESETHAND) | kFlagExposeTagBits |
                                 kFlagRestorer;

}  // namespace

void read_inherited_dispositions(Dispositions* dispositions) {
    for (int signo = 1; signo <= kSignalCount; signo++) {
        GuestAction host;
        host_call(SYS_rt_sigaction, static_cast<uint64_t>(signo), 0, reinterpret_cast<uint64_t>(&host),
                  kSetSize);
        if (host.handler == kHandlerIgnore) dispositions->actions[signo].handler = kHandlerIgnore;
    }
}

GuestAction action_of(ThreadSignals* state, int signo) {
    const std::lock_guard hold(state->dispositions->lock);
    return state->dispositions->actions[signo];
}

GuestAction action_for_delivery(ThreadSignals* state, int signo) {
    const std::lock_guard hold(state->dispositions->lock);
    GuestAction& action = state->dispositions->actions[signo];
    const GuestAction result = action;
    const bool handled = action.handler != kHandlerDefault && action.handler != kHandlerIgnore;
    if (handled && action.flags & static_cast<unsigned>(SA_RESETHAND)) {
        action.handler = kHandlerDefault;
        mirror_disposition(state->dispositions, signo);
    }
    return result;
}

void reset_to_default(ThreadSignals* state, int signo) {
    const std::lock_guard hold(state->dispositions->lock);
    GuestAction& action = state->dispositions->actions[signo];
    action.handler = kHandlerDefault;
    mirror_disposition(state->dispositions, signo);
}

void clear_handlers() {
    ThreadSignals* state = state_of(guest::current_thread());
    const std::lock_guard hold(state->dispositions->lock);
    for (int signo = 1; signo <= kSignalCount; signo++) {
        GuestAction& action = state->dispositions->actions[signo];
        if (action.handler == kHandlerIgnore) continue;
        action = GuestAction{};
        mirror_disposition(state->dispositions, signo);
    }
}

int64_t sys_rt_sigaction(guest::Thread* thread, int signo, uint64_t act, uint64_t oldact, uint64_t size) {
    if (size != kSetSize) return -EINVAL;
    GuestAction wanted;
    if (act != 0 && !guest::read_object(&wanted, act)) return -EFAULT;
    if (signo < 1 || signo > kSignalCount) return -EINVAL;
    if (act != 0 && signal_bit(signo) & kUnblockable) return -EINVAL;
    ThreadSignals* state = state_of(thread);
    // What came before the call is delivered under the old disposition.
    if (act != 0 && state->queue.deliverable()) return -kErestartnointr;
    GuestAction old;
    {
        const std::lock_guard hold(state->dispositions->lock);
        GuestAction& action = state->dispositions->actions[signo];
        old = action;
        if (act != 0) {
            action = wanted;
            action.flags &= kKnownFlags;
            action.mask &= ~kUnblockable;
            mirror_disposition(state->dispositions, signo);
            const bool ignored =
                action.handler == kHandlerIgnore ||
                (action.handler == kHandlerDefault && default_action(signo) == DefaultAction::Ignore);
            if (ignored && signal_bit(signo) & kSynchronous) state->queue.drop_synchronous(signo);
        }
    }
    if (oldact != 0 && !guest::write_object(oldact, old)) return -EFAULT;
    return 0;
}

}  // namespace armature::signals
