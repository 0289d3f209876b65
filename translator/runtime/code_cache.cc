// SPDX-License-Identifier: MIT
#include "translator/runtime/code_cache.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "support/descriptors.h"
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

int new_memory_object(size_t bytes) {
    int fd = memfd_create("armature-code", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, static_cast<off_t>(bytes)) != 0) {
        support::fatal(1, "cannot create the code buffer: %s", strerror(errno));
    }
    return fd;
}

uint8_t* view(void* at, size_t bytes, int prot, int fd) {
    void* memory = mmap(at, bytes, prot, MAP_SHARED | MAP_NORESERVE | (at ? MAP_FIXED : 0), fd, 0);
    if (memory == MAP_FAILED) support::fatal(1, "cannot map the code buffer: %s", strerror(errno));
    return static_cast<uint8_t*>(memory);
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
    const int fd = new_memory_object(bytes);
    executable_ = view(nullptr, bytes, PROT_READ | PROT_EXEC, fd);
    writable_ = view(nullptr, bytes, PROT_READ | PROT_WRITE, fd);
    close(fd);  // the mappings keep it; no descriptor is left for the guest to find
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

TranslatedBlock* CodeCache::publish(uint64_t address, uint64_t guest_end, const x64::CompiledCode& code) {
    const std::lock_guard guard(mutex_);
    if (TranslatedBlock* other = find(address)) return other;
    const size_t count = block_count_.load(std::memory_order_relaxed);
    if (used_ + code.size > capacity_ || count == max_blocks_) return nullptr;

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
    return block;
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

void CodeCache::invalidate(uint64_t begin, uint64_t end) {
    const std::lock_guard guard(mutex_);
    if (block_count_.load(std::memory_order_relaxed) == 0) return;
    const auto visit = [&](PageEntry* entry) {
        TranslatedBlock** at = &entry->blocks;
        while (*at) {
            TranslatedBlock* block = *at;
            if (block->address < end && block->end > begin) {
                remove(block);
                *at = block->next_in_page;
            } else {
                at = &block->next_in_page;
            }
        }
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
    fork_copy_ = support::hide_descriptor(new_memory_object(capacity_));
    size_t done = 0;
    while (done < used_) {
        const ssize_t n = pwrite(fork_copy_, executable_ + done, used_ - done, static_cast<off_t>(done));
        if (n <= 0) support::fatal(1, "cannot copy the code buffer for fork: %s", strerror(errno));
        done += static_cast<size_t>(n);
    }
}

void CodeCache::after_fork(bool child) {
    if (child) {
        view(executable_, capacity_, PROT_READ | PROT_EXEC, fork_copy_);
        view(writable_, capacity_, PROT_READ | PROT_WRITE, fork_copy_);
    }
    support::close_hidden_descriptor(fork_copy_);
    fork_copy_ = -1;
}

}  // namespace armature::translator::runtime
