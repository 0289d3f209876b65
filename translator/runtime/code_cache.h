// SPDX-License-Identifier: MIT
// Where translations live, and how they are found, linked, dropped.
//
// The code is one memory object mapped twice: a view that may execute and never be written, and one that may
// be written and never execute. Blocks are appended; nothing is freed before the buffer is full, then
// everything is dropped at once while no thread executes translated code (see exclusive.h).
//
// Lookup takes no lock: a hash table of chains, entered with release stores, read with acquire loads; a
// removed block stays readable until the next full drop. Everything that changes the tables holds the cache's
// mutex.
//
// A direct exit of a block (LinkSite) is patched to its target's code with one aligned-enough 4-byte store;
// the target remembers its incoming sites so that an invalidation can send them back to their stubs.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

#include "translator/hooks.h"
#include "translator/x64/compile.h"

namespace armature::translator::runtime {

struct TranslatedBlock;

// One direct exit that has been linked or may be.
struct Site {
    uint32_t code_offset = 0;  // of the rel32, in the whole buffer
    uint32_t stub_offset = 0;
    uint64_t target = 0;
    TranslatedBlock* linked = nullptr;
    Site* next_incoming = nullptr;  // list of the target's incoming sites
};

struct TranslatedBlock {
    uint64_t address = 0;           // guest
    uint64_t end = 0;               // guest, exclusive
    const uint8_t* code = nullptr;  // in the executable view
    uint32_t size = 0;
    std::atomic<bool> valid{true};
    std::atomic<TranslatedBlock*> next_in_bucket{nullptr};
    TranslatedBlock* next_in_page = nullptr;
    Site* incoming = nullptr;
    std::span<Site> sites;
    std::span<const x64::FaultPoint> faults;

    uint64_t guest_pc(uint32_t guest_index) const { return address + uint64_t{guest_index} * 4; }
};

class CodeCache {
  public:
    static CodeCache& instance();

    void initialise(size_t bytes);

    TranslatedBlock* find(uint64_t address) const;  // lock-free; null if not translated
    // Appends code. Full: the caller must flush. Stale: what `code` was made from may have changed since the
    // caller asked for `changes()`, and it must be made again. If another thread has published the same block
    // meanwhile, that one is returned.
    enum class Outcome { Done, Full, Stale };
    Outcome publish(uint64_t changes_seen, uint64_t address, uint64_t guest_end,
                    const x64::CompiledCode& code, TranslatedBlock** published);
    // How many invalidations there were. To be read before the guest's code is.
    uint64_t changes() const { return changes_.load(std::memory_order_acquire); }
    std::span<Probe> keep_probes(size_t count);  // live until everything is dropped
    uint64_t place_thunks(const x64::CompiledCode& code);
    uint64_t thunk_address() const;

    // Links the site whose rel32 is at host address `site` to the block, if both are still valid.
    void link(uint64_t site, TranslatedBlock* target);
    void invalidate(uint64_t begin, uint64_t end);
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
    void patch(const Site& site, uint32_t to_offset);
    void unlink_incoming(TranslatedBlock* block);
    void remove(TranslatedBlock* block);
    void note_change(uint64_t begin, uint64_t end);
    bool changed_since(uint64_t seen, uint64_t begin, uint64_t end) const;
    TranslatedBlock** page_slot(uint64_t page);

    static constexpr unsigned kBucketBits = 16;
    static constexpr unsigned kBuckets = 1u << kBucketBits;
    static constexpr unsigned kPageBuckets = 1u << 12;
    // Blocks that share 16 bytes share a chain: fewer pages of the table are touched.
    static unsigned bucket(uint64_t address) { return (address >> 4) & (kBuckets - 1); }

    // The latest invalidations, for translations that were in the making meanwhile.
    static constexpr unsigned kRecentChanges = 32;
    struct Range {
        uint64_t begin;
        uint64_t end;
    };

    struct PageEntry {
        uint64_t page;
        TranslatedBlock* blocks;
        PageEntry* next;
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
    std::atomic<TranslatedBlock*>* buckets_ = nullptr;
    PageEntry** pages_ = nullptr;
    TranslatedBlock** by_code_ = nullptr;  // in the order of their code
    uint32_t* code_offsets_ = nullptr;     // where each block's code starts: what block_of searches
    std::atomic<size_t> block_count_{0};
    size_t max_blocks_ = 0;
    support::Arena records_;
};

}  // namespace armature::translator::runtime
