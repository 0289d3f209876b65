// SPDX-License-Identifier: MIT
// io_uring: the rings, and entering them.
//
// The two rings themselves are shared by the guest and the kernel: heads, tails and completions are the same
// on both architectures. Submission entries are not. They hold open flags, epoll_events, paths and
// descriptors, and the kernel takes them out of shared memory, where nobody could look at them first. So the
// guest has entries of its own. When it enters the ring, the ones it submits are copied, and the copies are
// checked and converted (uring_entries.cc) in memory that only the emulator and the kernel have. What the
// guest changes in the meantime does no harm: an entry that was not converted for this submission holds an
// operation that does not exist.
//
// For that the emulator brings the memory (IORING_SETUP_NO_MMAP) and gives the guest a second mapping of it
// where it asks for one. That also leaves the ring's lifetime to the descriptors: no mapping of the
// emulator's keeps a ring open that the guest has closed. Which ring a descriptor is, its inode says.
//
// A submission is made under the ring's lock, and waiting for completions is a second call, without it; a
// thread that has the ring to itself does both in one.
#include "syscalls/uring.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>
#include <set>
#include <utility>

#include "guest/address_space.h"
#include "guest/user_access.h"
#include "signals/signals.h"
#include "support/descriptors.h"
#include "support/log.h"
#include "syscalls/memory.h"

namespace armature::syscalls {
namespace {

using guest::kPageSize;
using guest::Thread;

// struct io_uring_params, with the addresses that older headers lack.
struct Offsets {
    uint32_t head, tail, mask, entries, a, b, c, d;  // the ring's; a to d differ
    uint64_t user_address;
};
struct Parameters {
    uint32_t sq_entries, cq_entries, flags, thread_cpu, thread_idle, features, wq_fd, reserved[3];
    Offsets sq, cq;
    uint32_t array_at() const { return sq.c; }
    uint32_t completions_at() const { return cq.b; }
};
static_assert(sizeof(Parameters) == sizeof(io_uring_params));
static_assert(offsetof(Parameters, sq.c) == offsetof(io_uring_params, sq_off.array));
static_assert(offsetof(Parameters, cq.b) == offsetof(io_uring_params, cq_off.cqes));

// All flags of Linux 6.12 but two: IORING_SETUP_SQPOLL and IORING_SETUP_REGISTERED_FD_ONLY.
constexpr uint32_t kSetupFlags =
    IORING_SETUP_IOPOLL | IORING_SETUP_SQ_AFF | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP |
    IORING_SETUP_ATTACH_WQ | IORING_SETUP_R_DISABLED | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_COOP_TASKRUN |
    IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_SQE128 | IORING_SETUP_CQE32 | IORING_SETUP_SINGLE_ISSUER |
    IORING_SETUP_DEFER_TASKRUN | uring::kSetupNoMmap | uring::kSetupNoSqArray;
// Those of Linux 6.12 without IORING_FEAT_REG_REG_RING: rings are not registered.
constexpr uint32_t kFeatures = 0xffff & ~(1u << 13);
constexpr uint32_t kEnterFlags = IORING_ENTER_GETEVENTS | IORING_ENTER_SQ_WAKEUP | IORING_ENTER_SQ_WAIT |
                                 IORING_ENTER_EXT_ARG | uring::kEnterAbsTimer;
constexpr uint32_t kWaitFlags = IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG | uring::kEnterAbsTimer;

constexpr uint32_t kMostEntries = 32768;
constexpr uint32_t kMostCompletions = 2 * kMostEntries;
constexpr uint64_t kRingHead = 256;  // at most, before the completions
constexpr size_t kSweepAt = 16;      // rings, before those that were closed are looked for

std::mutex table_mutex;  // taken before any ring's
std::vector<std::shared_ptr<Ring>> table;
size_t sweep_at = kSweepAt;
std::atomic<bool> have_rings{false};

uint64_t pointer(const void* p) {
    return reinterpret_cast<uint64_t>(p);
}

uint64_t page_up(uint64_t size) {
    return (size + kPageSize - 1) & ~(kPageSize - 1);
}

// Shared, so that a fork leaves it in the kernel's hands, and so that there can be a second mapping.
uint64_t share_memory(uint64_t size) {
    void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? 0 : pointer(memory);
}

int64_t refuse(const char* what, int error) {
    if (support::log_enabled(support::LogItem::Unimp)) support::log_printf("io_uring: %s\n", what);
    return -error;
}

// Can this host's kernel take memory that is brought, and a result that is given? Since Linux 6.10.
int64_t try_host() {
    Ring ring;
    ring.rings_size = ring.entries_size = kPageSize;
    ring.rings = share_memory(kPageSize);
    ring.kernel_entries = share_memory(kPageSize);
    if (!ring.rings || !ring.kernel_entries) return -ENOMEM;
    Parameters p{};
    p.flags = uring::kSetupNoMmap;
    p.sq.user_address = ring.kernel_entries;
    p.cq.user_address = ring.rings;
    const int64_t fd = host_call(SYS_io_uring_setup, 1, pointer(&p));
    if (fd == -EINVAL) return refuse("the host's kernel is older than 6.10", ENOSYS);
    if (fd < 0) return fd;
    auto* sqe = reinterpret_cast<io_uring_sqe*>(ring.kernel_entries);
    constexpr int kResult = -12345;
    sqe->opcode = IORING_OP_NOP;
    sqe->rw_flags = uring::kNopInjectResult;
    sqe->len = static_cast<uint32_t>(kResult);
    auto* rings = reinterpret_cast<char*>(ring.rings);
    *reinterpret_cast<uint32_t*>(rings + p.sq.tail) = 1;
    host_call(SYS_io_uring_enter, static_cast<uint64_t>(fd), 1, 1, IORING_ENTER_GETEVENTS);
    const int result = reinterpret_cast<io_uring_cqe*>(rings + p.completions_at())->res;
    close(static_cast<int>(fd));
    return result == kResult ? 0 : refuse("the host's kernel is older than 6.10", ENOSYS);
}

int64_t host_is_fit() {
    static const int64_t result = try_host();
    return result;
}

bool identify(int fd, uint64_t* device, uint64_t* inode) {
    struct stat file;
    if (fstat(fd, &file) != 0) return false;
    *device = file.st_dev;
    *inode = file.st_ino;
    return true;
}

// Forgets the rings that no descriptor of this process leads to any more. Under the table's lock.
void sweep() {
    std::set<std::pair<uint64_t, uint64_t>> open_files;
    DIR* directory = opendir("/proc/thread-self/fd");
    if (!directory) return;
    while (const dirent* entry = readdir(directory)) {
        uint64_t device = 0;
        uint64_t inode = 0;
        if (identify(atoi(entry->d_name), &device, &inode)) open_files.emplace(device, inode);
    }
    closedir(directory);
    std::erase_if(table, [&open_files](const std::shared_ptr<Ring>& ring) {
        return !open_files.contains({ring->device, ring->inode});
    });
    sweep_at = std::max(kSweepAt, 2 * table.size());
}

void enlist(std::shared_ptr<Ring> ring) {
    std::lock_guard lock(table_mutex);
    if (table.size() >= sweep_at) sweep();
    table.push_back(std::move(ring));
    have_rings.store(true, std::memory_order_release);
}

// --- Setting up

int64_t allocate(Ring* ring, const Parameters& guest, uint32_t wanted) {
    const uint32_t entries = std::bit_ceil(std::clamp(wanted, 1u, kMostEntries));
    const uint32_t completions = guest.flags & IORING_SETUP_CQSIZE
                                     ? std::bit_ceil(std::clamp(guest.cq_entries, entries, kMostCompletions))
                                     : 2 * entries;
    const size_t completion_size = sizeof(io_uring_cqe) * (guest.flags & IORING_SETUP_CQE32 ? 2 : 1);
    ring->flags = guest.flags;
    ring->sqe_size = sizeof(io_uring_sqe) * (guest.flags & IORING_SETUP_SQE128 ? 2 : 1);
    ring->entries_size = page_up(entries * ring->sqe_size);
    ring->rings_size = page_up(kRingHead + completions * completion_size + entries * sizeof(uint32_t));
    ring->guests_memory = (guest.flags & uring::kSetupNoMmap) != 0;
    if (ring->guests_memory) {
        ring->rings = guest.cq.user_address;
        ring->guest_entries = guest.sq.user_address;
        if (ring->guest_entries % kPageSize != 0) return -EINVAL;
        if (!guest_owns(ring->rings, ring->rings_size) ||
            !guest_owns(ring->guest_entries, ring->entries_size))
            return -EFAULT;
    } else {
        ring->rings = share_memory(ring->rings_size);
        ring->guest_entries = share_memory(ring->entries_size);
        if (!ring->rings || !ring->guest_entries) return -ENOMEM;
    }
    ring->kernel_entries = share_memory(ring->entries_size);
    return ring->kernel_entries ? 0 : -ENOMEM;
}

// From what the kernel wrote back.
void learn(Ring* ring, const Parameters& host) {
    ring->entries = host.sq_entries;
    ring->head_at = host.sq.head;
    ring->tail_at = host.sq.tail;
    ring->array_at = host.array_at();
    memset(reinterpret_cast<void*>(ring->kernel_entries), uring::kNoOpcode, ring->entries_size);
}

// --- Submitting

// Copies and converts the entries that the kernel will take; returns how many those are.
uint32_t prepare(Ring* ring, Thread* thread, uint32_t most) {
    uint32_t head = 0;
    uint32_t tail = 0;
    if (!guest::read_object(&head, ring->rings + ring->head_at) ||
        !guest::read_object(&tail, ring->rings + ring->tail_at))
        return 0;
    const uint32_t count = std::min({most, tail - head, ring->entries});
    for (uint32_t i = 0; i < count; i++) {
        uint32_t index = (head + i) & (ring->entries - 1);
        if (!(ring->flags & uring::kSetupNoSqArray) &&
            !guest::read_object(&index, ring->rings + ring->array_at + index * sizeof index))
            return i;
        if (index >= ring->entries) continue;  // the kernel counts it as dropped
        char* entry = reinterpret_cast<char*>(ring->kernel_entries) + index * ring->sqe_size;
        ring->converted.push_back(index);
        if (!guest::read_memory(entry, ring->guest_entries + index * ring->sqe_size, ring->sqe_size))
            return i;
        convert_entry({thread, ring, reinterpret_cast<io_uring_sqe*>(entry)});
    }
    return count;
}

// The kernel has taken them, and what they point at: it copies all that it needs later.
void forget_entries(Ring* ring) {
    for (const uint32_t index : ring->converted)
        *reinterpret_cast<uint8_t*>(ring->kernel_entries + index * ring->sqe_size) = uring::kNoOpcode;
    ring->converted.clear();
    ring->arena.reset();
}

int64_t submit(Ring* ring, Thread* thread, uint64_t fd, uint32_t most, uint32_t flags, Arguments a) {
    std::lock_guard lock(ring->lock);
    const uint32_t count = prepare(ring, thread, most);
    const int64_t result = host_call(SYS_io_uring_enter, fd, count, 0, flags, a[4], a[5]);
    forget_entries(ring);
    return result;
}

// The call that may sleep.
struct EnterCall {
    Thread* thread;
    uint64_t fd, count, least, flags;
    uint64_t argument, size;
    io_uring_getevents_arg extended;
};

int64_t make_enter(void* argument, const uint64_t* host_mask) {
    auto* c = static_cast<EnterCall*>(argument);
    if (c->flags & IORING_ENTER_EXT_ARG) {
        c->extended.sigmask = pointer(host_mask);
        c->argument = pointer(&c->extended);
    } else if (host_mask) {
        c->argument = pointer(host_mask);
    }
    return blocking_call(c->thread, SYS_io_uring_enter, c->fd, c->count, c->least, c->flags, c->argument,
                         c->size);
}

int64_t enter_and_wait(Thread* thread, Arguments a, uint32_t count) {
    EnterCall call{thread, a[0], count, a[2], static_cast<uint32_t>(a[3]), a[4], a[5], {}};
    uint64_t mask = a[4];
    uint64_t mask_size = a[5];
    if (call.flags & IORING_ENTER_EXT_ARG) {
        if (a[5] != sizeof call.extended) return -EINVAL;
        if (!guest::read_object(&call.extended, a[4])) return -EFAULT;
        mask = call.extended.sigmask;
        mask_size = call.extended.sigmask_sz;
    }
    if (mask == 0) return make_enter(&call, nullptr);
    return signals::with_signal_mask(thread, mask, mask_size, make_enter, &call);
}

// Nobody else can submit to the ring meanwhile.
bool has_ring_alone(const Ring& ring) {
    return guest::live_threads() == 1 || (ring.flags & IORING_SETUP_SINGLE_ISSUER);
}

}  // namespace

Ring::~Ring() {
    if (kernel_entries) munmap(reinterpret_cast<void*>(kernel_entries), entries_size);
    if (guests_memory) return;
    if (rings) munmap(reinterpret_cast<void*>(rings), rings_size);
    if (guest_entries) munmap(reinterpret_cast<void*>(guest_entries), entries_size);
}

uint64_t unmapped_address() {
    static void* const page = mmap(nullptr, kPageSize, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return pointer(page);
}

std::shared_ptr<Ring> find_ring(uint64_t fd) {
    uint64_t device = 0;
    uint64_t inode = 0;
    if (!have_rings.load(std::memory_order_acquire) || !identify(static_cast<int>(fd), &device, &inode))
        return nullptr;
    std::lock_guard lock(table_mutex);
    for (const std::shared_ptr<Ring>& ring : table) {
        if (ring->inode == inode && ring->device == device) return ring;
    }
    return nullptr;
}

void lock_rings() {
    table_mutex.lock();
    for (const std::shared_ptr<Ring>& ring : table) ring->lock.lock();
}

void unlock_rings() {
    for (const std::shared_ptr<Ring>& ring : table) ring->lock.unlock();
    table_mutex.unlock();
}

bool map_ring(uint64_t fd, uint64_t address, uint64_t length, int prot, int flags, uint64_t offset,
              int64_t* result) {
    if (!have_rings.load(std::memory_order_acquire) || (flags & MAP_ANONYMOUS)) return false;
    const std::shared_ptr<Ring> ring = find_ring(fd);
    if (!ring) return false;
    const bool entries = offset == IORING_OFF_SQES;
    if (!entries && offset != IORING_OFF_SQ_RING && offset != IORING_OFF_CQ_RING) return false;
    const uint64_t size = entries ? ring->entries_size : ring->rings_size;
    if (ring->guests_memory || address != 0 || length == 0 || page_up(length) > size) {
        *result = -EINVAL;
        return true;
    }
    guest::Mapping shown;
    shown.prot = prot;
    shown.flags = MAP_SHARED;
    shown.offset = offset;
    shown.device = ring->device;
    shown.inode = ring->inode;
    shown.name = "anon_inode:[io_uring]";
    *result =
        guest::AddressSpace::instance().map_again(entries ? ring->guest_entries : ring->rings, length, shown);
    return true;
}

int64_t sys_io_uring_setup(Thread*, Arguments a) {
    Parameters guest;
    if (!guest::read_object(&guest, a[1])) return -EFAULT;
    if (guest.flags & IORING_SETUP_SQPOLL)
        return refuse("a kernel thread would take entries that nobody has converted", EPERM);
    if (guest.flags & ~kSetupFlags) return -EINVAL;
    if ((guest.flags & IORING_SETUP_ATTACH_WQ) &&
        support::is_hidden_descriptor(static_cast<int>(guest.wq_fd)))
        return -EBADF;
    int64_t error = host_is_fit();
    auto ring = std::make_shared<Ring>();
    if (error == 0) error = allocate(ring.get(), guest, static_cast<uint32_t>(a[0]));
    if (error) return error;
    Parameters host = guest;
    host.flags |= uring::kSetupNoMmap;
    host.sq.user_address = ring->kernel_entries;
    host.cq.user_address = ring->rings;
    const int64_t fd = host_call(SYS_io_uring_setup, a[0], pointer(&host));
    if (fd < 0) return fd;
    learn(ring.get(), host);
    host.flags = guest.flags;
    host.features &= kFeatures;
    host.sq.user_address = guest.sq.user_address;
    host.cq.user_address = guest.cq.user_address;
    if (!identify(static_cast<int>(fd), &ring->device, &ring->inode) || !guest::write_object(a[1], host)) {
        close(static_cast<int>(fd));
        return -EFAULT;
    }
    enlist(std::move(ring));
    return fd;
}

int64_t sys_io_uring_enter(Thread* thread, Arguments a) {
    const auto flags = static_cast<uint32_t>(a[3]);
    const auto most = static_cast<uint32_t>(a[1]);
    if (flags & ~kEnterFlags) return -EINVAL;
    const std::shared_ptr<Ring> ring = find_ring(a[0]);
    if (!ring) {
        const int64_t error = host_call(SYS_io_uring_enter, a[0], 0, 0, 0);
        return error < 0 ? error : refuse("the ring was set up by another program", EOPNOTSUPP);
    }
    const bool waits = (flags & IORING_ENTER_GETEVENTS) && static_cast<uint32_t>(a[2]) != 0;
    if (!waits) return submit(ring.get(), thread, a[0], most, flags, a);
    if (most != 0 && has_ring_alone(*ring)) {
        uint32_t count;
        {
            std::lock_guard lock(ring->lock);
            count = prepare(ring.get(), thread, most);
        }
        // The kernel does not wait either if there was less to submit than it was told.
        const int64_t result = count == most
                                   ? enter_and_wait(thread, a, count)
                                   : host_call(SYS_io_uring_enter, a[0], count, 0, flags & ~kWaitFlags, 0, 0);
        std::lock_guard lock(ring->lock);
        forget_entries(ring.get());
        return result;
    }
    int64_t submitted = 0;
    if (most != 0) {
        const uint64_t none[8] = {};
        submitted = submit(ring.get(), thread, a[0], most, flags & ~kWaitFlags, none);
        if (submitted != static_cast<int64_t>(most)) return submitted;
    }
    const int64_t result = enter_and_wait(thread, a, 0);
    return submitted ? submitted : result;
}

}  // namespace armature::syscalls
