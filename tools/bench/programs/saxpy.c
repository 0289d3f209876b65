/* SPDX-License-Identifier: MIT */
/* Vectorised single-precision loops: scale and add, clamp, square roots. */
#include <math.h>

#include "bench.h"

enum { kCount = 8192 };
static float x[kCount], y[kCount], z[kCount];

int main(void) {
    for (int i = 0; i < kCount; i++) x[i] = (float)(i % 100) * 0.01f, y[i] = (float)(i % 37) * 0.5f;
    for (int round = 0; round < 7000; round++) {
        float scale = 0.5f + (float)(round % 3) * 0.25f;
        for (int i = 0; i < kCount; i++) z[i] = scale * x[i] + y[i];
        for (int i = 0; i < kCount; i++) y[i] = z[i] * 0.5f > 10.0f ? 1.0f : z[i] * 0.5f;
        for (int i = 0; i < kCount; i++) x[i] = x[i] * 0.75f + y[i] / (1.0f + z[i]);
    }
    uint64_t sum = 0;
    for (int i = 0; i < kCount; i += 7) sum = mix_double(sum, x[i]);
    report(sum);
    return 0;
}
