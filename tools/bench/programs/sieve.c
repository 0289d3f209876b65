/* SPDX-License-Identifier: MIT */
/* The sieve of Eratosthenes over bytes. */
#include "bench.h"

enum { kLimit = 4000000 };
static unsigned char composite[kLimit + 1];

int main(void) {
    uint64_t sum = 0;
    for (int round = 0; round < 14; round++) {
        memset(composite, 0, sizeof composite);
        for (int i = 2; i * i <= kLimit; i++) {
            if (composite[i]) continue;
            for (int j = i * i; j <= kLimit; j += i) composite[j] = 1;
        }
        for (int i = 2; i <= kLimit; i++) sum += composite[i] ? 0 : (uint64_t)i;
    }
    report(sum);
    return 0;
}
