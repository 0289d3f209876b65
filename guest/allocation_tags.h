// SPDX-License-Identifier: MIT
// Allocation tags (FEAT_MTE): four bits for every 16 bytes of memory that the guest mapped with PROT_MTE.
//
// They are in a shadow of the whole address space, a byte for each granule at shadow + (address >> 4), so
// that translated code finds one with a shift and a load. The shadow is reserved when the first PROT_MTE
// mapping is made; only where such a mapping has been is it writable, and only where tags other than zero
// were stored does it take memory. Everywhere else it reads as zero, the tag of pointers without one: the
// check that translated code makes inline is a compare, and only if that fails does anybody ask whether the
// memory has tags at all (AddressSpace::is_tagged).
//
// Invariant: outside PROT_MTE mappings the shadow is zero. AddressSpace keeps it: it clears what goes away.
#pragma once

#include <cstdint>

namespace armature::guest::tags {

inline constexpr uint64_t kGranule = 16;
inline constexpr unsigned kShift = 56;  // of the logical tag in an address

extern uint8_t* shadow;  // null as long as no mapping had PROT_MTE

bool reserve();                            // false if there is no room for the shadow
bool allow(uint64_t begin, uint64_t end);  // tags may be stored from now on; false if the host refuses
void clear(uint64_t begin, uint64_t end);  // of memory that `allow` was called for
void move(uint64_t from, uint64_t to, uint64_t size);  // `from` is cleared

inline uint8_t& of(uint64_t address) {
    return shadow[(address & ((uint64_t{1} << 47) - 1)) / kGranule];
}
inline unsigned logical(uint64_t address) {
    return address >> kShift & 15;
}

}  // namespace armature::guest::tags
