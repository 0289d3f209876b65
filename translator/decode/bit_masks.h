// SPDX-License-Identifier: MIT
// The immediates of logical instructions: a run of ones, rotated, repeated.
#pragma once

#include <bit>
#include <cstdint>

namespace armature::translator::decode {

// Is (N, imms) an element size of 2..64 bits (..32 unless `is64`) whose run does not fill the element?
constexpr bool valid_bit_masks(unsigned is64, unsigned n, unsigned imms) {
    if (n && !is64) return false;
    const unsigned length = std::bit_width(n << 6 | (~imms & 0x3f));
    if (length < 2) return false;
    const unsigned levels = (1u << (length - 1)) - 1;
    return (imms & levels) != levels;
}

// The mask that valid N:immr:imms denote, 64 bits wide.
constexpr uint64_t bit_mask(unsigned n, unsigned immr, unsigned imms) {
    const unsigned size = 1u << (std::bit_width(n << 6 | (~imms & 0x3f)) - 1);
    const unsigned ones = (imms & (size - 1)) + 1;
    const unsigned rotate = immr & (size - 1);
    uint64_t element = (uint64_t{1} << ones) - 1;
    if (rotate) element = element >> rotate | element << (size - rotate);
    if (size < 64) element &= (uint64_t{1} << size) - 1;
    for (unsigned bits = size; bits < 64; bits *= 2) element |= element << bits;
    return element;
}

}  // namespace armature::translator::decode
