// SPDX-License-Identifier: MIT
// process_vm_readv and process_vm_writev. For other processes they are the host's. For the calling process
// the far side must be the guest's memory too, not the emulator's, and code that was written over has to be
// translated anew.
#include <errno.h>
#include <limits.h>
#include <sys/uio.h>
#include <unistd.h>

#include "guest/user_access.h"
#include "syscalls/call.h"
#include "syscalls/memory.h"
#include "translator/translator.h"

namespace armature::syscalls {
namespace {

using guest::Thread;

struct RemoteVector {
    uint64_t base;
    uint64_t size;
};

bool is_own_process(uint64_t pid) {
    return static_cast<pid_t>(pid) == getpid();
}

// How many of the far ranges are the guest's, from the first on.
int64_t owned_ranges(uint64_t vector, uint64_t count) {
    if (count > IOV_MAX) return -EINVAL;
    for (uint64_t i = 0; i < count; i++) {
        RemoteVector range;
        if (!guest::read_object(&range, vector + i * sizeof range)) return -EFAULT;
        if (!guest_owns(range.base, range.size)) return static_cast<int64_t>(i);
    }
    return static_cast<int64_t>(count);
}

}  // namespace

int64_t sys_process_vm_readv(Thread*, Arguments a) {
    uint64_t count = a[4];
    if (is_own_process(a[0])) {
        const int64_t owned = owned_ranges(a[3], a[4]);
        if (owned < 0) return owned;
        if (owned == 0 && a[4] != 0) return -EFAULT;
        count = static_cast<uint64_t>(owned);
    }
    return host_call(SYS_process_vm_readv, a[0], a[1], a[2], a[3], count, a[5]);
}

int64_t sys_process_vm_writev(Thread*, Arguments a) {
    if (!is_own_process(a[0])) return host_call(SYS_process_vm_writev, a[0], a[1], a[2], a[3], a[4], a[5]);
    const int64_t owned = owned_ranges(a[3], a[4]);
    if (owned < 0) return owned;
    if (owned == 0 && a[4] != 0) return -EFAULT;
    const int64_t result =
        host_call(SYS_process_vm_writev, a[0], a[1], a[2], a[3], static_cast<uint64_t>(owned), a[5]);
    for (int64_t i = 0; i < owned && result > 0; i++) {
        RemoteVector range;
        if (guest::read_object(&range, a[3] + static_cast<uint64_t>(i) * sizeof range) && range.size)
            translator::invalidate(range.base, range.base + range.size);
    }
    return result;
}

}  // namespace armature::syscalls
