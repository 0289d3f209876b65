/* SPDX-License-Identifier: MIT */
/* ldp, stp, ldpsw, ldnp and stnp: offsets, write-back, sign extension, a base among the loaded registers. */
#include "check.h"

static uint64_t words[64] __attribute__((aligned(16)));

static void fill(void) {
    for (int i = 0; i < 64; i++) words[i] = UINT64_C(0x9e3779b97f4a7c15) * (uint64_t)(i + 1);
}

#define LOAD(text, start, first, second, moved)                                \
    do {                                                                       \
        uint64_t a = ~UINT64_C(0), b = ~UINT64_C(0), *base = words + (start);  \
        __asm__ volatile(text : "+&r"(a), "+&r"(b), "+&r"(base) : : "memory"); \
        CHECK_ROW(text, a, (first));                                           \
        CHECK_ROW(text, b, (second));                                          \
        CHECK_ROW(text " base", base - words, (start) + (moved));              \
    } while (0)

#define STORE(text, start, at, moved)                                                     \
    do {                                                                                  \
        fill();                                                                           \
        uint64_t a = 0x1111111122222222, b = 0x3333333344444444, *base = words + (start); \
        uint64_t before = words[(at)-1];                                                  \
        __asm__ volatile(text : "+&r"(a), "+&r"(b), "+&r"(base) : : "memory");            \
        CHECK_ROW(text, words[at], a);                                                    \
        CHECK_ROW(text, words[(at) + 1], b);                                              \
        CHECK_ROW(text, words[(at)-1], before);                                           \
        CHECK_ROW(text " base", base - words, (start) + (moved));                         \
    } while (0)

int main(void) {
    fill();
    LOAD("ldp %x0, %x1, [%2]", 8, words[8], words[9], 0);
    LOAD("ldp %x0, %x1, [%2, #-64]", 8, words[0], words[1], 0);
    LOAD("ldp %x0, %x1, [%2], #32", 8, words[8], words[9], 4);
    LOAD("ldp %x0, %x1, [%2, #-32]!", 8, words[4], words[5], -4);
    LOAD("ldp %w0, %w1, [%2, #8]", 8, (uint32_t)words[9], words[9] >> 32, 0);
    LOAD("ldpsw %x0, %x1, [%2, #16]", 8, (uint64_t)(int64_t)(int32_t)words[10],
         (uint64_t)(int64_t)(int32_t)(words[10] >> 32), 0);
    LOAD("ldpsw %x0, %x1, [%2], #8", 8, (uint64_t)(int64_t)(int32_t)words[8],
         (uint64_t)(int64_t)(int32_t)(words[8] >> 32), 1);
    LOAD("ldnp %x0, %x1, [%2, #16]", 8, words[10], words[11], 0);
    STORE("stp %x0, %x1, [%2]", 8, 8, 0);
    STORE("stp %x0, %x1, [%2, #-64]!", 16, 8, -8);
    STORE("stp %x0, %x1, [%2], #504", 1, 1, 63);
    STORE("stnp %x0, %x1, [%2, #32]", 8, 12, 0);

    fill();
    uint64_t a = 0x1111111122222222, b = 0x3333333344444444;
    __asm__ volatile("stp %w0, %w1, [%2, #4]" : : "r"(a), "r"(b), "r"(words + 8) : "memory");
    CHECK_EQ(words[8], (UINT64_C(0x9e3779b97f4a7c15) * 9 & 0xffffffff) | UINT64_C(0x2222222200000000));
    CHECK_EQ((uint32_t)words[9], 0x44444444);
    __asm__ volatile("stp xzr, xzr, [%0]" : : "r"(words + 20) : "memory");
    CHECK_EQ(words[20] | words[21], 0);

    /* The base is one of the registers loaded. */
    fill();
    uint64_t first, second;
    __asm__ volatile("mov x9, %2\n\tldp x9, x10, [x9]\n\tmov %0, x9\n\tmov %1, x10"
                     : "=r"(first), "=r"(second)
                     : "r"(words + 30)
                     : "x9", "x10", "memory");
    CHECK_EQ(first, words[30]);
    CHECK_EQ(second, words[31]);
    __asm__ volatile("mov x10, %2\n\tldp x9, x10, [x10, #16]\n\tmov %0, x9\n\tmov %1, x10"
                     : "=r"(first), "=r"(second)
                     : "r"(words + 30)
                     : "x9", "x10", "memory");
    CHECK_EQ(first, words[32]);
    CHECK_EQ(second, words[33]);
    return check_done();
}
