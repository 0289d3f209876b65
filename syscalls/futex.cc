// SPDX-License-Identifier: MIT
// Futexes. Guest memory is host memory and thread ids are the same, so the host's futexes are the guest's,
// priority inheritance and robust lists included.
//
// The guest's robust list is handed to the host kernel, which walks it however the process ends. When only a
// thread ends, it is walked here, before the emulator tells others that the thread is gone: the kernel would
// do it too late.
#include <errno.h>
#include <linux/futex.h>

#include <atomic>

#include "guest/user_access.h"
#include "signals/signals.h"
#include "syscalls/call.h"
#include "syscalls/process.h"

namespace armature::syscalls {
namespace {

using guest::Thread;

struct RobustHead {
    uint64_t first;
    int64_t futex_offset;
    uint64_t pending;
};
static_assert(sizeof(RobustHead) == 24);
constexpr int kMostRobustEntries = 2048;  // as the kernel's ROBUST_LIST_LIMIT

// The owner of this mutex has died: says so in the word, and wakes one waiter.
void release_mutex(uint64_t address, uint32_t tid, bool pending) {
    if (address % 4 != 0) return;
    uint32_t value = 0;
    for (;;) {
        if (!guest::read_object(&value, address)) return;
        if (pending && value == 0) break;  // unlocked, but nobody woken yet
        if ((value & FUTEX_TID_MASK) != tid) return;
        const uint32_t dead = (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED;
        // The word was readable a moment ago; a guest that unmaps its own robust mutexes while it exits gets
        // a fault.
        std::atomic_ref<uint32_t> word(*reinterpret_cast<uint32_t*>(address));
        if (word.compare_exchange_strong(value, dead)) break;
    }
    if (value == 0 || (value & FUTEX_WAITERS)) host_call(SYS_futex, address, FUTEX_WAKE, 1);
}

}  // namespace

int64_t sys_futex(Thread* thread, Arguments a) {
    switch (static_cast<uint32_t>(a[1]) & static_cast<uint32_t>(FUTEX_CMD_MASK)) {
        case FUTEX_WAIT:
        case FUTEX_WAIT_BITSET:
            return blocking_call(thread, SYS_futex, a[0], a[1], a[2], a[3], a[4], a[5]);
        case FUTEX_LOCK_PI:
        case FUTEX_LOCK_PI2:
        case FUTEX_WAIT_REQUEUE_PI: {
            // Restarted whatever the handler's flags say.
            const int64_t result = blocking_call(thread, SYS_futex, a[0], a[1], a[2], a[3], a[4], a[5]);
            return result == -signals::kErestartsys ? -signals::kErestartnointr : result;
        }
        default:
            return host_call(SYS_futex, a[0], a[1], a[2], a[3], a[4], a[5]);
    }
}

int64_t sys_set_robust_list(Thread* thread, Arguments a) {
    const int64_t result = host_call(SYS_set_robust_list, a[0], a[1]);
    if (result == 0) {
        thread->robust_list = a[0];
        thread->robust_list_size = a[1];
    }
    return result;
}

// The kernel knows the guest's list of a thread that has set one, and the C library's of one that has not.
int64_t sys_get_robust_list(Thread* thread, Arguments a) {
    const auto tid = static_cast<pid_t>(a[0]);
    if (tid != 0 && tid != thread->tid) return host_call(SYS_get_robust_list, a[0], a[1], a[2]);
    const uint64_t size = sizeof(RobustHead);
    if (!guest::write_object(a[2], size) || !guest::write_object(a[1], thread->robust_list)) return -EFAULT;
    return 0;
}

void release_robust_list(Thread* thread) {
    const uint64_t head_address = thread->robust_list;
    if (head_address == 0) return;
    host_call(SYS_set_robust_list, 0, sizeof(RobustHead));
    const auto tid = static_cast<uint32_t>(thread->tid);
    RobustHead head;
    if (!guest::read_object(&head, head_address)) return;
    // The low bit of an entry says that it is a priority-inheritance mutex, which the kernel itself releases.
    const uint64_t pending = head.pending & ~uint64_t{1};
    uint64_t entry = head.first;
    for (int i = 0; i < kMostRobustEntries && (entry & ~uint64_t{1}) != head_address; i++) {
        const uint64_t address = entry & ~uint64_t{1};
        uint64_t next = 0;
        const bool readable = guest::read_object(&next, address);
        if (address != pending && !(entry & 1))
            release_mutex(address + static_cast<uint64_t>(head.futex_offset), tid, false);
        if (!readable) return;
        entry = next;
    }
    if (pending && !(head.pending & 1))
        release_mutex(pending + static_cast<uint64_t>(head.futex_offset), tid, true);
}

}  // namespace armature::syscalls
