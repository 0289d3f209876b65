/* SPDX-License-Identifier: MIT */
/* Compare and swap of pairs, 2 x 32 and 2 x 64 bits. */
#include "check.h"

static uint64_t cells[2] __attribute__((aligned(16)));

int main(void) {
    for (int different = 0; different < 3; different++) {
        cells[0] = 0x1111222233334444;
        cells[1] = 0x5555666677778888;
        register uint64_t low __asm__("x2") = cells[0] ^ (different == 1 ? 1 : 0);
        register uint64_t high __asm__("x3") = cells[1] ^ (different == 2 ? UINT64_C(1) << 63 : 0);
        register uint64_t new_low __asm__("x4") = 0xaaaaaaaaaaaaaaaa;
        register uint64_t new_high __asm__("x5") = 0xbbbbbbbbbbbbbbbb;
        __asm__ volatile("caspal x2, x3, x4, x5, [%4]"
                         : "+r"(low), "+r"(high)
                         : "r"(new_low), "r"(new_high), "r"(cells)
                         : "memory");
        CHECK_EQ(low, 0x1111222233334444);
        CHECK_EQ(high, 0x5555666677778888);
        CHECK_EQ(cells[0], different ? 0x1111222233334444 : 0xaaaaaaaaaaaaaaaa);
        CHECK_EQ(cells[1], different ? 0x5555666677778888 : 0xbbbbbbbbbbbbbbbb);
    }
    for (int different = 0; different < 3; different++) {
        cells[0] = 0x1111222233334444;
        cells[1] = 0x5555666677778888;
        register uint64_t low __asm__("x6") = (0x33334444 ^ (different == 1)) | 0xdead00000000;
        register uint64_t high __asm__("x7") = (0x11112222 ^ (different == 2)) | 0xbeef00000000;
        register uint64_t new_low __asm__("x8") = 0xffffffff12345678;
        register uint64_t new_high __asm__("x9") = 0xffffffff9abcdef0;
        __asm__ volatile("casp w6, w7, w8, w9, [%4]"
                         : "+r"(low), "+r"(high)
                         : "r"(new_low), "r"(new_high), "r"(cells)
                         : "memory");
        CHECK_EQ(low, 0x33334444);
        CHECK_EQ(high, 0x11112222);
        CHECK_EQ(cells[0], different ? 0x1111222233334444 : 0x9abcdef012345678);
        CHECK_EQ(cells[1], 0x5555666677778888);
    }
    return check_done();
}
