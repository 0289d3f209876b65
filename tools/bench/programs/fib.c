/* SPDX-License-Identifier: MIT */
/* Calls and returns: Fibonacci and Ackermann by recursion. */
#include "bench.h"

__attribute__((noinline)) static uint64_t fib(unsigned n) {
    if (n < 2) return n;
    uint64_t left = fib(n - 1);
    __asm__ volatile("" : "+r"(left));
    return left + fib(n - 2);
}

__attribute__((noinline)) static unsigned ackermann(unsigned m, unsigned n) {
    if (m == 0) return n + 1;
    if (n == 0) return ackermann(m - 1, 1);
    return ackermann(m - 1, ackermann(m, n - 1));
}

int main(void) {
    report(mix(fib(39), ackermann(3, 9)));
    return 0;
}
