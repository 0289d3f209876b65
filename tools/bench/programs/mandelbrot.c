/* SPDX-License-Identifier: MIT */
/* The Mandelbrot set: scalar doubles, compares and branches. */
#include "bench.h"

int main(void) {
    uint64_t sum = 0;
    enum { kSize = 700 };
    for (int row = 0; row < kSize; row++) {
        for (int column = 0; column < kSize; column++) {
            double cr = column * (3.0 / kSize) - 2.2, ci = row * (2.4 / kSize) - 1.2, zr = 0, zi = 0;
            int n = 0;
            while (n < 250 && zr * zr + zi * zi <= 4.0) {
                double t = zr * zr - zi * zi + cr;
                zi = 2 * zr * zi + ci;
                zr = t;
                n++;
            }
            sum = mix(sum, (uint64_t)n);
        }
    }
    report(sum);
    return 0;
}
