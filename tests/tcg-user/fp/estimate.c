/* SPDX-License-Identifier: MIT */
/* frecpe, frsqrte, frecps, frsqrts, frecpx: the estimates are defined bit for bit. */
#include "check.h"
#include "fp/fp.h"

int main(void) {
    CHECK_EQ(FP1("frecpe d0, d1", D_1), UINT64_C(0x3feff00000000000));
    CHECK_EQ(FP1("frecpe d0, d1", D_2), UINT64_C(0x3fdff00000000000));
    CHECK_EQ(FP1("frecpe d0, d1", D_3), UINT64_C(0x3fd5500000000000));
    CHECK_EQ(FP1("frecpe s0, s1", S_1), 0x3f7f8000);
    CHECK_EQ(FP1("frecpe s0, s1", bits_of_float(1.5f)), 0x3f2a8000);
    CHECK_FP("frecpe d0, d1", D_M0, 0, 0, 0, D_MINF, kDzc);
    CHECK_FP("frecpe d0, d1", D_INF, 0, 0, 0, D_0, 0);
    CHECK_FP("frecpe d0, d1", D_TINY, 0, 0, 0, D_INF, kOfc | kIxc);
    CHECK_FP("frecpe d0, d1", D_TINY, 0, 0, kZero, D_MAX, kOfc | kIxc);
    CHECK_FP("frecpe d0, d1", D_SNAN1, 0, 0, 0, D_QNAN1, kIoc);
    CHECK_EQ(FP1("frsqrte d0, d1", D_1), UINT64_C(0x3feff00000000000));
    CHECK_EQ(FP1("frsqrte d0, d1", D_2), UINT64_C(0x3fe6900000000000));
    CHECK_EQ(FP1("frsqrte s0, s1", bits_of_float(4.0f)), 0x3eff8000);
    CHECK_FP("frsqrte d0, d1", D_M1, 0, 0, 0, D_NAN, kIoc);
    CHECK_FP("frsqrte d0, d1", D_M0, 0, 0, 0, D_MINF, kDzc);
    CHECK_FP("frsqrte d0, d1", D_INF, 0, 0, 0, D_0, 0);
    CHECK_EQ(FP2("frecps d0, d1, d2", D_2, D_3), bits_of_double(-4.0));
    CHECK_EQ(FP2("frecps d0, d1, d2", D_INF, D_0), D_2);
    CHECK_EQ(FP2("frsqrts d0, d1, d2", D_1, D_1), D_1);
    CHECK_EQ(FP2("frsqrts s0, s1, s2", S_INF, S_M0), bits_of_float(1.5f));
    CHECK_EQ(FP1("frecpx d0, d1", D_1), UINT64_C(0x4000000000000000));
    CHECK_EQ(FP1("frecpx d0, d1", D_M0), UINT64_C(0xffe0000000000000));
    CHECK_EQ(FP1("frecpx s0, s1", S_INF), UINT64_C(0));

    /* The estimate is within 2^-8, and steps converge. */
    for (int i = 1; i < 1000; i++) {
        double d = i * 0.37, estimate = double_of_bits(FP1("frecpe d0, d1", bits_of_double(d)));
        CHECK(__builtin_fabs(estimate * d - 1) < 1.0 / 256);
        double root = double_of_bits(FP1("frsqrte d0, d1", bits_of_double(d)));
        CHECK(__builtin_fabs(root * root * d - 1) < 1.0 / 100);
    }
    return check_done();
}
