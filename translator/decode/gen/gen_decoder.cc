// SPDX-License-Identifier: MIT
// Build-time program: checks the rows of a64.def and writes the decoder's tables and the field accessors.
//
//   gen_decoder FIELDS.inc TABLE.inc
//
// The check that matters: two rows that match a common word must be ordered by specificity (the fixed bits of
// one are a subset of the other's) or told apart by a condition. Everything else is an error that names both
// rows.
#include <algorithm>
#include <bit>
#include <cctype>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

namespace {

struct Row {
    const char* name;
    const char* mnemonic;
    const char* pattern;
    const char* feature;
    const char* condition;
    const char* file;
    int line;
    uint32_t mask = 0;
    uint32_t value = 0;
    std::map<char, std::vector<unsigned>> fields = {};  // letter -> bit positions, high to low
};

Row rows[] = {
#define INST(name, mnemonic, pattern, feature, ...) \
    {#name, mnemonic, pattern, #feature, "" #__VA_ARGS__, __FILE__, __LINE__},
#include "translator/decode/a64.def"
#undef INST
};
constexpr size_t kRowCount = sizeof(rows) / sizeof(rows[0]);
constexpr unsigned kCrowded = 4;
int errors = 0;

void error(const Row& row, const std::string& text) {
    std::fprintf(stderr, "%s:%d: error: %s: %s\n", row.file, row.line, row.name, text.c_str());
    errors++;
}

void parse(Row& row) {
    if (std::strlen(row.pattern) != 32) {
        return error(row, "pattern has " + std::to_string(std::strlen(row.pattern)) + " characters, not 32");
    }
    for (unsigned i = 0; i < 32; i++) {
        const char c = row.pattern[i];
        const unsigned bit = 31 - i;
        if (c == '0' || c == '1') {
            row.mask |= 1u << bit;
            row.value |= static_cast<uint32_t>(c - '0') << bit;
        } else if (std::isalpha(static_cast<unsigned char>(c))) {
            row.fields[c].push_back(bit);
        } else if (c != '-') {
            error(row, std::string("pattern has the character ") + c);
        }
    }
}

void check_overlaps() {
    std::map<std::string, const Row*> names;
    for (const Row& row : rows) {
        if (!names.emplace(row.name, &row).second) error(row, "two rows have this name");
    }
    for (size_t i = 0; i < kRowCount; i++) {
        for (size_t j = i + 1; j < kRowCount; j++) {
            const Row &a = rows[i], &b = rows[j];
            if ((a.value ^ b.value) & a.mask & b.mask) continue;
            if (a.mask == b.mask) {
                if (!*a.condition && !*b.condition) error(b, std::string("same bits as ") + a.name);
            } else if ((a.mask & b.mask) != a.mask && (a.mask & b.mask) != b.mask && !*a.condition &&
                       !*b.condition) {
                error(b, std::string("overlaps ") + a.name + " and neither is more specific");
            }
        }
    }
}

// C++ for a field: its runs of adjacent bits, shifted together.
std::string extract(const std::vector<unsigned>& bits) {
    std::string text;
    unsigned left = static_cast<unsigned>(bits.size());
    for (size_t i = 0; i < bits.size();) {
        size_t j = i + 1;
        while (j < bits.size() && bits[j] == bits[j - 1] - 1) j++;
        const unsigned width = static_cast<unsigned>(j - i);
        left -= width;
        char piece[96];
        std::snprintf(piece, sizeof piece, "%s(word >> %u & 0x%xu)%s", i ? " | " : "", bits[j - 1],
                      (1u << width) - 1, left ? (" << " + std::to_string(left)).c_str() : "");
        text += piece;
        i = j;
    }
    return text;
}

void write_fields(FILE* out) {
    for (const Row& row : rows) {
        std::fprintf(out, "struct %s {\n    uint32_t word;\n", row.name);
        for (const auto& [letter, bits] : row.fields) {
            const unsigned width = static_cast<unsigned>(bits.size());
            std::fprintf(out, "    unsigned %c() const { return %s; }\n", letter, extract(bits).c_str());
            std::fprintf(out, "    static constexpr unsigned %c_bits = %u;\n", letter, width);
            if (width > 1) {
                std::fprintf(out,
                             "    int64_t %c_signed() const { return static_cast<int64_t>(uint64_t{%c()} << "
                             "%u) >> %u; }\n",
                             letter, letter, 64 - width, 64 - width);
            }
        }
        std::fprintf(out, "};\n");
    }
}

using List = std::vector<uint16_t>;

// Rows that can match a word whose bits under `mask` are `value`, most specific first.
List candidates(uint32_t mask, uint32_t value) {
    List list;
    for (size_t i = 0; i < kRowCount; i++) {
        if (!((rows[i].value ^ value) & rows[i].mask & mask)) list.push_back(static_cast<uint16_t>(i));
    }
    std::stable_sort(list.begin(), list.end(), [](uint16_t a, uint16_t b) {
        return std::popcount(rows[a].mask) > std::popcount(rows[b].mask);
    });
    return list;
}

class Lists {
  public:
    unsigned add(const List& list) {
        const auto [at, fresh] = known_.emplace(list, static_cast<unsigned>(words_.size()));
        if (fresh) {
            words_.insert(words_.end(), list.begin(), list.end());
            words_.push_back(0xffff);
        }
        return at->second;
    }
    const std::vector<uint16_t>& words() const { return words_; }

  private:
    std::map<List, unsigned> known_;
    std::vector<uint16_t> words_;
};

void write_array(FILE* out, const char* name, const std::vector<uint16_t>& values) {
    std::fprintf(out, "const uint16_t %s[] = {", name);
    for (size_t i = 0; i < values.size(); i++) std::fprintf(out, "%s%u,", i % 24 ? " " : "\n    ", values[i]);
    std::fprintf(out, "\n};\n");
}

void write_conditions(FILE* out) {
    std::fprintf(out, "bool condition_holds(RowId id, uint32_t word) {\n    switch (id) {\n");
    for (const Row& row : rows) {
        if (!*row.condition) continue;
        std::fprintf(out, "        case RowId::%s: {\n", row.name);
        for (const auto& [letter, bits] : row.fields) {
            std::fprintf(out, "            [[maybe_unused]] const unsigned %c = %s;\n", letter,
                         extract(bits).c_str());
        }
        std::fprintf(out, "            return %s;\n        }\n", row.condition);
    }
    std::fprintf(out, "        default:\n            return true;\n    }\n}\n");
}

void write_rows(FILE* out) {
    std::fprintf(out, "const Row kRows[kRowCount] = {\n");
    size_t name_size = 0, mnemonic_size = 0;
    for (const Row& row : rows) {
        std::fprintf(out, "    {0x%08x, 0x%08x, RowId::%s, Feature::%s, %s},\n", row.mask, row.value,
                     row.name, row.feature, *row.condition ? "true" : "false");
        name_size = std::max(name_size, std::strlen(row.name) + 1);
        mnemonic_size = std::max(mnemonic_size, std::strlen(row.mnemonic) + 1);
    }
    std::fprintf(
        out, "};\nstruct Text {\n    char name[%zu];\n    char mnemonic[%zu];\n    char pattern[33];\n};\n",
        name_size, mnemonic_size);
    std::fprintf(out, "const Text kTexts[kRowCount] = {\n");
    for (const Row& row : rows)
        std::fprintf(out, "    {\"%s\", \"%s\", \"%s\"},\n", row.name, row.mnemonic, row.pattern);
    std::fprintf(out, "};\n");
}

void write_table(FILE* out) {
    write_conditions(out);
    write_rows(out);
    Lists lists;
    std::map<std::vector<uint16_t>, unsigned> splits;
    std::vector<uint16_t> first, second;
    for (uint32_t top = 0; top < 2048; top++) {
        const List all = candidates(0xffe00000, top << 21);
        if (all.size() <= kCrowded) {
            first.push_back(static_cast<uint16_t>(lists.add(all)));
            continue;
        }
        std::vector<uint16_t> split;
        for (uint32_t low = 0; low < 64; low++) {
            split.push_back(static_cast<uint16_t>(lists.add(candidates(0xffe0fc00, top << 21 | low << 10))));
        }
        const auto [at, fresh] = splits.emplace(split, static_cast<unsigned>(second.size() / 64));
        if (fresh) second.insert(second.end(), split.begin(), split.end());
        first.push_back(static_cast<uint16_t>(0x8000 | at->second));
    }
    if (lists.words().size() >= 0x8000) error(rows[0], "the candidate lists no longer fit 15 bits");
    if (second.empty()) second.push_back(0);
    std::fprintf(out, "constexpr unsigned kSplit = 0x8000;\nconstexpr uint16_t kEndOfList = 0xffff;\n");
    write_array(out, "kFirst", first);
    write_array(out, "kSecond", second);
    write_array(out, "kLists", lists.words());
}

FILE* open(const char* path) {
    FILE* file = std::fopen(path, "w");
    if (!file) {
        std::perror(path);
        std::exit(1);
    }
    return file;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    for (Row& row : rows) parse(row);
    if (!errors) check_overlaps();
    if (errors) return 1;
    FILE* fields = open(argv[1]);
    FILE* table = open(argv[2]);
    write_fields(fields);
    write_table(table);
    if (std::fclose(fields) || std::fclose(table)) return 1;
    return errors != 0;
}
