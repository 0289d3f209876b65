// SPDX-License-Identifier: MIT
// What fields of SVE's instructions mean, beyond numbers.
#pragma once

#include <bit>
#include <cstdint>

namespace armature::translator::decode {

// How many of `elements` a pattern of PTRUE, CNTB and their kin means.
constexpr unsigned pattern_count(unsigned pattern, unsigned elements) {
    const auto if_there = [elements](unsigned count) { return count <= elements ? count : 0; };
    if (pattern == 0) return std::bit_floor(elements);
    if (pattern <= 8) return if_there(pattern);
    if (pattern <= 13) return if_there(16u << (pattern - 9));
    switch (pattern) {
        case 29:
            return elements & ~3u;
        case 30:
            return elements - elements % 3;
        case 31:
            return elements;
        default:
            return 0;
    }
}

// Shifts by immediates: the highest bit of tsz says the element size.
struct ShiftImmediate {
    unsigned size;
    unsigned left;
    unsigned right;
};
constexpr ShiftImmediate shift_immediate(unsigned i) {
    const unsigned size = static_cast<unsigned>(std::bit_width(i >> 3)) - 1;
    const unsigned bits = 8u << size;
    return {size, i - bits, 2 * bits - i};
}

// Elements of loads and stores.
struct Shape {
    unsigned element;  // log2 of its bytes in the register
    unsigned memory;   // and in memory
    bool is_signed = false;
};
// Field dtype of the contiguous loads.
constexpr Shape load_shape(unsigned dtype) {
    constexpr Shape kShapes[16] = {
        {0, 0},       {1, 0},       {2, 0}, {3, 0}, {3, 2, true}, {1, 1},       {2, 1},       {3, 1},
        {3, 1, true}, {2, 1, true}, {2, 2}, {3, 2}, {3, 0, true}, {2, 0, true}, {1, 0, true}, {3, 3},
    };
    return kShapes[dtype];
}

}  // namespace armature::translator::decode
