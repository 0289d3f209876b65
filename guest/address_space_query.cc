// SPDX-License-Identifier: MIT
// What others ask the address space, and the small print: limits, names, fork.
#include <unistd.h>

#include "guest/address_space.h"
#include "guest/address_space_state.h"
#include "guest/allocation_tags.h"

namespace armature::guest {
namespace {

Mapping to_mapping(const Region& region) {
    Mapping mapping;
    mapping.begin = region.begin;
    mapping.end = region.end;
    mapping.prot = region.prot;
    mapping.flags = region.flags;
    mapping.offset = region.offset;
    mapping.inode = region.inode;
    mapping.device = region.device;
    if (region.name) mapping.name = *region.name;
    return mapping;
}

// The executable mapping this thread asked for last. It holds as long as the generation does.
struct ExecutableCache {
    uint64_t generation = 0;
    uint64_t begin = 0;
    uint64_t end = 0;
};
[[gnu::tls_model("initial-exec")]] constinit thread_local ExecutableCache executable_cache;

}  // namespace

void AddressSpace::set_invalidate_hook(InvalidateHook hook) {
    std::lock_guard lock(address_space_state().mutex);
    address_space_state().invalidate = hook;
}

void AddressSpace::name_range(uint64_t begin, uint64_t end, const std::string& name) {
    AddressSpaceState& state = address_space_state();
    std::lock_guard lock(state.mutex);
    auto shared = std::make_shared<const std::string>(name);
    state.regions.update(begin, end, [&shared](Region& region) { region.name = shared; });
}

bool AddressSpace::find(uint64_t address, Mapping* out) const {
    Transaction transaction("a query");
    const Region* region = transaction.regions().find(address);
    if (!region) return false;
    if (out) *out = to_mapping(*region);
    return true;
}

bool AddressSpace::is_executable(uint64_t address) const {
    ExecutableCache& cache = executable_cache;
    if (address >= cache.begin && address < cache.end &&
        cache.generation == executable_generation.load(std::memory_order_acquire)) {
        return true;
    }
    AddressSpaceState& state = address_space_state();
    std::lock_guard lock(state.mutex);
    const Region* region = state.regions.find(address);
    if (!region || !(region->prot & PROT_EXEC)) return false;
    cache = {executable_generation.load(std::memory_order_relaxed), region->begin, region->end};
    return true;
}

bool AddressSpace::is_guarded(uint64_t address) const {
    Mapping mapping;
    return find(address, &mapping) && (mapping.prot & kProtBti);
}

bool AddressSpace::prepare_tags() {
    std::lock_guard lock(address_space_state().mutex);
    return tags::reserve();
}

bool AddressSpace::is_tagged(uint64_t address) const {
    Transaction transaction("a query");
    const Region* region = transaction.regions().find(address);
    return region && (region->prot & kProtMte);
}

bool AddressSpace::owns(uint64_t begin, uint64_t end) const {
    Transaction transaction("a query");
    return begin <= end && transaction.regions().covered(begin, end);
}

std::vector<Mapping> AddressSpace::snapshot() const {
    Transaction transaction("a query");
    std::vector<Mapping> result;
    result.reserve(transaction.regions().all().size());
    for (const auto& [begin, region] : transaction.regions().all()) result.push_back(to_mapping(region));
    return result;
}

uint64_t AddressSpace::total_mapped() const {
    Transaction transaction("a query");
    return transaction.regions().total();
}

void AddressSpace::set_limit_as(uint64_t bytes) {
    std::lock_guard lock(address_space_state().mutex);
    address_space_state().limit_as = bytes;
}

void AddressSpace::set_limit_data(uint64_t bytes) {
    std::lock_guard lock(address_space_state().mutex);
    address_space_state().limit_data = bytes;
}

void AddressSpace::set_mmap_top(uint64_t top) {
    std::lock_guard lock(address_space_state().mutex);
    address_space_state().mmap_top = page_down(top);
}

void AddressSpace::before_fork() {
    address_space_state().mutex.lock();
    address_space_state().fork_parent = getpid();
}

void AddressSpace::after_fork() {
    AddressSpaceState& state = address_space_state();
    if (getpid() != state.fork_parent) {
        std::vector<Range> gone;
        for (const auto& [begin, region] : state.regions.all()) {
            if (!region.dont_fork) continue;
            gone.emplace_back(begin, region.end);
            if (region.prot & kProtMte) tags::clear(begin, region.end);
        }
        for (const Range& range : gone) state.regions.erase(range.first, range.second);
    }
    state.mutex.unlock();
}

}  // namespace armature::guest
