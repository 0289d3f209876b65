// SPDX-License-Identifier: MIT
// How often the fuzzer and the guest programs executed each row of the decoder table.
//
//   coverage_report NOT_FUZZED.txt FUZZ GUESTS
//
// FUZZ has lines "row compared-with-qemu compared-with-vixl" (a64_fuzz --coverage), GUESTS lines "word count"
// (the plugin encodings). A row fails if nothing executed it, or if the fuzzer did not and NOT_FUZZED.txt has
// no reason for it; a reason for a row that is fuzzed fails too. -v prints every row, otherwise only
// failures; the last line counts rows.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>
#include <string>

#include "translator/decode/decoder.h"

namespace armature::coverage {
namespace {

using translator::decode::kRows;
using translator::decode::Row;

struct Counts {
    uint64_t qemu = 0;
    uint64_t vixl = 0;
    uint64_t guests = 0;
    std::string reason;  // why it is not fuzzed
};

std::map<std::string, Counts> rows;
unsigned failed = 0;

bool open(std::ifstream* file, const char* path) {
    file->open(path);
    if (*file) return true;
    std::fprintf(stderr, "coverage_report: cannot read %s\n", path);
    return false;
}

bool read_reasons(const char* path) {
    std::ifstream file;
    if (!open(&file, path)) return false;
    for (std::string line; std::getline(file, line);) {
        if (line.empty() || line[0] == '#') continue;
        const size_t space = line.find(' ');
        const std::string name = line.substr(0, space);
        if (rows.count(name) && space != std::string::npos) {
            rows[name].reason = line.substr(line.find_first_not_of(' ', space));
            continue;
        }
        std::printf("%s: \"%s\" is no row with a reason\n", path, name.c_str());
        failed++;
    }
    return true;
}

bool read_fuzz(const char* path) {
    std::ifstream file;
    if (!open(&file, path)) return false;
    std::string name;
    uint64_t qemu = 0, vixl = 0;
    while (file >> name >> qemu >> vixl) {
        rows[name].qemu += qemu;
        rows[name].vixl += vixl;
    }
    return true;
}

bool read_guests(const char* path) {
    std::ifstream file;
    if (!open(&file, path)) return false;
    uint32_t word = 0;
    uint64_t count = 0;
    while (file >> std::hex >> word >> std::dec >> count) {
        if (const Row* row = translator::decode::decode(word)) rows[row->name()].guests += count;
    }
    if (file.eof()) return true;
    std::fprintf(stderr, "coverage_report: %s is damaged\n", path);
    return false;
}

const char* verdict(const Counts& counts) {
    const bool fuzzed = counts.qemu + counts.vixl != 0;
    if (!fuzzed && counts.guests == 0) return "nothing executed it";
    if (!fuzzed && counts.reason.empty()) return "not fuzzed";
    if (fuzzed && !counts.reason.empty()) return "fuzzed, though there is a reason why not";
    return nullptr;
}

int report(bool all) {
    unsigned passed = 0;
    if (all) std::printf("%-24s %12s %12s %14s\n", "row", "fuzz: qemu", "fuzz: vixl", "guests");
    for (const Row& row : kRows) {
        const Counts& counts = rows[row.name()];
        const char* wrong = verdict(counts);
        (wrong ? failed : passed)++;
        if (!all && !wrong) continue;
        const char* remark = wrong ? wrong : counts.reason.c_str();
        std::printf("%-24s %12llu %12llu %14llu  %s%s\n", row.name(),
                    static_cast<unsigned long long>(counts.qemu),
                    static_cast<unsigned long long>(counts.vixl),
                    static_cast<unsigned long long>(counts.guests), wrong ? "FAILED: " : "", remark);
    }
    std::printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}

}  // namespace
}  // namespace armature::coverage

int main(int argc, char** argv) {
    using namespace armature::coverage;
    const bool all = argc > 1 && std::strcmp(argv[1], "-v") == 0;
    if (argc != 4 + all) {
        std::fprintf(stderr, "usage: coverage_report [-v] NOT_FUZZED FUZZ GUESTS\n");
        return 2;
    }
    for (const Row& row : kRows) rows[row.name()];
    argv += all;
    if (!read_reasons(argv[1]) || !read_fuzz(argv[2]) || !read_guests(argv[3])) return 2;
    return report(all);
}
