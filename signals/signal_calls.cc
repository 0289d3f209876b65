// SPDX-License-Identifier: MIT
// The calls that send signals. The host kernel checks rights and finds the targets: process and thread ids
// are the host's, siginfo is laid out the same on both machines, and pointers are host pointers.
#include "guest/user_access.h"
#include "signals/host_call.h"
#include "signals/sent_faults.h"
#include "signals/signals.h"
#include "signals/thread_signals.h"

namespace armature::signals {
namespace {

uint64_t word(int value) {
    return static_cast<uint64_t>(static_cast<int64_t>(value));
}

bool is_synchronous(int signo) {
    return signo >= 1 && signo <= kSignalCount && signal_bit(signo) & kSynchronous;
}

bool is_own_process(int pid) {
    return word(pid) == static_cast<uint64_t>(host_call(SYS_getpid));
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
    siginfo_t sent;
    if (is_synchronous(signo) && is_own_process(pid) && guest::read_object(&sent, info)) {
        mark_as_sent(&sent, Sent::ToProcess);
        info = reinterpret_cast<uint64_t>(&sent);
    }
    return host_call(SYS_rt_sigqueueinfo, word(pid), word(signo), info);
}

int64_t sys_rt_tgsigqueueinfo(guest::Thread* thread, int tgid, int tid, int signo, uint64_t info) {
    siginfo_t sent;
    if (is_synchronous(signo) && is_own_process(tgid) && guest::read_object(&sent, info)) {
        mark_as_sent(&sent, Sent::ToThread);
        info = reinterpret_cast<uint64_t>(&sent);
    }
    return host_call(SYS_rt_tgsigqueueinfo, word(tgid), word(tid), word(signo), info);
}

}  // namespace armature::signals
