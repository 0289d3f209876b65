// SPDX-License-Identifier: MIT
// process_vm_readv, process_vm_writev, and the writes, which may go to /proc/self/mem. For other processes
// and files they are the host's. For the calling process's memory the far side must be the guest's, not the
// emulator's, and code that was written over has to be translated anew.
#include <errno.h>
#include <limits.h>
#include <sys/uio.h>
#include <unistd.h>

#include "guest/user_access.h"
#include "syscalls/call.h"
#include "syscalls/memory.h"
#include "syscalls/proc_files.h"
#include "translator/translator.h"

namespace armature::syscalls {
namespace {

using guest::Thread;

// struct iovec; its base may be an address of another process.
struct Vector {
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
        Vector range;
        if (!guest::read_object(&range, vector + i * sizeof range)) return -EFAULT;
        if (!guest_owns(range.base, range.size)) return static_cast<int64_t>(i);
    }
    return static_cast<int64_t>(count);
}

// How many bytes an array of vectors holds, or -EFAULT.
int64_t total_size(uint64_t vector, uint64_t count) {
    if (count > IOV_MAX) return -EINVAL;
    uint64_t total = 0;
    for (uint64_t i = 0; i < count; i++) {
        Vector range;
        if (!guest::read_object(&range, vector + i * sizeof range)) return -EFAULT;
        total += range.size;
    }
    return static_cast<int64_t>(total);
}

// A write of `size` bytes at `address` of the process's own memory, through its file.
int64_t write_own_memory(Thread* thread, long number, Arguments a, uint64_t address, int64_t size) {
    if (size < 0) return size;
    if (!guest_owns(address, static_cast<uint64_t>(size))) return -EIO;
    const int64_t result = blocking_call(thread, number, a[0], a[1], a[2], a[3], a[4]);
    if (result > 0) translator::invalidate(address, address + static_cast<uint64_t>(result));
    return result;
}

uint64_t position(uint64_t fd) {
    return static_cast<uint64_t>(host_call(SYS_lseek, fd, 0, SEEK_CUR));
}

}  // namespace

int64_t sys_write(Thread* thread, Arguments a) {
    if (!is_own_memory_file(a[0])) return blocking_call(thread, SYS_write, a[0], a[1], a[2]);
    return write_own_memory(thread, SYS_write, a, position(a[0]), static_cast<int64_t>(a[2]));
}

int64_t sys_pwrite64(Thread* thread, Arguments a) {
    if (!is_own_memory_file(a[0])) return blocking_call(thread, SYS_pwrite64, a[0], a[1], a[2], a[3]);
    return write_own_memory(thread, SYS_pwrite64, a, a[3], static_cast<int64_t>(a[2]));
}

int64_t sys_writev(Thread* thread, Arguments a) {
    if (!is_own_memory_file(a[0])) return blocking_call(thread, SYS_writev, a[0], a[1], a[2]);
    return write_own_memory(thread, SYS_writev, a, position(a[0]), total_size(a[1], a[2]));
}

int64_t sys_pwritev(Thread* thread, Arguments a) {
    if (!is_own_memory_file(a[0])) return blocking_call(thread, SYS_pwritev, a[0], a[1], a[2], a[3], a[4]);
    return write_own_memory(thread, SYS_pwritev, a, a[3], total_size(a[1], a[2]));
}

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
        Vector range;
        if (guest::read_object(&range, a[3] + static_cast<uint64_t>(i) * sizeof range) && range.size)
            translator::invalidate(range.base, range.base + range.size);
    }
    return result;
}

}  // namespace armature::syscalls
