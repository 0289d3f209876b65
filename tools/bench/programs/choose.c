/* SPDX-License-Identifier: MIT */
/* Loops with conditions: what a compiler makes predicates or masks of. */
#include "bench.h"

enum { kCount = 8192 };
static int32_t a[kCount], b[kCount], c[kCount];
static double x[kCount], y[kCount];

int main(void) {
    uint32_t state = 7;
    for (int i = 0; i < kCount; i++) {
        a[i] = (int32_t)(next_random(&state) % 2000) - 1000;
        b[i] = (int32_t)(next_random(&state) % 2000) - 1000;
        x[i] = a[i] * 0.25;
    }
    uint64_t check = 0;
    for (int round = 0; round < 3000; round++) {
        const int32_t limit = round % 1000;
        for (int i = 0; i < kCount; i++)
            c[i] = a[i] > limit ? a[i] - b[i] : b[i] < -limit ? b[i] * 3 : a[i] ^ b[i];
        for (int i = 0; i < kCount; i++)
            if (b[i] > 0) c[i] += limit;
        for (int i = 0; i < kCount; i++) y[i] = x[i] < 100.0 ? x[i] + 1.0 : x[i] * 0.5;
        int32_t above = 0, most = 0;
        for (int i = 0; i < kCount; i++) {
            above += c[i] > limit;
            most = c[i] > most ? c[i] : most;
        }
        check = mix(check, (uint32_t)above + (uint32_t)most);
        x[round] = y[round + 1];
    }
    for (int i = 0; i < kCount; i++) check = mix_double(check, y[i]);
    report(check);
    return 0;
}
