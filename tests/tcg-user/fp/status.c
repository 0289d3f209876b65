/* SPDX-License-Identifier: MIT */
/* FPSR: each flag alone, flags are sticky, the registers read back what was written; flush to zero. */
#include <fenv.h>

#include "check.h"
#include "fp/fp.h"

int main(void) {
    CHECK_FP("fadd d0, d1, d2", D_1, D_2, 0, 0, D_3, 0);
    CHECK_FP("fdiv d0, d1, d2", D_1, D_M0, 0, 0, D_MINF, kDzc);
    CHECK_FP("fdiv d0, d1, d2", D_1, D_3, 0, 0, UINT64_C(0x3fd5555555555555), kIxc);
    CHECK_FP("fmul d0, d1, d2", D_MAX, D_MAX, 0, 0, D_INF, kOfc | kIxc);
    CHECK_FP("fmul d0, d1, d2", D_MIN, UINT64_C(0x3fe0000000000000), 0, 0, UINT64_C(0x0008000000000000), 0);
    CHECK_FP("fmul d0, d1, d2", D_TINY, UINT64_C(0x3fe0000000000000), 0, 0, D_0, kUfc | kIxc);
    CHECK_FP("fadd d0, d1, d2", D_INF, D_1, 0, 0, D_INF, 0);
    CHECK_FP("fdiv d0, d1, d2", D_INF, D_0, 0, 0, D_INF, 0);
    CHECK_FP("fcvt s0, d1", bits_of_double(1e300), 0, 0, 0, S_INF, kOfc | kIxc);
    CHECK_FP("fcvt s0, d1", bits_of_double(1e-300), 0, 0, 0, 0, kUfc | kIxc);
    CHECK_FP("fcvt s0, d1", bits_of_double(0x1p-149), 0, 0, 0, 1, 0);

    /* Arm detects tininess before rounding: just below the least normal number, rounded up to it, underflows.
     */
    CHECK_FP("fmul d0, d1, d2", UINT64_C(0x001fffffffffffff), UINT64_C(0x3fe0000000000000), 0, 0, D_MIN,
             kUfc | kIxc);
    CHECK_FP("fcvt s0, d1", UINT64_C(0x380ffffff0000000), 0, 0, 0, S_MIN, kUfc | kIxc);
    CHECK_FP("fcvt s0, d1", UINT64_C(0xb80ffffff0000000), 0, 0, 0, S_MIN | S_M0, kUfc | kIxc);
    CHECK_FP("fcvtn v0.2s, v1.2d", UINT64_C(0x380ffffff0000000), 0, 0, 0, S_MIN, kUfc | kIxc);
    CHECK_FP("fcvt h0, s1", UINT64_C(0x387ff000), 0, 0, 0, UINT64_C(0x0400), kUfc | kIxc);

    /* A lane that does not fit leaves the other's Inexact alone, and raises none itself. */
    CHECK_FP("zip1 v1.2d, v1.2d, v2.2d\n\tfcvtps v0.2d, v1.2d", bits_of_double(1.5), D_INF, 0, 0, 2,
             kIoc | kIxc);
    CHECK_FP("zip1 v1.2d, v1.2d, v2.2d\n\tfcvtmu v0.2d, v1.2d", bits_of_double(-1.5), D_1, 0, 0, 0, kIoc);
    CHECK_FP("frsqrts s0, s1, s2", 0, 7, 0, 0, UINT64_C(0x3fc00000), 0);

    /* Flush to zero: inputs are flushed, results are flushed. */
    CHECK_FP("fadd d0, d1, d2", D_TINY, D_0, 0, kFlush, D_0, kIdc);
    CHECK_FP("fadd d0, d1, d2", D_TINY | D_M0, D_M0, 0, kFlush, D_M0, kIdc);
    CHECK_FP("fmul d0, d1, d2", D_MIN, UINT64_C(0x3fe0000000000000), 0, kFlush, D_0, kUfc);
    CHECK_FP("fmul s0, s1, s2", S_MIN | S_M0, UINT64_C(0x3f000000), 0, kFlush, S_M0, kUfc);
    CHECK_FP("fcmp d1, d2\n\tfcsel d0, d1, d2, eq", D_TINY, D_0, 0, kFlush, D_TINY, kIdc);
    CHECK_FP("fsub d0, d1, d2", D_MIN + 1, D_MIN, 0, kFlush, D_0, kUfc);
    CHECK_FP("fabs d0, d1", D_TINY | D_M0, 0, 0, kFlush, D_TINY, 0);
    /* ... even if rounding would have made them normal; an inexact result elsewhere stays inexact. */
    CHECK_FP("fmul d0, d1, d2", UINT64_C(0x3feffffffffffffe), UINT64_C(0x0010000000000001), 0, 0, D_MIN,
             kUfc | kIxc);
    CHECK_FP("fmul d0, d1, d2", UINT64_C(0x3feffffffffffffe), UINT64_C(0x0010000000000001), 0, kFlush, D_0,
             kUfc);
    CHECK_FP("fmadd s0, s1, s2, s3", UINT64_C(0x3f7ffffe), UINT64_C(0x00800001), 0, kFlush, 0, kUfc);
    CHECK_FP("fdiv d3, d1, d2\n\tfmul d0, d1, d2", D_1, UINT64_C(0x0008000000000000), 0, kFlush, D_0,
             kDzc | kIdc);
    CHECK_FP("fdiv d3, d3, d2\n\tfmul d0, d1, d3", D_MIN, D_3, D_1, kFlush, D_0, kUfc | kIxc);
    CHECK_FP("fsqrt d0, d1", D_TINY | D_M0, 0, 0, kFlush, D_M0, kIdc);
    CHECK_FP("fdiv d0, d1, d2", D_TINY, D_0, 0, kFlush, D_NAN, kIoc | kIdc);
    CHECK_FP("fcvtzs x10, d1\n\tfmov d0, x10", D_TINY, 0, 0, kFlush, 0, kIdc);
    CHECK_FP("frintp d0, d1", D_TINY, 0, 0, kFlush, D_0, kIdc);
    CHECK_FP("fcvt h0, s1", bits_of_float(0x1p-24f), 0, 0, kFlush, 0x0001, 0);
    CHECK_FP("fcvt h0, s1", bits_of_float(0x1.8p-24f), 0, 0, kFlush, 0x0002, kUfc | kIxc);
    CHECK_FP("fcvt s0, d1", bits_of_double(0x1p-140), 0, 0, kFlush, 0, kUfc);

    /* Sticky, and cleared only by a write. */
    uint64_t status;
    __asm__ volatile(
        "msr fpsr, xzr\n\tfdiv d0, %d1, %d2\n\tfadd d0, %d1, %d1\n\tfmov d1, #3.0\n\tfdiv d0, %d1, d1\n\tmrs "
        "%0, fpsr"
        : "=r"(status)
        : "w"(1.0), "w"(0.0)
        : "v0", "v1");
    CHECK_EQ(status & 0x9f, kDzc | kIxc);
    __asm__ volatile("msr fpsr, %1\n\tmrs %0, fpsr\n\tmsr fpsr, xzr"
                     : "=r"(status)
                     : "r"(UINT64_C(0x0800009f)));
    CHECK_EQ(status, 0x0800009f);
    uint64_t control;
    __asm__ volatile("msr fpcr, %1\n\tmrs %0, fpcr\n\tmsr fpcr, xzr"
                     : "=r"(control)
                     : "r"(UINT64_C(0x07c00000)));
    CHECK_EQ(control, 0x07c00000);
    /* No trapped exceptions (IOE to IDE), no FEAT_AFP (FIZ, AH, NEP): their bits stay zero. */
    __asm__ volatile("msr fpcr, %1\n\tmrs %0, fpcr\n\tmsr fpcr, xzr" : "=r"(control) : "r"(UINT64_MAX));
    CHECK_EQ(control, 0x07ff0000);

    /* And by the library's names. */
    feclearexcept(FE_ALL_EXCEPT);
    volatile double one = 1, zero = 0, quotient = one / zero;
    (void)quotient;
    CHECK_EQ(fetestexcept(FE_ALL_EXCEPT), FE_DIVBYZERO);
    CHECK_EQ(fesetround(FE_UPWARD), 0);
    volatile double three = 3, up = one / three;
    fesetround(FE_DOWNWARD);
    volatile double down = one / three;
    fesetround(FE_TONEAREST);
    CHECK_EQ(bits_of_double(up) - bits_of_double(down), 1);
    return check_done();
}
