/* SPDX-License-Identifier: MIT */
/* Vectorised double-precision loops: a one-dimensional heat equation. */
#include "bench.h"

enum { kCount = 4096 };
static double t[2][kCount];

int main(void) {
    for (int i = 0; i < kCount; i++) t[0][i] = i % 64;
    for (int round = 0; round < 16000; round++) {
        const double* from = t[round & 1];
        double* to = t[!(round & 1)];
        for (int i = 1; i < kCount - 1; i++)
            to[i] = from[i] + 0.2 * (from[i - 1] - 2 * from[i] + from[i + 1]);
        to[0] = from[0];
        to[kCount - 1] = from[kCount - 1];
    }
    uint64_t sum = 0;
    for (int i = 0; i < kCount; i += 5) sum = mix_double(sum, t[0][i]);
    report(sum);
    return 0;
}
