/* SPDX-License-Identifier: MIT */
/* Fannkuch: permutations and reversals of short arrays. */
#include "bench.h"

int main(void) {
    enum { kN = 9 };
    int permutation[kN], work[kN], count[kN], r = kN;
    uint64_t checksum = 0, most = 0;
    for (int repeat = 0; repeat < 9; repeat++) {
        r = kN;
        for (int i = 0; i < kN; i++) permutation[i] = (i + repeat) % kN;
        for (uint64_t number = 0;; number++) {
            for (; r != 1; r--) count[r - 1] = r;
            memcpy(work, permutation, sizeof work);
            uint64_t flips = 0;
            for (int k; (k = work[0]) != 0; flips++) {
                for (int i = 0, j = k; i < j; i++, j--) {
                    int t = work[i];
                    work[i] = work[j];
                    work[j] = t;
                }
            }
            if (flips > most) most = flips;
            checksum += number & 1 ? 0 - flips : flips;
            for (;; r++) {
                if (r == kN) goto done;
                int first = permutation[0];
                for (int i = 0; i < r; i++) permutation[i] = permutation[i + 1];
                permutation[r] = first;
                if (--count[r] > 0) break;
            }
        }
    done:;
    }
    report(mix(checksum, most));
    return 0;
}
