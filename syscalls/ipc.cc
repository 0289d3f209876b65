// SPDX-License-Identifier: MIT
// System V semaphores, whose semid64_ds x86-64 lays out its own way, and shared memory, which has to become
// part of the guest's address space. The other structures of System V and POSIX IPC are the same.
#include <errno.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/shm.h>

#include <map>
#include <mutex>
#include <string>

#include "guest/address_space.h"
#include "guest/user_access.h"
#include "syscalls/call.h"
#include "syscalls/process.h"
#include "translator/translator.h"

namespace armature::syscalls {
namespace {

using guest::AddressSpace;
using guest::Thread;

struct IpcPermissions {
    uint32_t words[12];  // ipc64_perm, the same on both
};
struct GuestSemaphores {
    IpcPermissions permissions;
    int64_t otime;
    int64_t ctime;
    uint64_t count;
    uint64_t unused[2];
};
struct HostSemaphores {
    IpcPermissions permissions;
    int64_t otime;
    uint64_t unused1;
    int64_t ctime;
    uint64_t unused2;
    uint64_t count;
    uint64_t unused[2];
};
static_assert(sizeof(GuestSemaphores) == 88 && sizeof(HostSemaphores) == 104);

constexpr int kSemStatAny = 20;

uint64_t pointer(const void* p) {
    return reinterpret_cast<uint64_t>(p);
}

// Where segments are attached, for shmdt: address -> bytes. A forked child has the same attachments and a
// copy of this.
std::map<uint64_t, uint64_t>& attachments() {
    static std::map<uint64_t, uint64_t> sizes;
    return sizes;
}

uint64_t page_up(uint64_t size) {
    return (size + guest::kPageSize - 1) & ~(guest::kPageSize - 1);
}

}  // namespace

int64_t sys_semctl(Thread*, Arguments a) {
    const int command = static_cast<int>(a[2]);
    switch (command) {
        case IPC_STAT:
        case SEM_STAT:
        case kSemStatAny: {
            HostSemaphores host{};
            const int64_t result = host_call(SYS_semctl, a[0], a[1], a[2], pointer(&host));
            if (result < 0) return result;
            const GuestSemaphores guest{host.permissions, host.otime, host.ctime, host.count, {}};
            return guest::write_object(a[3], guest) ? result : -EFAULT;
        }
        case IPC_SET: {
            GuestSemaphores guest;
            if (!guest::read_object(&guest, a[3])) return -EFAULT;
            HostSemaphores host{};
            host.permissions = guest.permissions;
            return host_call(SYS_semctl, a[0], a[1], a[2], pointer(&host));
        }
        default:
            return host_call(SYS_semctl, a[0], a[1], a[2], a[3]);
    }
}

// The range is reserved as an ordinary mapping of the guest's and the segment attached over it, so that
// nothing else can come between and the rules for fixed addresses are those of mmap.
int64_t sys_shmat(Thread*, Arguments a) {
    shmid_ds segment{};
    int64_t result = host_call(SYS_shmctl, a[0], IPC_STAT, pointer(&segment));
    if (result < 0) return result;
    const uint64_t flags = a[2];
    const uint64_t size = page_up(segment.shm_segsz);
    uint64_t address = a[1];
    if (address % guest::kPageSize != 0) {
        if (!(flags & SHM_RND)) return -EINVAL;
        address &= ~(guest::kPageSize - 1);
    }
    if ((flags & SHM_REMAP) && address == 0) return -EINVAL;
    int prot = flags & SHM_RDONLY ? PROT_READ : PROT_READ | PROT_WRITE;
    if (flags & SHM_EXEC) prot |= PROT_EXEC;
    int map_flags = MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE;
    if (address) map_flags |= flags & SHM_REMAP ? MAP_FIXED : MAP_FIXED_NOREPLACE;
    AddressSpace& space = AddressSpace::instance();
    result = space.map(address, size, prot, map_flags, -1, 0);
    if (result < 0) return result == -EEXIST ? -EINVAL : result;
    address = static_cast<uint64_t>(result);
    const uint64_t host_flags = (flags & ~static_cast<uint64_t>(SHM_EXEC | SHM_RND)) | SHM_REMAP;
    translator::become_parallel();
    result = host_call(SYS_shmat, a[0], address, host_flags);
    if (result < 0) {
        space.unmap(address, size);
        return result;
    }
    space.name_range(address, address + size, "/SYSV" + std::to_string(a[0]));
    std::lock_guard guard(table_lock());
    attachments()[address] = size;
    return static_cast<int64_t>(address);
}

// Unmapping a whole attachment detaches it.
int64_t sys_shmdt(Thread*, Arguments a) {
    uint64_t size = 0;
    {
        std::lock_guard guard(table_lock());
        const auto found = attachments().find(a[0]);
        if (found == attachments().end()) return -EINVAL;
        size = found->second;
        attachments().erase(found);
    }
    return AddressSpace::instance().unmap(a[0], size);
}

}  // namespace armature::syscalls
