// SPDX-License-Identifier: MIT
// Registers of SVE in host registers that nothing else uses, zmm16-zmm31 and k1-k7, inside a block.
//
// They are copies: an instruction that changes a register writes it to its home, too. So they are simply
// forgotten where C++ may be called, or where somebody else writes the home.
#pragma once

#include <cstdint>

namespace armature::translator::x64 {

struct SveCache {
    static constexpr int kFirst = 16, kVectors = 16, kMasks = 8;
    static constexpr int8_t kNone = -1;

    // A mask has a bit per element of 2^size bytes.
    struct Mask {
        int8_t predicate = kNone;
        uint8_t size = 0;
        uint32_t used = 0;
    };
    struct Vector {
        int8_t guest = kNone;
        uint32_t used = 0;
    };
    Vector vectors[kVectors];  // zmm16 and up
    Mask masks[kMasks];        // k0 is no mask
    uint32_t upper_set = 0;    // by guest register: CpuState::z_upper is known to be set
    // Of the present instruction.
    uint32_t locked_vectors = 0;
    uint32_t locked_masks = 0;
    uint32_t now = 0;

    void forget() {
        for (Vector& vector : vectors) vector.guest = kNone;
        for (Mask& mask : masks) mask.predicate = kNone;
        upper_set = 0;
    }
    void forget_vector(unsigned n) {
        for (Vector& vector : vectors) {
            if (vector.guest == static_cast<int>(n)) vector.guest = kNone;
        }
        upper_set &= ~(1u << n);
    }
    void forget_predicate(unsigned n) {
        for (Mask& mask : masks) {
            if (mask.predicate == static_cast<int>(n)) mask.predicate = kNone;
        }
    }
};

}  // namespace armature::translator::x64
