// SPDX-License-Identifier: MIT
#include "guest/region_map.h"

#include <algorithm>
#include <iterator>

namespace armature::guest {
namespace {

bool same_name(const Region& a, const Region& b) {
    if (a.name == b.name) return true;
    return a.name && b.name && *a.name == *b.name;
}

// `b` begins where `a` ends and continues it.
bool continues(const Region& a, const Region& b) {
    return a.end == b.begin && a.prot == b.prot && a.flags == b.flags && a.inode == b.inode &&
           a.device == b.device && a.dont_fork == b.dont_fork &&
           (!a.has_offset() || a.offset + (a.end - a.begin) == b.offset) && same_name(a, b);
}

void cut(Region& region, uint64_t begin, uint64_t end) {
    if (region.begin < begin) {
        if (region.has_offset()) region.offset += begin - region.begin;
        region.begin = begin;
    }
    region.end = std::min(region.end, end);
}

}  // namespace

RegionMap::Map::const_iterator RegionMap::first_ending_after(uint64_t address) const {
    auto it = regions_.upper_bound(address);
    if (it != regions_.begin() && std::prev(it)->second.end > address) --it;
    return it;
}

const Region* RegionMap::find(uint64_t address) const {
    auto it = first_ending_after(address);
    return it != regions_.end() && it->second.begin <= address ? &it->second : nullptr;
}

bool RegionMap::covered(uint64_t begin, uint64_t end) const {
    for (auto it = first_ending_after(begin); it != regions_.end() && begin < end; ++it) {
        if (it->second.begin > begin) return false;
        begin = it->second.end;
    }
    return begin >= end;
}

bool RegionMap::overlaps(uint64_t begin, uint64_t end) const {
    auto it = first_ending_after(begin);
    return it != regions_.end() && it->second.begin < end;
}

std::vector<Range> RegionMap::gaps(uint64_t begin, uint64_t end) const {
    std::vector<Range> result;
    for (auto it = first_ending_after(begin); it != regions_.end() && it->second.begin < end; ++it) {
        if (it->second.begin > begin) result.emplace_back(begin, it->second.begin);
        begin = it->second.end;
    }
    if (begin < end) result.emplace_back(begin, end);
    return result;
}

std::vector<Region> RegionMap::slices(uint64_t begin, uint64_t end) const {
    std::vector<Region> result;
    for (auto it = first_ending_after(begin); it != regions_.end() && it->second.begin < end; ++it) {
        result.push_back(it->second);
        cut(result.back(), begin, end);
    }
    return result;
}

void RegionMap::erase(uint64_t begin, uint64_t end) {
    while (true) {
        auto it = first_ending_after(begin);
        if (it == regions_.end() || it->second.begin >= end) return;
        const Region whole = it->second;
        regions_.erase(it);
        if (whole.begin < begin) {
            Region left = whole;
            left.end = begin;
            regions_[left.begin] = left;
        }
        if (whole.end > end) {
            Region right = whole;
            cut(right, end, whole.end);
            regions_[right.begin] = right;
        }
    }
}

void RegionMap::insert(Region region) {
    erase(region.begin, region.end);
    auto next = regions_.lower_bound(region.begin);
    if (next != regions_.begin()) {
        auto previous = std::prev(next);
        if (continues(previous->second, region)) {
            region.begin = previous->second.begin;
            region.offset = previous->second.offset;
            next = regions_.erase(previous);
        }
    }
    if (next != regions_.end() && continues(region, next->second)) {
        region.end = next->second.end;
        regions_.erase(next);
    }
    regions_[region.begin] = std::move(region);
}

uint64_t RegionMap::highest_gap(uint64_t top, uint64_t size) const {
    auto it = regions_.lower_bound(top);
    while (true) {
        uint64_t floor = 0;
        if (it != regions_.begin()) {
            --it;
            floor = it->second.end;
        }
        if (floor <= top && top - floor >= size) return top - size;
        if (floor == 0) return 0;
        top = std::min(top, it->second.begin);
    }
}

uint64_t RegionMap::total() const {
    uint64_t bytes = 0;
    for (const auto& [begin, region] : regions_) bytes += region.end - begin;
    return bytes;
}

}  // namespace armature::guest
