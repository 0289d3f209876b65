// SPDX-License-Identifier: MIT
// The decoder table against itself (rows do not collide, the lookup finds what a linear search finds) and
// against binutils: every row's mnemonic is the one that objdump prints without aliases.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

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
    for (const Row& row : kRows) EXPECT_TRUE(random_word(row, random)) << row.name;
}

TEST(Decoder, LookupAgreesWithLinearSearch) {
    Random random(2);
    for (const Row& row : kRows) {
        for (unsigned i = 0; i < 20; i++) {
            const uint32_t word = (random.word() & ~row.mask) | row.value;
            ASSERT_EQ(decode(word), linear_search(word)) << std::hex << word << " near " << row.name;
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
                    << std::hex << word << ": " << row.name << " and " << other.name;
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

// Does `printed` spell the row's mnemonic? {X} in the row is optional; a final .cond stands for any
// condition.
bool spells(const char* mnemonic, const char* printed) {
    if (*mnemonic == '{') {
        const char* close = std::strchr(mnemonic, '}');
        if (spells(close + 1, printed)) return true;
        for (const char* c = mnemonic + 1; c < close; c++, printed++) {
            if (std::tolower(static_cast<unsigned char>(*c)) != *printed) return false;
        }
        return spells(close + 1, printed);
    }
    if (std::strcmp(mnemonic, ".cond") == 0) return *printed == '.';
    if (*mnemonic == ' ' || *mnemonic == '\0') return *printed == '\0' || std::strcmp(printed, "2") == 0;
    if (std::tolower(static_cast<unsigned char>(*mnemonic)) != *printed) return false;
    return spells(mnemonic + 1, printed + 1);
}

// First words of objdump's text for each instruction; empty if there is no objdump for AArch64.
std::vector<std::string> objdump(const std::vector<uint32_t>& words) {
    char path[] = "/tmp/armature-decode-XXXXXX";
    const int fd = mkstemp(path);
    std::vector<std::string> lines;
    if (fd < 0 || write(fd, words.data(), words.size() * 4) != static_cast<ssize_t>(words.size() * 4))
        return lines;
    close(fd);
    const std::string command =
        std::string("aarch64-linux-gnu-objdump -D -z -b binary -m aarch64 -M no-aliases ") + path +
        " 2>/dev/null";
    FILE* pipe = popen(command.c_str(), "r");
    char line[512];
    while (pipe && std::fgets(line, sizeof line, pipe)) {
        unsigned offset = 0, word = 0;
        char mnemonic[64] = "";
        if (std::sscanf(line, " %x: %x %63s", &offset, &word, mnemonic) == 3 && offset == lines.size() * 4) {
            lines.push_back(mnemonic);
        }
    }
    if (pipe) pclose(pipe);
    unlink(path);
    return lines;
}

// Constrained unpredictable encodings that objdump prints as data: LDPSW to twice the same register, or over
// its base.
bool refused_by_objdump(const Row& row, uint32_t word) {
    if (std::strncmp(row.name, "LDPSW", 5) != 0) return false;
    const unsigned t = word & 31, n = word >> 5 & 31, u = word >> 10 & 31;
    return t == u || t == n || u == n;
}

TEST(Decoder, MnemonicsAgreeWithObjdump) {
    constexpr unsigned kWordsPerRow = 40;
    Random random(4);
    std::vector<uint32_t> words;
    std::vector<const Row*> rows;
    for (const Row& row : kRows) {
        for (unsigned i = 0; i < kWordsPerRow; i++) {
            const auto word = random_word(row, random, true);
            if (word && !refused_by_objdump(row, *word)) {
                words.push_back(*word);
                rows.push_back(&row);
            }
        }
    }
    const std::vector<std::string> printed = objdump(words);
    if (printed.empty()) GTEST_SKIP() << "no aarch64-linux-gnu-objdump";
    ASSERT_EQ(printed.size(), words.size());
    const Row* failed = nullptr;
    for (size_t i = 0; i < words.size(); i++) {
        if (spells(rows[i]->mnemonic, printed[i].c_str()) || rows[i] == failed) continue;
        failed = rows[i];  // one line per row is enough
        ADD_FAILURE() << std::hex << words[i] << " " << failed->name << " (" << failed->mnemonic
                      << "): objdump says " << printed[i];
    }
}

}  // namespace
}  // namespace armature::translator::decode
