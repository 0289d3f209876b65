// SPDX-License-Identifier: MIT
#include "signals/requeue.h"

#include "signals/host_call.h"
#include "signals/sent_faults.h"
#include "signals/signal_set.h"

namespace armature::signals {
namespace {

uint64_t own_pid() {
    return static_cast<uint64_t>(host_call(SYS_getpid));
}

}  // namespace

bool is_for_process(const siginfo_t& info) {
    return info.si_code == SI_USER || info.si_code > 0;
}

void return_to_thread(const siginfo_t& info) {
    const auto tid = static_cast<uint64_t>(host_call(SYS_gettid));
    const auto signo = static_cast<uint64_t>(info.si_signo);
    siginfo_t sent = info;
    if (signal_bit(info.si_signo) & kSynchronous) mark_as_sent(&sent, Sent::ToThread);
    if (host_call(SYS_rt_tgsigqueueinfo, own_pid(), tid, signo, reinterpret_cast<uint64_t>(&sent)) == 0)
        return;
    host_call(SYS_tgkill, own_pid(), tid, signo);
}

bool try_return_to_process(const siginfo_t& info) {
    return host_call(SYS_rt_sigqueueinfo, own_pid(), static_cast<uint64_t>(info.si_signo),
                     reinterpret_cast<uint64_t>(&info)) == 0;
}

void return_to_process(const siginfo_t& info) {
    if (!try_return_to_process(info)) host_call(SYS_kill, own_pid(), static_cast<uint64_t>(info.si_signo));
}

}  // namespace armature::signals
