// SPDX-License-Identifier: MIT
// Where translations live, and how they are found, linked, dropped.
//
// The code is one memory object mapped twice: a view that may execute and never be written, and one that may
// be written and never execute. Blocks are appended; nothing is freed before the buffer is full, then
// everything is dropped at once while no thread executes translated code (see exclusive.h).
//
// Lookup takes no lock: the code page, found by a hash, has chains of the blocks that start on it, entered
// with release stores, read with acquire loads; a removed block stays readable until the next full drop.
// Everything that changes the tables holds the cache's mutex.
//
// A direct exit of a block (LinkSite) is patched to its target's code with one aligned-enough 4-byte store,
// as soon as both are there; the target remembers its incoming sites so that an invalidation can send them
// back to their stubs.
//
// Most programs are short: what is kept of a block is small and lies together, since every fresh page costs
// about as much as translating two instructions. Blocks and sites have numbers, from 1; 0 is none.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "translator/hooks.h"
#include "translator/x64/compile.h"

namespace armature::translator::runtime {

class ProbePlacement;

// An operation that the block's start makes for a later instruction: see probes.h.
struct Credit {
    uint32_t counter = 0;  // which of Instrumentation::counters
    uint16_t guest = 0;    // index of the instruction
    bool after = false;    // earned when the instruction has succeeded, rather than when it is reached
    uint64_t amount = 0;
};
struct Instrumentation {
    std::span<const ProbeCounter> counters;
    std::span<const Credit> credits;
    ProbeOperation operation = ProbeOperation::Add;  // or Xor
};

// A direct exit of a block.
struct Site {
    uint64_t target = 0;       // guest address
    uint32_t code_offset = 0;  // of the rel32, in the whole buffer
    uint32_t stub_offset = 0;
    uint32_t owner = 0;   // block it is in
    uint32_t linked = 0;  // block it goes to
    uint32_t next = 0;    // in the list of that block's incoming sites, or of those that wait
};

struct TranslatedBlock {
    uint64_t address = 0;           // guest
    const uint8_t* code = nullptr;  // in the executable view
    std::span<const x64::FaultPoint> faults;
    const Instrumentation* instrumentation = nullptr;  // what a fault has to know of
    uint32_t size = 0;                                 // of the code
    uint32_t first_site = 0;
    uint32_t incoming = 0;          // first of the sites that go here
    std::atomic<uint32_t> next{0};  // block in the same chain
    uint16_t instructions = 0;      // guest
    uint8_t site_count = 0;
    std::atomic<bool> valid{true};

    uint64_t guest_pc(uint32_t guest_index) const { return address + uint64_t{guest_index} * 4; }
};
static_assert(x64::kMaxLinks <= UINT8_MAX);

class CodeCache {
  public:
    static CodeCache& instance();

    void initialise(size_t bytes, bool links);  // without links, direct exits always look their target up

    bool set_links(bool on) { return std::exchange(links_, on); }  // only right before everything is dropped

    TranslatedBlock* find(uint64_t address) const;  // lock-free; null if not translated
    // Appends code. Full: the caller must flush. Stale: what `code` was made from may have changed since the
    // caller asked for `changes()`, and it must be made again. If another thread has published the same block
    // meanwhile, that one is returned.
    enum class Outcome { Done, Full, Stale };
    Outcome publish(uint64_t changes_seen, uint64_t address, unsigned instructions,
                    const x64::CompiledCode& code, const ProbePlacement* probes, TranslatedBlock** published);
    // How many invalidations there were. To be read before the guest's code is.
    uint64_t changes() const { return changes_.load(std::memory_order_acquire); }
    uint64_t place_thunks(const x64::CompiledCode& code);
    uint64_t thunk_address() const;

    // Where a site goes. Only while it cannot be dropped.
    uint64_t target_of(uint64_t site) const { return sites_[site].target; }
    void invalidate(uint64_t begin, uint64_t end);
    bool any_blocks() const { return block_count_.load(std::memory_order_relaxed) != 0; }
    void drop_all();  // only while no thread executes translated code

    bool contains(uintptr_t host) const {
        return host - reinterpret_cast<uintptr_t>(executable_) < capacity_;
    }
    // Async-signal-safe. The block whose code holds the host address.
    TranslatedBlock* block_of(uintptr_t host) const;
    bool in_thunks(uintptr_t host) const {
        return host - reinterpret_cast<uintptr_t>(executable_) < thunks_size_;
    }
    uint64_t generation() const { return generation_.load(std::memory_order_acquire); }
    size_t used() const { return used_; }

    void lock() { mutex_.lock(); }
    void unlock() { mutex_.unlock(); }
    // The memory object is shared with a forked child, which therefore gets a copy of its own. It is made
    // before the fork: while the child were making it, the parent would go on linking blocks to ones that the
    // child does not have.
    void copy_before_fork();
    void after_fork(bool child);

  private:
    CodeCache() = default;
    // Code pages, by a hash of their number. They stay until everything is dropped.
    static constexpr unsigned kPageBuckets = 1u << 12;
    static constexpr unsigned kChains = 32;
    struct Page {
        uint64_t number = 0;
        Page* next = nullptr;
        std::atomic<uint32_t> chains[kChains] = {};  // by address: each has the blocks of 128 bytes
        uint32_t waiting[kChains] = {};              // sites that want to go to one that is not there
    };

    // Zeroed memory for `capacity` items that is brought in a few pages at a time, ahead of use.
    template <typename T>
    struct Table {
        void use(uint8_t* memory, size_t capacity);  // zeroed, and nothing of it touched yet
        bool has_room(size_t more) const { return used + more <= limit; }
        T* append();
        T& operator[](size_t n) const { return items[n]; }
        T* items = nullptr;
        size_t used = 1;  // 0 is none
        size_t limit = 0;
        size_t present = 0;
    };

    uint32_t number_of(const TranslatedBlock* block) const {
        return static_cast<uint32_t>(block - blocks_.items);
    }
    Page* find_page(uint64_t number) const;
    Page* make_page(uint64_t number);
    static unsigned chain(uint64_t address) { return address / (kPageBytes / kChains) % kChains; }
    void provide_code(size_t end);
    void add_sites(TranslatedBlock* block, const x64::CompiledCode& code);
    void connect(uint32_t site, TranslatedBlock* target);
    void wait_for_target(uint32_t site);
    void stop_waiting(uint32_t site);
    void connect_waiting(Page* page, TranslatedBlock* target);
    void patch(const Site& site, uint32_t to_offset);
    void remove(TranslatedBlock* block);
    void note_change(uint64_t begin, uint64_t end);
    bool changed_since(uint64_t seen, uint64_t begin, uint64_t end) const;

    static constexpr uint64_t kPageBytes = 4096;

    // The latest invalidations, for translations that were in the making meanwhile.
    static constexpr unsigned kRecentChanges = 32;
    struct Range {
        uint64_t begin;
        uint64_t end;
    };

    std::mutex mutex_;
    uint8_t* executable_ = nullptr;
    uint8_t* writable_ = nullptr;
    size_t capacity_ = 0;
    size_t used_ = 0;
    size_t thunks_size_ = 0;
    uint8_t* fork_copy_ = nullptr;  // addresses kept free: a guest may have used up all others when it forks
    std::atomic<uint64_t> generation_{1};
    std::atomic<uint64_t> changes_{0};
    Range recent_changes_[kRecentChanges] = {};
    std::atomic<Page*>* pages_ = nullptr;
    Table<TranslatedBlock> blocks_;       // in the order of their code
    std::atomic<size_t> block_count_{0};  // what a fault handler may look at
    Table<Site> sites_;
    size_t code_present_ = 0;
    bool links_ = true;
    support::Arena records_;
};

}  // namespace armature::translator::runtime
