// SPDX-License-Identifier: MIT
#include "guest/address_space_state.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>

#include "guest/allocation_tags.h"
#include "support/log.h"

namespace armature::guest {

using support::LogItem;

constinit std::atomic<uint64_t> executable_generation{1};

AddressSpaceState& address_space_state() {
    static AddressSpaceState& state =
        *new AddressSpaceState;  // never destroyed: threads run until the very end
    return state;
}

Transaction::Transaction(const char* what) : state_(address_space_state()), lock_(state_.mutex), what_(what) {
    if (state_.growing > 0) catch_up_with_growth();
}

Transaction::~Transaction() {
    if (changed_) log_change(state_, what_);
    InvalidateHook hook = state_.invalidate;
    lock_.unlock();
    if (!hook) return;
    for (const Range& range : stale_) hook(range.first, range.second);
}

void Transaction::mark_stale(uint64_t begin, uint64_t end) {
    stale_.emplace_back(begin, end);
}

void Transaction::note_executable(uint64_t begin, uint64_t end) {
    for (const Region& slice : regions().slices(begin, end)) {
        if (!(slice.prot & PROT_EXEC)) continue;
        executable_generation.fetch_add(1, std::memory_order_release);
        mark_stale(slice.begin, slice.end);
    }
}

void Transaction::erase(uint64_t begin, uint64_t end) {
    note_executable(begin, end);
    clear_tags(begin, end);
    state_.regions.erase(begin, end);
    changed_ = true;
}

void Transaction::insert(Region region) {
    note_executable(region.begin, region.end);
    clear_tags(region.begin, region.end);
    if (region.prot & kProtMte && !tags::allow(region.begin, region.end)) region.prot &= ~kProtMte;
    state_.regions.insert(std::move(region));
    changed_ = true;
}

void Transaction::clear_tags(uint64_t begin, uint64_t end) {
    if (!tags::shadow) return;
    for (const Region& slice : regions().slices(begin, end)) {
        if (slice.prot & kProtMte) tags::clear(slice.begin, slice.end);
    }
}

void Transaction::set_prot(uint64_t begin, uint64_t end, int prot) {
    const auto was_guarded = [](const Region& region) { return region.prot & kProtBti; };
    const std::vector<Region> before = regions().slices(begin, end);
    const bool guarded = prot & kProtBti || std::any_of(before.begin(), before.end(), was_guarded);
    if (!(prot & PROT_EXEC) || guarded) note_executable(begin, end);
    if (prot & kProtMte && !tags::allow(begin, end)) prot &= ~kProtMte;
    state_.regions.update(begin, end, [prot](Region& region) { region.prot = prot; });
    changed_ = true;
}

// A MAP_GROWSDOWN mapping that the host has grown reaches below what we know of it: mincore tells mapped
// pages from unmapped ones. The kernel keeps a gap below such mappings, so what is found there is the mapping
// itself.
void Transaction::catch_up_with_growth() {
    std::vector<Region> grown;
    for (const auto& [begin, region] : regions().all()) {
        if (!(region.flags & MAP_GROWSDOWN)) continue;
        unsigned char resident = 0;
        uint64_t low = begin;
        while (!regions().find(low - kPageSize) &&
               mincore(pointer(low - kPageSize), kPageSize, &resident) == 0) {
            low -= kPageSize;
        }
        if (low == begin) continue;
        Region more = region;
        more.begin = low;
        more.end = begin;
        if (more.prot & kProtMte) tags::allow(low, begin);
        grown.push_back(more);
    }
    for (Region& region : grown) state_.regions.insert(std::move(region));
}

Claim::Claim(const RegionMap& regions, uint64_t begin, uint64_t end) {
    for (const Range& gap : regions.gaps(begin, end)) {
        void* wanted = pointer(gap.first);
        void* got = mmap(wanted, gap.second - gap.first, PROT_NONE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
        if (got == wanted) {
            held_.push_back(gap);
            continue;
        }
        if (got != MAP_FAILED) munmap(got, gap.second - gap.first);
        granted_ = false;
        return;
    }
}

Claim::~Claim() {
    for (const Range& range : held_) munmap(pointer(range.first), range.second - range.first);
}

bool within_limits(const AddressSpaceState& state, uint64_t size, int prot, int flags, uint64_t begin,
                   uint64_t end) {
    constexpr uint64_t kUnlimited = ~uint64_t{0};
    if (state.limit_as == kUnlimited && state.limit_data == kUnlimited) return true;
    auto is_data = [](int region_prot, int region_flags) {
        return (region_prot & PROT_WRITE) && (region_flags & MAP_TYPE) == MAP_PRIVATE &&
               !(region_flags & MAP_GROWSDOWN);
    };
    uint64_t all = size;
    uint64_t data = is_data(prot, flags) ? size : 0;
    auto add = [&](const Region& region, int sign) {
        const uint64_t bytes = (region.end - region.begin) * static_cast<uint64_t>(sign);
        all += bytes;
        if (is_data(region.prot, region.flags)) data += bytes;
    };
    for (const auto& [start, region] : state.regions.all()) add(region, 1);
    for (const Region& slice : state.regions.slices(begin, end)) add(slice, -1);
    return all <= state.limit_as && (data <= state.limit_data || !is_data(prot, flags));
}

namespace {

size_t most_mappings() {
    constexpr size_t kDefault = 65530;
    constexpr size_t kOurs = 2000;
    size_t host = kDefault;
    if (FILE* file = fopen("/proc/sys/vm/max_map_count", "re")) {
        if (fscanf(file, "%zu", &host) != 1) host = kDefault;
        fclose(file);
    }
    return host > 2 * kOurs ? host - kOurs : host / 2;
}

}  // namespace

bool has_map_room(const AddressSpaceState& state) {
    constexpr size_t kFew = 4000;  // not worth asking
    const size_t count = state.regions.all().size();
    if (count < kFew) return true;
    static const size_t most = most_mappings();
    return count < most;
}

bool may_split(const AddressSpaceState& state, uint64_t begin, uint64_t end) {
    if (has_map_room(state)) return true;
    const Region* first = state.regions.find(begin);
    const Region* last = state.regions.find(end - 1);
    return (!first || first->begin == begin) && (!last || last->end == end);
}

uint64_t choose_address(const AddressSpaceState& state, uint64_t size) {
    uint64_t top = state.mmap_top;
    for (int attempt = 0; attempt < 4096 && top > size; attempt++) {
        const uint64_t begin = state.regions.highest_gap(top, size);
        if (begin == 0) return 0;
        Claim claim(state.regions, begin, begin + size);
        if (claim.granted()) {
            claim.keep();
            return begin;
        }
        top = begin + size - std::max(page_down(size / 4), kPageSize);
    }
    return 0;
}

void log_change(const AddressSpaceState& state, const char* what) {
    if (!support::log_enabled(LogItem::Page)) return;
    std::string text = std::string("guest memory after ") + what + ":\n";
    for (const auto& [begin, region] : state.regions.all()) {
        char line[160];
        snprintf(line, sizeof line, "%012lx-%012lx %c%c%c%c %08lx ", begin, region.end,
                 region.prot & PROT_READ ? 'r' : '-', region.prot & PROT_WRITE ? 'w' : '-',
                 region.prot & PROT_EXEC ? 'x' : '-', (region.flags & MAP_TYPE) == MAP_PRIVATE ? 'p' : 's',
                 region.offset);
        text += line;
        if (region.name) text += *region.name;
        text += '\n';
    }
    support::log_write(text.data(), text.size());
}

}  // namespace armature::guest
