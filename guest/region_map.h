// SPDX-License-Identifier: MIT
// An interval map of the guest's mappings: disjoint, page-aligned, neighbours that say the same are one. Pure
// bookkeeping, no system call and no lock; AddressSpace keeps it in step with the host.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace armature::guest {

struct Region {
    uint64_t begin = 0;
    uint64_t end = 0;
    int prot = 0;
    int flags = 0;
    uint64_t offset = 0;  // of `begin` in the file; 0 throughout private anonymous memory
    uint64_t inode = 0;
    uint64_t device = 0;
    bool dont_fork = false;  // MADV_DONTFORK: a forked child does not have it
    std::shared_ptr<const std::string> name;

    bool has_offset() const { return inode != 0; }
};

using Range = std::pair<uint64_t, uint64_t>;

class RegionMap {
  public:
    using Map = std::map<uint64_t, Region>;

    const Region* find(uint64_t address) const;
    bool covered(uint64_t begin, uint64_t end) const;
    bool overlaps(uint64_t begin, uint64_t end) const;
    std::vector<Range> gaps(uint64_t begin, uint64_t end) const;

    // The parts of regions inside the range, cut to it, in address order.
    std::vector<Region> slices(uint64_t begin, uint64_t end) const;

    void insert(Region region);  // replaces what is there
    void erase(uint64_t begin, uint64_t end);

    // Calls edit(Region&) for every slice of the range and puts the result back.
    template <typename Edit>
    void update(uint64_t begin, uint64_t end, Edit edit) {
        for (Region& slice : slices(begin, end)) {
            edit(slice);
            insert(slice);
        }
    }

    // The highest gap of `size` bytes below `top`; its begin, or 0.
    uint64_t highest_gap(uint64_t top, uint64_t size) const;

    const Map& all() const { return regions_; }
    uint64_t total() const;

  private:
    Map::const_iterator first_ending_after(uint64_t address) const;

    Map regions_;
};

}  // namespace armature::guest
