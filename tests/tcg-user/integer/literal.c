/* SPDX-License-Identifier: MIT */
/* PC-relative code: literal loads of every kind, adr, adrp. */
#include "check.h"

int main(void) {
    uint64_t x, sw, d, address, page, q0, q1;
    uint32_t w, s;
    __asm__ volatile(
        "b 2f\n\t"
        ".balign 16\n"
        "1:\t.quad 0x1122334455667788, 0x99aabbccddeeff00\n"
        "2:\tldr %x0, 1b\n\t"
        "ldr %w1, 3f\n\t"
        "ldrsw %x2, 1b + 8\n\t"
        "ldr d0, 1b\n\tfmov %3, d0\n\t"
        "ldr s0, 1b + 4\n\tfmov %w4, s0\n\t"
        "adr %5, 1b\n\t"
        "adrp %6, 1b\n\t"
        "ldr q1, 1b\n\tfmov %7, d1\n\tmov %8, v1.d[1]\n\t"
        "prfm pldl1keep, 1b\n\t"
        "b 4f\n"
        "3:\t.word 0x87654321, 0\n"
        "4:"
        : "=&r"(x), "=&r"(w), "=&r"(sw), "=&r"(d), "=&r"(s), "=&r"(address), "=&r"(page), "=&r"(q0), "=&r"(q1)
        :
        : "v0", "v1");
    CHECK_EQ(x, 0x1122334455667788);
    CHECK_EQ(w, 0x87654321);
    CHECK_EQ(sw, 0xffffffffddeeff00);
    CHECK_EQ(d, 0x1122334455667788);
    CHECK_EQ(s, 0x11223344);
    CHECK_EQ(*(uint64_t*)address, 0x1122334455667788);
    CHECK_EQ(page, address & ~UINT64_C(4095));
    CHECK_EQ(q0, 0x1122334455667788);
    CHECK_EQ(q1, 0x99aabbccddeeff00);
    return check_done();
}
