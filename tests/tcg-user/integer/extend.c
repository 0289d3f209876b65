/* SPDX-License-Identifier: MIT */
/* Extended-register operands of add and sub, sign and zero extensions, shifted-register operands. */
#include "check.h"
#include "integer/ops.h"

int main(void) {
    for (int i = 0; i < kEdgeCount; i++) {
        for (int j = 0; j < kEdgeCount; j++) {
            uint64_t a = kEdges[i], b = kEdges[j];
            CHECK_EQ(VALUE("add %x0, %x3, %w4, uxtb", a, b), a + (uint8_t)b);
            CHECK_EQ(VALUE("add %x0, %x3, %w4, uxth #1", a, b), a + ((uint64_t)(uint16_t)b << 1));
            CHECK_EQ(VALUE("add %x0, %x3, %w4, uxtw #2", a, b), a + ((uint64_t)(uint32_t)b << 2));
            CHECK_EQ(VALUE("add %x0, %x3, %x4, uxtx #3", a, b), a + (b << 3));
            CHECK_EQ(VALUE("sub %x0, %x3, %w4, sxtb #4", a, b), a - ((uint64_t)(int64_t)(int8_t)b << 4));
            CHECK_EQ(VALUE("sub %x0, %x3, %w4, sxth", a, b), a - (uint64_t)(int64_t)(int16_t)b);
            CHECK_EQ(VALUE("sub %x0, %x3, %w4, sxtw #1", a, b), a - ((uint64_t)(int64_t)(int32_t)b << 1));
            CHECK_EQ(VALUE("sub %x0, %x3, %x4, sxtx #2", a, b), a - (b << 2));
            CHECK_EQ(VALUE("add %w0, %w3, %w4, sxtb #2", a, b),
                     (uint32_t)(a + ((uint64_t)(int64_t)(int8_t)b << 2)));
            CHECK_EQ(VALUE("sub %w0, %w3, %w4, uxth", a, b), (uint32_t)(a - (uint16_t)b));
            CHECK_EQ(VALUE("add %x0, %x3, %x4, lsl #63", a, b), a + (b << 63));
            CHECK_EQ(VALUE("sub %x0, %x3, %x4, lsr #5", a, b), a - (b >> 5));
            CHECK_EQ(VALUE("add %w0, %w3, %w4, asr #31", a, b), (uint32_t)(a + (uint32_t)((int32_t)b >> 31)));
            CHECK_EQ(VALUE("sxtb %x0, %w4", a, b), (uint64_t)(int64_t)(int8_t)b);
            CHECK_EQ(VALUE("sxth %w0, %w4", a, b), (uint32_t)(int16_t)b);
            CHECK_EQ(VALUE("sxtw %x0, %w4", a, b), (uint64_t)(int64_t)(int32_t)b);
            CHECK_EQ(VALUE("uxtb %w0, %w4", a, b), (uint8_t)b);
            CHECK_EQ(RUN("cmp %x3, %w4, sxtw", a, b, 0).flags,
                     RUN("subs xzr, %x3, %x4", a, (uint64_t)(int64_t)(int32_t)b, 0).flags);
            CHECK_EQ(RUN("cmn %x3, %w4, uxtb #2", a, b, 0).flags,
                     RUN("adds xzr, %x3, %x4", a, (uint64_t)(uint8_t)b << 2, 0).flags);
        }
    }
    return check_done();
}
