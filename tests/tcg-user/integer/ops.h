/* SPDX-License-Identifier: MIT */
/* One instruction, run with chosen inputs and chosen flags: its result and the flags afterwards. */
#ifndef TESTS_TCG_USER_INTEGER_OPS_H
#define TESTS_TCG_USER_INTEGER_OPS_H

#include <stdint.h>

struct Result {
    uint64_t value;
    unsigned flags; /* NZCV as a number from 0 to 15 */
};

enum { kN = 8, kZ = 4, kC = 2, kV = 1 };

/* The instruction names its operands %x0 or %w0 (result), %x3 and %x4 or %w3 and %w4 (inputs). The result
 * register starts as all ones, so that a write of 32 bits that keeps the upper half shows. */
#define RUN(instruction, a, b, flags_in)                                                           \
    __extension__({                                                                                \
        uint64_t run_value = ~UINT64_C(0), run_flags;                                              \
        __asm__ volatile("msr nzcv, %2\n\t" instruction "\n\tmrs %1, nzcv"                         \
                         : "+&r"(run_value), "=&r"(run_flags)                                      \
                         : "r"((uint64_t)(flags_in) << 28), "r"((uint64_t)(a)), "r"((uint64_t)(b)) \
                         : "cc", "memory");                                                        \
        (struct Result){run_value, (unsigned)(run_flags >> 28)};                                   \
    })

#define VALUE(instruction, a, b) (RUN(instruction, a, b, 0).value)

/* Values at which integer instructions like to be wrong. */
static const uint64_t kEdges[] = {
    0,
    1,
    2,
    0x7f,
    0x80,
    0xff,
    0x7fff,
    0x8000,
    0xffff,
    0x7fffffff,
    0x80000000,
    0x80000001,
    0xfffffffe,
    0xffffffff,
    0x100000000,
    0x123456789abcdef0,
    0x7fffffffffffffff,
    0x8000000000000000,
    0x8000000000000001,
    0xfedcba9876543210,
    0xffffffff00000000,
    0xfffffffffffffffe,
    0xffffffffffffffff,
};
enum { kEdgeCount = sizeof kEdges / sizeof kEdges[0] };

#endif
