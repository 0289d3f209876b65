/* SPDX-License-Identifier: MIT */
/* 128-bit arithmetic: modular exponentiation, and a big factorial by carries. */
#include "bench.h"

static uint64_t multiply_mod(uint64_t a, uint64_t b) {
    /* Modulo 2^61 - 1, by folding. */
    unsigned __int128 product = (unsigned __int128)a * b;
    uint64_t low = (uint64_t)product & 0x1fffffffffffffff, high = (uint64_t)(product >> 61);
    uint64_t sum = low + high;
    return sum >= 0x1fffffffffffffff ? sum - 0x1fffffffffffffff : sum;
}

int main(void) {
    uint64_t sum = 0;
    for (uint64_t base = 2; base < 600000; base++) {
        uint64_t result = 1, power = base;
        for (uint64_t exponent = 0x1ffffffffffffffd; exponent; exponent >>= 1) {
            if (exponent & 1) result = multiply_mod(result, power);
            power = multiply_mod(power, power);
        }
        sum = mix(sum, result);
    }
    static uint64_t digits[1200];
    int used = 1;
    digits[0] = 1;
    for (uint64_t factor = 2; factor < 6000; factor++) {
        uint64_t carry = 0;
        for (int i = 0; i < used; i++) {
            unsigned __int128 value = (unsigned __int128)digits[i] * factor + carry;
            digits[i] = (uint64_t)value;
            carry = (uint64_t)(value >> 64);
        }
        if (carry) digits[used++] = carry;
    }
    for (int i = 0; i < used; i++) sum = mix(sum, digits[i]);
    report(sum);
    return 0;
}
