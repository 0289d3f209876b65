/* SPDX-License-Identifier: MIT */
/* AES, SHA-1, SHA-256 and 64-bit PMULL on the examples of FIPS 197, FIPS 180-4 and the GCM specification. */
#include <arm_neon.h>

#include "check.h"

static void check_bytes(const char* name, const void* got, const char* hex, size_t count) {
    char text[256];
    for (size_t i = 0; i < count; i++) snprintf(text + 2 * i, 3, "%02x", ((const unsigned char*)got)[i]);
    if (strcmp(text, hex) != 0) {
        check_failures++;
        printf("%s: got %s, want %s\n", name, text, hex);
    }
}

/* The S-box, by way of aese with a zero key: ShiftRows moves the bytes, which all being equal does not show.
 */
static uint8_t substitute(uint8_t byte) {
    return vgetq_lane_u8(vaeseq_u8(vdupq_n_u8(byte), vdupq_n_u8(0)), 0);
}

static void aes(void) {
    uint8_t key[176], block[16];
    for (int i = 0; i < 16; i++) {
        key[i] = (uint8_t)i;
        block[i] = (uint8_t)(i * 0x11);
    }
    uint8_t round_constant = 1;
    for (int i = 16; i < 176; i += 4) {
        uint8_t word[4];
        memcpy(word, key + i - 4, 4);
        if (i % 16 == 0) {
            uint8_t first = word[0];
            word[0] = substitute(word[1]) ^ round_constant;
            word[1] = substitute(word[2]);
            word[2] = substitute(word[3]);
            word[3] = substitute(first);
            round_constant = (uint8_t)(round_constant << 1 ^ (round_constant & 0x80 ? 0x1b : 0));
        }
        for (int j = 0; j < 4; j++) key[i + j] = key[i + j - 16] ^ word[j];
    }
    uint8x16_t state = vld1q_u8(block);
    for (int round = 0; round < 9; round++) state = vaesmcq_u8(vaeseq_u8(state, vld1q_u8(key + 16 * round)));
    state = veorq_u8(vaeseq_u8(state, vld1q_u8(key + 144)), vld1q_u8(key + 160));
    uint8_t out[16];
    vst1q_u8(out, state);
    check_bytes("aes encrypt", out, "69c4e0d86a7b0430d8cdb78070b4c55a", 16);

    state = vaesdq_u8(state, vld1q_u8(key + 160));
    for (int round = 9; round > 0; round--) {
        state = vaesdq_u8(vaesimcq_u8(state), vaesimcq_u8(vld1q_u8(key + 16 * round)));
    }
    state = veorq_u8(state, vld1q_u8(key));
    vst1q_u8(out, state);
    check_bytes("aes decrypt", out, "00112233445566778899aabbccddeeff", 16);
}

/* One padded block holding "abc". */
static const uint8_t kAbc[64] = {'a', 'b', 'c', 0x80, [63] = 24};

static void sha1(void) {
    static const uint32_t kConstants[4] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
    static const uint32_t kStart[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
    uint32x4_t words[20], abcd = vld1q_u32(kStart);
    uint32_t e = 0xc3d2e1f0;
    for (int i = 0; i < 4; i++) words[i] = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(kAbc + 16 * i)));
    for (int i = 4; i < 20; i++) {
        words[i] = vsha1su1q_u32(vsha1su0q_u32(words[i - 4], words[i - 3], words[i - 2]), words[i - 1]);
    }
    for (int i = 0; i < 20; i++) {
        uint32x4_t input = vaddq_u32(words[i], vdupq_n_u32(kConstants[i / 5]));
        uint32_t next_e = vsha1h_u32(vgetq_lane_u32(abcd, 0));
        abcd = i < 5    ? vsha1cq_u32(abcd, e, input)
               : i < 10 ? vsha1pq_u32(abcd, e, input)
               : i < 15 ? vsha1mq_u32(abcd, e, input)
                        : vsha1pq_u32(abcd, e, input);
        e = next_e;
    }
    abcd = vaddq_u32(abcd, vld1q_u32(kStart));
    uint8_t digest[20];
    vst1q_u8(digest, vrev32q_u8(vreinterpretq_u8_u32(abcd)));
    e = __builtin_bswap32(e + 0xc3d2e1f0);
    memcpy(digest + 16, &e, 4);
    check_bytes("sha1", digest, "a9993e364706816aba3e25717850c26c9cd0d89d", 20);
}

static void sha256(void) {
    static const uint32_t kStart[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                       0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    static const uint32_t kConstants[64] = {
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
        0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
        0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
        0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
        0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
        0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
        0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
        0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};
    uint32x4_t words[16], abcd = vld1q_u32(kStart), efgh = vld1q_u32(kStart + 4);
    for (int i = 0; i < 4; i++) words[i] = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(kAbc + 16 * i)));
    for (int i = 4; i < 16; i++) {
        words[i] = vsha256su1q_u32(vsha256su0q_u32(words[i - 4], words[i - 3]), words[i - 2], words[i - 1]);
    }
    for (int i = 0; i < 16; i++) {
        uint32x4_t input = vaddq_u32(words[i], vld1q_u32(kConstants + 4 * i)), old = abcd;
        abcd = vsha256hq_u32(abcd, efgh, input);
        efgh = vsha256h2q_u32(efgh, old, input);
    }
    uint8_t digest[32];
    vst1q_u8(digest, vrev32q_u8(vreinterpretq_u8_u32(vaddq_u32(abcd, vld1q_u32(kStart)))));
    vst1q_u8(digest + 16, vrev32q_u8(vreinterpretq_u8_u32(vaddq_u32(efgh, vld1q_u32(kStart + 4)))));
    check_bytes("sha256", digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", 32);
}

static void carry_less(void) {
    static const uint64_t kValues[] = {0,   1, 2, 0x8000000000000000, 0xffffffffffffffff, 0x123456789abcdef0,
                                       0x87};
    for (int i = 0; i < 7; i++) {
        for (int j = 0; j < 7; j++) {
            unsigned __int128 want = 0;
            for (int bit = 0; bit < 64; bit++) {
                if (kValues[j] >> bit & 1) want ^= (unsigned __int128)kValues[i] << bit;
            }
            uint64_t low, high;
            __asm__ volatile(
                "fmov d1, %2\n\tfmov d2, %3\n\tpmull v0.1q, v1.1d, v2.1d\n\tfmov %0, d0\n\tins v1.d[1], "
                "%2\n\t"
                "movi d1, #0\n\tins v1.d[1], %2\n\tins v2.d[1], %3\n\tpmull2 v0.1q, v1.2d, v2.2d\n\tmov %1, "
                "v0.d[1]"
                : "=&r"(low), "=&r"(high)
                : "r"(kValues[i]), "r"(kValues[j])
                : "v0", "v1", "v2");
            CHECK_EQ(low, (uint64_t)want);
            CHECK_EQ(high, (uint64_t)(want >> 64));
        }
    }
}

int main(void) {
    aes();
    sha1();
    sha256();
    carry_less();
    return check_done();
}
