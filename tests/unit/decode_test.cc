// SPDX-License-Identifier: MIT
// The decoder table against itself: rows do not collide, the lookup finds what a linear search finds.
#include <gtest/gtest.h>

#include "tests/unit/a64_random.h"
#include "translator/decode/bit_masks.h"
#include "translator/decode/decoder.h"

namespace armature::translator::decode {
namespace {

using tests::Random;
using tests::random_word;

bool more_specific(const Row& a, const Row& b) {
    return a.mask != b.mask && (a.mask & b.mask) == b.mask;
}

const Row* linear_search(uint32_t word) {
    const Row* best = nullptr;
    for (const Row& row : kRows) {
        if (row.matches(word) && (!best || more_specific(row, *best))) best = &row;
    }
    return best;
}

TEST(Decoder, EveryRowCanBeReached) {
    Random random(1);
    for (const Row& row : kRows) EXPECT_TRUE(random_word(row, random)) << row.name();
}

TEST(Decoder, LookupAgreesWithLinearSearch) {
    Random random(2);
    for (const Row& row : kRows) {
        for (unsigned i = 0; i < 20; i++) {
            const uint32_t word = (random.word() & ~row.mask) | row.value;
            ASSERT_EQ(decode(word), linear_search(word)) << std::hex << word << " near " << row.name();
        }
    }
    for (unsigned i = 0; i < 20000; i++) {
        const uint32_t word = random.word();
        ASSERT_EQ(decode(word), linear_search(word)) << std::hex << word;
    }
}

// The generator lets rows with conditions overlap; the conditions must then tell them apart.
TEST(Decoder, ConditionsTellRowsApart) {
    Random random(3);
    for (const Row& row : kRows) {
        for (unsigned i = 0; i < 50; i++) {
            const uint32_t word = (random.word() & ~row.mask) | row.value;
            if (!row.matches(word)) continue;
            for (const Row& other : kRows) {
                if (&other == &row || !other.matches(word)) continue;
                EXPECT_TRUE(more_specific(row, other) || more_specific(other, row))
                    << std::hex << word << ": " << row.name() << " and " << other.name();
            }
        }
    }
}

TEST(Decoder, BitMasks) {
    EXPECT_EQ(bit_mask(1, 0, 0), 1u);
    EXPECT_EQ(bit_mask(1, 1, 0), uint64_t{1} << 63);
    EXPECT_EQ(bit_mask(0, 0, 0x3c), 0x5555555555555555u);
    EXPECT_EQ(bit_mask(0, 0, 0x27), 0x00ff00ff00ff00ffu);
    EXPECT_EQ(bit_mask(0, 4, 0x27), 0xf00ff00ff00ff00fu);
    EXPECT_FALSE(valid_bit_masks(1, 1, 0x3f));
    EXPECT_FALSE(valid_bit_masks(0, 1, 0));
    EXPECT_FALSE(valid_bit_masks(1, 0, 0x3e));
    unsigned valid = 0;
    for (unsigned n = 0; n < 2; n++) {
        for (unsigned s = 0; s < 64; s++) valid += valid_bit_masks(1, n, s);
    }
    EXPECT_EQ(valid, 63u + 31 + 15 + 7 + 3 + 1);
}

}  // namespace
}  // namespace armature::translator::decode
