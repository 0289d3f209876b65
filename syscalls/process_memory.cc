// SPDX-License-Identifier: MIT
// process_vm_readv, process_vm_writev, and the reads and writes, which may be of /proc/self/mem. For other
// processes and files they are the host's. For the calling process's memory the far side must be the guest's,
// not the emulator's, and code that was written over has to be translated anew.
#include <errno.h>
#include <limits.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>

#include "guest/address_space.h"
#include "guest/user_access.h"
#include "syscalls/call.h"
#include "syscalls/memory.h"
#include "syscalls/proc_files.h"
#include "syscalls/ptrace.h"
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

// The calls on a file, which may be the process's own memory: where in it and how much, from their arguments.
struct Transfer {
    long number;
    bool writes;
    bool vector;       // a[1] is an array of a[2] vectors, not a[2] bytes
    bool at_position;  // a[3] is where; else the file's position
};

uint64_t position(uint64_t fd) {
    return static_cast<uint64_t>(host_call(SYS_lseek, fd, 0, SEEK_CUR));
}

// Bytes of the range, from its begin on, that are the guest's.
uint64_t owned_start(uint64_t address, uint64_t size) {
    uint64_t owned = 0;
    while (owned < size) {
        guest::Mapping mapping;
        if (!guest::AddressSpace::instance().find(address + owned, &mapping)) break;
        owned = mapping.end - address;
    }
    return std::min(owned, size);
}

int64_t on_own_memory(Thread* thread, const Transfer& transfer, Arguments a) {
    const int64_t size = transfer.vector ? total_size(a[1], a[2]) : static_cast<int64_t>(a[2]);
    if (size < 0) return size;
    // preadv2 and pwritev2 take -1 for the file's position.
    const bool at_position = transfer.at_position && static_cast<int64_t>(a[3]) != -1;
    const uint64_t address = at_position ? a[3] : position(a[0]);
    const uint64_t owned = owned_start(address, static_cast<uint64_t>(size));
    if (size > 0 && owned == 0) return -EIO;
    if (transfer.vector && owned < static_cast<uint64_t>(size)) return -EIO;
    const uint64_t third = transfer.vector ? a[2] : owned;
    const int64_t result = blocking_call(thread, transfer.number, a[0], a[1], third, a[3], a[4], a[5]);
    if (transfer.writes && result > 0)
        translator::invalidate(address, address + static_cast<uint64_t>(result));
    return result;
}

// A debugger that sets its breakpoints.
int64_t to_tracee(Thread* thread, const Transfer& transfer, Arguments a) {
    const bool at_position = transfer.at_position && static_cast<int64_t>(a[3]) != -1;
    const uint64_t address = at_position ? a[3] : position(a[0]);
    const int64_t result = blocking_call(thread, transfer.number, a[0], a[1], a[2], a[3], a[4], a[5]);
    if (result > 0) wrote_to_tracee(address, static_cast<uint64_t>(result));
    return result;
}

template <long kNumber, bool kWrites, bool kVector, bool kAtPosition>
inline int64_t transfer(Thread* thread, Arguments a) {
    if (is_own_memory_file(a[0])) [[unlikely]]
        return on_own_memory(thread, {kNumber, kWrites, kVector, kAtPosition}, a);
    if (kWrites && has_tracees() && is_memory_file(a[0])) [[unlikely]]
        return to_tracee(thread, {kNumber, kWrites, kVector, kAtPosition}, a);
    return blocking_call(thread, kNumber, a[0], a[1], a[2], a[3], a[4], a[5]);
}

}  // namespace

int64_t sys_read(Thread* thread, Arguments a) {
    return transfer<SYS_read, false, false, false>(thread, a);
}

int64_t sys_pread64(Thread* thread, Arguments a) {
    return transfer<SYS_pread64, false, false, true>(thread, a);
}

int64_t sys_readv(Thread* thread, Arguments a) {
    return transfer<SYS_readv, false, true, false>(thread, a);
}

int64_t sys_preadv(Thread* thread, Arguments a) {
    return transfer<SYS_preadv, false, true, true>(thread, a);
}

int64_t sys_preadv2(Thread* thread, Arguments a) {
    return transfer<SYS_preadv2, false, true, true>(thread, a);
}

int64_t sys_write(Thread* thread, Arguments a) {
    return transfer<SYS_write, true, false, false>(thread, a);
}

int64_t sys_pwrite64(Thread* thread, Arguments a) {
    return transfer<SYS_pwrite64, true, false, true>(thread, a);
}

int64_t sys_writev(Thread* thread, Arguments a) {
    return transfer<SYS_writev, true, true, false>(thread, a);
}

int64_t sys_pwritev(Thread* thread, Arguments a) {
    return transfer<SYS_pwritev, true, true, true>(thread, a);
}

int64_t sys_pwritev2(Thread* thread, Arguments a) {
    return transfer<SYS_pwritev2, true, true, true>(thread, a);
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
    if (!is_own_process(a[0])) {
        const int64_t written = host_call(SYS_process_vm_writev, a[0], a[1], a[2], a[3], a[4], a[5]);
        Vector range;
        for (uint64_t i = 0; written > 0 && has_tracees() && i < a[4]; i++) {
            if (guest::read_object(&range, a[3] + i * sizeof range)) wrote_to_tracee(range.base, range.size);
        }
        return written;
    }
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
