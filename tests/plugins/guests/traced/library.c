// SPDX-License-Identifier: MIT
#include "traced.h"

__attribute__((noinline)) static unsigned hot(unsigned rounds) {
    volatile unsigned sum = 0;
    for (unsigned i = 0; i < rounds; i++) {
        sum = sum + i;
    }
    return sum;
}

unsigned library_work(unsigned rounds) {
    return hot(rounds) ^ 1;
}
