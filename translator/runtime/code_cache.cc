// SPDX-License-Identifier: MIT
#include "translator/runtime/code_cache.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "guest/address_space.h"
#include "support/log.h"
#include "translator/runtime/runtime.h"

namespace armature::translator::runtime {
namespace {

constexpr size_t kCodeAlignment = 16;
constexpr size_t kBytesPerBlockEstimate = 128;  // sizes the index of blocks; a typical block takes more
constexpr uint64_t kPageShift = 12;

// Memory that costs nothing until it is touched.
template <typename T>
T* reserve(size_t count) {
    void* memory = mmap(nullptr, count * sizeof(T), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        support::fatal(1, "cannot reserve memory for translations: %s", strerror(errno));
    return static_cast<T*>(memory);
}

// Shared and anonymous: no descriptor that the guest's limit could refuse, no file whose size RLIMIT_FSIZE
// counts.
uint8_t* map_new(void* at, size_t bytes, int prot, int flags) {
    void* memory = mmap(at, bytes, prot, flags | MAP_ANONYMOUS | MAP_NORESERVE | (at ? MAP_FIXED : 0), -1, 0);
    if (memory == MAP_FAILED) support::fatal(1, "cannot create the code buffer: %s", strerror(errno));
    return static_cast<uint8_t*>(memory);
}

uint8_t* new_memory_object(size_t bytes, void* at = nullptr) {
    return map_new(at, bytes, PROT_READ | PROT_WRITE, MAP_SHARED);
}

// A second view of the same memory, which is what mremap makes of an old size of zero; in the place of `at`
// if given.
uint8_t* second_view(uint8_t* memory, size_t bytes, uint8_t* at = nullptr) {
    void* second = mremap(memory, 0, bytes, MREMAP_MAYMOVE | (at ? MREMAP_FIXED : 0), at);
    if (second == MAP_FAILED) support::fatal(1, "cannot map the code buffer: %s", strerror(errno));
    return static_cast<uint8_t*>(second);
}

void make_executable(uint8_t* memory, size_t bytes) {
    if (mprotect(memory, bytes, PROT_READ | PROT_EXEC) != 0)
        support::fatal(1, "cannot make the code buffer executable: %s", strerror(errno));
}

}  // namespace

CodeCache& CodeCache::instance() {
    static CodeCache* cache = new CodeCache;
    return *cache;
}

void CodeCache::initialise(size_t bytes) {
    capacity_ = bytes;
    max_blocks_ = bytes / kBytesPerBlockEstimate;
    buckets_ = reserve<std::atomic<TranslatedBlock*>>(kBuckets);
    pages_ = reserve<PageEntry*>(kPageBuckets);
    by_code_ = reserve<TranslatedBlock*>(max_blocks_);
    code_offsets_ = reserve<uint32_t>(max_blocks_);
    writable_ = new_memory_object(bytes);
    executable_ = second_view(writable_, bytes);
    make_executable(executable_, bytes);
    fork_copy_ = map_new(nullptr, bytes, PROT_NONE, MAP_PRIVATE);
}

TranslatedBlock* CodeCache::find(uint64_t address) const {
    TranslatedBlock* block = buckets_[bucket(address)].load(std::memory_order_acquire);
    while (block && block->address != address) block = block->next_in_bucket.load(std::memory_order_acquire);
    return block;
}

uint64_t CodeCache::thunk_address() const {
    return reinterpret_cast<uint64_t>(executable_);
}

uint64_t CodeCache::place_thunks(const x64::CompiledCode& code) {
    std::memcpy(writable_, code.code, code.size);
    thunks_size_ = (code.size + kCodeAlignment - 1) & ~(kCodeAlignment - 1);
    used_ = thunks_size_;
    return thunk_address();
}

std::span<Probe> CodeCache::keep_probes(size_t count) {
    const std::lock_guard guard(mutex_);
    return records_.make_array<Probe>(count);
}

TranslatedBlock** CodeCache::page_slot(uint64_t page) {
    PageEntry** at = &pages_[page & (kPageBuckets - 1)];
    while (*at && (*at)->page != page) at = &(*at)->next;
    if (!*at) *at = records_.make<PageEntry>(page, nullptr, nullptr);
    return &(*at)->blocks;
}

void CodeCache::note_change(uint64_t begin, uint64_t end) {
    const uint64_t number = changes_.load(std::memory_order_relaxed);
    recent_changes_[number % kRecentChanges] = {begin, end};
    changes_.store(number + 1, std::memory_order_release);
}

bool CodeCache::changed_since(uint64_t seen, uint64_t begin, uint64_t end) const {
    const uint64_t now = changes_.load(std::memory_order_relaxed);
    if (now - seen > kRecentChanges) return true;
    for (uint64_t number = seen; number != now; number++) {
        const Range& range = recent_changes_[number % kRecentChanges];
        if (range.begin < end && range.end > begin) return true;
    }
    return false;
}

CodeCache::Outcome CodeCache::publish(uint64_t changes_seen, uint64_t address, uint64_t guest_end,
                                      const x64::CompiledCode& code, TranslatedBlock** published) {
    const std::lock_guard guard(mutex_);
    if (changed_since(changes_seen, address, guest_end)) return Outcome::Stale;
    *published = find(address);
    if (*published) return Outcome::Done;
    const size_t count = block_count_.load(std::memory_order_relaxed);
    if (used_ + code.size > capacity_ || count == max_blocks_) return Outcome::Full;

    std::memcpy(writable_ + used_, code.code, code.size);
    TranslatedBlock* block =
        new (records_.allocate(sizeof(TranslatedBlock), alignof(TranslatedBlock))) TranslatedBlock;
    block->address = address;
    block->end = guest_end;
    block->code = executable_ + used_;
    block->size = static_cast<uint32_t>(code.size);
    block->sites = records_.make_array<Site>(code.links.size());
    for (size_t i = 0; i < code.links.size(); i++) {
        block->sites[i].code_offset = static_cast<uint32_t>(used_ + code.links[i].offset);
        block->sites[i].stub_offset = static_cast<uint32_t>(used_ + code.links[i].stub);
        block->sites[i].target = code.links[i].target;
    }
    const auto faults = records_.make_array<x64::FaultPoint>(code.faults.size());
    std::copy(code.faults.begin(), code.faults.end(), faults.begin());
    block->faults = faults;
    used_ += (code.size + kCodeAlignment - 1) & ~(kCodeAlignment - 1);

    TranslatedBlock** slot = page_slot(address >> kPageShift);
    block->next_in_page = *slot;
    *slot = block;
    by_code_[count] = block;
    code_offsets_[count] = static_cast<uint32_t>(block->code - executable_);
    block_count_.store(count + 1, std::memory_order_release);
    auto& head = buckets_[bucket(address)];
    block->next_in_bucket.store(head.load(std::memory_order_relaxed), std::memory_order_relaxed);
    head.store(block, std::memory_order_release);
    *published = block;
    return Outcome::Done;
}

// A rel32 counts from the end of its four bytes.
void CodeCache::patch(const Site& site, uint32_t to_offset) {
    const int32_t relative = static_cast<int32_t>(to_offset - (site.code_offset + 4));
    __atomic_store_n(reinterpret_cast<int32_t*>(writable_ + site.code_offset), relative, __ATOMIC_RELEASE);
}

void CodeCache::link(uint64_t site_address, TranslatedBlock* target) {
    const std::lock_guard guard(mutex_);
    TranslatedBlock* from = block_of(site_address);
    if (!from || !from->valid || !target->valid) return;
    const uint32_t offset = static_cast<uint32_t>(site_address - reinterpret_cast<uint64_t>(executable_));
    for (Site& site : from->sites) {
        if (site.code_offset != offset || site.linked || site.target != target->address) continue;
        site.linked = target;
        site.next_incoming = target->incoming;
        target->incoming = &site;
        patch(site, static_cast<uint32_t>(target->code - executable_));
        return;
    }
}

void CodeCache::unlink_incoming(TranslatedBlock* block) {
    for (Site* site = block->incoming; site;) {
        Site* next = site->next_incoming;
        patch(*site, site->stub_offset);
        site->linked = nullptr;
        site->next_incoming = nullptr;
        site = next;
    }
    block->incoming = nullptr;
}

// Takes the block out of the tables; its own exits leave their targets' lists.
void CodeCache::remove(TranslatedBlock* block) {
    block->valid.store(false, std::memory_order_release);
    unlink_incoming(block);
    for (Site& site : block->sites) {
        if (!site.linked) continue;
        Site** at = &site.linked->incoming;
        while (*at && *at != &site) at = &(*at)->next_incoming;
        if (*at) *at = site.next_incoming;
        patch(site, site.stub_offset);
        site.linked = nullptr;
    }
    auto* at = &buckets_[bucket(block->address)];
    TranslatedBlock* current = at->load(std::memory_order_relaxed);
    while (current && current != block) {
        at = &current->next_in_bucket;
        current = at->load(std::memory_order_relaxed);
    }
    if (current) at->store(block->next_in_bucket.load(std::memory_order_relaxed), std::memory_order_release);
    forget_in_jump_caches(block->address);
}

// Whole pages: a block may rely on code of its page that it does not hold (see flag_liveness.cc).
void CodeCache::invalidate(uint64_t begin, uint64_t end) {
    begin &= ~(guest::kPageSize - 1);
    end = (end + guest::kPageSize - 1) & ~(guest::kPageSize - 1);
    const std::lock_guard guard(mutex_);
    note_change(begin, end);
    if (block_count_.load(std::memory_order_relaxed) == 0) return;
    const auto visit = [&](PageEntry* entry) {
        for (TranslatedBlock* block = entry->blocks; block; block = block->next_in_page) remove(block);
        entry->blocks = nullptr;
    };
    const uint64_t first = begin >> kPageShift;
    const uint64_t last = (end - 1) >> kPageShift;
    if (last - first >= kPageBuckets) {
        for (unsigned i = 0; i < kPageBuckets; i++) {
            for (PageEntry* entry = pages_[i]; entry; entry = entry->next) {
                if (entry->page >= first && entry->page <= last) visit(entry);
            }
        }
    } else {
        for (uint64_t page = first; page <= last; page++) {
            for (PageEntry* entry = pages_[page & (kPageBuckets - 1)]; entry; entry = entry->next) {
                if (entry->page == page) visit(entry);
            }
        }
    }
}

void CodeCache::drop_all() {
    const std::lock_guard guard(mutex_);
    const size_t count = block_count_.load(std::memory_order_relaxed);
    for (size_t i = 0; i < count; i++)
        buckets_[bucket(by_code_[i]->address)].store(nullptr, std::memory_order_relaxed);
    std::memset(static_cast<void*>(pages_), 0, kPageBuckets * sizeof(PageEntry*));
    block_count_.store(0, std::memory_order_release);
    used_ = thunks_size_;
    records_.reset();
    note_change(
        0, ~uint64_t{0});  // a translation in the making may refer to what plugins had put in the records
    generation_.fetch_add(1, std::memory_order_acq_rel);
    clear_jump_caches();
}

TranslatedBlock* CodeCache::block_of(uintptr_t host) const {
    if (!contains(host)) return nullptr;
    const uint32_t offset = static_cast<uint32_t>(host - reinterpret_cast<uintptr_t>(executable_));
    const uint32_t* const end = code_offsets_ + block_count_.load(std::memory_order_acquire);
    const uint32_t* const first = code_offsets_;
    const uint32_t* const after = std::upper_bound(first, end, offset);
    if (after == code_offsets_) return nullptr;
    TranslatedBlock* block = by_code_[after - code_offsets_ - 1];
    return host - reinterpret_cast<uintptr_t>(block->code) < block->size ? block : nullptr;
}

void CodeCache::copy_before_fork() {
    new_memory_object(capacity_, fork_copy_);
    madvise(fork_copy_, used_, MADV_POPULATE_WRITE);  // all pages in one go, where the kernel can
    std::memcpy(fork_copy_, executable_, used_);
}

void CodeCache::after_fork(bool child) {
    if (child) {
        second_view(fork_copy_, capacity_, executable_);
        make_executable(executable_, capacity_);
        second_view(fork_copy_, capacity_, writable_);
    }
    map_new(fork_copy_, capacity_, PROT_NONE, MAP_PRIVATE);
}

}  // namespace armature::translator::runtime
