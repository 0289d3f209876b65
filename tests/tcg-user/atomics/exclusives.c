/* SPDX-License-Identifier: MIT */
/* Load and store exclusive of every size and as pairs: success, and failure without a reservation. */
#include "check.h"

static uint64_t cells[4] __attribute__((aligned(16)));

#define PAIR(load, store, operand, bytes)                                                           \
    do {                                                                                            \
        uint64_t got, status = 9, start = 0x8877665544332211;                                       \
        uint64_t mask = bytes == 8 ? ~UINT64_C(0) : (UINT64_C(1) << (8 * bytes % 64)) - 1;          \
        cells[0] = start;                                                                           \
        __asm__ volatile(load " %" operand "0, [%2]\n\t" store " %w1, %" operand "3, [%2]"          \
                         : "=&r"(got), "=&r"(status)                                                \
                         : "r"(cells), "r"(UINT64_C(0xfeedfacecafebeef))                            \
                         : "memory");                                                               \
        CHECK_ROW(load, got, start& mask);                                                          \
        CHECK_ROW(store, status, 0);                                                                \
        CHECK_ROW(store " memory", cells[0], (start & ~mask) | (0xfeedfacecafebeef & mask));        \
        /* The store took the reservation with it. */                                               \
        __asm__ volatile(store " %w0, %" operand "2, [%1]"                                          \
                         : "=&r"(status)                                                            \
                         : "r"(cells), "r"(UINT64_C(0))                                             \
                         : "memory");                                                               \
        CHECK_ROW(store " twice", status, 1);                                                       \
        CHECK_ROW(store " twice, memory", cells[0], (start & ~mask) | (0xfeedfacecafebeef & mask)); \
        /* clrex drops it. */                                                                       \
        __asm__ volatile(load " %" operand "0, [%2]\n\tclrex\n\t" store " %w1, %" operand "3, [%2]" \
                         : "=&r"(got), "=&r"(status)                                                \
                         : "r"(cells), "r"(UINT64_C(0))                                             \
                         : "memory");                                                               \
        CHECK_ROW(store " after clrex", status, 1);                                                 \
    } while (0)

int main(void) {
    PAIR("ldxr", "stxr", "x", 8);
    PAIR("ldxr", "stxr", "w", 4);
    PAIR("ldxrh", "stxrh", "w", 2);
    PAIR("ldxrb", "stxrb", "w", 1);
    PAIR("ldaxr", "stlxr", "x", 8);
    PAIR("ldaxr", "stlxr", "w", 4);
    PAIR("ldaxrh", "stlxrh", "w", 2);
    PAIR("ldaxrb", "stlxrb", "w", 1);

    uint64_t low, high, status;
    cells[0] = 0x1111;
    cells[1] = 0x2222;
    __asm__ volatile("ldaxp %0, %1, [%3]\n\tadd %0, %0, #1\n\tstlxp %w2, %1, %0, [%3]"
                     : "=&r"(low), "=&r"(high), "=&r"(status)
                     : "r"(cells)
                     : "memory");
    CHECK_EQ(status, 0);
    CHECK_EQ(cells[0], 0x2222);
    CHECK_EQ(cells[1], 0x1112);
    __asm__ volatile("ldxp %w0, %w1, [%3]\n\tstxp %w2, %w1, %w0, [%3]"
                     : "=&r"(low), "=&r"(high), "=&r"(status)
                     : "r"(cells)
                     : "memory");
    CHECK_EQ(status, 0);
    CHECK_EQ(cells[0], UINT64_C(0x222200000000));
    CHECK_EQ(cells[1], 0x1112);
    /* The pair changed in between: no store. */
    cells[0] = 1;
    cells[1] = 2;
    __asm__ volatile("ldxp %0, %1, [%3]\n\tmov %1, #7\n\tstr %1, [%3, #8]\n\tstxp %w2, %0, %0, [%3]"
                     : "=&r"(low), "=&r"(high), "=&r"(status)
                     : "r"(cells)
                     : "memory");
    CHECK(status == 1 || (cells[0] == 1 && cells[1] == 1));
    if (status == 1) CHECK_EQ(cells[1], 7);
    return check_done();
}
