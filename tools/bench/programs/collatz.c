/* SPDX-License-Identifier: MIT */
/* The longest Collatz chain: dependent integer operations and an unpredictable branch. */
#include "bench.h"

int main(void) {
    uint64_t best = 0, where = 0;
    for (uint64_t start = 1; start < 1200000; start++) {
        uint64_t n = start, steps = 0;
        while (n != 1) {
            n = n & 1 ? 3 * n + 1 : n >> 1;
            steps++;
        }
        if (steps > best) best = steps, where = start;
    }
    report(mix(best, where));
    return 0;
}
