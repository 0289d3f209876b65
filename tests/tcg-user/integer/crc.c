/* SPDX-License-Identifier: MIT */
/* crc32* and crc32c* of every width against the bit-by-bit definition. */
#include "check.h"
#include "integer/ops.h"

static uint32_t crc(uint32_t polynomial, uint32_t sum, uint64_t data, int bytes) {
    for (int i = 0; i < bytes; i++) {
        sum ^= (uint32_t)(data >> (8 * i) & 0xff);
        for (int bit = 0; bit < 8; bit++) sum = (sum >> 1) ^ (sum & 1 ? polynomial : 0);
    }
    return sum;
}

int main(void) {
    const uint32_t kIeee = 0xedb88320, kCastagnoli = 0x82f63b78;
    for (int i = 0; i < kEdgeCount; i++) {
        for (int j = 0; j < kEdgeCount; j++) {
            uint64_t a = kEdges[i], b = kEdges[j];
            uint32_t sum = (uint32_t)a;
            CHECK_EQ(VALUE("crc32b %w0, %w3, %w4", a, b), crc(kIeee, sum, b, 1));
            CHECK_EQ(VALUE("crc32h %w0, %w3, %w4", a, b), crc(kIeee, sum, b, 2));
            CHECK_EQ(VALUE("crc32w %w0, %w3, %w4", a, b), crc(kIeee, sum, b, 4));
            CHECK_EQ(VALUE("crc32x %w0, %w3, %x4", a, b), crc(kIeee, sum, b, 8));
            CHECK_EQ(VALUE("crc32cb %w0, %w3, %w4", a, b), crc(kCastagnoli, sum, b, 1));
            CHECK_EQ(VALUE("crc32ch %w0, %w3, %w4", a, b), crc(kCastagnoli, sum, b, 2));
            CHECK_EQ(VALUE("crc32cw %w0, %w3, %w4", a, b), crc(kCastagnoli, sum, b, 4));
            CHECK_EQ(VALUE("crc32cx %w0, %w3, %x4", a, b), crc(kCastagnoli, sum, b, 8));
        }
    }
    /* The check values of the two polynomials. */
    uint32_t ieee = ~0u, castagnoli = ~0u;
    for (const char* text = "123456789"; *text; text++) {
        ieee = (uint32_t)VALUE("crc32b %w0, %w3, %w4", ieee, *text);
        castagnoli = (uint32_t)VALUE("crc32cb %w0, %w3, %w4", castagnoli, *text);
    }
    CHECK_EQ((uint32_t)~ieee, 0xcbf43926);
    CHECK_EQ((uint32_t)~castagnoli, 0xe3069283);
    return check_done();
}
