// SPDX-License-Identifier: MIT
// Reading clocks. The guest's vdso makes the system call; here the host's vdso answers it, without another
// one.
#include <errno.h>
#include <sys/time.h>
#include <time.h>

#include "guest/user_access.h"
#include "syscalls/call.h"

namespace armature::syscalls {

int64_t sys_clock_gettime(guest::Thread*, Arguments a) {
    timespec now;
    if (clock_gettime(static_cast<clockid_t>(a[0]), &now) != 0) return -errno;
    return guest::write_object(a[1], now) ? 0 : -EFAULT;
}

int64_t sys_gettimeofday(guest::Thread*, Arguments a) {
    if (a[1]) return host_call(SYS_gettimeofday, a[0], a[1]);
    timeval now;
    if (a[0] && (gettimeofday(&now, nullptr) != 0 || !guest::write_object(a[0], now))) return -EFAULT;
    return 0;
}

}  // namespace armature::syscalls
