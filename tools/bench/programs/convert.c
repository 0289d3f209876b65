/* SPDX-License-Identifier: MIT */
/* Conversions between integers, floats and doubles, rounding, comparisons. */
#include <math.h>

#include "bench.h"

int main(void) {
    uint64_t sum = 0;
    double d = 0.1;
    float f = 0.5f;
    for (int i = 0; i < 12000000; i++) {
        d = d * 1.25 + (double)i;
        if (d > 1e15) d = sqrt(d);
        f = (float)d * 0.5f + f * 0.25f;
        int64_t whole = (int64_t)d;
        sum += (uint64_t)whole + (uint64_t)(uint32_t)(int32_t)(f < 1e9f ? f : 1e9f);
        d += (double)(whole & 1023) * 0.5 + floor(d * 0.125);
        sum ^= d < (double)f ? 1 : 2;
    }
    report(mix_double(sum, d));
    return 0;
}
