// SPDX-License-Identifier: MIT
// Saturating arithmetic, the doubling multiplies that round, saturating narrowing; FPSR.QC.
#include "simd/simd.h"

static uint64_t rounding_doubling(int64_t a, int64_t b, int64_t d, int sign, int bits) {
    // d stands above the product: the sum is made in full width and rounded once.
    Wide sum = ((Wide)d << bits) + sign * ((Wide)2 * a * b) + ((Wide)1 << (bits - 1));
    return saturate_signed(sum >> bits, bits);
}

static unsigned qc_after_sqadd(int64_t a, int64_t b) {
    Vector va = {{(uint64_t)a, 0}}, vb = {{(uint64_t)b, 0}};
    uint64_t status;
    RUN("sqadd d0, d1, d2", va, vb, va, va, status);
    return status >> 27 & 1;
}

int main() {
    TRY3_ALL("sqadd", saturate_signed((Wide)sa + sb, bits))
    TRY3_ALL("uqadd", saturate_unsigned((Wide)a + b, bits))
    TRY3_ALL("sqsub", saturate_signed((Wide)sa - sb, bits))
    TRY3_ALL("uqsub", saturate_unsigned((Wide)a - b, bits))
    TRY2_ALL("sqneg", "", saturate_signed(-(Wide)sa, bits))
    TRY2_ALL("sqabs", "", saturate_signed(sa < 0 ? -(Wide)sa : sa, bits))
    TRY2_ALL("suqadd", "", saturate_signed((Wide)sd + a, bits))
    TRY2_ALL("usqadd", "", saturate_unsigned((Wide)d + sa, bits))
    TRY3_HS("sqdmulh", saturate_signed(((Wide)2 * sa * sb) >> bits, bits))
    TRY3_HS("sqrdmulh", rounding_doubling(sa, sb, 0, 1, bits))
    TRY3_HS("sqrdmlah", rounding_doubling(sa, sb, sd, 1, bits))
    TRY3_HS("sqrdmlsh", rounding_doubling(sa, sb, sd, -1, bits))
    TRY_LANES("sqdmulh v0.8h, v1.8h, v2.h[7]", 16, 16, 8, 0,
              saturate_signed(((Wide)2 * sa * signed_of(lane(vb, 16, 7), 16)) >> 16, 16))
    TRY_LANES("sqrdmlah v0.4s, v1.4s, v2.s[2]", 32, 32, 4, 0,
              rounding_doubling(sa, signed_of(lane(vb, 32, 2), 32), sd, 1, 32))
    TRY_LANES("sqrdmulh h0, h1, h2", 16, 16, 1, 0, rounding_doubling(sa, sb, 0, 1, 16))
    TRY_LANES("sqdmull v0.4s, v1.4h, v2.4h", 16, 32, 4, 0, saturate_signed((Wide)2 * sa * sb, 32))
    TRY_LANES("sqdmull2 v0.2d, v1.4s, v2.4s", 32, 64, 2, 2, saturate_signed((Wide)2 * sa * sb, 64))
    TRY_LANES("sqdmlal v0.2d, v1.2s, v2.2s", 32, 64, 2, 0,
              saturate_signed(sd + (Wide)signed_of(saturate_signed((Wide)2 * sa * sb, 64), 64), 64))
    TRY_LANES("sqdmlsl2 v0.4s, v1.8h, v2.8h", 16, 32, 4, 4,
              saturate_signed(sd - (Wide)signed_of(saturate_signed((Wide)2 * sa * sb, 32), 32), 32))
    TRY_LANES("sqxtn v0.8b, v1.8h", 16, 8, 8, 0, saturate_signed(sa, 8))
    TRY_LANES("uqxtn v0.4h, v1.4s", 32, 16, 4, 0, saturate_unsigned(a, 16))
    TRY_LANES("sqxtun v0.2s, v1.2d", 64, 32, 2, 0, saturate_unsigned(sa, 32))
    TRY_LANES("sqxtn b0, h1", 16, 8, 1, 0, saturate_signed(sa, 8))
    TRY_LANES("sqadd b0, b1, b2", 8, 8, 1, 0, saturate_signed((Wide)sa + sb, 8))
    TRY_LANES("uqsub h0, h1, h2", 16, 16, 1, 0, saturate_unsigned((Wide)a - b, 16))
    TRY_LANES("sqshl v0.16b, v1.16b, #3", 8, 8, 16, 0, saturate_signed((Wide)sa << 3, 8))
    TRY_LANES("uqshl v0.4s, v1.4s, #9", 32, 32, 4, 0, saturate_unsigned((Wide)a << 9, 32))
    TRY_LANES("sqshlu v0.8h, v1.8h, #5", 16, 16, 8, 0, saturate_unsigned((Wide)sa << 5, 16))

    CHECK_EQ(qc_after_sqadd(INT64_MAX, 1), 1);
    CHECK_EQ(qc_after_sqadd(INT64_MAX, 0), 0);
    CHECK_EQ(qc_after_sqadd(INT64_MIN, -1), 1);
    // QC is sticky, and only lanes that exist count: the upper half of a 64-bit operation is nothing.
    Vector zero = {{0, 0}}, high = {{0, 0x7f7f7f7f7f7f7f7f}};
    uint64_t status;
    RUN("sqadd v0.8b, v1.8b, v2.8b", high, high, zero, zero, status);
    CHECK_EQ(status >> 27 & 1, 0);
    RUN("sqadd v0.16b, v1.16b, v2.16b\n\tadd v0.16b, v0.16b, v0.16b\n\tsqadd v3.8b, v3.8b, v3.8b", high, high,
        zero, zero, status);
    CHECK_EQ(status >> 27 & 1, 1);
    return check_done();
}
