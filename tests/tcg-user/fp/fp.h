/* SPDX-License-Identifier: MIT */
/* One floating-point instruction on bit patterns, under a chosen FPCR: its result and the FPSR flags it sets.
 */
#ifndef TESTS_TCG_USER_FP_FP_H
#define TESTS_TCG_USER_FP_FP_H

#include <stdint.h>

enum { kIoc = 1, kDzc = 2, kOfc = 4, kUfc = 8, kIxc = 16, kIdc = 128 };
enum {
    kNearest = 0,
    kUp = 1 << 22,
    kDown = 2 << 22,
    kZero = 3 << 22,
    kFlush16 = 1 << 19,
    kFlush = 1 << 24,
    kDefaultNan = 1 << 25
};

struct FpResult {
    uint64_t value;
    unsigned status;
};

/* Operands of `instruction`: d0/s0/h0 result, d1, d2, d3 inputs; or x9/w9 as an integer input (= a) and x10
 * as an integer result, which is then stored by the instruction text itself (fmov d0, x10). */
#define FP_RUN(instruction, a, b, c, fpcr)                                                           \
    __extension__({                                                                                  \
        uint64_t run_value, run_status;                                                              \
        __asm__ volatile(                                                                            \
            "msr fpcr, %5\n\tmsr fpsr, xzr\n\tmov x9, %2\n\tfmov d1, %2\n\tfmov d2, %3\n\tfmov d3, " \
            "%4\n\t" instruction "\n\tfmov %0, d0\n\tmrs %1, fpsr\n\tmsr fpcr, xzr"                  \
            : "=r"(run_value), "=r"(run_status)                                                      \
            : "r"((uint64_t)(a)), "r"((uint64_t)(b)), "r"((uint64_t)(c)), "r"((uint64_t)(fpcr))      \
            : "x9", "x10", "v0", "v1", "v2", "v3", "memory");                                        \
        (struct FpResult){run_value, (unsigned)run_status & 0x9f};                                   \
    })

#define FP1(instruction, a) (FP_RUN(instruction, a, 0, 0, 0).value)
#define FP2(instruction, a, b) (FP_RUN(instruction, a, b, 0, 0).value)
#define FP3(instruction, a, b, c) (FP_RUN(instruction, a, b, c, 0).value)

/* Result and flags at once. */
#define CHECK_FP(instruction, a, b, c, fpcr, want_value, want_status) \
    do {                                                              \
        struct FpResult result = FP_RUN(instruction, a, b, c, fpcr);  \
        CHECK_ROW(instruction, result.value, want_value);             \
        CHECK_ROW(instruction " fpsr", result.status, want_status);   \
    } while (0)

/* Doubles. */
#define D_0 UINT64_C(0)
#define D_M0 UINT64_C(0x8000000000000000)
#define D_1 UINT64_C(0x3ff0000000000000)
#define D_M1 UINT64_C(0xbff0000000000000)
#define D_2 UINT64_C(0x4000000000000000)
#define D_3 UINT64_C(0x4008000000000000)
#define D_INF UINT64_C(0x7ff0000000000000)
#define D_MINF UINT64_C(0xfff0000000000000)
#define D_NAN UINT64_C(0x7ff8000000000000)
#define D_MAX UINT64_C(0x7fefffffffffffff)
#define D_MIN UINT64_C(0x0010000000000000)
#define D_TINY UINT64_C(1)
/* Quiet and signalling NaNs with payloads: the signalling ones become the quiet ones. */
#define D_QNAN1 UINT64_C(0x7ff8000000001111)
#define D_QNAN2 UINT64_C(0xfff8000000002222)
#define D_QNAN3 UINT64_C(0x7ff8000000003333)
#define D_SNAN1 UINT64_C(0x7ff0000000001111)
#define D_SNAN2 UINT64_C(0xfff0000000002222)
#define D_SNAN3 UINT64_C(0x7ff0000000003333)

/* Floats. */
#define S_1 UINT64_C(0x3f800000)
#define S_M0 UINT64_C(0x80000000)
#define S_INF UINT64_C(0x7f800000)
#define S_MINF UINT64_C(0xff800000)
#define S_NAN UINT64_C(0x7fc00000)
#define S_MAX UINT64_C(0x7f7fffff)
#define S_MIN UINT64_C(0x00800000)
#define S_QNAN1 UINT64_C(0x7fc01111)
#define S_QNAN2 UINT64_C(0xffc02222)
#define S_SNAN1 UINT64_C(0x7f801111)
#define S_SNAN2 UINT64_C(0xff802222)

#endif
