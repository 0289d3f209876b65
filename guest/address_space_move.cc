// SPDX-License-Identifier: MIT
// mremap and System V shared memory: mappings whose place or contents come from somewhere else.
#include <errno.h>
#include <stdio.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "guest/address_space.h"
#include "guest/address_space_state.h"
#include "guest/allocation_tags.h"
#include "support/log.h"

namespace armature::guest {
namespace {

using support::LogItem;

constexpr int kKnownFlags = MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP;

struct Move {
    uint64_t old_begin, old_size, new_size;
    int flags;
    uint64_t target;  // with MREMAP_FIXED
};

int64_t host_remap(const Move& move) {
    void* got =
        mremap(pointer(move.old_begin), move.old_size, move.new_size, move.flags, pointer(move.target));
    return got == MAP_FAILED ? -errno : static_cast<int64_t>(reinterpret_cast<uintptr_t>(got));
}

// Moves to a place that the guest may replace.
int64_t remap_to(const RegionMap& regions, const Move& move) {
    if (!page_aligned(move.target) || move.new_size > kAddressLimit ||
        move.target > kAddressLimit - move.new_size) {
        return -EINVAL;
    }
    const uint64_t old_end = move.old_begin + move.old_size;
    if (move.target < old_end && move.target + move.new_size > move.old_begin) return -EINVAL;
    Claim claim(regions, move.target, move.target + move.new_size);
    if (!claim.granted()) return -ENOMEM;
    const int64_t got = host_remap(move);
    if (got >= 0) claim.keep();
    return got;
}

int64_t remap_anywhere(const AddressSpaceState& state, Move move) {
    if (state.mmap_top == 0 || !(move.flags & MREMAP_MAYMOVE)) return host_remap(move);
    // Addresses are ours to choose: in place if that is possible, else where choose_address says.
    if (!(move.flags & MREMAP_DONTUNMAP) && move.old_size != 0) {
        Move in_place = move;
        in_place.flags = 0;
        const int64_t got = host_remap(in_place);
        if (got != -ENOMEM) return got;
    }
    move.target = choose_address(state, move.new_size);
    if (move.target == 0) return -ENOMEM;
    move.flags |= MREMAP_FIXED;
    const int64_t got = host_remap(move);
    if (got < 0) munmap(pointer(move.target), move.new_size);
    return got;
}

// Tags go where their memory goes.
void move_tags(const std::vector<Region>& slices, uint64_t from, uint64_t to, uint64_t size) {
    for (const Region& slice : slices) {
        if (!(slice.prot & kProtMte) || slice.begin >= from + size) continue;
        const uint64_t begin = to + (slice.begin - from);
        const uint64_t end = to + (std::min(slice.end, from + size) - from);
        if (tags::allow(begin, end)) tags::move(slice.begin, begin, end - begin);
    }
}

}  // namespace

int64_t AddressSpace::remap(uint64_t old_address, uint64_t old_length, uint64_t new_length, int flags,
                            uint64_t new_address) {
    if ((flags & ~kKnownFlags) || !page_aligned(old_address)) return -EINVAL;
    Move move{old_address, page_up(old_length), page_up(new_length), flags, new_address};
    if (move.new_size == 0) return -EINVAL;
    if ((flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) && !(flags & MREMAP_MAYMOVE)) return -EINVAL;
    if ((flags & MREMAP_DONTUNMAP) && move.old_size != move.new_size) return -EINVAL;
    if (old_address > kAddressLimit || move.old_size > kAddressLimit - old_address) return -EFAULT;

    Transaction transaction("mremap");
    AddressSpaceState& state = transaction.state();
    const bool copies = move.old_size == 0;
    const uint64_t source_end = old_address + (copies ? kPageSize : move.old_size);
    std::vector<Region> slices = state.regions.slices(old_address, source_end);
    if (!state.regions.covered(old_address, source_end)) return -EFAULT;
    const uint64_t growth = copies || (flags & MREMAP_DONTUNMAP)
                                ? move.new_size
                                : std::max(move.new_size, move.old_size) - move.old_size;
    if (growth && !within_limits(state, growth, slices.back().prot, slices.back().flags, 0, 0))
        return -ENOMEM;
    if (!has_map_room(state)) return -ENOMEM;

    const int64_t got = flags & MREMAP_FIXED ? remap_to(state.regions, move) : remap_anywhere(state, move);
    if (got < 0) return got;
    const uint64_t target = static_cast<uint64_t>(got);
    if (support::log_enabled(LogItem::Mmu)) {
        support::log_printf("mmu: remap %012lx-%012lx to %012lx-%012lx\n", old_address,
                            old_address + move.old_size, target, target + move.new_size);
    }

    const bool stays = target == old_address && !copies;
    if (stays) {
        if (move.new_size < move.old_size) {
            transaction.erase(old_address + move.new_size, old_address + move.old_size);
        } else if (move.new_size > move.old_size) {
            Region more = slices.back();
            more.offset += more.has_offset() ? more.end - more.begin : 0;
            more.begin = old_address + move.old_size;
            more.end = old_address + move.new_size;
            transaction.insert(std::move(more));
        }
        return got;
    }
    const uint64_t target_end = target + move.new_size;
    transaction.erase(target, target_end);
    if (!copies) move_tags(slices, old_address, target, std::min(move.old_size, move.new_size));
    if (!copies && !(flags & MREMAP_DONTUNMAP)) transaction.erase(old_address, old_address + move.old_size);
    for (size_t i = 0; i < slices.size(); i++) {
        Region moved = slices[i];
        moved.begin = target + (slices[i].begin - old_address);
        moved.end = i + 1 == slices.size() ? target_end : target + (slices[i].end - old_address);
        if (moved.begin < target_end) {
            moved.end = std::min(moved.end, target_end);
            transaction.insert(std::move(moved));
        }
    }
    return got;
}

// The host's kernel judges whether the range is one shared mapping, whose pages may be exchanged.
int64_t AddressSpace::remap_file_pages(uint64_t address, uint64_t length, int prot, uint64_t page,
                                       int flags) {
    const uint64_t begin = page_down(address);
    const uint64_t end = begin + page_down(length);
    if (prot || end <= begin || end > kAddressLimit) return -EINVAL;
    Transaction transaction("remap_file_pages");
    if (!transaction.regions().covered(begin, end)) return -EINVAL;
    if (!may_split(transaction.state(), begin, end)) return -ENOMEM;
    const long result = syscall(SYS_remap_file_pages, begin, end - begin, 0, page, flags);
    if (result < 0) return -errno;
    transaction.state().regions.update(begin, end, [begin, page](Region& region) {
        region.offset = page * kPageSize + (region.begin - begin);
    });
    for (const Region& slice : transaction.regions().slices(begin, end)) {
        if (slice.prot & PROT_EXEC) transaction.mark_stale(slice.begin, slice.end);
    }
    return result;
}

int64_t AddressSpace::map_again(uint64_t source, uint64_t length, const Mapping& shown) {
    const uint64_t size = page_up(length);
    Transaction transaction("mmap");
    AddressSpaceState& state = transaction.state();
    if (!within_limits(state, size, shown.prot, shown.flags, 0, 0)) return -ENOMEM;
    if (!has_map_room(state)) return -ENOMEM;
    uint64_t address = 0;
    if (state.mmap_top != 0) {
        address = choose_address(state, size);
        if (address == 0) return -ENOMEM;
    }
    // Of no length: shared memory stays where it is, too.
    void* got =
        mremap(pointer(source), 0, size, MREMAP_MAYMOVE | (address ? MREMAP_FIXED : 0), pointer(address));
    if (got == MAP_FAILED) {
        const int error = errno;
        if (address) munmap(pointer(address), size);
        return -error;
    }
    mprotect(got, size, host_protection(shown.prot));
    Region region;
    region.begin = reinterpret_cast<uintptr_t>(got);
    region.end = region.begin + size;
    region.prot = shown.prot & (PROT_READ | PROT_WRITE | PROT_EXEC);
    region.flags = shown.flags;
    region.offset = shown.offset;
    region.inode = shown.inode;
    region.device = shown.device;
    region.name = std::make_shared<const std::string>(shown.name);
    const int64_t result = static_cast<int64_t>(region.begin);
    transaction.insert(std::move(region));
    return result;
}

int64_t AddressSpace::attach_shared(int id, uint64_t address, int flags) {
    shmid_ds info{};
    if (shmctl(id, IPC_STAT, &info) != 0) return -errno;
    const uint64_t size = page_up(info.shm_segsz);
    if (address != 0 && !page_aligned(address)) {
        if (!(flags & SHM_RND)) return -EINVAL;
        address = page_down(address);
    }
    if (address > kAddressLimit || size > kAddressLimit - address) return -EINVAL;
    const int prot = PROT_READ | (flags & SHM_RDONLY ? 0 : PROT_WRITE) | (flags & SHM_EXEC ? PROT_EXEC : 0);

    Transaction transaction("shmat");
    AddressSpaceState& state = transaction.state();
    if (!within_limits(state, size, prot, MAP_SHARED, address, address ? address + size : 0)) return -ENOMEM;
    if (!has_map_room(state)) return -ENOMEM;
    int host_flags = flags & ~(SHM_EXEC | SHM_RND);
    const bool choose = address == 0 && state.mmap_top != 0;
    if (choose) {
        address = choose_address(state, size);
        if (address == 0) return -ENOMEM;
        host_flags |= SHM_REMAP;
    }
    std::optional<Claim> claim;
    if (flags & SHM_REMAP) {
        if (address == 0) return -EINVAL;
        claim.emplace(state.regions, address, address + size);
        if (!claim->granted()) return -EINVAL;
    }
    void* got = shmat(id, pointer(address), host_flags);
    if (got == reinterpret_cast<void*>(-1)) {
        const int error = errno;
        if (choose) munmap(pointer(address), size);
        return -error;
    }
    if (claim) claim->keep();
    char name[32];
    snprintf(name, sizeof name, "/SYSV%08x (deleted)", static_cast<unsigned>(info.shm_perm.__key));
    Region region;
    region.begin = reinterpret_cast<uintptr_t>(got);
    region.end = region.begin + size;
    region.prot = prot;
    region.flags = MAP_SHARED;
    region.inode = static_cast<uint64_t>(id);
    region.device = kSharedMemoryDevice;
    region.name = std::make_shared<const std::string>(name);
    const int64_t result = static_cast<int64_t>(region.begin);
    transaction.insert(std::move(region));
    return result;
}

int64_t AddressSpace::detach_shared(uint64_t address) {
    Transaction transaction("shmdt");
    const Region* first = transaction.regions().find(address);
    if (!page_aligned(address) || !first || first->device != kSharedMemoryDevice) return -EINVAL;
    const Region segment = *first;
    const uint64_t start_offset = segment.offset + (address - segment.begin);
    if (start_offset != 0) return -EINVAL;
    shmid_ds info{};
    // What of the segment is still mapped behind its first page goes with it; a removed segment still tells
    // its size.
    const uint64_t size = shmctl(static_cast<int>(segment.inode), IPC_STAT, &info) == 0
                              ? page_up(info.shm_segsz)
                              : segment.end - address;
    if (shmdt(pointer(address)) != 0) return -errno;
    for (const Region& slice : transaction.regions().slices(address, address + size)) {
        if (slice.device == segment.device && slice.inode == segment.inode &&
            slice.offset == slice.begin - address) {
            transaction.erase(slice.begin, slice.end);
        }
    }
    return 0;
}

}  // namespace armature::guest
