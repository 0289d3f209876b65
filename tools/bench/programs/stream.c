/* SPDX-License-Identifier: MIT */
/* Memory streaming over arrays that exceed the caches: copy, scale, add. */
#include "bench.h"

enum { kCount = 1 << 21 };
static uint64_t a[kCount], b[kCount], c[kCount];

int main(void) {
    for (uint64_t i = 0; i < kCount; i++) a[i] = i, b[i] = 2 * i, c[i] = 0;
    for (uint64_t round = 0; round < 35; round++) {
        for (int i = 0; i < kCount; i++) c[i] = a[i] + 3 * b[i];
        for (int i = 0; i < kCount; i++) a[i] = c[i] ^ round;
        for (int i = 0; i < kCount; i++) b[i] += a[i] >> 3;
    }
    uint64_t sum = 0;
    for (int i = 0; i < kCount; i += 997) sum = mix(sum, a[i] + b[i] + c[i]);
    report(sum);
    return 0;
}
