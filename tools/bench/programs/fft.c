/* SPDX-License-Identifier: MIT */
/* A radix-2 fast Fourier transform, forth and back, in doubles. */
#include <math.h>

#include "bench.h"

enum { kBits = 12, kN = 1 << kBits };
static double re[kN], im[kN], cosine[kN / 2], sine[kN / 2];

static void transform(int inverse) {
    for (int i = 0, j = 0; i < kN; i++) {
        if (i < j) {
            double t = re[i];
            re[i] = re[j], re[j] = t;
            t = im[i], im[i] = im[j], im[j] = t;
        }
        int bit = kN >> 1;
        for (; j & bit; bit >>= 1) j ^= bit;
        j ^= bit;
    }
    for (int size = 2; size <= kN; size *= 2) {
        for (int start = 0; start < kN; start += size) {
            for (int k = 0; k < size / 2; k++) {
                double wr = cosine[k * (kN / size)],
                       wi = inverse ? -sine[k * (kN / size)] : sine[k * (kN / size)];
                int a = start + k, b = a + size / 2;
                double tr = re[b] * wr - im[b] * wi, ti = re[b] * wi + im[b] * wr;
                re[b] = re[a] - tr, im[b] = im[a] - ti;
                re[a] += tr, im[a] += ti;
            }
        }
    }
}

int main(void) {
    /* Twiddle factors by halving angles, so that they are the same everywhere. */
    double c = -1, s = 0, step_c[kBits], step_s[kBits];
    for (int i = 0; i < kBits; i++) {
        step_c[i] = c, step_s[i] = s;
        double half_c = sqrt((1 + c) / 2), half_s = sqrt((1 - c) / 2);
        c = half_c, s = half_s;
    }
    for (int i = 0; i < kN / 2; i++) {
        double wr = 1, wi = 0;
        for (int bit = 0; bit < kBits - 1; bit++) {
            if (!(i >> bit & 1)) continue;
            double hr = step_c[kBits - 1 - bit], hi = step_s[kBits - 1 - bit], t = wr * hr - wi * hi;
            wi = wr * hi + wi * hr;
            wr = t;
        }
        cosine[i] = wr, sine[i] = wi;
    }
    for (int i = 0; i < kN; i++) re[i] = i % 17 - 8, im[i] = i % 5;
    for (int round = 0; round < 350; round++) {
        transform(0);
        for (int i = 0; i < kN; i++) re[i] /= kN, im[i] /= kN;
        transform(1);
    }
    uint64_t sum = 0;
    for (int i = 0; i < kN; i += 31) sum = mix_double(sum, re[i]);
    report(sum);
    return 0;
}
