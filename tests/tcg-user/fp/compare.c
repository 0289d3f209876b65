/* SPDX-License-Identifier: MIT */
/* fcmp, fcmpe, fccmp, fcsel: flags for less, equal, greater and unordered, and which NaNs are invalid. */
#include "check.h"
#include "fp/fp.h"

#define COMPARE(instruction, a, b, want_flags, want_status)                                                \
    CHECK_FP(instruction "\n\tmrs x10, nzcv\n\tlsr x10, x10, #28\n\tfmov d0, x10", a, b, 0, 0, want_flags, \
             want_status)

int main(void) {
    enum { kLess = 8, kEqual = 6, kGreater = 2, kUnordered = 3 };
    COMPARE("fcmp d1, d2", D_1, D_2, kLess, 0);
    COMPARE("fcmp d1, d2", D_2, D_1, kGreater, 0);
    COMPARE("fcmp d1, d2", D_1, D_1, kEqual, 0);
    COMPARE("fcmp d1, d2", D_0, D_M0, kEqual, 0);
    COMPARE("fcmp d1, d2", D_MINF, D_INF, kLess, 0);
    COMPARE("fcmp d1, d2", D_QNAN1, D_1, kUnordered, 0);
    COMPARE("fcmp d1, d2", D_1, D_QNAN1, kUnordered, 0);
    COMPARE("fcmp d1, d2", D_SNAN1, D_1, kUnordered, kIoc);
    COMPARE("fcmpe d1, d2", D_1, D_QNAN1, kUnordered, kIoc);
    COMPARE("fcmpe d1, d2", D_1, D_2, kLess, 0);
    COMPARE("fcmp d1, #0.0", D_M0, 0, kEqual, 0);
    COMPARE("fcmp d1, #0.0", D_M1, 0, kLess, 0);
    COMPARE("fcmpe d1, #0.0", D_QNAN2, 0, kUnordered, kIoc);
    COMPARE("fcmp s1, s2", S_1, S_INF, kLess, 0);
    COMPARE("fcmp s1, s2", S_QNAN1, S_QNAN1, kUnordered, 0);
    COMPARE("fcmpe s1, #0.0", S_M0, 0, kEqual, 0);
    COMPARE("fcmp d1, d2", D_TINY, D_0, kGreater, 0);

    COMPARE("cmp x9, x9\n\tfccmp d1, d2, #9, eq", D_1, D_2, kLess, 0);
    COMPARE("cmp x9, x9\n\tfccmp d1, d2, #9, ne", D_1, D_2, 9, 0);
    COMPARE("cmp x9, x9\n\tfccmpe d1, d2, #9, ne", D_QNAN1, D_2, 9, 0);
    COMPARE("cmp x9, x9\n\tfccmpe d1, d2, #0, eq", D_QNAN1, D_2, kUnordered, kIoc);
    CHECK_EQ(FP2("fcmp d1, d2\n\tfcsel d0, d1, d2, mi", D_1, D_2), D_1);
    CHECK_EQ(FP2("fcmp d1, d2\n\tfcsel d0, d1, d2, gt", D_1, D_2), D_2);
    CHECK_EQ(FP2("fcmp s1, s2\n\tfcsel s0, s1, s2, vs", S_QNAN1, S_1), S_QNAN1);

    /* All conditions after an unordered compare, as a compiler uses them. */
    volatile double nan = __builtin_nan(""), one = 1;
    CHECK(!(nan < one) && !(nan <= one) && !(nan > one) && !(nan >= one) && !(nan == one) && nan != one);
    CHECK(!(one < nan) && !(one >= nan) && __builtin_isunordered(one, nan) && !__builtin_isless(nan, one));
    CHECK(one >= one && one <= one && !(one < one) && !__builtin_islessgreater(one, one));

    /* Masks: compares that write vectors. */
    CHECK_EQ(FP2("fcmge d0, d1, d2", D_2, D_1), ~UINT64_C(0));
    CHECK_EQ(FP2("fcmgt d0, d1, d2", D_1, D_1), 0);
    CHECK_EQ(FP2("fcmeq s0, s1, s2", S_M0, 0), 0xffffffff);
    CHECK_EQ(FP2("facgt d0, d1, d2", D_M1 | 1, D_1), ~UINT64_C(0));
    CHECK_FP("fcmeq d0, d1, d2", D_QNAN1, D_1, 0, 0, 0, 0);
    CHECK_FP("fcmge d0, d1, d2", D_QNAN1, D_1, 0, 0, 0, kIoc);
    CHECK_FP("fcmle d0, d1, #0.0", D_QNAN1, 0, 0, 0, 0, kIoc);
    return check_done();
}
