/* SPDX-License-Identifier: MIT */
/* adds, subs, adcs, sbcs, cmp, cmn, negs, ngcs: results and flags of 32 and 64 bits over a grid of edge
 * values. */
#include "check.h"
#include "integer/ops.h"

static struct Result add_with_carry(uint64_t a, uint64_t b, unsigned carry, int bits) {
    uint64_t mask = bits == 64 ? ~UINT64_C(0) : 0xffffffff;
    a &= mask;
    b &= mask;
    unsigned __int128 sum = (unsigned __int128)a + b + carry;
    uint64_t value = (uint64_t)sum & mask;
    unsigned flags = 0;
    if (value >> (bits - 1)) flags |= kN;
    if (value == 0) flags |= kZ;
    if (sum >> bits) flags |= kC;
    if (((a ^ value) & (b ^ value)) >> (bits - 1) & 1) flags |= kV;
    return (struct Result){value, flags};
}

#define TRY(instruction, first, second, carry_in, bits)                     \
    do {                                                                    \
        struct Result got = RUN(instruction, a, b, flags);                  \
        struct Result want = add_with_carry(first, second, carry_in, bits); \
        CHECK_ROW(instruction, got.value, want.value);                      \
        CHECK_ROW(instruction " flags", got.flags, want.flags);             \
    } while (0)

#define TRY_FLAGS(instruction, first, second, carry_in, bits)   \
    CHECK_ROW(instruction, RUN(instruction, a, b, flags).flags, \
              add_with_carry(first, second, carry_in, bits).flags)

int main(void) {
    for (int i = 0; i < kEdgeCount; i++) {
        for (int j = 0; j < kEdgeCount; j++) {
            for (unsigned flags = 0; flags < 16; flags += 2) {
                uint64_t a = kEdges[i], b = kEdges[j];
                unsigned carry = flags >> 1 & 1;
                TRY("adds %x0, %x3, %x4", a, b, 0, 64);
                TRY("adds %w0, %w3, %w4", a, b, 0, 32);
                TRY("subs %x0, %x3, %x4", a, ~b, 1, 64);
                TRY("subs %w0, %w3, %w4", a, ~b, 1, 32);
                TRY("adcs %x0, %x3, %x4", a, b, carry, 64);
                TRY("adcs %w0, %w3, %w4", a, b, carry, 32);
                TRY("sbcs %x0, %x3, %x4", a, ~b, carry, 64);
                TRY("sbcs %w0, %w3, %w4", a, ~b, carry, 32);
                TRY("negs %x0, %x4", UINT64_C(0), ~b, 1, 64);
                TRY("ngcs %w0, %w4", UINT64_C(0), ~b, carry, 32);
                TRY_FLAGS("cmp %x3, %x4", a, ~b, 1, 64);
                TRY_FLAGS("cmn %w3, %w4", a, b, 0, 32);
                TRY("adds %x0, %x3, #4095", a, UINT64_C(4095), 0, 64);
                TRY("subs %w0, %w3, #1, lsl #12", a, ~UINT64_C(4096), 1, 32);
                CHECK_EQ(RUN("adc %x0, %x3, %x4", a, b, flags).value, a + b + carry);
                CHECK_EQ(RUN("sbc %w0, %w3, %w4", a, b, flags).value, (uint32_t)(a - b - !carry));
                CHECK_EQ(RUN("adc %x0, %x3, %x4", a, b, flags).flags, flags);
            }
        }
    }
    return check_done();
}
