/* SPDX-License-Identifier: MIT */
/* Division: by zero gives 0, the least integer by -1 gives itself, and neither traps. */
#include "check.h"
#include "integer/ops.h"

static uint64_t signed_divide(int64_t a, int64_t b) {
    if (b == 0) return 0;
    if (b == -1) return 0 - (uint64_t)a;
    return (uint64_t)(a / b);
}

static uint32_t signed_divide32(int32_t a, int32_t b) {
    if (b == 0) return 0;
    if (b == -1) return 0 - (uint32_t)a;
    return (uint32_t)(a / b);
}

int main(void) {
    CHECK_EQ(VALUE("sdiv %x0, %x3, %x4", INT64_MIN, -1), INT64_MIN);
    CHECK_EQ(VALUE("sdiv %w0, %w3, %w4", INT32_MIN, -1), 0x80000000);
    CHECK_EQ(VALUE("sdiv %x0, %x3, %x4", 5, 0), 0);
    CHECK_EQ(VALUE("udiv %x0, %x3, %x4", 5, 0), 0);
    CHECK_EQ(VALUE("sdiv %w0, %w3, %w4", 5, 0x100000000), 0);
    CHECK_EQ(VALUE("udiv %w0, %w3, %w4", 5, 0x100000000), 0);
    CHECK_EQ(VALUE("sdiv %x0, %x3, %x4", -7, 2), -3);
    for (int i = 0; i < kEdgeCount; i++) {
        for (int j = 0; j < kEdgeCount; j++) {
            uint64_t a = kEdges[i], b = kEdges[j];
            uint32_t wa = (uint32_t)a, wb = (uint32_t)b;
            CHECK_EQ(VALUE("sdiv %x0, %x3, %x4", a, b), signed_divide((int64_t)a, (int64_t)b));
            CHECK_EQ(VALUE("udiv %x0, %x3, %x4", a, b), b == 0 ? 0 : a / b);
            CHECK_EQ(VALUE("sdiv %w0, %w3, %w4", a, b), signed_divide32((int32_t)wa, (int32_t)wb));
            CHECK_EQ(VALUE("udiv %w0, %w3, %w4", a, b), wb == 0 ? 0 : wa / wb);
            CHECK_EQ(RUN("udiv %x0, %x3, %x4", a, b, 11).flags, 11);
            CHECK_EQ(RUN("sdiv %w0, %w3, %w4", a, b, 6).flags, 6);
        }
    }
    return check_done();
}
