/* SPDX-License-Identifier: MIT */
/* madd, msub, the long forms, and the high halves. */
#include "check.h"
#include "integer/ops.h"

/* The high half by schoolbook multiplication of 32-bit digits: independent of umulh. */
static uint64_t high_unsigned(uint64_t a, uint64_t b) {
    uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
    uint64_t middle = (a0 * b0 >> 32) + (uint32_t)(a1 * b0) + (uint32_t)(a0 * b1);
    return a1 * b1 + (a1 * b0 >> 32) + (a0 * b1 >> 32) + (middle >> 32);
}

static uint64_t high_signed(uint64_t a, uint64_t b) {
    return high_unsigned(a, b) - (a >> 63 ? b : 0) - (b >> 63 ? a : 0);
}

/* Four operands: the third input comes from a register of its own. */
#define RUN3(instruction, a, b, c)                                                      \
    __extension__({                                                                     \
        uint64_t run_value = ~UINT64_C(0);                                              \
        __asm__ volatile(instruction                                                    \
                         : "+&r"(run_value)                                             \
                         : "r"((uint64_t)(a)), "r"((uint64_t)(b)), "r"((uint64_t)(c))); \
        run_value;                                                                      \
    })

int main(void) {
    for (int i = 0; i < kEdgeCount; i++) {
        for (int j = 0; j < kEdgeCount; j++) {
            uint64_t a = kEdges[i], b = kEdges[j], c = kEdges[(i * 7 + j * 3) % kEdgeCount];
            int64_t sa = (int32_t)a, sb = (int32_t)b;
            uint64_t ua = (uint32_t)a, ub = (uint32_t)b;
            CHECK_EQ(VALUE("umulh %x0, %x3, %x4", a, b), high_unsigned(a, b));
            CHECK_EQ(VALUE("smulh %x0, %x3, %x4", a, b), high_signed(a, b));
            CHECK_EQ(VALUE("mul %x0, %x3, %x4", a, b), a * b);
            CHECK_EQ(VALUE("mul %w0, %w3, %w4", a, b), (uint32_t)(a * b));
            CHECK_EQ(VALUE("mneg %x0, %x3, %x4", a, b), 0 - a * b);
            CHECK_EQ(VALUE("mneg %w0, %w3, %w4", a, b), (uint32_t)(0 - a * b));
            CHECK_EQ(VALUE("smull %x0, %w3, %w4", a, b), (uint64_t)(sa * sb));
            CHECK_EQ(VALUE("umull %x0, %w3, %w4", a, b), ua * ub);
            CHECK_EQ(VALUE("smnegl %x0, %w3, %w4", a, b), 0 - (uint64_t)(sa * sb));
            CHECK_EQ(VALUE("umnegl %x0, %w3, %w4", a, b), 0 - ua * ub);
            CHECK_EQ(RUN3("madd %x0, %x1, %x2, %x3", a, b, c), c + a * b);
            CHECK_EQ(RUN3("madd %w0, %w1, %w2, %w3", a, b, c), (uint32_t)(c + a * b));
            CHECK_EQ(RUN3("msub %x0, %x1, %x2, %x3", a, b, c), c - a * b);
            CHECK_EQ(RUN3("msub %w0, %w1, %w2, %w3", a, b, c), (uint32_t)(c - a * b));
            CHECK_EQ(RUN3("smaddl %x0, %w1, %w2, %x3", a, b, c), c + (uint64_t)(sa * sb));
            CHECK_EQ(RUN3("umaddl %x0, %w1, %w2, %x3", a, b, c), c + ua * ub);
            CHECK_EQ(RUN3("smsubl %x0, %w1, %w2, %x3", a, b, c), c - (uint64_t)(sa * sb));
            CHECK_EQ(RUN3("umsubl %x0, %w1, %w2, %x3", a, b, c), c - ua * ub);
            CHECK_EQ(RUN("madd %x0, %x3, %x4, %x4", a, b, 5).flags, 5);
        }
    }
    return check_done();
}
