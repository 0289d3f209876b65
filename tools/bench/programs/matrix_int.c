/* SPDX-License-Identifier: MIT */
/* Integer matrix multiplication, 32-bit. */
#include "bench.h"

enum { kN = 300 };
static uint32_t a[kN][kN], b[kN][kN], c[kN][kN];

int main(void) {
    for (uint32_t i = 0; i < kN; i++) {
        for (uint32_t j = 0; j < kN; j++) a[i][j] = i * 7 + j, b[i][j] = i ^ j * 3;
    }
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < kN; i++) {
            for (int j = 0; j < kN; j++) {
                uint32_t sum = 0;
                for (int k = 0; k < kN; k++) sum += a[i][k] * b[k][j];
                c[i][j] = sum;
            }
        }
        memcpy(a, c, sizeof a);
    }
    uint64_t sum = 0;
    for (int i = 0; i < kN; i++) sum = mix(sum, c[i][kN - 1 - i]);
    report(sum);
    return 0;
}
