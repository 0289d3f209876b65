/* SPDX-License-Identifier: MIT */
/* Matrix multiplication in doubles with fused multiply-add. */
#include <math.h>

#include "bench.h"

enum { kN = 200 };
static double a[kN][kN], b[kN][kN], c[kN][kN];

int main(void) {
    for (int i = 0; i < kN; i++) {
        for (int j = 0; j < kN; j++) a[i][j] = (i % 7 - 3) * 0.25, b[i][j] = (j % 5 - 2) * 0.5 + i * 1e-3;
    }
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < kN; i++) {
            for (int j = 0; j < kN; j++) {
                double sum = 0;
                for (int k = 0; k < kN; k++) sum = __builtin_fma(a[i][k], b[k][j], sum);
                c[i][j] = sum;
            }
        }
        for (int i = 0; i < kN; i++) {
            for (int j = 0; j < kN; j++) a[i][j] = c[i][j] * 0.01;
        }
    }
    uint64_t sum = 0;
    for (int i = 0; i < kN; i++) sum = mix_double(sum, c[i][kN - 1 - i]);
    report(sum);
    return 0;
}
