// SPDX-License-Identifier: MIT
// Vector instructions against a lane-by-lane model.
//
// TRY runs one instruction on a set of inputs chosen to be nasty and compares every lane of the destination
// with an expression over the lanes of the sources: a, b, d (old destination) unsigned, sa, sb, sd signed,
// `bits` their width.
#ifndef TESTS_TCG_USER_SIMD_SIMD_H
#define TESTS_TCG_USER_SIMD_SIMD_H

#include "check.h"

struct Vector {
    uint64_t half[2];
};

inline uint64_t lane(const Vector& v, int bits, int i) {
    uint64_t word = v.half[i * bits / 64] >> (i * bits % 64);
    return bits == 64 ? word : word & ((UINT64_C(1) << bits) - 1);
}

inline void set_lane(Vector& v, int bits, int i, uint64_t value) {
    uint64_t mask = bits == 64 ? ~UINT64_C(0) : (UINT64_C(1) << bits) - 1;
    int shift = i * bits % 64;
    uint64_t& word = v.half[i * bits / 64];
    word = (word & ~(mask << shift)) | (value & mask) << shift;
}

inline int64_t signed_of(uint64_t value, int bits) {
    return (int64_t)(value << (64 - bits)) >> (64 - bits);
}
inline uint64_t mask_of(int bits) {
    return bits == 64 ? ~UINT64_C(0) : (UINT64_C(1) << bits) - 1;
}

using Wide = __int128;

inline uint64_t saturate_signed(Wide value, int bits) {
    Wide most = ((Wide)1 << (bits - 1)) - 1, least = -most - 1;
    return (uint64_t)(value > most ? most : value < least ? least : value);
}

inline uint64_t saturate_unsigned(Wide value, int bits) {
    Wide most = ((Wide)1 << bits) - 1;
    return (uint64_t)(value > most ? most : value < 0 ? 0 : value);
}

constexpr int kInputs = 40;

// Input number `i` of stream `stream`: extremes in the first ones, then noise with extremes mixed in.
inline Vector input(int i, int stream) {
    static const uint64_t kExtremes[] = {0,
                                         ~UINT64_C(0),
                                         0x8080808080808080,
                                         0x7f7f7f7f7f7f7f7f,
                                         0x8000800080008000,
                                         0x7fff7fff7fff7fff,
                                         0x8000000080000000,
                                         0x7fffffff7fffffff,
                                         0x8000000000000000,
                                         0x7fffffffffffffff,
                                         0x0101010101010101,
                                         1};
    auto word = [&](int half) -> uint64_t {
        uint64_t seed = (uint64_t)(i * 4 + stream * 1000003 + half * 2) * UINT64_C(0x9e3779b97f4a7c15);
        seed ^= seed >> 31;
        seed *= UINT64_C(0xbf58476d1ce4e5b9);
        seed ^= seed >> 27;
        if (i < 12 || seed % 5 == 0) return kExtremes[(seed >> 8) % 12];
        return seed * UINT64_C(0x94d049bb133111eb);
    };
    return {{word(0), word(1)}};
}

// v0 = d, v1 = a, v2 = b, v3 = c; the instruction; returns v0. FPSR (with QC) is cleared before and read
// after.
#define RUN(text, a, b, c, d, status)                                                                \
    [&] {                                                                                            \
        Vector run_out, run_a = (a), run_b = (b), run_c = (c), run_d = (d);                          \
        __asm__ volatile(                                                                            \
            "msr fpsr, xzr\n\tldr q0, [%4]\n\tldr q1, [%1]\n\tldr q2, [%2]\n\tldr q3, [%3]\n\t" text \
            "\n\tmrs %0, fpsr\n\tstr q0, [%5]"                                                       \
            : "=&r"(status)                                                                          \
            : "r"(&run_a), "r"(&run_b), "r"(&run_c), "r"(&run_d), "r"(&run_out)                      \
            : "v0", "v1", "v2", "v3", "x9", "memory");                                               \
        return run_out;                                                                              \
    }()

inline void differ(const char* file, int line, const char* what, Vector got, Vector want) {
    if (got.half[0] == want.half[0] && got.half[1] == want.half[1]) return;
    if (++check_failures > 40) return;
    printf("%s:%d: %s: got %016llx_%016llx, want %016llx_%016llx\n", file, line, what,
           (unsigned long long)got.half[1], (unsigned long long)got.half[0], (unsigned long long)want.half[1],
           (unsigned long long)want.half[0]);
}

#define CHECK_VECTOR(name, got, ...) differ(__FILE__, __LINE__, name, (got), (__VA_ARGS__))

// `from_bits` and `to_bits`: widths of source and destination lanes; `count` lanes; `first`: first source
// lane.
#define TRY_LANES(text, from_bits, to_bits, count, first, ...)                                        \
    for (int n = 0; n < kInputs; n++) {                                                               \
        Vector va = input(n, 1), vb = input(n, 2), vd = input(n, 3), want = {{0, 0}};                 \
        uint64_t status;                                                                              \
        Vector got = RUN(text, va, vb, vd, vd, status);                                               \
        for (int i = 0; i < (count); i++) {                                                           \
            [[maybe_unused]] constexpr int bits = from_bits;                                          \
            [[maybe_unused]] uint64_t a = lane(va, from_bits, i + (first)),                           \
                                      b = lane(vb, from_bits, i + (first)), d = lane(vd, to_bits, i); \
            [[maybe_unused]] int64_t sa = signed_of(a, from_bits), sb = signed_of(b, from_bits),      \
                                     sd = signed_of(d, to_bits);                                      \
            set_lane(want, to_bits, i, (uint64_t)(__VA_ARGS__));                                      \
        }                                                                                             \
        CHECK_VECTOR(text, got, want);                                                                \
    }

#define TRY3(op, arrangement, bits, count, ...)                                                    \
    TRY_LANES(op " v0." arrangement ", v1." arrangement ", v2." arrangement, bits, bits, count, 0, \
              __VA_ARGS__)
#define TRY3_B(op, ...) TRY3(op, "8b", 8, 8, __VA_ARGS__) TRY3(op, "16b", 8, 16, __VA_ARGS__)
#define TRY3_HS(op, ...)               \
    TRY3(op, "4h", 16, 4, __VA_ARGS__) \
    TRY3(op, "8h", 16, 8, __VA_ARGS__) \
    TRY3(op, "2s", 32, 2, __VA_ARGS__) \
    TRY3(op, "4s", 32, 4, __VA_ARGS__)
#define TRY3_BHS(op, ...) TRY3_B(op, __VA_ARGS__) TRY3_HS(op, __VA_ARGS__)
#define TRY3_ALL(op, ...) TRY3_BHS(op, __VA_ARGS__) TRY3(op, "2d", 64, 2, __VA_ARGS__)

#define TRY2(op, arrangement, tail, bits, count, ...) \
    TRY_LANES(op " v0." arrangement ", v1." arrangement tail, bits, bits, count, 0, __VA_ARGS__)
#define TRY2_BHS(op, tail, ...)               \
    TRY2(op, "8b", tail, 8, 8, __VA_ARGS__)   \
    TRY2(op, "16b", tail, 8, 16, __VA_ARGS__) \
    TRY2(op, "4h", tail, 16, 4, __VA_ARGS__)  \
    TRY2(op, "8h", tail, 16, 8, __VA_ARGS__)  \
    TRY2(op, "2s", tail, 32, 2, __VA_ARGS__)  \
    TRY2(op, "4s", tail, 32, 4, __VA_ARGS__)
#define TRY2_ALL(op, tail, ...) TRY2_BHS(op, tail, __VA_ARGS__) TRY2(op, "2d", tail, 64, 2, __VA_ARGS__)

// Widening: destination lanes twice as wide; the "2" form takes the upper half of the sources.
#define TRY_LONG(op, ...)                                             \
    TRY_LANES(op " v0.8h, v1.8b, v2.8b", 8, 16, 8, 0, __VA_ARGS__)    \
    TRY_LANES(op "2 v0.8h, v1.16b, v2.16b", 8, 16, 8, 8, __VA_ARGS__) \
    TRY_LANES(op " v0.4s, v1.4h, v2.4h", 16, 32, 4, 0, __VA_ARGS__)   \
    TRY_LANES(op "2 v0.4s, v1.8h, v2.8h", 16, 32, 4, 4, __VA_ARGS__)  \
    TRY_LANES(op " v0.2d, v1.2s, v2.2s", 32, 64, 2, 0, __VA_ARGS__)   \
    TRY_LANES(op "2 v0.2d, v1.4s, v2.4s", 32, 64, 2, 2, __VA_ARGS__)

#endif
