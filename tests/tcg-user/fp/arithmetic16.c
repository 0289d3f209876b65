/* SPDX-License-Identifier: MIT */
/* Half-precision arithmetic, widening products, complex numbers and bfloat16: one rounding, NaNs, flags,
 * flushing. */
#include "check.h"
#include "fp/fp.h"

/* Halves. */
#define H_1 0x3c00
#define H_MAX 0x7bff
#define H_MIN 0x0400
#define H_TINY 0x0001
#define H_INF 0x7c00
#define H_NAN 0x7e00

static void scalars(void) {
    CHECK_FP("fadd h0, h1, h2", H_1, H_1, 0, 0, 0x4000, 0);
    CHECK_FP("fadd h0, h1, h2", H_1, 0x1000, 0, 0, H_1, kIxc); /* half an ulp: to even */
    CHECK_FP("fadd h0, h1, h2", 0x3c01, 0x1000, 0, 0, 0x3c02, kIxc);
    CHECK_FP("fadd h0, h1, h2", H_1, H_TINY, 0, kUp, 0x3c01, kIxc);
    CHECK_FP("fadd h0, h1, h2", H_MAX, H_MAX, 0, 0, H_INF, kOfc | kIxc);
    CHECK_FP("fadd h0, h1, h2", H_MAX, H_MAX, 0, kZero, H_MAX, kOfc | kIxc);
    CHECK_FP("fmul h0, h1, h2", H_TINY, 0x3800, 0, 0, 0, kUfc | kIxc);
    CHECK_FP("fmul h0, h1, h2", 0x3bfe, 0x0401, 0, 0, H_MIN, kUfc | kIxc); /* tiny before rounding */
    CHECK_FP("fmul h0, h1, h2", 0x3bfe, 0x0401, 0, kFlush16, 0, kUfc);
    CHECK_FP("fadd h0, h1, h2", H_TINY, 0, 0, kFlush16, 0, 0); /* no IDC for halves */
    CHECK_FP("fadd h0, h1, h2", H_TINY, 0, 0, kFlush, H_TINY, 0);
    CHECK_FP("fdiv h0, h1, h2", H_1, 0, 0, 0, H_INF, kDzc);
    CHECK_FP("fdiv h0, h1, h2", H_1, 0x4200, 0, 0, 0x3555, kIxc);
    CHECK_FP("fsqrt h0, h1", 0xbc00, 0, 0, 0, H_NAN, kIoc);
    CHECK_FP("fsqrt h0, h1", 0x4000, 0, 0, 0, 0x3da8, kIxc);
    CHECK_FP("fadd h0, h1, h2", 0x7d01, 0xfe02, 0, 0, 0x7f01, kIoc);
    CHECK_FP("fadd h0, h1, h2", 0xfe02, 0x7d01, 0, kDefaultNan, H_NAN, kIoc);
    CHECK_FP("fmaxnm h0, h1, h2", 0x7e01, H_1, 0, 0, H_1, 0);
    CHECK_FP("fmaxnm h0, h1, h2", 0x7d01, H_1, 0, 0, 0x7f01, kIoc);
    /* Fused: 1.001... * 1.001... - 1 in one rounding; and a product that a single would round to a midpoint.
     */
    CHECK_FP("fmadd h0, h1, h2, h3", 0x3c03, 0x3c03, 0xbc00, 0, 0x1e02, kIxc);
    CHECK_FP("fmadd h0, h1, h2, h3", 0x0401, 0x0401, 0x3c01, 0, 0x3c01, kIxc);
    CHECK_FP("fmadd h0, h1, h2, h3", 0x1000, H_1, 0x3c01, 0, 0x3c02, kIxc);
    CHECK_FP("fmadd h0, h1, h2, h3", H_INF, 0, 0x7e01, 0, H_NAN, kIoc);
    CHECK_FP("fcvtzs w10, h1\n\tfmov s0, w10", 0xfc00, 0, 0, 0, 0x80000000, kIoc);
    CHECK_FP("fcvtns w10, h1\n\tfmov s0, w10", 0x4100, 0, 0, 0, 2, kIxc);
    CHECK_FP("scvtf h0, w9", 65519, 0, 0, 0, H_MAX, kIxc);
    CHECK_FP("scvtf h0, w9", 65520, 0, 0, 0, H_INF, kOfc | kIxc);
    CHECK_FP("ucvtf h0, x9, #64", UINT64_C(0x8010000000000001), 0, 0, 0, 0x3801, kIxc); /* not 0x3800 */
    CHECK_FP("fcvtzu h0, h1", H_MAX, 0, 0, 0, 0xffe0, 0);
    CHECK_FP("fcvtzs h0, h1", H_MAX, 0, 0, 0, 0x7fff, kIoc);
    CHECK_EQ(FP1("frecpe h0, h1", H_1), 0x3bfc);
    CHECK_FP("frecpe h0, h1", H_TINY, 0, 0, 0, H_INF, kOfc | kIxc);
    CHECK_EQ(FP1("frsqrte h0, h1", 0x4000), 0x39a4);
    CHECK_EQ(FP2("frecps h0, h1, h2", H_1, H_1), H_1);
    CHECK_EQ(FP2("frsqrts h0, h1, h2", H_INF, 0), 0x3e00);
    CHECK_EQ(FP1("frecpx h0, h1", H_1), 0x4000);
}

static void vectors(void) {
    CHECK_EQ(FP2("fadd v0.4h, v1.4h, v2.4h", UINT64_C(0x7c003c0000010000), UINT64_C(0xfc003c0000018000)),
             UINT64_C(0x7e00400000020000));
    CHECK_EQ(FP1("fmaxv h0, v1.4h", UINT64_C(0x3c004000bc000000)), 0x4000);
    CHECK_EQ(FP2("faddp v0.4h, v1.4h, v2.4h", UINT64_C(0x3c003c003c003c00), UINT64_C(0x4000400000000000)),
             UINT64_C(0x4400000040004000));
    CHECK_EQ(FP2("fcmgt v0.4h, v1.4h, v2.4h", UINT64_C(0x3c007e0000008000), UINT64_C(0xbc003c0080000000)),
             UINT64_C(0xffff000000000000));
    /* Widening products keep what a half would lose. */
    CHECK_FP("fmov d0, d3\n\tfmlal v0.2s, v1.2h, v2.2h", 0x3c013c01, 0x3c013c01, 0, 0,
             UINT64_C(0x3f8040083f804008), 0);
    CHECK_FP("fmov d0, d3\n\tfmlsl2 v0.2s, v1.2h, v2.2h", UINT64_C(0x3c00400000000000),
             UINT64_C(0x4000420000000000), 0, 0, UINT64_C(0xc0000000c0c00000), 0);
    /* (1 + 2i) + i * (3 + 4i), and the two halves of a complex product. */
    CHECK_EQ(
        FP2("fcadd v0.2s, v1.2s, v2.2s, #90", UINT64_C(0x400000003f800000), UINT64_C(0x4080000040400000)),
        UINT64_C(0x40a00000c0400000));
    CHECK_EQ(FP3("fmov d0, d3\n\tfcmla v0.2s, v1.2s, v2.2s, #0\n\tfcmla v0.2s, v1.2s, v2.2s, #90",
                 UINT64_C(0x400000003f800000), UINT64_C(0x4080000040400000), 0),
             UINT64_C(0x41200000c0a00000));
}

static void bfloats(void) {
    CHECK_FP("bfcvt h0, s1", 0x3f808000, 0, 0, 0, 0x3f80, kIxc);
    CHECK_FP("bfcvt h0, s1", 0x3f818000, 0, 0, 0, 0x3f82, kIxc);
    CHECK_FP("bfcvt h0, s1", 0x7f7fffff, 0, 0, 0, 0x7f80, kOfc | kIxc);
    CHECK_FP("bfcvt h0, s1", 0x7fa00001, 0, 0, 0, 0x7fe0, kIoc);
    CHECK_EQ(FP3("fmov d0, d3\n\tbfdot v0.2s, v1.4h, v2.4h", 0x40003f80, 0x40404000, 0x3f800000), 0x41100000);
    CHECK_FP("fmov d0, d3\n\tbfmlalb v0.4s, v1.8h, v2.8h", 0x3f81, 0x3f81, S_1, 0, 0x40010100, 0);
}

int main(void) {
    scalars();
    vectors();
    bfloats();
    return check_done();
}
