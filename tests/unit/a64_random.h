// SPDX-License-Identifier: MIT
// Random instruction words of a row of the decoder table, reproducible from a seed.
#pragma once

#include <cstdint>
#include <optional>

#include "translator/decode/decoder.h"

namespace armature::tests {

class Random {
  public:
    explicit Random(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15 + 1) {}

    uint64_t next() {  // xorshift64*
        state_ ^= state_ >> 12;
        state_ ^= state_ << 25;
        state_ ^= state_ >> 27;
        return state_ * 0x2545f4914f6cdd1d;
    }
    uint32_t word() { return static_cast<uint32_t>(next() >> 32); }
    unsigned below(unsigned limit) { return static_cast<unsigned>((next() >> 32) * limit >> 32); }

  private:
    uint64_t state_;
};

// A word that decodes to this very row. Bits that the row ignores are random, or, if `tidy`, one: in most
// rows they are a register field that should be 31.
inline std::optional<uint32_t> random_word(const translator::decode::Row& row, Random& random,
                                           bool tidy = false) {
    uint32_t ignored = 0;
    for (unsigned i = 0; i < 32; i++) ignored |= row.pattern()[i] == '-' ? 1u << (31 - i) : 0;
    for (unsigned attempt = 0; attempt < 1000; attempt++) {
        uint32_t word = (random.word() & ~row.mask) | row.value;
        if (tidy) word |= ignored;
        if (translator::decode::decode(word) == &row) return word;
    }
    return std::nullopt;
}

}  // namespace armature::tests
