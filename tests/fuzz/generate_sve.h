// SPDX-License-Identifier: MIT
// What the instruction fuzzer generates for SVE besides instruction words.
#pragma once

#include <optional>

#include "tests/fuzz/case.h"
#include "tests/unit/a64_random.h"

namespace armature::fuzz {

void random_predicates(fuzz_state* state, unsigned vl, tests::Random& random);

inline bool is_sve(uint32_t word) {
    return (word & 0x1e000000) == 0x04000000;
}
// Loads, stores and prefetches of SVE.
bool is_sve_access(uint32_t word);
// Gives the registers of the address such values that the access hits the window; the general ones as a mask.
// `taken` may not be touched. None: it does not fit here.
std::optional<uint32_t> place_sve_access(fuzz_case* c, const translator::decode::Row& row, uint32_t word,
                                         unsigned vl, uint32_t taken, bool in_loop, tests::Random& random);

}  // namespace armature::fuzz
