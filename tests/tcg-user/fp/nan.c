/* SPDX-License-Identifier: MIT */
/* Which NaN comes out: signalling before quiet, then operand order, made quiet; the default NaN is positive;
 * FPCR.DN replaces them all. */
#include "check.h"
#include "fp/fp.h"

#define TRY_ALL(op)                                                         \
    CHECK_FP(op " d0, d1, d2", D_QNAN1, D_1, 0, 0, D_QNAN1, 0);             \
    CHECK_FP(op " d0, d1, d2", D_1, D_QNAN2, 0, 0, D_QNAN2, 0);             \
    CHECK_FP(op " d0, d1, d2", D_QNAN1, D_QNAN2, 0, 0, D_QNAN1, 0);         \
    CHECK_FP(op " d0, d1, d2", D_QNAN2, D_QNAN1, 0, 0, D_QNAN2, 0);         \
    CHECK_FP(op " d0, d1, d2", D_SNAN1, D_1, 0, 0, D_QNAN1, kIoc);          \
    CHECK_FP(op " d0, d1, d2", D_1, D_SNAN2, 0, 0, D_QNAN2, kIoc);          \
    CHECK_FP(op " d0, d1, d2", D_QNAN1, D_SNAN2, 0, 0, D_QNAN2, kIoc);      \
    CHECK_FP(op " d0, d1, d2", D_SNAN2, D_QNAN1, 0, 0, D_QNAN2, kIoc);      \
    CHECK_FP(op " d0, d1, d2", D_SNAN1, D_SNAN2, 0, 0, D_QNAN1, kIoc);      \
    CHECK_FP(op " d0, d1, d2", D_QNAN1, D_QNAN2, 0, kDefaultNan, D_NAN, 0); \
    CHECK_FP(op " d0, d1, d2", D_1, D_SNAN2, 0, kDefaultNan, D_NAN, kIoc);  \
    CHECK_FP(op " s0, s1, s2", S_QNAN1, S_1, 0, 0, S_QNAN1, 0);             \
    CHECK_FP(op " s0, s1, s2", S_1, S_QNAN2, 0, 0, S_QNAN2, 0);             \
    CHECK_FP(op " s0, s1, s2", S_QNAN1, S_SNAN2, 0, 0, S_QNAN2, kIoc);      \
    CHECK_FP(op " s0, s1, s2", S_SNAN1, S_SNAN2, 0, 0, S_QNAN1, kIoc);      \
    CHECK_FP(op " s0, s1, s2", S_SNAN2, S_QNAN1, 0, kDefaultNan, S_NAN, kIoc)

int main(void) {
    TRY_ALL("fadd");
    TRY_ALL("fsub");
    TRY_ALL("fmul");
    TRY_ALL("fdiv");
    TRY_ALL("fmax");
    TRY_ALL("fmin");
    TRY_ALL("fmulx");

    CHECK_FP("fsqrt d0, d1", D_SNAN2, 0, 0, 0, D_QNAN2, kIoc);
    CHECK_FP("fsqrt d0, d1", D_QNAN2, 0, 0, 0, D_QNAN2, 0);
    CHECK_FP("fabs d0, d1", D_SNAN2, 0, 0, 0, UINT64_C(0x7ff0000000002222), 0);
    CHECK_FP("fneg d0, d1", D_SNAN1, 0, 0, 0, UINT64_C(0xfff0000000001111), 0);
    CHECK_FP("fmov d0, d1", D_SNAN1, 0, 0, kDefaultNan, D_SNAN1, 0);
    CHECK_FP("fnmul d0, d1, d2", D_QNAN1, D_1, 0, 0, D_QNAN1 | D_M0, 0);

    /* Made from numbers: the default NaN. */
    CHECK_FP("fadd d0, d1, d2", D_INF, D_MINF, 0, 0, D_NAN, kIoc);
    CHECK_FP("fsub d0, d1, d2", D_INF, D_INF, 0, 0, D_NAN, kIoc);
    CHECK_FP("fmul d0, d1, d2", D_INF, D_0, 0, 0, D_NAN, kIoc);
    CHECK_FP("fmul d0, d1, d2", D_M0, D_INF, 0, 0, D_NAN, kIoc);
    CHECK_FP("fdiv d0, d1, d2", D_0, D_0, 0, 0, D_NAN, kIoc);
    CHECK_FP("fdiv d0, d1, d2", D_MINF, D_INF, 0, 0, D_NAN, kIoc);
    CHECK_FP("fsqrt d0, d1", D_M1, 0, 0, 0, D_NAN, kIoc);
    CHECK_FP("fsqrt d0, d1", D_M0, 0, 0, 0, D_M0, 0);
    CHECK_FP("fsqrt s0, s1", S_MINF, 0, 0, 0, S_NAN, kIoc);
    CHECK_FP("fadd s0, s1, s2", S_INF, S_MINF, 0, 0, S_NAN, kIoc);
    CHECK_FP("fdiv s0, s1, s2", 0, S_M0, 0, 0, S_NAN, kIoc);
    CHECK_FP("fmulx d0, d1, d2", D_INF, D_M0, 0, 0, UINT64_C(0xc000000000000000), 0);
    CHECK_FP("fmulx s0, s1, s2", 0, S_INF, 0, 0, UINT64_C(0x40000000), 0);

    /* Conversions keep the top of the payload. */
    CHECK_FP("fcvt s0, d1", UINT64_C(0xfff4123456789abc), 0, 0, 0, UINT64_C(0xffe091a2), kIoc);
    CHECK_FP("fcvt d0, s1", UINT64_C(0x7fa12345), 0, 0, 0, UINT64_C(0x7ffc2468a0000000), kIoc);
    CHECK_FP("fcvt d0, s1", UINT64_C(0xffc12345), 0, 0, 0, UINT64_C(0xfff82468a0000000), 0);
    CHECK_FP("fcvt s0, d1", UINT64_C(0xfff8123456789abc), 0, 0, kDefaultNan, S_NAN, 0);
    return check_done();
}
