/* SPDX-License-Identifier: MIT */
/* fmadd, fmsub, fnmadd, fnmsub: signs, one rounding, NaN priorities (the addend counts first), inf * 0 + NaN.
 */
#include "check.h"
#include "fp/fp.h"

int main(void) {
    uint64_t eps = UINT64_C(0x3ff0000000000001); /* 1 + 2^-52 */
    CHECK_EQ(FP3("fmadd d0, d1, d2, d3", D_2, D_3, D_1), bits_of_double(7));
    CHECK_EQ(FP3("fmsub d0, d1, d2, d3", D_2, D_3, D_1), bits_of_double(-5));
    CHECK_EQ(FP3("fnmadd d0, d1, d2, d3", D_2, D_3, D_1), bits_of_double(-7));
    CHECK_EQ(FP3("fnmsub d0, d1, d2, d3", D_2, D_3, D_1), bits_of_double(5));
    /* (1 + e)^2 - (1 + 2e) = e^2, which two roundings would lose. */
    CHECK_EQ(FP3("fmadd d0, d1, d2, d3", eps, eps, UINT64_C(0xbff0000000000002)),
             UINT64_C(0x3970000000000000));
    CHECK_EQ(FP3("fmadd s0, s1, s2, s3", 0x3f800001, 0x3f800001, 0xbf800002), UINT64_C(0x28800000));
    /* Zeros. */
    CHECK_EQ(FP3("fmadd d0, d1, d2, d3", D_M0, D_1, D_0), D_0);
    CHECK_EQ(FP3("fmadd d0, d1, d2, d3", D_M0, D_1, D_M0), D_M0);
    CHECK_EQ(FP3("fmsub d0, d1, d2, d3", D_0, D_1, D_M0), D_M0);
    CHECK_EQ(FP3("fnmadd d0, d1, d2, d3", D_0, D_1, D_0), D_M0);
    CHECK_EQ(FP3("fnmsub d0, d1, d2, d3", D_0, D_1, D_0), D_0);
    CHECK_EQ(FP_RUN("fmadd d0, d1, d2, d3", D_1, D_1, D_M1, kDown).value, D_M0);
    CHECK_EQ(FP_RUN("fmadd d0, d1, d2, d3", D_1, D_1, D_M1, kUp).value, D_0);

    /* NaNs: signalling first (addend, first, second), then quiet in the same order. */
    CHECK_FP("fmadd d0, d1, d2, d3", D_QNAN1, D_QNAN2, D_QNAN3, 0, D_QNAN3, 0);
    CHECK_FP("fmadd d0, d1, d2, d3", D_QNAN1, D_QNAN2, D_1, 0, D_QNAN1, 0);
    CHECK_FP("fmadd d0, d1, d2, d3", D_1, D_QNAN2, D_1, 0, D_QNAN2, 0);
    CHECK_FP("fmadd d0, d1, d2, d3", D_SNAN1, D_SNAN2, D_SNAN3, 0, D_QNAN3, kIoc);
    CHECK_FP("fmadd d0, d1, d2, d3", D_SNAN1, D_SNAN2, D_QNAN3, 0, D_QNAN1, kIoc);
    CHECK_FP("fmadd d0, d1, d2, d3", D_QNAN1, D_SNAN2, D_QNAN3, 0, D_QNAN2, kIoc);
    CHECK_FP("fmadd d0, d1, d2, d3", D_QNAN1, D_1, D_SNAN3, 0, D_QNAN3, kIoc);
    CHECK_FP("fmadd d0, d1, d2, d3", D_QNAN1, D_1, D_SNAN3, kDefaultNan, D_NAN, kIoc);
    /* The negations come before the operation: they change the sign of a NaN operand. */
    CHECK_FP("fmsub d0, d1, d2, d3", D_QNAN1, D_1, D_1, 0, D_QNAN1 ^ D_M0, 0);
    CHECK_FP("fmsub d0, d1, d2, d3", D_1, D_QNAN1, D_1, 0, D_QNAN1, 0);
    CHECK_FP("fnmadd d0, d1, d2, d3", D_1, D_1, D_QNAN3, 0, D_QNAN3 ^ D_M0, 0);
    CHECK_FP("fnmadd d0, d1, d2, d3", D_QNAN1, D_1, D_1, 0, D_QNAN1 ^ D_M0, 0);
    CHECK_FP("fnmsub d0, d1, d2, d3", D_1, D_1, D_QNAN3, 0, D_QNAN3 ^ D_M0, 0);
    CHECK_FP("fnmsub d0, d1, d2, d3", D_QNAN1, D_1, D_1, 0, D_QNAN1, 0);
    /* inf * 0 is invalid even with a quiet addend, and then the default NaN; a signalling addend is itself.
     */
    CHECK_FP("fmadd d0, d1, d2, d3", D_INF, D_0, D_QNAN3, 0, D_NAN, kIoc);
    CHECK_FP("fmadd d0, d1, d2, d3", D_0, D_MINF, D_SNAN3, 0, D_QNAN3, kIoc);
    CHECK_FP("fmadd d0, d1, d2, d3", D_INF, D_0, D_1, 0, D_NAN, kIoc);
    CHECK_FP("fmadd d0, d1, d2, d3", D_INF, D_1, D_MINF, 0, D_NAN, kIoc);
    CHECK_FP("fmsub d0, d1, d2, d3", D_INF, D_1, D_INF, 0, D_NAN, kIoc);
    CHECK_FP("fmadd s0, s1, s2, s3", S_QNAN1, S_1, S_SNAN2, 0, S_QNAN2, kIoc);
    CHECK_FP("fnmadd s0, s1, s2, s3", S_1, S_1, S_QNAN1, 0, S_QNAN1 ^ S_M0, 0);
    /* A product that would overflow but for the addend; one that underflows. */
    CHECK_FP("fmadd d0, d1, d2, d3", D_MAX, D_2, UINT64_C(0xffefffffffffffff), 0, D_MAX, 0);
    CHECK_FP("fmadd d0, d1, d2, d3", D_MIN, D_MIN, D_0, kUp, D_TINY, kUfc | kIxc);
    return check_done();
}
