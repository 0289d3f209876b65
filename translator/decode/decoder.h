// SPDX-License-Identifier: MIT
// From an instruction word to its row of the A64 table (a64.def).
//
// gen_decoder turns the rows into two lookup levels: bits 31..21 choose a list of candidate rows, most
// specific first; crowded lists are split again by bits 15..10. A list rarely has more than four rows, so a
// decode is two or three dependent loads and a few compares.
#pragma once

#include <cstddef>
#include <cstdint>

#include "guest/features.h"

namespace armature::translator::decode {

using guest::Feature;

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

}  // namespace armature::translator::decode
