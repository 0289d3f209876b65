/* SPDX-License-Identifier: MIT */
/* N queens by backtracking over bit masks. */
#include "bench.h"

static uint64_t place(uint32_t all, uint32_t columns, uint32_t left, uint32_t right) {
    if (columns == all) return 1;
    uint64_t count = 0;
    for (uint32_t free = all & ~(columns | left | right); free; free &= free - 1) {
        uint32_t bit = free & (0 - free);
        count += place(all, columns | bit, (left | bit) << 1, (right | bit) >> 1);
    }
    return count;
}

int main(void) {
    uint64_t sum = 0;
    for (int n = 4; n <= 14; n++) sum = mix(sum, place((1u << n) - 1, 0, 0, 0));
    report(sum);
    return 0;
}
