// SPDX-License-Identifier: MIT
#include "translator/runtime/code_cache.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "guest/address_space.h"
#include "support/log.h"
#include "translator/runtime/probes.h"
#include "translator/runtime/runtime.h"

namespace armature::translator::runtime {
namespace {

constexpr size_t kCodeAlignment = 16;
constexpr size_t kBytesPerBlockEstimate = 64;  // sizes the tables; a typical block takes more
constexpr size_t kSitesPerBlock = 2;
constexpr size_t kCodeStep = 64u << 10;  // memory is brought in by this many bytes
constexpr size_t kTableStep = 32u << 10;

// Memory that costs nothing until it is touched.
uint8_t* reserve_memory(size_t bytes) {
    void* memory =
        mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        support::fatal(1, "cannot reserve memory for translations: %s", strerror(errno));
    return static_cast<uint8_t*>(memory);
}

// Pages that are about to be written, in one go: half the price of as many faults. A kernel that cannot do it
// leaves them to the faults.
void bring_in(void* memory, size_t bytes) {
    madvise(memory, bytes, MADV_POPULATE_WRITE);
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

template <typename T>
std::span<const T> keep(support::Arena& arena, std::span<const T> items) {
    const std::span<T> copy = arena.make_array<T>(items.size());
    std::copy(items.begin(), items.end(), copy.begin());
    return copy;
}

}  // namespace

template <typename T>
void CodeCache::Table<T>::use(uint8_t* memory, size_t capacity) {
    items = reinterpret_cast<T*>(memory);
    limit = capacity;
}

template <typename T>
T* CodeCache::Table<T>::append() {
    const size_t end = (used + 1) * sizeof(T);
    if (end > present) {
        bring_in(reinterpret_cast<uint8_t*>(items) + present,
                 std::min(kTableStep, limit * sizeof(T) - present));
        present += kTableStep;
    }
    return new (items + used++) T;
}

CodeCache& CodeCache::instance() {
    static CodeCache* cache = new CodeCache;
    return *cache;
}

void CodeCache::initialise(size_t bytes, bool links) {
    capacity_ = bytes;
    links_ = links;
    const size_t most_blocks = bytes / kBytesPerBlockEstimate + 1;
    const size_t most_sites = most_blocks * kSitesPerBlock;
    const size_t heads = kPageBuckets * sizeof(*pages_);
    const size_t blocks_end =
        (heads + most_blocks * sizeof(TranslatedBlock) + guest::kPageSize - 1) & ~(guest::kPageSize - 1);
    uint8_t* const memory = reserve_memory(blocks_end + most_sites * sizeof(Site));
    pages_ = reinterpret_cast<std::atomic<Page*>*>(memory);
    blocks_.use(memory + heads, most_blocks);
    sites_.use(memory + blocks_end, most_sites);
    writable_ = new_memory_object(bytes);
    executable_ = second_view(writable_, bytes);
    make_executable(executable_, bytes);
    fork_copy_ = map_new(nullptr, bytes, PROT_NONE, MAP_PRIVATE);
}

CodeCache::Page* CodeCache::find_page(uint64_t number) const {
    Page* page = pages_[number & (kPageBuckets - 1)].load(std::memory_order_acquire);
    while (page && page->number != number) page = page->next;
    return page;
}

CodeCache::Page* CodeCache::make_page(uint64_t number) {
    if (Page* page = find_page(number)) return page;
    Page* page = new (records_.allocate(sizeof(Page), alignof(Page))) Page;
    std::atomic<Page*>& head = pages_[number & (kPageBuckets - 1)];
    page->number = number;
    page->next = head.load(std::memory_order_relaxed);
    head.store(page, std::memory_order_release);
    return page;
}

TranslatedBlock* CodeCache::find(uint64_t address) const {
    const Page* page = find_page(address / kPageBytes);
    if (!page) return nullptr;
    uint32_t number = page->chains[chain(address)].load(std::memory_order_acquire);
    while (number && blocks_[number].address != address)
        number = blocks_[number].next.load(std::memory_order_acquire);
    return number ? &blocks_[number] : nullptr;
}

// The pages of the buffer up to `end`.
void CodeCache::provide_code(size_t end) {
    while (code_present_ < end) {
        bring_in(writable_ + code_present_, std::min(kCodeStep, capacity_ - code_present_));
        code_present_ += kCodeStep;
    }
}

uint64_t CodeCache::thunk_address() const {
    return reinterpret_cast<uint64_t>(executable_);
}

uint64_t CodeCache::place_thunks(const x64::CompiledCode& code) {
    provide_code(code.size);
    x64::place(code, writable_, thunk_address(), 0);
    thunks_size_ = (code.size + kCodeAlignment - 1) & ~(kCodeAlignment - 1);
    used_ = thunks_size_;
    return thunk_address();
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

CodeCache::Outcome CodeCache::publish(uint64_t changes_seen, uint64_t address, unsigned instructions,
                                      const x64::CompiledCode& code, const ProbePlacement* probes,
                                      TranslatedBlock** published) {
    const std::lock_guard guard(mutex_);
    if (changed_since(changes_seen, address, address + uint64_t{instructions} * 4)) return Outcome::Stale;
    *published = find(address);
    if (*published) return Outcome::Done;
    if (used_ + code.size > capacity_ || !blocks_.has_room(1) || !sites_.has_room(code.links.size()))
        return Outcome::Full;

    TranslatedBlock* block = blocks_.append();
    block->address = address;
    block->instructions = static_cast<uint16_t>(instructions);
    block->code = executable_ + used_;
    block->size = static_cast<uint32_t>(code.size);
    block->faults = keep<x64::FaultPoint>(records_, code.faults);
    block->instrumentation = probes ? probes->keep(records_) : nullptr;
    provide_code(used_ + code.size);
    x64::place(code, writable_ + used_, reinterpret_cast<uint64_t>(block->code),
               static_cast<uint32_t>(sites_.used));
    add_sites(block, code);
    used_ += (code.size + kCodeAlignment - 1) & ~(kCodeAlignment - 1);

    block_count_.store(blocks_.used - 1, std::memory_order_release);
    Page* page = make_page(address / kPageBytes);
    connect_waiting(page, block);
    std::atomic<uint32_t>& head = page->chains[chain(address)];
    block->next.store(head.load(std::memory_order_relaxed), std::memory_order_relaxed);
    head.store(number_of(block), std::memory_order_release);
    *published = block;
    return Outcome::Done;
}

// Those whose target is there are linked before anybody has run them.
void CodeCache::add_sites(TranslatedBlock* block, const x64::CompiledCode& code) {
    block->first_site = static_cast<uint32_t>(sites_.used);
    block->site_count = static_cast<uint8_t>(code.links.size());
    for (const x64::LinkSite& link : code.links) {
        Site* site = sites_.append();
        const uint32_t number = static_cast<uint32_t>(site - sites_.items);
        site->target = link.target;
        site->code_offset = static_cast<uint32_t>(used_ + link.offset);
        site->stub_offset = static_cast<uint32_t>(used_ + link.stub);
        site->owner = number_of(block);
        if (TranslatedBlock* target = links_ ? find(link.target) : nullptr) {
            connect(number, target);
        } else {
            wait_for_target(number);
        }
    }
}

// A rel32 counts from the end of its four bytes.
void CodeCache::patch(const Site& site, uint32_t to_offset) {
    const int32_t relative = static_cast<int32_t>(to_offset - (site.code_offset + 4));
    __atomic_store_n(reinterpret_cast<int32_t*>(writable_ + site.code_offset), relative, __ATOMIC_RELEASE);
}

void CodeCache::connect(uint32_t site, TranslatedBlock* target) {
    Site& from = sites_[site];
    from.linked = number_of(target);
    from.next = target->incoming;
    target->incoming = site;
    patch(from, static_cast<uint32_t>(target->code - executable_));
}

void CodeCache::wait_for_target(uint32_t site) {
    if (!links_) return;
    Site& from = sites_[site];
    uint32_t& head = make_page(from.target / kPageBytes)->waiting[chain(from.target)];
    from.next = head;
    head = site;
}

void CodeCache::stop_waiting(uint32_t site) {
    if (!links_) return;
    const Site& from = sites_[site];
    uint32_t* at = &make_page(from.target / kPageBytes)->waiting[chain(from.target)];
    while (*at != site) at = &sites_[*at].next;
    *at = from.next;
}

void CodeCache::connect_waiting(Page* page, TranslatedBlock* target) {
    uint32_t* at = &page->waiting[chain(target->address)];
    while (*at) {
        const uint32_t site = *at;
        if (sites_[site].target != target->address) {
            at = &sites_[site].next;
            continue;
        }
        *at = sites_[site].next;
        connect(site, target);
    }
}

// Takes the block out of use, but not out of its chain: what came here goes back to the stubs, its own exits
// leave the lists they are in.
void CodeCache::remove(TranslatedBlock* block) {
    block->valid.store(false, std::memory_order_release);
    for (uint32_t number = block->first_site; number < block->first_site + block->site_count; number++) {
        Site& site = sites_[number];
        if (!site.linked) {
            stop_waiting(number);
            continue;
        }
        uint32_t* at = &blocks_[site.linked].incoming;
        while (*at != number) at = &sites_[*at].next;
        *at = site.next;
        patch(site, site.stub_offset);
    }
    while (const uint32_t number = block->incoming) {
        Site& site = sites_[number];
        block->incoming = site.next;
        patch(site, site.stub_offset);
        site.linked = 0;
        wait_for_target(number);
    }
    forget_in_jump_caches(block->address);
}

// Whole pages: a block may rely on code of its page that it does not hold (see flag_liveness.cc).
void CodeCache::invalidate(uint64_t begin, uint64_t end) {
    begin &= ~(guest::kPageSize - 1);
    end = (end + guest::kPageSize - 1) & ~(guest::kPageSize - 1);
    const std::lock_guard guard(mutex_);
    note_change(begin, end);
    if (block_count_.load(std::memory_order_relaxed) == 0) return;
    const auto visit = [&](Page* page) {
        for (std::atomic<uint32_t>& head : page->chains) {
            for (uint32_t number = head.load(std::memory_order_relaxed); number;
                 number = blocks_[number].next.load(std::memory_order_relaxed))
                remove(&blocks_[number]);
            head.store(0, std::memory_order_release);
        }
    };
    const uint64_t first = begin / kPageBytes;
    const uint64_t last = (end - 1) / kPageBytes;
    if (last - first >= kPageBuckets) {
        for (unsigned i = 0; i < kPageBuckets; i++) {
            for (Page* page = pages_[i].load(std::memory_order_relaxed); page; page = page->next) {
                if (page->number >= first && page->number <= last) visit(page);
            }
        }
    } else {
        for (uint64_t number = first; number <= last; number++) {
            if (Page* page = find_page(number)) visit(page);
        }
    }
}

void CodeCache::drop_all() {
    const std::lock_guard guard(mutex_);
    for (unsigned i = 0; i < kPageBuckets; i++) pages_[i].store(nullptr, std::memory_order_relaxed);
    block_count_.store(0, std::memory_order_release);
    blocks_.used = sites_.used = 1;
    used_ = thunks_size_;
    records_.reset();
    note_change(0, ~uint64_t{0});  // a translation in the making may be for the other register plan
    generation_.fetch_add(1, std::memory_order_acq_rel);
    clear_jump_caches();
}

TranslatedBlock* CodeCache::block_of(uintptr_t host) const {
    if (!contains(host)) return nullptr;
    const TranslatedBlock* const first = blocks_.items + 1;
    const TranslatedBlock* const end = first + block_count_.load(std::memory_order_acquire);
    const TranslatedBlock* const after =
        std::upper_bound(first, end, host, [](uintptr_t at, const TranslatedBlock& block) {
            return at < reinterpret_cast<uintptr_t>(block.code);
        });
    if (after == first) return nullptr;
    TranslatedBlock* block = &blocks_[static_cast<size_t>(after - 1 - blocks_.items)];
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
