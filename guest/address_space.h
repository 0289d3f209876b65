// SPDX-License-Identifier: MIT
// The guest's address space: which parts of the host process's memory belong to the guest.
//
// Guest addresses are host addresses (guest base 0). The guest and the emulator share one host address space,
// so every mapping request of the guest goes through this class, which keeps the list of what is the guest's.
// What is not in the list and yet mapped is the emulator's: the guest can neither replace nor unmap it, nor
// see it in /proc/self/maps. A fixed mapping over unowned addresses is first tried with MAP_FIXED_NOREPLACE,
// so the kernel itself tells whether the emulator is there; no list of the emulator's own ranges has to be
// kept.
//
// All functions are thread-safe; they return 0 or a result on success, -errno on failure, with the kernel's
// errno.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace armature::guest {

inline constexpr uint64_t kPageSize = 4096;
inline constexpr uint64_t kAddressLimit = uint64_t{1} << 47;  // what an x86-64 host gives to user space

inline constexpr int kProtBti = 0x10;  // AArch64's: branches into the page must end at landing pads
inline constexpr int kProtMte = 0x20;  // AArch64's: the memory has allocation tags (allocation_tags.h)

inline constexpr uint64_t kSharedMemoryDevice = 4;  // System V shared memory in Mapping::device

struct Mapping {
    uint64_t begin = 0;
    uint64_t end = 0;  // exclusive
    int prot = 0;      // PROT_* as the guest asked (the host never gets PROT_EXEC: guest code is data to it)
    int flags = 0;     // MAP_SHARED or MAP_PRIVATE, MAP_ANONYMOUS, MAP_GROWSDOWN, ...
    uint64_t offset = 0;
    uint64_t inode = 0;
    uint64_t device = 0;
    std::string name;  // path as /proc/self/maps shows it, or [heap], [stack], [vdso]
};

// Called (without the lock held) for every range whose contents or rights changed in a way that makes
// translations of it stale: unmapped, remapped, made non-executable, or mapped anew. Set once at start by the
// translator's owner.
using InvalidateHook = void (*)(uint64_t begin, uint64_t end);

class AddressSpace {
  public:
    static AddressSpace& instance();

    void set_invalidate_hook(InvalidateHook hook);

    int64_t map(uint64_t address, uint64_t length, int prot, int flags, int fd, uint64_t offset);
    int64_t unmap(uint64_t address, uint64_t length);
    int64_t protect(uint64_t address, uint64_t length, int prot);
    int64_t remap(uint64_t old_address, uint64_t old_length, uint64_t new_length, int flags,
                  uint64_t new_address);
    int64_t remap_file_pages(uint64_t address, uint64_t length, int prot, uint64_t page, int flags);
    int64_t brk(uint64_t address);  // the new break, or the present one if the request cannot be granted
    int64_t advise(uint64_t address, uint64_t length, int advice);

    // shmat and shmdt. Attached segments have `device` kSharedMemoryDevice and their id as inode.
    int64_t attach_shared(int id, uint64_t address, int flags);
    int64_t detach_shared(uint64_t address);

    // A second mapping of shared memory of the emulator's, from `source` on. `shown`: its rights and flags,
    // and what /proc/self/maps says of it; the addresses are chosen.
    int64_t map_again(uint64_t source, uint64_t length, const Mapping& shown);

    // The loader's part: says where the heap starts, and names a range ([stack], [vdso], a file's path).
    void set_brk(uint64_t start);
    void name_range(uint64_t begin, uint64_t end, const std::string& name);

    // Room for allocation tags (MTE), needed before anybody looks at them; false if there is none.
    bool prepare_tags();

    // Queries. `find` answers for the page that holds the address; false if it is not the guest's.
    bool find(uint64_t address, Mapping* out) const;
    bool is_executable(
        uint64_t address) const;  // lock-free enough for the translator's fetch; false if unmapped
    bool is_guarded(uint64_t address) const;        // mapped with kProtBti
    bool is_tagged(uint64_t address) const;         // mapped with kProtMte
    bool owns(uint64_t begin, uint64_t end) const;  // the whole range is the guest's
    std::vector<Mapping> snapshot() const;          // in address order, as /proc/self/maps would list them
    uint64_t total_mapped() const;                  // bytes, for RLIMIT_AS

    // Limits of the guest (RLIMIT_AS, RLIMIT_DATA, RLIMIT_STACK) are applied here and never to the emulator.
    void set_limit_as(uint64_t bytes);
    void set_limit_data(uint64_t bytes);

    // With -seed and -R: where the guest does not ask for an address, it gets the highest free one below
    // `top` that does not depend on where the host placed the emulator. 0, the default: the host's kernel
    // chooses.
    void set_mmap_top(uint64_t top);

    // Around fork: the lock is taken before and released in both processes after.
    void before_fork();
    void after_fork();

  private:
    constexpr AddressSpace() = default;
};

}  // namespace armature::guest
