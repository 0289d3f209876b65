// SPDX-License-Identifier: MIT
// The calls that send signals. The host kernel checks rights and finds the targets: process and thread ids
// are the host's, siginfo is laid out the same on both machines, and pointers are host pointers.
#include <cerrno>

#include "guest/user_access.h"
#include "signals/host_call.h"
#include "signals/signals.h"
#include "signals/thread_signals.h"

namespace armature::signals {
namespace {

uint64_t word(int value) {
    return static_cast<uint64_t>(static_cast<int64_t>(value));
}

}  // namespace

int64_t sys_kill(guest::Thread* thread, int pid, int signo) {
    return host_call(SYS_kill, word(pid), word(signo));
}

int64_t sys_tkill(guest::Thread* thread, int tid, int signo) {
    return host_call(SYS_tkill, word(tid), word(signo));
}

int64_t sys_tgkill(guest::Thread* thread, int tgid, int tid, int signo) {
    return host_call(SYS_tgkill, word(tgid), word(tid), word(signo));
}

int64_t sys_rt_sigqueueinfo(guest::Thread* thread, int pid, int signo, uint64_t info) {
    return host_call(SYS_rt_sigqueueinfo, word(pid), word(signo), info);
}

int64_t sys_rt_tgsigqueueinfo(guest::Thread* thread, int tgid, int tid, int signo, uint64_t info) {
    const bool synchronous = signo >= 1 && signo <= kSignalCount && signal_bit(signo) & kSynchronous;
    siginfo_t sent;
    if (!synchronous || word(tid) != static_cast<uint64_t>(host_call(SYS_gettid)) ||
        word(tgid) != static_cast<uint64_t>(host_call(SYS_getpid)) || !guest::read_object(&sent, info)) {
        return host_call(SYS_rt_tgsigqueueinfo, word(tgid), word(tid), word(signo), info);
    }
    // A crash handler that sends itself its own fault again: the host's handler could not tell it from a
    // fault.
    ThreadSignals* state = state_of(thread);
    sent.si_signo = signo;
    state->queue.add_synchronous(sent, state->mask);
    refresh_queue(state);
    return 0;
}

}  // namespace armature::signals
