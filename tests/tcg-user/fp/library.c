/* SPDX-License-Identifier: MIT */
/* The C library's floating point: mathematical functions to the last bit, printing, reading, long double. */
#include <math.h>

#include "check.h"

int main(void) {
    volatile double x = 0.5, y = 3.0;
    CHECK_EQ(bits_of_double(sin(x)), 0x3fdeaee8744b05f0);
    CHECK_EQ(bits_of_double(exp(x)), 0x3ffa61298e1e069c);
    CHECK_EQ(bits_of_double(log(y)), 0x3ff193ea7aad030b);
    CHECK_EQ(bits_of_double(pow(y, x)), bits_of_double(sqrt(y)));
    CHECK_EQ(bits_of_double(sqrt(y)), 0x3ffbb67ae8584caa);
    CHECK_EQ(bits_of_double(fma(x, y, -1.5)), 0);
    CHECK_EQ(bits_of_double(fmod(10.25, y)), bits_of_double(1.25));
    CHECK_EQ(bits_of_float(sqrtf((float)y)), 0x3fddb3d7);
    CHECK_EQ(lrint(2.5), 2);
    CHECK_EQ(lround(-2.5), -3);
    CHECK_EQ(bits_of_double(nextafter(1.0, 2.0)), 0x3ff0000000000001);
    CHECK_EQ(bits_of_double(ldexp(1.0, -1074)), 1);
    CHECK_EQ(bits_of_double(strtod("0.1", NULL)), 0x3fb999999999999a);
    CHECK_EQ(bits_of_double(strtod("4.9406564584124654e-324", NULL)), 1);
    CHECK_EQ(bits_of_double(strtod("0x1.8p3", NULL)), bits_of_double(12));
    char text[128];
    snprintf(text, sizeof text, "%.17g %g %e %a %f", 0.1, 1e100, 1234.5678, 1.5, -2.0 / 3);
    CHECK_STR(text, "0.10000000000000001 1e+100 1.234568e+03 0x1.8p+0 -0.666667");
    snprintf(text, sizeof text, "%f %f %g", INFINITY, -INFINITY, nan(""));
    CHECK_STR(text, "inf -inf nan");
    /* long double is binary128, done by libgcc in integer code. */
    volatile long double third = 1.0L / 3;
    snprintf(text, sizeof text, "%.33Lg", third * 3 - 1 + third);
    CHECK_STR(text, "0.333333333333333333333333333333333");
    CHECK(third * 3 == 1.0L);
    return check_done();
}
