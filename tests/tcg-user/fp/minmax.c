/* SPDX-License-Identifier: MIT */
/* fmin, fmax, fminnm, fmaxnm: zeros of both signs, and NaNs, which the nm forms treat as missing. */
#include "check.h"
#include "fp/fp.h"

int main(void) {
    CHECK_EQ(FP2("fmin d0, d1, d2", D_0, D_M0), D_M0);
    CHECK_EQ(FP2("fmin d0, d1, d2", D_M0, D_0), D_M0);
    CHECK_EQ(FP2("fmax d0, d1, d2", D_0, D_M0), D_0);
    CHECK_EQ(FP2("fmax d0, d1, d2", D_M0, D_0), D_0);
    CHECK_EQ(FP2("fminnm d0, d1, d2", D_0, D_M0), D_M0);
    CHECK_EQ(FP2("fmaxnm d0, d1, d2", D_M0, D_0), D_0);
    CHECK_EQ(FP2("fmin d0, d1, d2", D_1, D_2), D_1);
    CHECK_EQ(FP2("fmax d0, d1, d2", D_1, D_MINF), D_1);
    CHECK_EQ(FP2("fmax s0, s1, s2", S_M0, 0), 0);
    CHECK_EQ(FP2("fmin s0, s1, s2", 0, S_M0), S_M0);
    CHECK_FP("fminnm d0, d1, d2", D_QNAN1, D_1, 0, 0, D_1, 0);
    CHECK_FP("fminnm d0, d1, d2", D_1, D_QNAN1, 0, 0, D_1, 0);
    CHECK_FP("fmaxnm d0, d1, d2", D_QNAN1, D_MINF, 0, 0, D_MINF, 0);
    CHECK_FP("fmaxnm d0, d1, d2", D_QNAN1, D_QNAN2, 0, 0, D_QNAN1, 0);
    CHECK_FP("fmaxnm d0, d1, d2", D_SNAN1, D_1, 0, 0, D_QNAN1, kIoc);
    CHECK_FP("fminnm d0, d1, d2", D_1, D_SNAN2, 0, 0, D_QNAN2, kIoc);
    CHECK_FP("fminnm d0, d1, d2", D_QNAN1, D_SNAN2, 0, 0, D_QNAN2, kIoc);
    CHECK_FP("fminnm s0, s1, s2", S_QNAN1, S_1, 0, kDefaultNan, S_1, 0);
    CHECK_FP("fmaxnm s0, s1, s2", S_QNAN1, S_QNAN2, 0, kDefaultNan, S_NAN, 0);
    return check_done();
}
