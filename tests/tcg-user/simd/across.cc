// SPDX-License-Identifier: MIT
// Across all lanes (addv, smaxv, uaddlv, ...) and pairwise.
#include "simd/simd.h"

#define TRY_ACROSS(text, bits, count, start, to_bits, ...)                                              \
    for (int n = 0; n < kInputs; n++) {                                                                 \
        Vector va = input(n, 1), vb = input(n, 2);                                                      \
        uint64_t status;                                                                                \
        Vector got = RUN(text, va, vb, vb, vb, status), want = {{0, 0}};                                \
        int64_t sum = start;                                                                            \
        for (int i = 0; i < count; i++) {                                                               \
            [[maybe_unused]] int64_t a = (int64_t)lane(va, bits, i), sa = signed_of((uint64_t)a, bits); \
            sum = (__VA_ARGS__);                                                                        \
        }                                                                                               \
        set_lane(want, to_bits, 0, (uint64_t)sum);                                                      \
        CHECK_VECTOR(text, got, want);                                                                  \
    }

#define TRY_PAIRS(op, arrangement, bits, count, ...)                                                    \
    for (int n = 0; n < kInputs; n++) {                                                                 \
        Vector va = input(n, 1), vb = input(n, 2), want = {{0, 0}};                                     \
        uint64_t status;                                                                                \
        Vector got =                                                                                    \
            RUN(op " v0." arrangement ", v1." arrangement ", v2." arrangement, va, vb, va, va, status); \
        for (int i = 0; i < count; i++) {                                                               \
            const Vector& from = i < count / 2 ? va : vb;                                               \
            int at = 2 * (i % (count / 2));                                                             \
            uint64_t x = lane(from, bits, at), y = lane(from, bits, at + 1);                            \
            [[maybe_unused]] int64_t sx = signed_of(x, bits), sy = signed_of(y, bits);                  \
            set_lane(want, bits, i, (uint64_t)(__VA_ARGS__));                                           \
        }                                                                                               \
        CHECK_VECTOR(op " " arrangement, got, want);                                                    \
    }
#define TRY_PAIRS_BHS(op, ...)               \
    TRY_PAIRS(op, "8b", 8, 8, __VA_ARGS__)   \
    TRY_PAIRS(op, "16b", 8, 16, __VA_ARGS__) \
    TRY_PAIRS(op, "4h", 16, 4, __VA_ARGS__)  \
    TRY_PAIRS(op, "8h", 16, 8, __VA_ARGS__)  \
    TRY_PAIRS(op, "2s", 32, 2, __VA_ARGS__)  \
    TRY_PAIRS(op, "4s", 32, 4, __VA_ARGS__)

int main() {
    TRY_ACROSS("addv b0, v1.16b", 8, 16, 0, 8, sum + a)
    TRY_ACROSS("addv b0, v1.8b", 8, 8, 0, 8, sum + a)
    TRY_ACROSS("addv h0, v1.8h", 16, 8, 0, 16, sum + a)
    TRY_ACROSS("addv s0, v1.4s", 32, 4, 0, 32, sum + a)
    TRY_ACROSS("saddlv h0, v1.16b", 8, 16, 0, 16, sum + sa)
    TRY_ACROSS("uaddlv s0, v1.8h", 16, 8, 0, 32, sum + a)
    TRY_ACROSS("saddlv d0, v1.4s", 32, 4, 0, 64, sum + sa)
    TRY_ACROSS("uaddlv h0, v1.8b", 8, 8, 0, 16, sum + a)
    TRY_ACROSS("smaxv b0, v1.16b", 8, 16, -1000, 8, sa > sum ? sa : sum)
    TRY_ACROSS("sminv h0, v1.4h", 16, 4, 100000, 16, sa < sum ? sa : sum)
    TRY_ACROSS("umaxv s0, v1.4s", 32, 4, 0, 32, a > sum ? a : sum)
    TRY_ACROSS("uminv b0, v1.8b", 8, 8, 1000, 8, a < sum ? a : sum)
    TRY_ACROSS("addp d0, v1.2d", 64, 2, 0, 64, (int64_t)((uint64_t)sum + (uint64_t)a))
    TRY_PAIRS_BHS("addp", x + y)
    TRY_PAIRS("addp", "2d", 64, 2, x + y)
    TRY_PAIRS_BHS("smaxp", sx > sy ? sx : sy)
    TRY_PAIRS_BHS("sminp", sx < sy ? sx : sy)
    TRY_PAIRS_BHS("umaxp", x > y ? x : y)
    TRY_PAIRS_BHS("uminp", x < y ? x : y)
    return check_done();
}
