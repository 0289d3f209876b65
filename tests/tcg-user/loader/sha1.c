/* SPDX-License-Identifier: MIT */
/* SHA-1 (FIPS 180-4) over 1000 repetitions of the 4096 bytes b[i] = i mod 256: the program the demo profiles.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct Sha1 {
    uint32_t state[5];
    uint64_t length;
    unsigned char block[64];
};

static uint32_t rotate_left(uint32_t value, int count) {
    return value << count | value >> (32 - count);
}

static void sha1_block(uint32_t state[5], const unsigned char* bytes) {
    uint32_t w[80];
    for (int i = 0; i < 16; i++) {
        w[i] = (uint32_t)bytes[4 * i] << 24 | (uint32_t)bytes[4 * i + 1] << 16 |
               (uint32_t)bytes[4 * i + 2] << 8 | bytes[4 * i + 3];
    }
    for (int i = 16; i < 80; i++) w[i] = rotate_left(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);

    uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    for (int i = 0; i < 80; i++) {
        uint32_t f, k;
        if (i < 20) {
            f = (b & c) | (~b & d);
            k = 0x5a827999;
        } else if (i < 40) {
            f = b ^ c ^ d;
            k = 0x6ed9eba1;
        } else if (i < 60) {
            f = (b & c) | (b & d) | (c & d);
            k = 0x8f1bbcdc;
        } else {
            f = b ^ c ^ d;
            k = 0xca62c1d6;
        }
        uint32_t next = rotate_left(a, 5) + f + e + k + w[i];
        e = d;
        d = c;
        c = rotate_left(b, 30);
        b = a;
        a = next;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
}

static void sha1_start(struct Sha1* sha) {
    static const uint32_t kStart[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    memcpy(sha->state, kStart, sizeof kStart);
    sha->length = 0;
}

static void sha1_add(struct Sha1* sha, const unsigned char* bytes, size_t count) {
    size_t used = sha->length % 64;
    sha->length += count;
    while (count != 0) {
        size_t part = 64 - used < count ? 64 - used : count;
        memcpy(sha->block + used, bytes, part);
        bytes += part;
        count -= part;
        used += part;
        if (used == 64) {
            sha1_block(sha->state, sha->block);
            used = 0;
        }
    }
}

static void sha1_end(struct Sha1* sha, unsigned char digest[20]) {
    static const unsigned char kPadding[64] = {0x80};
    unsigned char length[8];
    for (int i = 0; i < 8; i++) length[i] = (unsigned char)(sha->length * 8 >> (56 - 8 * i));
    sha1_add(sha, kPadding, 1 + (119 - sha->length % 64) % 64);
    sha1_add(sha, length, 8);
    for (int i = 0; i < 20; i++) digest[i] = (unsigned char)(sha->state[i / 4] >> (24 - 8 * (i % 4)));
}

int main(void) {
    unsigned char buffer[4096], digest[20];
    struct Sha1 sha;
    for (int i = 0; i < 4096; i++) buffer[i] = (unsigned char)i;
    sha1_start(&sha);
    for (int i = 0; i < 1000; i++) sha1_add(&sha, buffer, sizeof buffer);
    sha1_end(&sha, digest);
    printf("SHA1=");
    for (int i = 0; i < 20; i++) printf("%02x", digest[i]);
    printf("\n");
    return 0;
}
