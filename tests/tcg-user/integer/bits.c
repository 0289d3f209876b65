/* SPDX-License-Identifier: MIT */
/* rbit, clz, cls and the byte reversals. */
#include "check.h"
#include "integer/ops.h"

static uint64_t reverse_bits(uint64_t value, int bits) {
    uint64_t result = 0;
    for (int i = 0; i < bits; i++) {
        if (value >> i & 1) result |= UINT64_C(1) << (bits - 1 - i);
    }
    return result;
}

static uint64_t leading_zeros(uint64_t value, int bits) {
    uint64_t count = 0;
    for (int i = bits - 1; i >= 0 && !(value >> i & 1); i--) count++;
    return count;
}

static uint64_t leading_signs(uint64_t value, int bits) {
    uint64_t count = 0, sign = value >> (bits - 1) & 1;
    for (int i = bits - 2; i >= 0 && (value >> i & 1) == sign; i--) count++;
    return count;
}

/* Reverses the bytes within each group of `group` bytes of a value of `bits` bits. */
static uint64_t reverse_bytes(uint64_t value, int bits, int group) {
    uint64_t result = 0;
    for (int i = 0; i < bits / 8; i++) {
        int to = i / group * group + (group - 1 - i % group);
        result |= (value >> (8 * i) & 0xff) << (8 * to);
    }
    return result;
}

int main(void) {
    for (int i = 0; i < kEdgeCount + 64; i++) {
        uint64_t a = i < kEdgeCount ? kEdges[i] : UINT64_C(1) << (i - kEdgeCount);
        CHECK_EQ(VALUE("rbit %x0, %x3", a, 0), reverse_bits(a, 64));
        CHECK_EQ(VALUE("rbit %w0, %w3", a, 0), reverse_bits(a, 32));
        CHECK_EQ(VALUE("clz %x0, %x3", a, 0), leading_zeros(a, 64));
        CHECK_EQ(VALUE("clz %w0, %w3", a, 0), leading_zeros(a, 32));
        CHECK_EQ(VALUE("cls %x0, %x3", a, 0), leading_signs(a, 64));
        CHECK_EQ(VALUE("cls %w0, %w3", a, 0), leading_signs(a, 32));
        CHECK_EQ(VALUE("cls %x0, %x3", ~a, 0), leading_signs(~a, 64));
        CHECK_EQ(VALUE("rev %x0, %x3", a, 0), reverse_bytes(a, 64, 8));
        CHECK_EQ(VALUE("rev %w0, %w3", a, 0), reverse_bytes(a, 32, 4));
        CHECK_EQ(VALUE("rev32 %x0, %x3", a, 0), reverse_bytes(a, 64, 4));
        CHECK_EQ(VALUE("rev16 %x0, %x3", a, 0), reverse_bytes(a, 64, 2));
        CHECK_EQ(VALUE("rev16 %w0, %w3", a, 0), reverse_bytes(a, 32, 2));
        CHECK_EQ(RUN("clz %x0, %x3", a, 0, 13).flags, 13);
        CHECK_EQ(RUN("rbit %x0, %x3", a, 0, 7).flags, 7);
    }
    return check_done();
}
