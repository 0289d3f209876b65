/* SPDX-License-Identifier: MIT */
/* What the benchmark programs share: every one computes something fixed and prints a checksum of it, which
 * must be the same on every machine and emulator. */
#ifndef TOOLS_BENCH_BENCH_H
#define TOOLS_BENCH_BENCH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline void report(uint64_t checksum) {
    printf("%016llx\n", (unsigned long long)checksum);
}

static inline uint64_t mix(uint64_t sum, uint64_t value) {
    sum ^= value + 0x9e3779b97f4a7c15u + (sum << 6) + (sum >> 2);
    return sum;
}

static inline uint64_t mix_double(uint64_t sum, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return mix(sum, bits);
}

static inline uint32_t next_random(uint32_t* state) {
    uint32_t x = *state;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *state = x;
}

#endif
