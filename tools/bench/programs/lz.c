/* SPDX-License-Identifier: MIT */
/* A small LZ77 compressor with a hash table, and its decompressor. */
#include "bench.h"

enum { kSize = 1 << 20 };
static unsigned char input[kSize], packed[2 * kSize], output[kSize];
static int heads[1 << 14];

static size_t compress(void) {
    size_t out = 0;
    memset(heads, -1, sizeof heads);
    for (int at = 0; at < kSize;) {
        int length = 0, distance = 0;
        if (at + 4 <= kSize) {
            uint32_t word;
            memcpy(&word, input + at, 4);
            uint32_t hash = word * 2654435761u >> 18;
            int candidate = heads[hash];
            heads[hash] = at;
            if (candidate >= 0 && at - candidate < 65536) {
                while (at + length < kSize && length < 255 && input[candidate + length] == input[at + length])
                    length++;
                distance = at - candidate;
            }
        }
        if (length >= 4) {
            packed[out++] = (unsigned char)length;
            packed[out++] = (unsigned char)distance;
            packed[out++] = (unsigned char)(distance >> 8);
            at += length;
        } else {
            packed[out++] = 0;
            packed[out++] = input[at++];
        }
    }
    return out;
}

static void expand(size_t size) {
    size_t out = 0;
    for (size_t at = 0; at < size;) {
        int length = packed[at++];
        if (length == 0) {
            output[out++] = packed[at++];
            continue;
        }
        size_t from = out - (size_t)(packed[at] | packed[at + 1] << 8);
        at += 2;
        while (length-- > 0) output[out++] = output[from++];
    }
}

int main(void) {
    uint32_t state = 1;
    for (int i = 0; i < kSize; i++) {
        uint32_t r = next_random(&state);
        input[i] = i > 1000 && r % 8 ? input[i - 1 - (int)(i / 777 % 900)] : (unsigned char)('a' + r % 20);
    }
    uint64_t sum = 0;
    for (int round = 0; round < 32; round++) {
        size_t size = compress();
        expand(size);
        if (memcmp(input, output, kSize) != 0) return 1;
        sum = mix(sum, size);
        input[round * 1000] ^= 1;
    }
    report(sum);
    return 0;
}
