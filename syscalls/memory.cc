// SPDX-License-Identifier: MIT
// Memory: everything that makes, changes or names mappings goes through guest::AddressSpace, which keeps the
// guest away from the emulator's own. Calls that only look at memory or advise on it are the host's, for
// ranges that are the guest's; for others they fail as over a hole (ENOMEM).
#include "syscalls/memory.h"

#include <errno.h>
#include <sys/mman.h>

#include "guest/address_space.h"
#include "guest/features.h"
#include "support/descriptors.h"
#include "syscalls/call.h"
#include "syscalls/host_numbers.h"
#include "syscalls/tagged_addresses.h"
#include "syscalls/uring.h"
#include "translator/translator.h"

namespace armature::syscalls {
namespace {

using guest::AddressSpace;
using guest::kPageSize;
using guest::Thread;

constexpr int kMap32Bit = 0x40;  // x86-64's; AArch64's kernel ignores the bit
constexpr int kProtGrows = PROT_GROWSDOWN | PROT_GROWSUP;

AddressSpace& space() {
    return AddressSpace::instance();
}

// Without BTI or MTE the kernel does not know their bits: it ignores them in mmap, and refuses them in
// mprotect.
int unknown_protection() {
    return (guest::enabled(guest::Feature::BTI) ? 0 : guest::kProtBti) |
           (guest::enabled(guest::Feature::MTE) ? 0 : guest::kProtMte);
}
int protection(uint64_t argument) {
    return static_cast<int>(argument) & ~unknown_protection();
}

uint64_t round_up(uint64_t value) {
    return (value + kPageSize - 1) & ~(kPageSize - 1);
}

// The host's call if the whole range is the guest's.
int64_t on_own_range(long number, Arguments a) {
    const uint64_t begin = untagged_address(a[0]);
    const uint64_t end = begin + round_up(a[1]);
    if (end > begin && !space().owns(begin & ~(kPageSize - 1), end)) {
        if (begin % kPageSize != 0 && number != SYS_mlock && number != SYS_munlock && number != SYS_mlock2)
            return -EINVAL;
        return -ENOMEM;
    }
    return host_call(number, begin, a[1], a[2], a[3], a[4], a[5]);
}

}  // namespace

bool guest_owns(uint64_t begin, uint64_t size) {
    if (size == 0) return true;
    const uint64_t end = begin + size;
    return end > begin && space().owns(begin & ~(kPageSize - 1), round_up(end));
}

int64_t sys_mmap(Thread*, Arguments a) {
    if (a[5] % kPageSize != 0) return -EINVAL;
    constexpr uint64_t kShared = MAP_SHARED;  // a bit of MAP_SHARED_VALIDATE too
    if ((a[3] & kShared) && (a[2] & PROT_WRITE)) translator::become_parallel();
    if (!(a[3] & MAP_ANONYMOUS) && support::is_hidden_descriptor(static_cast<int>(a[4]))) return -EBADF;
    int64_t of_ring = 0;
    if (map_ring(a[4], a[0], a[1], protection(a[2]), static_cast<int>(a[3]), a[5], &of_ring)) return of_ring;
    return space().map(a[0], a[1], protection(a[2]), static_cast<int>(a[3]) & ~kMap32Bit,
                       static_cast<int>(a[4]), a[5]);
}

int64_t sys_munmap(Thread*, Arguments a) {
    return space().unmap(untagged_address(a[0]), a[1]);
}

int64_t sys_mprotect(Thread*, Arguments a) {
    const int prot = static_cast<int>(a[2]);
    if (prot & unknown_protection()) return -EINVAL;
    if ((prot & kProtGrows) == kProtGrows) return -EINVAL;
    guest::Mapping mapping;
    const uint64_t address = untagged_address(a[0]);
    if ((prot & PROT_WRITE) && space().find(address, &mapping) && (mapping.flags & MAP_SHARED))
        translator::become_parallel();
    return space().protect(address, a[1], prot);
}

int64_t sys_pkey_mprotect(Thread* thread, Arguments a) {
    if (static_cast<int>(a[3]) != -1) return -EINVAL;
    return sys_mprotect(thread, a);
}

int64_t sys_mremap(Thread*, Arguments a) {
    return space().remap(untagged_address(a[0]), a[1], a[2], static_cast<int>(a[3]), a[4]);
}

int64_t sys_remap_file_pages(Thread*, Arguments a) {
    return space().remap_file_pages(untagged_address(a[0]), a[1], static_cast<int>(a[2]), a[3],
                                    static_cast<int>(a[4]));
}

int64_t sys_brk(Thread*, Arguments a) {
    return space().brk(a[0]);
}

int64_t sys_madvise(Thread*, Arguments a) {
    return space().advise(untagged_address(a[0]), a[1], static_cast<int>(a[2]));
}

int64_t sys_msync(Thread*, Arguments a) {
    return on_own_range(SYS_msync, a);
}

int64_t sys_mlock(Thread*, Arguments a) {
    return on_own_range(SYS_mlock, a);
}

int64_t sys_mlock2(Thread*, Arguments a) {
    return on_own_range(SYS_mlock2, a);
}

int64_t sys_munlock(Thread*, Arguments a) {
    return on_own_range(SYS_munlock, a);
}

int64_t sys_mincore(Thread*, Arguments a) {
    return on_own_range(SYS_mincore, a);
}

int64_t sys_mbind(Thread*, Arguments a) {
    return on_own_range(SYS_mbind, a);
}

int64_t sys_set_mempolicy_home_node(Thread*, Arguments a) {
    return on_own_range(SYS_set_mempolicy_home_node, a);
}

int64_t sys_mseal(Thread*, Arguments a) {
    return on_own_range(SYS_mseal, a);
}

int64_t sys_mlockall(Thread*, Arguments a) {
    constexpr uint64_t kKnown = MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT;
    if (a[0] == 0 || (a[0] & ~kKnown) || a[0] == MCL_ONFAULT) return -EINVAL;
    if (!(a[0] & MCL_CURRENT)) return 0;
    const uint64_t flags = a[0] & MCL_ONFAULT ? MLOCK_ONFAULT : 0;
    for (const guest::Mapping& mapping : space().snapshot()) {
        if (mapping.prot == PROT_NONE) continue;
        const int64_t result = host_call(SYS_mlock2, mapping.begin, mapping.end - mapping.begin, flags);
        if (result == -EPERM || result == -ENOMEM) return result;
    }
    return 0;
}

int64_t sys_munlockall(Thread*, Arguments) {
    for (const guest::Mapping& mapping : space().snapshot())
        host_call(SYS_munlock, mapping.begin, mapping.end - mapping.begin);
    return 0;
}

// Advice that changes contents must not reach the emulator's own memory, and a pidfd may be the caller's own.
int64_t sys_process_madvise(Thread*, Arguments a) {
    constexpr uint64_t kKept[] = {MADV_COLD, MADV_PAGEOUT, MADV_WILLNEED};
    for (uint64_t advice : kKept) {
        if (a[3] == advice) return host_call(SYS_process_madvise, a[0], a[1], a[2], a[3], a[4]);
    }
    return -EINVAL;
}

}  // namespace armature::syscalls
