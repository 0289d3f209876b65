/* SPDX-License-Identifier: MIT */
/* fcvt between half and the other precisions: subnormals, overflow, NaNs, double rounding, the alternative
 * format. */
#include "check.h"
#include "fp/fp.h"

int main(void) {
    CHECK_EQ(FP1("fcvt s0, h1", 0x3c00), bits_of_float(1.0f));
    CHECK_EQ(FP1("fcvt s0, h1", 0x8001), bits_of_float(-0x1p-24f));
    CHECK_EQ(FP1("fcvt d0, h1", 0x03ff), bits_of_double(0x1.ff8p-15));
    CHECK_EQ(FP1("fcvt d0, h1", 0xfc00), D_MINF);
    CHECK_EQ(FP1("fcvt h0, s1", bits_of_float(65504.0f)), 0x7bff);
    CHECK_FP("fcvt h0, s1", bits_of_float(65519.0f), 0, 0, 0, 0x7bff, kIxc);
    CHECK_FP("fcvt h0, s1", bits_of_float(65520.0f), 0, 0, 0, 0x7c00, kOfc | kIxc);
    CHECK_FP("fcvt h0, s1", bits_of_float(-65520.0f), 0, 0, kZero, 0xfbff, kIxc);
    CHECK_FP("fcvt h0, s1", bits_of_float(0x1p-24f), 0, 0, 0, 0x0001, 0);
    CHECK_FP("fcvt h0, s1", bits_of_float(0x1p-25f), 0, 0, 0, 0x0000, kUfc | kIxc);
    CHECK_FP("fcvt h0, s1", bits_of_float(0x1.000002p-25f), 0, 0, 0, 0x0001, kUfc | kIxc);
    CHECK_FP("fcvt h0, s1", bits_of_float(0x1p-25f), 0, 0, kUp, 0x0001, kUfc | kIxc);
    CHECK_EQ(FP1("fcvt h0, s1", bits_of_float(0x1.002p0f)), 0x3c00);
    CHECK_EQ(FP1("fcvt h0, s1", bits_of_float(0x1.006p0f)), 0x3c02);
    /* One rounding from double: through float, this would become 0x3c00. */
    CHECK_FP("fcvt h0, d1", bits_of_double(0x1.0020000000001p0), 0, 0, 0, 0x3c01, kIxc);
    CHECK_FP("fcvt h0, d1", bits_of_double(0x1p-1000), 0, 0, 0, 0, kUfc | kIxc);
    /* NaNs. */
    CHECK_FP("fcvt s0, h1", 0x7d23, 0, 0, 0, 0x7fe46000, kIoc);
    CHECK_FP("fcvt s0, h1", 0xfe23, 0, 0, 0, 0xffc46000, 0);
    CHECK_FP("fcvt h0, s1", 0x7fa12345, 0, 0, 0, 0x7f09, kIoc);
    CHECK_FP("fcvt h0, d1", D_QNAN2, 0, 0, 0, 0xfe00, 0);
    CHECK_FP("fcvt s0, h1", 0xfe23, 0, 0, kDefaultNan, S_NAN, 0);

    /* Alternative half precision (FPCR.AHP): no infinities, no NaNs. */
    const unsigned kAlternative = 1 << 26;
    CHECK_FP("fcvt s0, h1", 0x7c00, 0, 0, kAlternative, bits_of_float(65536.0f), 0);
    CHECK_FP("fcvt h0, s1", bits_of_float(131008.0f), 0, 0, kAlternative, 0x7fff, 0);
    CHECK_FP("fcvt h0, s1", bits_of_float(131072.0f), 0, 0, kAlternative, 0x7fff, kIoc);
    CHECK_FP("fcvt h0, s1", S_QNAN2, 0, 0, kAlternative, 0x8000, kIoc);

    /* Every half, there and back. */
    for (uint32_t h = 0; h < 0x10000; h++) {
        int nan = (h & 0x7c00) == 0x7c00 && (h & 0x3ff) != 0;
        uint64_t want = nan ? h | 0x200 : h;
        CHECK_EQ(FP1("fcvt s2, h1\n\tfcvt h0, s2", h), want);
        CHECK_EQ(FP1("fcvt d2, h1\n\tfcvt h0, d2", h), want);
    }
    return check_done();
}
