// SPDX-License-Identifier: MIT
// For plugins that name what they see: calls of a shared library, a hot function, and one that is never
// called.
#include "traced.h"

__attribute__((noinline)) static unsigned never(unsigned value) {
    return value / 3;
}

__attribute__((noinline)) static unsigned outer(unsigned rounds) {
    return library_work(rounds) + 1;
}

int main(int argc, char** argv) {
    (void)argv;
    unsigned sum = 0;
    for (int i = 0; i < 100; i++) {
        sum += outer(1000);
    }
    if (argc > 5) sum += never(sum);
    return sum == 0;
}
