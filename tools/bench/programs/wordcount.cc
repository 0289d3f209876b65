// SPDX-License-Identifier: MIT
// Words counted in a hash map and a tree of strings: allocation, hashing, comparisons.
#include <map>
#include <string>
#include <unordered_map>

#include "bench.h"

int main() {
    uint64_t sum = 0;
    uint32_t state = 21;
    for (int round = 0; round < 9; round++) {
        std::unordered_map<std::string, uint64_t> counts;
        for (int i = 0; i < 120000; i++) {
            std::string word = "word-";
            for (uint32_t n = next_random(&state) % 20000; n; n /= 10) word += (char)('a' + n % 10);
            counts[word + "-suffix"]++;
        }
        std::map<std::string, uint64_t> sorted(counts.begin(), counts.end());
        for (auto& [word, count] : sorted) sum = mix(sum, count + (unsigned char)word[5]);
    }
    report(sum);
}
