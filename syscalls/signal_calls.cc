// SPDX-License-Identifier: MIT
// The signal system calls; what they do is in signals/.
#include <errno.h>

#include "signals/signals.h"
#include "support/descriptors.h"
#include "syscalls/call.h"

namespace armature::syscalls {

using guest::Thread;

int64_t sys_kill(Thread* thread, Arguments a) {
    return signals::sys_kill(thread, static_cast<int>(a[0]), static_cast<int>(a[1]));
}

int64_t sys_tkill(Thread* thread, Arguments a) {
    return signals::sys_tkill(thread, static_cast<int>(a[0]), static_cast<int>(a[1]));
}

int64_t sys_tgkill(Thread* thread, Arguments a) {
    return signals::sys_tgkill(thread, static_cast<int>(a[0]), static_cast<int>(a[1]),
                               static_cast<int>(a[2]));
}

int64_t sys_sigaltstack(Thread* thread, Arguments a) {
    return signals::sys_sigaltstack(thread, a[0], a[1]);
}

int64_t sys_rt_sigsuspend(Thread* thread, Arguments a) {
    return signals::sys_rt_sigsuspend(thread, a[0], a[1]);
}

int64_t sys_rt_sigaction(Thread* thread, Arguments a) {
    return signals::sys_rt_sigaction(thread, static_cast<int>(a[0]), a[1], a[2], a[3]);
}

int64_t sys_rt_sigprocmask(Thread* thread, Arguments a) {
    return signals::sys_rt_sigprocmask(thread, static_cast<int>(a[0]), a[1], a[2], a[3]);
}

int64_t sys_rt_sigpending(Thread* thread, Arguments a) {
    return signals::sys_rt_sigpending(thread, a[0], a[1]);
}

int64_t sys_rt_sigtimedwait(Thread* thread, Arguments a) {
    return signals::sys_rt_sigtimedwait(thread, a[0], a[1], a[2], a[3]);
}

int64_t sys_rt_sigqueueinfo(Thread* thread, Arguments a) {
    return signals::sys_rt_sigqueueinfo(thread, static_cast<int>(a[0]), static_cast<int>(a[1]), a[2]);
}

int64_t sys_rt_tgsigqueueinfo(Thread* thread, Arguments a) {
    return signals::sys_rt_tgsigqueueinfo(thread, static_cast<int>(a[0]), static_cast<int>(a[1]),
                                          static_cast<int>(a[2]), a[3]);
}

int64_t sys_rt_sigreturn(Thread* thread, Arguments) {
    signals::sys_rt_sigreturn(thread);
    return -kRegistersAreSet;
}

int64_t sys_signalfd4(Thread* thread, Arguments a) {
    if (support::is_hidden_descriptor(static_cast<int>(a[0]))) return -EBADF;
    return signals::sys_signalfd4(thread, static_cast<int>(a[0]), a[1], a[2], static_cast<int>(a[3]));
}

}  // namespace armature::syscalls
