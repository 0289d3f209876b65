/* SPDX-License-Identifier: MIT */
/* ChaCha20 key stream. */
#include "bench.h"

#define ROL(x, n) ((x) << (n) | (x) >> (32 - (n)))
#define QUARTER(a, b, c, d)                         \
    a += b, d ^= a, d = ROL(d, 16), c += d, b ^= c; \
    b = ROL(b, 12), a += b, d ^= a, d = ROL(d, 8);  \
    c += d, b ^= c, b = ROL(b, 7)

int main(void) {
    uint32_t state[16], sum[16] = {0};
    for (uint32_t i = 0; i < 16; i++) state[i] = i * 0x01234567u;
    for (int n = 0; n < 1300000; n++) {
        uint32_t x[16];
        memcpy(x, state, sizeof x);
        for (int round = 0; round < 10; round++) {
            QUARTER(x[0], x[4], x[8], x[12]);
            QUARTER(x[1], x[5], x[9], x[13]);
            QUARTER(x[2], x[6], x[10], x[14]);
            QUARTER(x[3], x[7], x[11], x[15]);
            QUARTER(x[0], x[5], x[10], x[15]);
            QUARTER(x[1], x[6], x[11], x[12]);
            QUARTER(x[2], x[7], x[8], x[13]);
            QUARTER(x[3], x[4], x[9], x[14]);
        }
        for (int i = 0; i < 16; i++) sum[i] ^= x[i] + state[i];
        state[12]++;
    }
    uint64_t check = 0;
    for (int i = 0; i < 16; i++) check = mix(check, sum[i]);
    report(check);
    return 0;
}
