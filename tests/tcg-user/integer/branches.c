/* SPDX-License-Identifier: MIT */
/* cbz, cbnz, tbz, tbnz on every bit, bl and its link register, br through a table, ret by another register.
 */
#include "check.h"

#define TAKEN(instruction, value)                                                                      \
    __extension__({                                                                                    \
        uint64_t taken = 1;                                                                            \
        __asm__ volatile(instruction ", 1f\n\tmov %0, #0\n1:" : "+r"(taken) : "r"((uint64_t)(value))); \
        taken;                                                                                         \
    })

static uint64_t interpret(const unsigned char* program) {
    uint64_t value = 1;
    __asm__ volatile(
        "adr x9, 9f\n"
        "0:\tldrb w10, [%1], #1\n\tldrsw x11, [x9, w10, uxtw #2]\n\tadd x11, x11, x9\n\tbr x11\n"
        "1:\tadd %0, %0, #1\n\tb 0b\n"
        "2:\tlsl %0, %0, #1\n\tb 0b\n"
        "3:\tmul %0, %0, %0\n\tb 0b\n"
        "9:\t.word 4f - 9b, 1b - 9b, 2b - 9b, 3b - 9b\n"
        "4:"
        : "+&r"(value), "+&r"(program)
        :
        : "x9", "x10", "x11", "memory");
    return value;
}

int main(void) {
    CHECK_EQ(TAKEN("cbz %x1", 0), 1);
    CHECK_EQ(TAKEN("cbz %x1", 0x100000000), 0);
    CHECK_EQ(TAKEN("cbz %w1", 0x100000000), 1);
    CHECK_EQ(TAKEN("cbnz %x1", 0x100000000), 1);
    CHECK_EQ(TAKEN("cbnz %w1", 0x100000000), 0);
    CHECK_EQ(TAKEN("cbnz %w1", 1), 1);
    for (int bit = 0; bit < 64; bit++) {
        uint64_t one = UINT64_C(1) << bit;
        CHECK_EQ(TAKEN("tbz %x1, #63", one), bit != 63);
        CHECK_EQ(TAKEN("tbnz %x1, #32", one), bit == 32);
        CHECK_EQ(TAKEN("tbz %w1, #31", one), bit != 31);
        CHECK_EQ(TAKEN("tbnz %w1, #0", one), bit == 0);
        CHECK_EQ(TAKEN("tbnz %x1, #5", ~one), bit != 5);
    }

    uint64_t link, after;
    __asm__ volatile("bl 1f\n0:\tadr %1, 0b\n\tb 2f\n1:\tmov %0, x30\n\tret\n2:"
                     : "=&r"(link), "=&r"(after)
                     :
                     : "x30");
    CHECK_EQ(link, after);
    uint64_t target = 0;
    __asm__ volatile(
        "adr x9, 1f\n\tblr x9\n0:\tadr %1, 0b\n\tb 2f\n1:\tmov x10, x30\n\tmov %0, x30\n\tmov x30, #0\n\tret "
        "x10\n2:"
        : "=&r"(link), "=&r"(target)
        :
        : "x9", "x10", "x30");
    CHECK_EQ(link, target);
    /* blr x30 jumps to the old value, not to the link it writes. */
    __asm__ volatile(
        "adr x30, 1f\n\tmov %0, #0\n\tblr x30\n\tadd %0, %0, #10\n\tb 2f\n1:\tadd %0, %0, #1\n\tret\n2:"
        : "=&r"(link)
        :
        : "x30");
    CHECK_EQ(link, 11);

    static const unsigned char program[] = {1, 2, 3, 1, 2, 2, 3, 1, 0};
    uint64_t want = 1;
    for (const unsigned char* op = program; *op; op++)
        want = *op == 1 ? want + 1 : *op == 2 ? want * 2 : want * want;
    for (int i = 0; i < 500; i++) CHECK_EQ(interpret(program), want);
    return check_done();
}
