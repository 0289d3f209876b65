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

// Without pointers: a table of addresses would have to be relocated, page by page, at every start.
struct Row {
    uint32_t mask;
    uint32_t value;
    RowId id;
    Feature feature;
    bool conditional;  // condition_holds() has a say

    bool matches(uint32_t word) const;
    size_t index() const { return static_cast<size_t>(id); }
    const char* name() const;
    const char* mnemonic() const;
    const char* pattern() const;
};

extern const Row kRows[kRowCount];

// The row's condition on the fields of the word.
bool condition_holds(RowId id, uint32_t word);

inline bool Row::matches(uint32_t word) const {
    return (word & mask) == value && (!conditional || condition_holds(id, word));
}

// Null: unallocated.
const Row* decode(uint32_t word);

}  // namespace armature::translator::decode
