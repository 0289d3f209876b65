// SPDX-License-Identifier: MIT
// From an instruction word to its row of the A64 table (a64.def).
//
// gen_decoder turns the rows into two lookup levels: bits 31..21 choose a list of candidate rows, most
// specific first; crowded lists are split again by bits 15..10. A list rarely has more than four rows, so a
// decode is two or three dependent loads and a few compares.
#pragma once

#include <cstddef>
#include <cstdint>

namespace armature::translator::decode {

enum class Feature : uint8_t {
#define FEATURE(Name, on, text) Name,
#include "translator/decode/features.def"
#undef FEATURE
    Count,
};

enum class RowId : uint16_t {
#define INST(Name, ...) Name,
#include "translator/decode/a64.def"
#undef INST
    Count,
};
inline constexpr size_t kRowCount = static_cast<size_t>(RowId::Count);

struct Row {
    const char* name;
    const char* mnemonic;
    const char* pattern;
    uint32_t mask;
    uint32_t value;
    bool (*condition)(uint32_t word);  // may be null
    RowId id;
    Feature feature;

    bool matches(uint32_t word) const { return (word & mask) == value && (!condition || condition(word)); }
    size_t index() const { return static_cast<size_t>(id); }
};

extern const Row kRows[kRowCount];

// Null: unallocated.
const Row* decode(uint32_t word);

// The features of the CPU model, one bit each. Changed only before the first translation.
extern uint64_t enabled_features;
inline bool enabled(Feature feature) {
    return enabled_features >> static_cast<unsigned>(feature) & 1;
}
inline void enable(Feature feature, bool on) {
    const uint64_t bit = uint64_t{1} << static_cast<unsigned>(feature);
    enabled_features = on ? enabled_features | bit : enabled_features & ~bit;
}

}  // namespace armature::translator::decode
