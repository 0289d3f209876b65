// SPDX-License-Identifier: MIT
// The decoder table against binutils: is an encoding defined, and what is its mnemonic without aliases?
// Sampled are words of every row, and words of each of the 2048 classes that bits 31..21 make. Where the two
// differ, a row of decode_differences.inc must say why; every row must still be needed.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "tests/unit/a64_random.h"
#include "translator/decode/decoder.h"

namespace armature::translator::decode {
namespace {

using tests::Random;
using tests::random_word;

enum class Defined : uint8_t { OnlyHere, OnlyThere };

struct Difference {
    uint32_t mask;
    uint32_t value;
    Defined defined;
    bool needed;  // must be seen
    const char* reason;
};
constexpr Difference kDifferences[] = {
#define DIFFERENCE(mask, value, defined, needed, reason) {mask, value, Defined::defined, needed, reason},
#include "tests/unit/decode_differences.inc"
#undef DIFFERENCE
};
constexpr size_t kDifferenceCount = sizeof kDifferences / sizeof kDifferences[0];

// The row that explains why `word` is defined on one side only; kDifferenceCount if there is none.
size_t explanation(uint32_t word, Defined defined) {
    size_t i = 0;
    while (i < kDifferenceCount &&
           ((word & kDifferences[i].mask) != kDifferences[i].value || kDifferences[i].defined != defined)) {
        i++;
    }
    return i;
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

bool is_defined(const std::string& printed) {
    return printed[0] != '.' && printed != "undefined" && printed != "udf";
}

TEST(Decoder, MnemonicsAgreeWithObjdump) {
    constexpr unsigned kWordsPerRow = 40;
    Random random(4);
    std::vector<uint32_t> words;
    std::vector<const Row*> rows;
    for (const Row& row : kRows) {
        for (unsigned i = 0; i < kWordsPerRow; i++) {
            const auto word = random_word(row, random, true);
            if (word && explanation(*word, Defined::OnlyHere) == kDifferenceCount) {
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
        if (spells(rows[i]->mnemonic(), printed[i].c_str()) || rows[i] == failed) continue;
        failed = rows[i];  // one line per row is enough
        ADD_FAILURE() << std::hex << words[i] << " " << failed->name() << " (" << failed->mnemonic()
                      << "): objdump says " << printed[i];
    }
}

TEST(Decoder, DefinesWhatObjdumpDefines) {
    const char* asked = std::getenv("DECODE_SAMPLES");  // for each class; for a long run
    const unsigned samples = asked ? static_cast<unsigned>(std::strtoul(asked, nullptr, 0)) : 12;
    Random random(5);
    std::vector<uint32_t> words;
    for (uint32_t top = 0; top < 2048; top++) {
        for (unsigned i = 0; i < samples; i++) words.push_back(top << 21 | (random.word() & 0x1fffff));
    }
    for (const Difference& difference : kDifferences) {
        for (unsigned i = 0; i < 40; i++)
            words.push_back((random.word() & ~difference.mask) | difference.value);
    }
    const std::vector<std::string> printed = objdump(words);
    if (printed.empty()) GTEST_SKIP() << "no aarch64-linux-gnu-objdump";
    ASSERT_EQ(printed.size(), words.size());
    unsigned seen[kDifferenceCount] = {};
    unsigned unexplained = 0;
    for (size_t i = 0; i < words.size() && unexplained < 30; i++) {
        const Row* row = decode(words[i]);
        const bool defined_there = is_defined(printed[i]);
        const bool undefined_here = !row || row->id == RowId::UDF;
        if (undefined_here != defined_there) {
            if (undefined_here || spells(row->mnemonic(), printed[i].c_str())) continue;
            unexplained++;
            ADD_FAILURE() << std::hex << words[i] << " is " << row->name() << ", " << printed[i]
                          << " for objdump";
            continue;
        }
        const size_t which = explanation(words[i], defined_there ? Defined::OnlyThere : Defined::OnlyHere);
        if (which < kDifferenceCount) {
            seen[which]++;
            continue;
        }
        unexplained++;
        ADD_FAILURE() << std::hex << words[i] << " is " << (row ? row->name() : "undefined") << ", "
                      << printed[i] << " for objdump";
    }
    for (size_t i = 0; i < kDifferenceCount; i++)
        EXPECT_TRUE(seen[i] || !kDifferences[i].needed) << "no longer needed: " << kDifferences[i].reason;
}

}  // namespace
}  // namespace armature::translator::decode
