/* SPDX-License-Identifier: MIT */
/* Logical instructions: shifted operands, immediates, and flags, of which C and V become 0. */
#include "check.h"
#include "integer/ops.h"

static unsigned logic_flags(uint64_t value, int bits) {
    return (value >> (bits - 1) & 1 ? kN : 0) | (value == 0 ? kZ : 0);
}

static uint64_t rotate(uint64_t value, int count) {
    return value >> count | value << (64 - count);
}
static uint32_t rotate32(uint32_t value, int count) {
    return value >> count | value << (32 - count);
}

#define TRY(instruction, expected, bits)                                     \
    do {                                                                     \
        struct Result got = RUN(instruction, a, b, 15);                      \
        uint64_t want = (expected);                                          \
        CHECK_ROW(instruction, got.value, want);                             \
        CHECK_ROW(instruction " flags", got.flags, logic_flags(want, bits)); \
    } while (0)

#define TRY_QUIET(instruction, expected)               \
    do {                                               \
        struct Result got = RUN(instruction, a, b, 9); \
        CHECK_ROW(instruction, got.value, (expected)); \
        CHECK_ROW(instruction " flags", got.flags, 9); \
    } while (0)

int main(void) {
    for (int i = 0; i < kEdgeCount; i++) {
        for (int j = 0; j < kEdgeCount; j++) {
            uint64_t a = kEdges[i], b = kEdges[j];
            TRY("ands %x0, %x3, %x4", a & b, 64);
            TRY("ands %w0, %w3, %w4", (uint32_t)(a & b), 32);
            TRY("ands %x0, %x3, %x4, lsl #7", a & b << 7, 64);
            TRY("ands %w0, %w3, %w4, lsr #31", (uint32_t)a & (uint32_t)b >> 31, 32);
            TRY("ands %w0, %w3, %w4, asr #4", (uint32_t)a & (uint32_t)((int32_t)b >> 4), 32);
            TRY("ands %x0, %x3, %x4, ror #63", a & rotate(b, 63), 64);
            TRY("bics %x0, %x3, %x4", a & ~b, 64);
            TRY("bics %w0, %w3, %w4, ror #1", (uint32_t)a & ~rotate32((uint32_t)b, 1), 32);
            TRY("ands %x0, %x3, #0xff00ff00ff00ff00", a & 0xff00ff00ff00ff00, 64);
            TRY("ands %w0, %w3, #0x80000001", (uint32_t)a & 0x80000001, 32);
            TRY_QUIET("and %x0, %x3, %x4, asr #40", a & (uint64_t)((int64_t)b >> 40));
            TRY_QUIET("orr %x0, %x3, %x4", a | b);
            TRY_QUIET("orr %w0, %w3, %w4, lsl #3", (uint32_t)a | (uint32_t)b << 3);
            TRY_QUIET("orn %x0, %x3, %x4, lsr #9", a | ~(b >> 9));
            TRY_QUIET("eor %w0, %w3, %w4, ror #17", (uint32_t)a ^ rotate32((uint32_t)b, 17));
            TRY_QUIET("eon %x0, %x3, %x4, lsl #1", a ^ ~(b << 1));
            TRY_QUIET("mvn %w0, %w4", (uint32_t)~b);
            TRY_QUIET("eor %x0, %x3, #0x5555555555555555", a ^ 0x5555555555555555);
            TRY_QUIET("orr %x0, %x3, #0xfffffffffffffffe", a | 0xfffffffffffffffe);
            TRY_QUIET("and %w0, %w3, #0x3ffc", (uint32_t)a & 0x3ffc);
            CHECK_EQ(RUN("tst %x3, %x4", a, b, 3).flags, logic_flags(a & b, 64));
            CHECK_EQ(RUN("tst %w3, #1", a, b, 3).flags, logic_flags(a & 1, 32));
        }
    }
    return check_done();
}
