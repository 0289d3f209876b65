/* SPDX-License-Identifier: MIT */
/* Every LSE read-modify-write at every size: value returned, value stored, neighbours untouched. */
#include "check.h"

static uint64_t cells[3];

static uint64_t mask_of(int bytes) {
    return bytes == 8 ? ~UINT64_C(0) : (UINT64_C(1) << (8 * bytes)) - 1;
}
static int64_t sign(uint64_t value, int bytes) {
    return (int64_t)(value << (64 - 8 * bytes)) >> (64 - 8 * bytes);
}

/* `operand` is w or x; `want` an expression over old and new (both masked) and their signed forms. */
#define TRY(text, bytes, operand, ...)                                                             \
    for (int i = 0; i < 8; i++) {                                                                  \
        for (int j = 0; j < 8; j++) {                                                              \
            uint64_t start = kValues[i], argument = kValues[j], result = ~UINT64_C(0);             \
            cells[0] = cells[2] = 0xa5a5a5a5a5a5a5a5;                                              \
            cells[1] = start;                                                                      \
            __asm__ volatile(text " %" operand "1, %" operand "0, [%2]"                            \
                             : "=&r"(result)                                                       \
                             : "r"(argument), "r"(&cells[1])                                       \
                             : "memory");                                                          \
            uint64_t mask = mask_of(bytes), old = start & mask, new = argument &mask;              \
            int64_t sold = sign(old, bytes), snew = sign(new, bytes);                              \
            (void)sold, (void)snew;                                                                \
            CHECK_ROW(text, result, old);                                                          \
            CHECK_ROW(text " stored", cells[1], (start & ~mask) | ((uint64_t)(__VA_ARGS__)&mask)); \
            CHECK_ROW(text " neighbours", cells[0] & cells[2], 0xa5a5a5a5a5a5a5a5);                \
        }                                                                                          \
    }
#define TRY_SIZES(op, ...)             \
    TRY(op, 8, "x", __VA_ARGS__)       \
    TRY(op "a", 4, "w", __VA_ARGS__)   \
    TRY(op "l", 8, "x", __VA_ARGS__)   \
    TRY(op "al", 4, "w", __VA_ARGS__)  \
    TRY(op "b", 1, "w", __VA_ARGS__)   \
    TRY(op "alb", 1, "w", __VA_ARGS__) \
    TRY(op "h", 2, "w", __VA_ARGS__)   \
    TRY(op "ah", 2, "w", __VA_ARGS__)

int main(void) {
    static const uint64_t kValues[8] = {0,
                                        1,
                                        0x7f7f7f7f7f7f7f7f,
                                        0x8080808080808080,
                                        0xffffffffffffffff,
                                        0x8000000000000000,
                                        0x123456789abcdef0,
                                        0xfedcba9876543210};
    TRY_SIZES("ldadd", old + new)
    TRY_SIZES("ldclr", old & ~new)
    TRY_SIZES("ldeor", old ^ new)
    TRY_SIZES("ldset", old | new)
    TRY_SIZES("ldsmax", sold > snew ? old : new)
    TRY_SIZES("ldsmin", sold < snew ? old : new)
    TRY_SIZES("ldumax", old > new ? old : new)
    TRY_SIZES("ldumin", old < new ? old : new)
    TRY_SIZES("swp", new)

    /* The forms without a result, and one whose result is its operand. */
    cells[1] = 5;
    __asm__ volatile("stadd %0, [%1]\n\tstclr %2, [%1]\n\tstset %3, [%1]\n\tsteor %0, [%1]"
                     :
                     : "r"(UINT64_C(10)), "r"(&cells[1]), "r"(UINT64_C(1)), "r"(UINT64_C(0x100))
                     : "memory");
    CHECK_EQ(cells[1], ((15 & ~1) | 0x100) ^ 10);
    uint64_t both = 7;
    cells[1] = 100;
    __asm__ volatile("ldaddal %0, %0, [%1]" : "+r"(both) : "r"(&cells[1]) : "memory");
    CHECK_EQ(both, 100);
    CHECK_EQ(cells[1], 107);

    /* Compare and swap: the comparison is of the access size, the result zero-extended. */
    for (int size = 0; size < 4; size++) {
        int bytes = 1 << size;
        for (int equal = 0; equal < 2; equal++) {
            uint64_t start = 0xfedcba9876543210,
                     expected = equal ? start | (bytes < 8 ? ~mask_of(bytes) : 0) : start ^ 1;
            uint64_t desired = 0x1122334455667788;
            cells[1] = start;
            if (bytes == 1)
                __asm__ volatile("casb %w0, %w1, [%2]"
                                 : "+r"(expected)
                                 : "r"(desired), "r"(&cells[1])
                                 : "memory");
            if (bytes == 2)
                __asm__ volatile("casalh %w0, %w1, [%2]"
                                 : "+r"(expected)
                                 : "r"(desired), "r"(&cells[1])
                                 : "memory");
            if (bytes == 4)
                __asm__ volatile("casa %w0, %w1, [%2]"
                                 : "+r"(expected)
                                 : "r"(desired), "r"(&cells[1])
                                 : "memory");
            if (bytes == 8)
                __asm__ volatile("casl %x0, %x1, [%2]"
                                 : "+r"(expected)
                                 : "r"(desired), "r"(&cells[1])
                                 : "memory");
            CHECK_EQ(expected, start & mask_of(bytes));
            CHECK_EQ(cells[1], equal ? (start & ~mask_of(bytes)) | (desired & mask_of(bytes)) : start);
        }
    }

    /* Acquire and release accesses. */
    uint64_t value = 0x8877665544332211, got;
    __asm__ volatile("stlr %1, [%2]\n\tldar %0, [%2]" : "=&r"(got) : "r"(value), "r"(&cells[1]) : "memory");
    CHECK_EQ(got, value);
    __asm__ volatile("stlrb %w1, [%2]\n\tldarh %w0, [%2]"
                     : "=&r"(got)
                     : "r"(UINT64_C(0x1ff)), "r"(&cells[1])
                     : "memory");
    CHECK_EQ(got, 0x22ff);
    __asm__ volatile(".arch armv8.3-a\n\tldapr %w0, [%1]" : "=&r"(got) : "r"(&cells[1]) : "memory");
    CHECK_EQ(got, 0x443322ff);
    return check_done();
}
