// SPDX-License-Identifier: MIT
// wait4 and waitid: the host's, but for stops of traced processes, of which some are not the guest's business
// and the others are what the tracee says (ptrace.cc).
#include <errno.h>
#include <linux/wait.h>
#include <signal.h>

#include "guest/user_access.h"
#include "syscalls/call.h"
#include "syscalls/ptrace.h"

namespace armature::syscalls {
namespace {

using guest::Thread;

uint64_t pointer(const void* p) {
    return reinterpret_cast<uint64_t>(p);
}

// As wait4 gives it.
int status_of(const siginfo_t& info) {
    switch (info.si_code) {
        case CLD_EXITED:
            return (info.si_status & 0xff) << 8;
        case CLD_TRAPPED:
        case CLD_STOPPED:
            return info.si_status << 8 | 0x7f;
        case CLD_CONTINUED:
            return 0xffff;
        default:
            return info.si_status;
    }
}

}  // namespace

int64_t sys_wait4(Thread* thread, Arguments a) {
    for (;;) {
        int status = 0;
        const int64_t pid = blocking_call(thread, SYS_wait4, a[0], pointer(&status), a[2], a[3]);
        if (pid > 0 && !filter_wait_status(static_cast<pid_t>(pid), &status)) continue;
        if (pid > 0 && a[1] && !guest::write_object(a[1], status)) return -EFAULT;
        return pid;
    }
}

int64_t sys_waitid(Thread* thread, Arguments a) {
    for (;;) {
        siginfo_t info{};
        const int64_t result = blocking_call(thread, SYS_waitid, a[0], a[1], pointer(&info), a[3], a[4]);
        if (result == 0 && info.si_pid) {
            const bool stopped = info.si_code == CLD_TRAPPED || info.si_code == CLD_STOPPED;
            int status = status_of(info);
            if (!filter_wait_status(info.si_pid, &status)) {
                // Its going on leaves nothing to wait for; an end must be taken.
                if (!stopped && a[3] & WNOWAIT)
                    host_call(SYS_waitid, P_PID, static_cast<uint64_t>(info.si_pid), 0, WEXITED | __WALL);
                continue;
            }
            if (stopped) info.si_status = status >> 8;
        }
        if (result == 0 && a[2] && !guest::write_object(a[2], info)) return -EFAULT;
        return result;
    }
}

}  // namespace armature::syscalls
