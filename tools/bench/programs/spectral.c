/* SPDX-License-Identifier: MIT */
/* The spectral norm of an infinite matrix: divisions of doubles. */
#include <math.h>

#include "bench.h"

enum { kN = 400 };

static double element(int i, int j) {
    return 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1);
}

static void multiply(const double* v, double* out, int transposed) {
    for (int i = 0; i < kN; i++) {
        double sum = 0;
        for (int j = 0; j < kN; j++) sum += (transposed ? element(j, i) : element(i, j)) * v[j];
        out[i] = sum;
    }
}

int main(void) {
    static double u[kN], v[kN], t[kN];
    for (int i = 0; i < kN; i++) u[i] = 1;
    for (int i = 0; i < 100; i++) {
        multiply(u, t, 0);
        multiply(t, v, 1);
        multiply(v, t, 0);
        multiply(t, u, 1);
    }
    double uv = 0, vv = 0;
    for (int i = 0; i < kN; i++) uv += u[i] * v[i], vv += v[i] * v[i];
    report(mix_double(0, sqrt(uv / vv)));
    return 0;
}
