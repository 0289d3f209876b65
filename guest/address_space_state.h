// SPDX-License-Identifier: MIT
// Inside AddressSpace: its one state, the transaction in which every change is made, and the rules that
// several operations share. Included by guest/address_space*.cc only.
//
// Invariant: under the lock, a page is in `regions` if and only if the guest has it mapped in the host. (One
// exception: the host grows MAP_GROWSDOWN mappings by itself; Transaction catches up with that before it
// looks.)
#pragma once

#include <sys/mman.h>
#include <time.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "guest/address_space.h"
#include "guest/region_map.h"

namespace armature::guest {

// The file that was mapped last, and its name. A program is mapped in several pieces, and every name comes
// from /proc; a file that is renamed, or whose inode is used again, has another time of change. (Files of
// more than one name are asked for each time.)
struct NamedFile {
    uint64_t inode = 0;
    uint64_t device = 0;
    struct timespec changed {};
    std::shared_ptr<const std::string> name;
};

struct AddressSpaceState {
    mutable std::mutex mutex;
    RegionMap regions;
    InvalidateHook invalidate = nullptr;
    uint64_t limit_as = ~uint64_t{0};
    uint64_t limit_data = ~uint64_t{0};
    uint64_t brk_start = 0;
    uint64_t brk_end = 0;
    uint64_t mmap_top = 0;        // not 0: addresses are chosen below this, the same ones in every run
    uint64_t shared_objects = 0;  // shared anonymous mappings so far; numbers them as inodes
    NamedFile last_file;
    unsigned growing = 0;  // MAP_GROWSDOWN mappings made so far
    int fork_parent = 0;
};

AddressSpaceState& address_space_state();

// Grows with every change that could make an "is executable" answer stale (see AddressSpace::is_executable).
extern std::atomic<uint64_t> executable_generation;

constexpr uint64_t page_up(uint64_t value) {
    return (value + kPageSize - 1) & ~(kPageSize - 1);
}
constexpr uint64_t page_down(uint64_t value) {
    return value & ~(kPageSize - 1);
}
constexpr bool page_aligned(uint64_t value) {
    return value % kPageSize == 0;
}

// What the host gets for the guest's rights: never PROT_EXEC, but what may be executed must be readable to
// translate.
constexpr int host_protection(int prot) {
    int host = prot & (PROT_READ | PROT_WRITE);
    return prot & PROT_EXEC ? host | PROT_READ : host;
}

inline void* pointer(uint64_t address) {
    return reinterpret_cast<void*>(address);
}

// Holds the lock, changes `regions`, and tells the translator after the lock is released what became stale.
class Transaction {
  public:
    explicit Transaction(const char* what);
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;

    AddressSpaceState& state() { return state_; }
    const RegionMap& regions() const { return state_.regions; }
    void erase(uint64_t begin, uint64_t end);
    void insert(Region region);
    void set_prot(uint64_t begin, uint64_t end, int prot);
    void mark_stale(uint64_t begin, uint64_t end);
    void clear_tags(uint64_t begin, uint64_t end);  // where the memory has some

  private:
    void note_executable(uint64_t begin, uint64_t end);
    void catch_up_with_growth();

    AddressSpaceState& state_;
    std::unique_lock<std::mutex> lock_;
    std::vector<Range> stale_;
    const char* what_;
    bool changed_ = false;
};

// A fixed mapping is about to replace [begin, end): takes hold of what is unowned there with inaccessible
// pages, which fails where the emulator is. Released again unless kept.
class Claim {
  public:
    Claim(const RegionMap& regions, uint64_t begin, uint64_t end);
    ~Claim();
    Claim(const Claim&) = delete;
    Claim& operator=(const Claim&) = delete;
    bool granted() const { return granted_; }
    void keep() { held_.clear(); }

  private:
    std::vector<Range> held_;
    bool granted_ = true;
};

// RLIMIT_AS and RLIMIT_DATA: may `size` bytes with these rights be added, when [begin, end) goes?
bool within_limits(const AddressSpaceState& state, uint64_t size, int prot, int flags, uint64_t begin,
                   uint64_t end);

// May mappings be added, or split by a change of [begin, end)? The host's count of them is the emulator's
// too, which could not go on without: the guest's share ends before.
bool has_map_room(const AddressSpaceState& state);
bool may_split(const AddressSpaceState& state, uint64_t begin, uint64_t end);

// Highest place below state.mmap_top that is free of guest mappings and of the emulator's, claimed; 0 if
// none.
uint64_t choose_address(const AddressSpaceState& state, uint64_t size);

// The log's view (-d mmu, -d page).
void log_change(const AddressSpaceState& state, const char* what);

}  // namespace armature::guest
