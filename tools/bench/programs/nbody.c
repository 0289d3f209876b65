/* SPDX-License-Identifier: MIT */
/* Five bodies under gravity: scalar double arithmetic with square roots and divisions. */
#include <math.h>

#include "bench.h"

enum { kBodies = 5 };
static double x[kBodies][3], v[kBodies][3], m[kBodies];

int main(void) {
    for (int i = 0; i < kBodies; i++) {
        m[i] = i == 0 ? 39.47 : 0.01 * i;
        for (int k = 0; k < 3; k++) x[i][k] = i * (1.5 + k) - k * 0.3, v[i][k] = i * 0.1 * (k - 1);
    }
    for (int step = 0; step < 1200000; step++) {
        for (int i = 0; i < kBodies; i++) {
            for (int j = i + 1; j < kBodies; j++) {
                double d[3], square = 0.01;
                for (int k = 0; k < 3; k++) d[k] = x[i][k] - x[j][k], square += d[k] * d[k];
                double magnitude = 0.001 / (square * sqrt(square));
                for (int k = 0; k < 3; k++) {
                    v[i][k] -= d[k] * m[j] * magnitude;
                    v[j][k] += d[k] * m[i] * magnitude;
                }
            }
        }
        for (int i = 0; i < kBodies; i++) {
            for (int k = 0; k < 3; k++) x[i][k] += 0.001 * v[i][k];
        }
    }
    uint64_t sum = 0;
    for (int i = 0; i < kBodies; i++) sum = mix_double(sum, x[i][0]);
    report(sum);
    return 0;
}
