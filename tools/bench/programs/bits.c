/* SPDX-License-Identifier: MIT */
/* Bit manipulation: counts, reversals, extracts, parity, Morton codes. */
#include "bench.h"

static uint64_t spread(uint32_t value) {
    uint64_t x = value;
    x = (x | x << 16) & 0x0000ffff0000ffff;
    x = (x | x << 8) & 0x00ff00ff00ff00ff;
    x = (x | x << 4) & 0x0f0f0f0f0f0f0f0f;
    x = (x | x << 2) & 0x3333333333333333;
    return (x | x << 1) & 0x5555555555555555;
}

int main(void) {
    uint64_t x = 0x123456789abcdef, sum = 0;
    for (int i = 0; i < 28000000; i++) {
        x ^= x << 7;
        x ^= x >> 9;
        sum += (uint64_t)__builtin_clzll(x | 1) * 3 + (uint64_t)__builtin_ctzll(x | UINT64_C(1) << 63);
        sum ^= __builtin_bswap64(x) >> 3;
        sum += spread((uint32_t)x) | spread((uint32_t)(x >> 32)) << 1;
        sum = sum >> 13 | sum << 51;
        sum += (x >> 17 & 0x3ff) * (x >> 40 & 0xff);
    }
    report(sum);
    return 0;
}
