/* SPDX-License-Identifier: MIT */
/* Shifts and rotates by a register (the amount counts modulo the width) and by immediates; 32-bit results
 * clear the upper half; the flags stay. */
#include "check.h"
#include "integer/ops.h"

static uint64_t ror64(uint64_t value, unsigned count) {
    count &= 63;
    return count == 0 ? value : value >> count | value << (64 - count);
}

static uint32_t ror32(uint32_t value, unsigned count) {
    count &= 31;
    return count == 0 ? value : value >> count | value << (32 - count);
}

#define TRY(instruction, expected)                         \
    do {                                                   \
        struct Result got = RUN(instruction, a, b, flags); \
        CHECK_ROW(instruction, got.value, (expected));     \
        CHECK_ROW(instruction " flags", got.flags, flags); \
    } while (0)

int main(void) {
    static const uint64_t kAmounts[] = {0,  1,   7,   31,  32,         33,          63,          64,
                                        65, 127, 128, 255, 0xffffffff, 0x100000000, ~UINT64_C(0)};
    for (int i = 0; i < kEdgeCount; i++) {
        for (unsigned j = 0; j < sizeof kAmounts / sizeof kAmounts[0]; j++) {
            uint64_t a = kEdges[i], b = kAmounts[j];
            uint32_t w = (uint32_t)a;
            unsigned flags = (unsigned)(i + (int)j) % 16;
            TRY("lsl %x0, %x3, %x4", a << (b & 63));
            TRY("lsr %x0, %x3, %x4", a >> (b & 63));
            TRY("asr %x0, %x3, %x4", (uint64_t)((int64_t)a >> (b & 63)));
            TRY("ror %x0, %x3, %x4", ror64(a, (unsigned)b));
            TRY("lsl %w0, %w3, %w4", (uint32_t)(w << (b & 31)));
            TRY("lsr %w0, %w3, %w4", w >> (b & 31));
            TRY("asr %w0, %w3, %w4", (uint32_t)((int32_t)w >> (b & 31)));
            TRY("ror %w0, %w3, %w4", ror32(w, (unsigned)b));
            TRY("lsl %x0, %x3, #63", a << 63);
            TRY("lsr %x0, %x3, #1", a >> 1);
            TRY("asr %x0, %x3, #63", (uint64_t)((int64_t)a >> 63));
            TRY("ror %x0, %x3, #13", ror64(a, 13));
            TRY("lsl %w0, %w3, #31", w << 31);
            TRY("lsr %w0, %w3, #31", w >> 31);
            TRY("asr %w0, %w3, #1", (uint32_t)((int32_t)w >> 1));
            TRY("ror %w0, %w3, #31", ror32(w, 31));
            TRY("extr %x0, %x3, %x4, #0", b);
            TRY("extr %x0, %x3, %x4, #1", a << 63 | b >> 1);
            TRY("extr %x0, %x3, %x4, #60", a << 4 | b >> 60);
            TRY("extr %w0, %w3, %w4, #5", w << 27 | (uint32_t)b >> 5);
            TRY("extr %w0, %w3, %w4, #0", (uint32_t)b);
        }
    }
    return check_done();
}
