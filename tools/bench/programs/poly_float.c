/* SPDX-License-Identifier: MIT */
/* Polynomials and Newton steps in single precision. */
#include <math.h>

#include "bench.h"

int main(void) {
    float sum = 0;
    for (int i = 1; i < 10000000; i++) {
        float x = (float)(i % 2000) * 0.001f - 1.0f;
        float p = ((((x * 0.0083f + 0.0417f) * x + 0.1667f) * x + 0.5f) * x + 1.0f) * x + 1.0f;
        float root = 1.0f;
        for (int k = 0; k < 3; k++) root = 0.5f * (root + p / root);
        sum += root - sqrtf(p) + fabsf(x) * 1e-3f;
    }
    report(mix_double(0, sum));
    return 0;
}
