/* SPDX-License-Identifier: MIT */
/* Vectorised integers of 16 and 32 bits: dot products, absolute differences, running maxima. */
#include "bench.h"

enum { kCount = 16384 };
static int16_t a[kCount], b[kCount];
static int32_t c[kCount];

int main(void) {
    for (int i = 0; i < kCount; i++)
        a[i] = (int16_t)(i * 31 % 2001 - 1000), b[i] = (int16_t)(i * 17 % 1999 - 999);
    uint64_t check = 0;
    for (int round = 0; round < 9000; round++) {
        int32_t sum = 0, most = 0;
        uint32_t differences = 0;
        for (int i = 0; i < kCount; i++) sum += a[i] * b[i];
        for (int i = 0; i < kCount; i++) differences += (uint32_t)(a[i] > b[i] ? a[i] - b[i] : b[i] - a[i]);
        for (int i = 0; i < kCount; i++) c[i] = (c[i] >> 1) + a[i];
        for (int i = 0; i < kCount; i++) most = c[i] > most ? c[i] : most;
        check = mix(check, (uint32_t)sum + differences + (uint32_t)most);
        a[round % kCount]++;
    }
    report(check);
    return 0;
}
