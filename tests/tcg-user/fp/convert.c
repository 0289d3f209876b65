/* SPDX-License-Identifier: MIT */
/* Floating point to integers saturates, NaN gives 0, both are invalid; fixed point; integers to floating
 * point. */
#include "check.h"
#include "fp/fp.h"

#define TO_INT(conversion, a, want, status) CHECK_FP(conversion "\n\tfmov d0, x10", a, 0, 0, 0, want, status)

int main(void) {
    TO_INT("fcvtzs x10, d1", bits_of_double(1e300), INT64_MAX, kIoc);
    TO_INT("fcvtzs x10, d1", bits_of_double(-1e300), INT64_MIN, kIoc);
    TO_INT("fcvtzs x10, d1", bits_of_double(9223372036854775808.0), INT64_MAX, kIoc);
    TO_INT("fcvtzs x10, d1", bits_of_double(-9223372036854775808.0), INT64_MIN, 0);
    TO_INT("fcvtzs w10, d1", bits_of_double(2147483648.0), 0x7fffffff, kIoc);
    TO_INT("fcvtzs w10, d1", bits_of_double(2147483647.5), 0x7fffffff, kIxc);
    TO_INT("fcvtzs w10, d1", bits_of_double(-2147483648.9), 0x80000000, kIxc);
    TO_INT("fcvtzs w10, d1", bits_of_double(-2147483649.0), 0x80000000, kIoc);
    TO_INT("fcvtzs w10, d1", bits_of_double(-1.0), 0xffffffff, 0);
    TO_INT("fcvtzu x10, d1", bits_of_double(-0.9), 0, kIxc);
    TO_INT("fcvtzu x10, d1", bits_of_double(-1.0), 0, kIoc);
    TO_INT("fcvtzu x10, d1", bits_of_double(18446744073709551616.0), UINT64_MAX, kIoc);
    TO_INT("fcvtzu x10, d1", UINT64_C(0x43efffffffffffff), 0xfffffffffffff800, 0);
    TO_INT("fcvtzu x10, d1", bits_of_double(9223372036854775808.0), 0x8000000000000000, 0);
    TO_INT("fcvtzu w10, d1", bits_of_double(4294967295.0), 0xffffffff, 0);
    TO_INT("fcvtzu w10, d1", bits_of_double(4294967296.0), 0xffffffff, kIoc);
    TO_INT("fcvtzs x10, d1", D_QNAN1, 0, kIoc);
    TO_INT("fcvtzu w10, d1", D_SNAN2, 0, kIoc);
    TO_INT("fcvtzs w10, s1", S_INF, 0x7fffffff, kIoc);
    TO_INT("fcvtzs x10, s1", S_MINF, INT64_MIN, kIoc);
    TO_INT("fcvtzu x10, s1", S_INF, UINT64_MAX, kIoc);
    TO_INT("fcvtzu x10, s1", bits_of_float(1e19f), 0x8ac7230000000000, 0);
    TO_INT("fcvtnu x10, d1", bits_of_double(-0.5), 0, kIxc);
    TO_INT("fcvtau x10, d1", bits_of_double(-0.5), 0, kIoc);
    TO_INT("fcvtpu w10, d1", bits_of_double(1.25), 2, kIxc);
    TO_INT("fcvtmu w10, d1", bits_of_double(-0.25), 0, kIoc);
    TO_INT("fcvtms w10, s1", bits_of_float(-1.25f), 0xfffffffe, kIxc);

    /* Fixed point. */
    TO_INT("fcvtzs w10, d1, #8", bits_of_double(1.5), 384, 0);
    TO_INT("fcvtzs x10, s1, #1", bits_of_float(-2.75f), (uint64_t)-5, kIxc);
    TO_INT("fcvtzu w10, s1, #32", bits_of_float(0.5f), 0x80000000, 0);
    TO_INT("fcvtzu w10, s1, #32", bits_of_float(1.0f), 0xffffffff, kIoc);
    TO_INT("fcvtzs x10, d1, #64", bits_of_double(0.25), UINT64_C(1) << 62, 0);
    CHECK_EQ(FP1("scvtf d0, w9, #4", (uint32_t)-24), bits_of_double(-1.5));
    CHECK_EQ(FP1("ucvtf d0, x9, #64", UINT64_C(1) << 63), bits_of_double(0.5));
    CHECK_EQ(FP1("scvtf s0, x9, #1", 3), bits_of_float(1.5f));

    CHECK_EQ(FP1("scvtf d0, w9", 0xffffffff), bits_of_double(-1.0));
    CHECK_EQ(FP1("ucvtf d0, w9", 0xffffffff), bits_of_double(4294967295.0));
    CHECK_EQ(FP1("scvtf d0, x9", INT64_MIN), bits_of_double(-9223372036854775808.0));
    CHECK_EQ(FP1("ucvtf s0, w9", 0xffffffff), bits_of_float(4294967296.0f));
    CHECK_EQ(FP1("scvtf s0, x9", 0), 0);
    CHECK_FP("ucvtf s0, w9", 16777217, 0, 0, 0, 0x4b800000, kIxc);
    CHECK_EQ(FP1("scvtf d0, d1", (uint64_t)-3), bits_of_double(-3.0));
    CHECK_EQ(FP1("ucvtf s0, s1", 7), bits_of_float(7.0f));
    CHECK_EQ(FP1("fcvtzs d0, d1", bits_of_double(-3.75)), (uint64_t)-3);
    CHECK_EQ(FP1("fcvtzu s0, s1", bits_of_float(3.75f)), 3);

    /* Moves between the files clear the rest of the register. */
    CHECK_EQ(FP1("movi v0.16b, #255\n\tfmov s0, w9", 0x1234567890), 0x34567890);
    CHECK_EQ(FP1("fmov v1.d[1], x9\n\tfmov x10, v1.d[1]\n\tfmov d0, x10", 0x123456789abcdef0),
             0x123456789abcdef0);
    CHECK_EQ(FP1("fmov d0, #-0.1328125", 0), bits_of_double(-0.1328125));
    CHECK_EQ(FP1("fmov s0, #31.0", 0), bits_of_float(31.0f));
    CHECK_EQ(FP1("fmov w10, s1\n\tfmov d0, x10", UINT64_C(0xffffffff80000001)), 0x80000001);
    return check_done();
}
