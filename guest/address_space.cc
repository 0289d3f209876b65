// SPDX-License-Identifier: MIT
// mmap, munmap, mprotect, madvise and brk of the guest, by the kernel's rules.
#include "guest/address_space.h"

#include <errno.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>

#include "guest/address_space_state.h"
#include "guest/allocation_tags.h"
#include "support/descriptors.h"
#include "support/log.h"

namespace armature::guest {
namespace {

using support::LogItem;

// x86's own flags (MAP_32BIT, MAP_ABOVE4G), which an AArch64 kernel ignores.
constexpr int kForeignFlags = 0x40 | 0x80;
constexpr int kKnownProt =
    PROT_READ | PROT_WRITE | PROT_EXEC | PROT_GROWSDOWN | PROT_GROWSUP | kProtBti | kProtMte;
constexpr uint64_t kAnonymousDevice = 1;

uint64_t granularity(int flags) {
    if (!(flags & MAP_HUGETLB)) return kPageSize;
    const unsigned shift = static_cast<unsigned>(flags) >> MAP_HUGE_SHIFT & MAP_HUGE_MASK;
    return uint64_t{1} << (shift ? shift : 21);
}

// Name, inode and device as /proc/self/maps shows them.
void describe(AddressSpaceState& state, Region* region, int fd, uint64_t offset) {
    if (region->flags & MAP_ANONYMOUS) {
        if ((region->flags & MAP_TYPE) == MAP_PRIVATE) return;
        region->inode = ++state.shared_objects;
        region->device = kAnonymousDevice;
        region->name = std::make_shared<const std::string>("/dev/zero (deleted)");
        return;
    }
    region->offset = offset;
    struct stat status {};
    const bool known = fstat(fd, &status) == 0;
    NamedFile& last = state.last_file;
    if (known) {
        region->inode = status.st_ino;
        region->device = status.st_dev;
        if (last.name && last.inode == status.st_ino && last.device == status.st_dev &&
            last.changed.tv_sec == status.st_ctim.tv_sec && last.changed.tv_nsec == status.st_ctim.tv_nsec) {
            region->name = last.name;
            return;
        }
    }
    std::string path = support::descriptor_path(fd);
    if (!path.empty()) region->name = std::make_shared<const std::string>(std::move(path));
    if (known && status.st_nlink == 1) last = {status.st_ino, status.st_dev, status.st_ctim, region->name};
}

// Only memory can have tags: files that are nothing but memory may be mapped with PROT_MTE, others not.
bool is_memory_file(int fd) {
    struct statfs status {};
    return fstatfs(fd, &status) == 0 && status.f_type == TMPFS_MAGIC;
}

bool may_have_tags(const Region& region) {
    return region.flags & MAP_ANONYMOUS || region.prot & kProtMte;
}

int64_t host_map(uint64_t address, uint64_t size, int prot, int flags, int fd, uint64_t offset) {
    void* got = mmap(pointer(address), size, prot, flags, fd, static_cast<off_t>(offset));
    return got == MAP_FAILED ? -errno : static_cast<int64_t>(reinterpret_cast<uintptr_t>(got));
}

// Maps where nothing is: -EEXIST if something is (also from kernels that do not know MAP_FIXED_NOREPLACE).
int64_t host_map_free(uint64_t address, uint64_t size, int prot, int flags, int fd, uint64_t offset) {
    flags = (flags & ~MAP_FIXED) | MAP_FIXED_NOREPLACE;
    int64_t got = host_map(address, size, prot, flags, fd, offset);
    if (got < 0 || static_cast<uint64_t>(got) == address) return got;
    munmap(pointer(static_cast<uint64_t>(got)), size);
    return -EEXIST;
}

int64_t map_fixed(const RegionMap& regions, uint64_t address, uint64_t size, int prot, int flags, int fd,
                  uint64_t offset) {
    if (!regions.overlaps(address, address + size)) {
        const int64_t got = host_map_free(address, size, prot, flags, fd, offset);
        if (got != -EEXIST) return got;
        return flags & MAP_FIXED_NOREPLACE ? -EEXIST : -ENOMEM;
    }
    if (flags & MAP_FIXED_NOREPLACE) return -EEXIST;
    Claim claim(regions, address, address + size);
    if (!claim.granted()) return -ENOMEM;
    const int64_t got = host_map(address, size, prot, flags, fd, offset);
    if (got >= 0) claim.keep();
    return got;
}

int64_t map_anywhere(const AddressSpaceState& state, uint64_t hint, uint64_t size, int prot, int flags,
                     int fd, uint64_t offset) {
    hint = page_up(hint);
    // Beyond the host's 47 bits a hint would either be void or (five-level page tables) open the 57-bit
    // space.
    if (hint > kAddressLimit - size) hint = 0;
    if (state.mmap_top == 0) return host_map(hint, size, prot, flags, fd, offset);
    if (hint != 0 && !state.regions.overlaps(hint, hint + size)) {
        const int64_t got = host_map_free(hint, size, prot, flags, fd, offset);
        if (got != -EEXIST) return got;
    }
    const uint64_t chosen = choose_address(state, size);
    if (chosen == 0) return -ENOMEM;
    const int64_t got = host_map(chosen, size, prot, flags | MAP_FIXED, fd, offset);
    if (got < 0) munmap(pointer(chosen), size);
    return got;
}

}  // namespace

AddressSpace& AddressSpace::instance() {
    static constinit AddressSpace space;
    return space;
}

int64_t AddressSpace::map(uint64_t address, uint64_t length, int prot, int flags, int fd, uint64_t offset) {
    if (length == 0 || !page_aligned(offset)) return -EINVAL;
    const uint64_t unit = granularity(flags);
    const uint64_t size = (length + unit - 1) & ~(unit - 1);
    if (size == 0 || size > kAddressLimit) return -ENOMEM;
    if (offset + size < offset) return -EOVERFLOW;
    flags &= ~kForeignFlags;
    const bool fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);
    if (fixed && address > kAddressLimit - size) return -ENOMEM;
    if (fixed && !page_aligned(address)) return -EINVAL;
    if (prot & kProtMte) {
        if (!(flags & MAP_ANONYMOUS) && !is_memory_file(fd)) return -EINVAL;
        if (!tags::reserve()) return -ENOMEM;
    }

    Transaction transaction("mmap");
    AddressSpaceState& state = transaction.state();
    if (!within_limits(state, size, prot, flags, fixed ? address : 0, fixed ? address + size : 0))
        return -ENOMEM;
    if (!has_map_room(state)) return -ENOMEM;
    const int host_prot = host_protection(prot);
    const int64_t got = fixed ? map_fixed(state.regions, address, size, host_prot, flags, fd, offset)
                              : map_anywhere(state, address, size, host_prot, flags, fd, offset);
    if (got < 0) return got;
    const uint64_t begin = static_cast<uint64_t>(got);

    Region region;
    region.begin = begin;
    region.end = begin + size;
    region.prot = prot & (PROT_READ | PROT_WRITE | PROT_EXEC | kProtBti | kProtMte);
    region.flags = flags & ~(MAP_FIXED | MAP_FIXED_NOREPLACE | MAP_POPULATE | MAP_NONBLOCK);
    describe(state, &region, fd, offset);
    if (flags & MAP_GROWSDOWN) state.growing++;
    if (support::log_enabled(LogItem::Mmu)) {
        support::log_printf("mmu: map %012lx-%012lx prot %x flags %x offset %lx %s\n", begin, begin + size,
                            prot, flags, offset, region.name ? region.name->c_str() : "");
    }
    transaction.insert(std::move(region));
    return got;
}

int64_t AddressSpace::unmap(uint64_t address, uint64_t length) {
    const uint64_t size = page_up(length);
    if (!page_aligned(address) || size == 0 || address > kAddressLimit || size > kAddressLimit - address) {
        return -EINVAL;
    }
    Transaction transaction("munmap");
    if (!may_split(transaction.state(), address, address + size)) return -ENOMEM;
    for (const Region& slice : transaction.regions().slices(address, address + size)) {
        if (munmap(pointer(slice.begin), slice.end - slice.begin) != 0) return -errno;
        transaction.erase(slice.begin, slice.end);
    }
    if (support::log_enabled(LogItem::Mmu)) {
        support::log_printf("mmu: unmap %012lx-%012lx\n", address, address + size);
    }
    return 0;
}

int64_t AddressSpace::protect(uint64_t address, uint64_t length, int prot) {
    const int grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP);
    if (!page_aligned(address) || (prot & ~kKnownProt) || grows == (PROT_GROWSDOWN | PROT_GROWSUP))
        return -EINVAL;
    if (length == 0) return 0;
    const uint64_t size = page_up(length);
    if (size == 0 || address + size < address) return -ENOMEM;
    const uint64_t end = address + size;

    Transaction transaction("mprotect");
    const std::vector<Region> slices = transaction.regions().slices(address, end);
    if (slices.empty() || slices.front().begin != address) return -ENOMEM;
    if (!may_split(transaction.state(), address, end)) return -ENOMEM;
    uint64_t begin = address;
    if (grows) {
        const Region* region = transaction.regions().find(address);
        if (!(grows & PROT_GROWSDOWN) || !(region->flags & MAP_GROWSDOWN)) return -EINVAL;
        begin = region->begin;
    }
    const int guest_prot = prot & ~(PROT_GROWSDOWN | PROT_GROWSUP);
    if (prot & kProtMte && !tags::reserve()) return -ENOMEM;
    if (support::log_enabled(LogItem::Mmu)) {
        support::log_printf("mmu: protect %012lx-%012lx prot %x\n", begin, end, guest_prot);
    }
    // Region by region, as the kernel: what precedes a hole or a refusal is changed all the same.
    uint64_t reached = address;
    for (const Region& slice : slices) {
        if (slice.begin != reached) return -ENOMEM;
        const uint64_t from = slice.begin == address ? begin : slice.begin;
        if (prot & kProtMte && !may_have_tags(slice)) return -EINVAL;
        if (mprotect(pointer(from), slice.end - from, host_protection(guest_prot)) != 0) return -errno;
        transaction.set_prot(from, slice.end, guest_prot | (slice.prot & kProtMte));  // tags stay
        reached = slice.end;
    }
    return reached == end ? 0 : -ENOMEM;
}

int64_t AddressSpace::advise(uint64_t address, uint64_t length, int advice) {
    const uint64_t size = page_up(length);
    if (!page_aligned(address) || (length != 0 && size == 0) || address + size < address) return -EINVAL;
    if (size == 0) return 0;
    Transaction transaction("madvise");
    uint64_t covered = 0;
    for (const Region& slice : transaction.regions().slices(address, address + size)) {
        if (madvise(pointer(slice.begin), slice.end - slice.begin, advice) != 0) return -errno;
        covered += slice.end - slice.begin;
        if (advice == MADV_DONTFORK || advice == MADV_DOFORK) {
            transaction.state().regions.update(slice.begin, slice.end, [advice](Region& region) {
                region.dont_fork = advice == MADV_DONTFORK;
            });
        }
        const bool loses_contents = advice == MADV_DONTNEED || advice == MADV_REMOVE || advice == MADV_FREE;
        if (loses_contents && (slice.prot & PROT_EXEC)) transaction.mark_stale(slice.begin, slice.end);
        if (advice == MADV_DONTNEED || advice == MADV_REMOVE) transaction.clear_tags(slice.begin, slice.end);
    }
    return covered == size ? 0 : -ENOMEM;
}

void AddressSpace::set_brk(uint64_t start) {
    Transaction transaction("start of the heap");
    transaction.state().brk_start = transaction.state().brk_end = start;
}

int64_t AddressSpace::brk(uint64_t address) {
    Transaction transaction("brk");
    AddressSpaceState& state = transaction.state();
    const int64_t present = static_cast<int64_t>(state.brk_end);
    if (address < state.brk_start || address > kAddressLimit) return present;
    const uint64_t old_end = page_up(state.brk_end);
    const uint64_t new_end = page_up(address);
    if (new_end < old_end) {
        for (const Region& slice : state.regions.slices(new_end, old_end)) {
            munmap(pointer(slice.begin), slice.end - slice.begin);
        }
        transaction.erase(new_end, old_end);
    } else if (new_end > old_end) {
        constexpr int kProt = PROT_READ | PROT_WRITE;
        constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS;
        const uint64_t size = new_end - old_end;
        // One free page stays above the heap, as the kernel leaves it.
        if (!within_limits(state, size, kProt, kFlags, 0, 0) ||
            address - state.brk_start > state.limit_data ||
            state.regions.overlaps(old_end, new_end + kPageSize) ||
            host_map_free(old_end, size, kProt, kFlags, -1, 0) < 0) {
            return present;
        }
        Region region;
        region.begin = old_end;
        region.end = new_end;
        region.prot = kProt;
        region.flags = kFlags;
        region.name = std::make_shared<const std::string>("[heap]");
        transaction.insert(std::move(region));
    }
    state.brk_end = address;
    return static_cast<int64_t>(address);
}

}  // namespace armature::guest
