/* SPDX-License-Identifier: MIT */
/* Vectorised bytes: a box blur, a threshold and a histogram over an image. */
#include "bench.h"

enum { kWidth = 640, kHeight = 480 };
static unsigned char image[kHeight][kWidth], out[kHeight][kWidth];

int main(void) {
    uint32_t state = 17;
    for (int y = 0; y < kHeight; y++) {
        for (int x = 0; x < kWidth; x++) image[y][x] = (unsigned char)next_random(&state);
    }
    uint64_t sum = 0;
    for (int round = 0; round < 600; round++) {
        for (int y = 1; y < kHeight - 1; y++) {
            for (int x = 1; x < kWidth - 1; x++) {
                out[y][x] = (unsigned char)((image[y - 1][x] + image[y + 1][x] + image[y][x - 1] +
                                             image[y][x + 1] + 4 * image[y][x] + 4) >>
                                            3);
            }
        }
        uint32_t above = 0;
        for (int y = 0; y < kHeight; y++) {
            for (int x = 0; x < kWidth; x++) above += out[y][x] > 128;
        }
        sum = mix(sum, above);
        memcpy(image, out, sizeof image);
        image[round % kHeight][round % kWidth] ^= 0xff;
    }
    report(sum);
    return 0;
}
