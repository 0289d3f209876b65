/* SPDX-License-Identifier: MIT */
/* FPCR.RMode in arithmetic and in the conversions and frints that obey it, and those that have a mode of
 * their own. */
#include "check.h"
#include "fp/fp.h"

static const unsigned kModes[4] = {kNearest, kUp, kDown, kZero};

#define TRY_MODES(instruction, a, b, nearest, up, down, zero)                                \
    do {                                                                                     \
        uint64_t wants[4] = {nearest, up, down, zero};                                       \
        for (int i = 0; i < 4; i++)                                                          \
            CHECK_ROW(instruction, FP_RUN(instruction, a, b, 0, kModes[i]).value, wants[i]); \
    } while (0)

#define TRY_ROUND(number, n, m, p, z, a, x)                                            \
    do {                                                                               \
        uint64_t bits = bits_of_double(number);                                        \
        CHECK_EQ(FP1("frintn d0, d1", bits), bits_of_double(n));                       \
        CHECK_EQ(FP1("frintm d0, d1", bits), bits_of_double(m));                       \
        CHECK_EQ(FP1("frintp d0, d1", bits), bits_of_double(p));                       \
        CHECK_EQ(FP1("frintz d0, d1", bits), bits_of_double(z));                       \
        CHECK_EQ(FP1("frinta d0, d1", bits), bits_of_double(a));                       \
        CHECK_EQ(FP1("frintx d0, d1", bits), bits_of_double(x));                       \
        CHECK_EQ(FP1("frinti d0, d1", bits), bits_of_double(n));                       \
        CHECK_EQ(FP_RUN("frinti d0, d1", bits, 0, 0, kUp).value, bits_of_double(p));   \
        CHECK_EQ(FP_RUN("frintx d0, d1", bits, 0, 0, kDown).value, bits_of_double(m)); \
        CHECK_EQ(FP_RUN("frintn d0, d1", bits, 0, 0, kZero).value, bits_of_double(n)); \
        CHECK_EQ(FP_RUN("frinta d0, d1", bits, 0, 0, kZero).value, bits_of_double(a)); \
        uint64_t single = bits_of_float((float)(number));                              \
        CHECK_EQ(FP1("frintn s0, s1", single), bits_of_float((float)(n)));             \
        CHECK_EQ(FP1("frintm s0, s1", single), bits_of_float((float)(m)));             \
        CHECK_EQ(FP1("frintp s0, s1", single), bits_of_float((float)(p)));             \
        CHECK_EQ(FP1("frintz s0, s1", single), bits_of_float((float)(z)));             \
        CHECK_EQ(FP1("frinta s0, s1", single), bits_of_float((float)(a)));             \
        CHECK_EQ(FP1("fcvtns x10, d1\n\tfmov d0, x10", bits), (int64_t)(n));           \
        CHECK_EQ(FP1("fcvtms x10, d1\n\tfmov d0, x10", bits), (int64_t)(m));           \
        CHECK_EQ(FP1("fcvtps x10, d1\n\tfmov d0, x10", bits), (int64_t)(p));           \
        CHECK_EQ(FP1("fcvtzs x10, d1\n\tfmov d0, x10", bits), (int64_t)(z));           \
        CHECK_EQ(FP1("fcvtas x10, d1\n\tfmov d0, x10", bits), (int64_t)(a));           \
    } while (0)

int main(void) {
    /* 1 + 2^-53 lies half way; 1/3 and -1/3. */
    TRY_MODES("fadd d0, d1, d2", D_1, UINT64_C(0x3ca0000000000000), D_1, D_1 + 1, D_1, D_1);
    TRY_MODES("fsub d0, d1, d2", D_M1, UINT64_C(0x3ca0000000000000), D_M1, D_M1, D_M1 + 1, D_M1);
    TRY_MODES("fdiv d0, d1, d2", D_1, D_3, UINT64_C(0x3fd5555555555555), UINT64_C(0x3fd5555555555556),
              UINT64_C(0x3fd5555555555555), UINT64_C(0x3fd5555555555555));
    TRY_MODES("fdiv d0, d1, d2", D_M1, D_3, UINT64_C(0xbfd5555555555555), UINT64_C(0xbfd5555555555555),
              UINT64_C(0xbfd5555555555556), UINT64_C(0xbfd5555555555555));
    TRY_MODES("fsqrt d0, d1", D_2, 0, UINT64_C(0x3ff6a09e667f3bcd), UINT64_C(0x3ff6a09e667f3bcd),
              UINT64_C(0x3ff6a09e667f3bcc), UINT64_C(0x3ff6a09e667f3bcc));
    TRY_MODES("fmul d0, d1, d2", D_MAX, D_2, D_INF, D_INF, D_MAX, D_MAX);
    TRY_MODES("fmul s0, s1, s2", S_MAX | S_M0, S_MAX, S_MINF, S_MAX | S_M0, S_MINF, S_MAX | S_M0);
    TRY_MODES("fsub d0, d1, d2", D_1, D_1, D_0, D_0, D_M0, D_0);
    TRY_MODES("fadd d0, d1, d2", D_M0, D_0, D_0, D_0, D_M0, D_0);
    TRY_MODES("fcvt s0, d1", UINT64_C(0x3ff0000010000001), 0, 0x3f800001, 0x3f800001, 0x3f800000, 0x3f800000);
    TRY_MODES("scvtf s0, w9", 16777217, 0, 0x4b800000, 0x4b800001, 0x4b800000, 0x4b800000);
    TRY_MODES("scvtf d0, x9", INT64_MAX, 0, UINT64_C(0x43e0000000000000), UINT64_C(0x43e0000000000000),
              UINT64_C(0x43dfffffffffffff), UINT64_C(0x43dfffffffffffff));
    TRY_MODES("ucvtf d0, x9", UINT64_MAX, 0, UINT64_C(0x43f0000000000000), UINT64_C(0x43f0000000000000),
              UINT64_C(0x43efffffffffffff), UINT64_C(0x43efffffffffffff));
    TRY_MODES("ucvtf s0, x9", UINT64_C(0x8000008000000001), 0, 0x5f000001, 0x5f000001, 0x5f000000,
              0x5f000000);

    TRY_ROUND(0.5, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0);
    TRY_ROUND(1.5, 2.0, 1.0, 2.0, 1.0, 2.0, 2.0);
    TRY_ROUND(2.5, 2.0, 2.0, 3.0, 2.0, 3.0, 2.0);
    TRY_ROUND(-0.5, -0.0, -1.0, -0.0, -0.0, -1.0, -0.0);
    TRY_ROUND(-1.5, -2.0, -2.0, -1.0, -1.0, -2.0, -2.0);
    TRY_ROUND(-2.5, -2.0, -3.0, -2.0, -2.0, -3.0, -2.0);
    TRY_ROUND(0.25, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0);
    TRY_ROUND(-0.25, -0.0, -1.0, -0.0, -0.0, -0.0, -0.0);
    TRY_ROUND(4194304.5, 4194304.0, 4194304.0, 4194305.0, 4194304.0, 4194305.0, 4194304.0);
    /* The largest below one half must not be rounded up by an addition of one half. */
    CHECK_EQ(FP1("frinta d0, d1", UINT64_C(0x3fdfffffffffffff)), D_0);
    CHECK_EQ(FP1("fcvtas x10, d1\n\tfmov d0, x10", UINT64_C(0x3fdfffffffffffff)), 0);
    CHECK_EQ(FP1("frinta s0, s1", 0x3effffff), 0);

    CHECK_FP("frintx d0, d1", bits_of_double(1.5), 0, 0, 0, D_2, kIxc);
    CHECK_FP("frinti d0, d1", bits_of_double(1.5), 0, 0, 0, D_2, 0);
    CHECK_FP("frintz d0, d1", D_SNAN2, 0, 0, 0, D_QNAN2, kIoc);
    CHECK_FP("frintm d0, d1", D_MINF, 0, 0, 0, D_MINF, 0);
    return check_done();
}
