/* SPDX-License-Identifier: MIT */
/* Count trailing zeros, count ones, absolute value, minimum and maximum of general registers (FEAT_CSSC);
 * flags stay. */
#include "check.h"

static const uint64_t values[] = {0,
                                  1,
                                  2,
                                  127,
                                  128,
                                  200,
                                  255,
                                  0x7fffffff,
                                  0x80000000,
                                  0xffffffff,
                                  0x100000000,
                                  0x7fffffffffffffff,
                                  0x8000000000000000,
                                  0xffffffffffffff80,
                                  0xffffffffffffffff,
                                  0x123456789abcdef0,
                                  0xaaaaaaaaaaaaaaaa};
#define COUNT (sizeof values / sizeof *values)

#define ONE(text, n)                                                                        \
    __extension__({                                                                         \
        uint64_t result, flags;                                                             \
        __asm__ volatile(".arch_extension cssc\n\tmsr nzcv, %3\n\t" text "\n\tmrs %1, nzcv" \
                         : "=&r"(result), "=&r"(flags)                                      \
                         : "r"((uint64_t)(n)), "r"(UINT64_C(0x60000000))                    \
                         : "cc");                                                           \
        CHECK_EQ(flags, 0x60000000);                                                        \
        result;                                                                             \
    })
#define TWO(text, n, m)                                             \
    __extension__({                                                 \
        uint64_t result;                                            \
        __asm__ volatile(".arch_extension cssc\n\t" text            \
                         : "=r"(result)                             \
                         : "r"((uint64_t)(n)), "r"((uint64_t)(m))); \
        result;                                                     \
    })

static unsigned ones(uint64_t n) {
    unsigned count = 0;
    for (; n; n &= n - 1) count++;
    return count;
}

static unsigned zeros(uint64_t n, unsigned bits) {
    unsigned count = 0;
    while (count < bits && !(n >> count & 1)) count++;
    return count;
}

static void pair(uint64_t n, uint64_t m) {
    const int64_t sn = (int64_t)n, sm = (int64_t)m;
    const uint32_t wn = (uint32_t)n, wm = (uint32_t)m;
    const int32_t swn = (int32_t)wn, swm = (int32_t)wm;
    CHECK_EQ(TWO("smax %0, %1, %2", n, m), sn > sm ? n : m);
    CHECK_EQ(TWO("smin %0, %1, %2", n, m), sn < sm ? n : m);
    CHECK_EQ(TWO("umax %0, %1, %2", n, m), n > m ? n : m);
    CHECK_EQ(TWO("umin %0, %1, %2", n, m), n < m ? n : m);
    CHECK_EQ(TWO("smax %w0, %w1, %w2", n, m), swn > swm ? wn : wm);
    CHECK_EQ(TWO("smin %w0, %w1, %w2", n, m), swn < swm ? wn : wm);
    CHECK_EQ(TWO("umax %w0, %w1, %w2", n, m), wn > wm ? wn : wm);
    CHECK_EQ(TWO("umin %w0, %w1, %w2", n, m), wn < wm ? wn : wm);
}

static void one(uint64_t n) {
    const int64_t sn = (int64_t)n;
    const uint32_t w = (uint32_t)n;
    CHECK_EQ(ONE("ctz %0, %2", n), zeros(n, 64));
    CHECK_EQ(ONE("ctz %w0, %w2", n), zeros(w, 32));
    CHECK_EQ(ONE("cnt %0, %2", n), ones(n));
    CHECK_EQ(ONE("cnt %w0, %w2", n), ones(w));
    CHECK_EQ(ONE("abs %0, %2", n), sn < 0 ? 0 - n : n);
    CHECK_EQ(ONE("abs %w0, %w2", n), (int32_t)w < 0 ? 0 - w : w);
    CHECK_EQ(ONE("smax %0, %2, #-5", n), sn > -5 ? n : (uint64_t)-5);
    CHECK_EQ(ONE("smin %0, %2, #127", n), sn < 127 ? n : 127);
    CHECK_EQ(ONE("umax %0, %2, #200", n), n > 200 ? n : 200);
    CHECK_EQ(ONE("umin %0, %2, #255", n), n < 255 ? n : 255);
    CHECK_EQ(ONE("smax %w0, %w2, #-128", n), (int32_t)w > -128 ? w : 0xffffff80);
    CHECK_EQ(ONE("umin %w0, %w2, #200", n), w < 200 ? w : 200);
}

int main(void) {
    for (size_t i = 0; i < COUNT; i++) {
        one(values[i]);
        for (size_t j = 0; j < COUNT; j++) pair(values[i], values[j]);
    }
    return check_done();
}
