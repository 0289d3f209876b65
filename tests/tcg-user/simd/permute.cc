// SPDX-License-Identifier: MIT
// Permutations: zip, uzp, trn, ext, rev, dup, ins, tbl, tbx, umov, smov, and immediates of movi and its kin.
#include "simd/simd.h"

#define TRY_PERMUTE(op, arrangement, bits, count, ...)                                                  \
    for (int n = 0; n < kInputs; n++) {                                                                 \
        Vector va = input(n, 1), vb = input(n, 2), want = {{0, 0}};                                     \
        uint64_t status;                                                                                \
        Vector got =                                                                                    \
            RUN(op " v0." arrangement ", v1." arrangement ", v2." arrangement, va, vb, va, va, status); \
        auto a = [&](int i) { return lane(va, bits, i); };                                              \
        auto b = [&](int i) { return lane(vb, bits, i); };                                              \
        for (int i = 0; i < count; i++) set_lane(want, bits, i, __VA_ARGS__);                           \
        CHECK_VECTOR(op " " arrangement, got, want);                                                    \
    }
#define TRY_ALL_PERMUTE(op, COUNT_EXPRESSION)           \
    TRY_PERMUTE(op, "8b", 8, 8, COUNT_EXPRESSION(8))    \
    TRY_PERMUTE(op, "16b", 8, 16, COUNT_EXPRESSION(16)) \
    TRY_PERMUTE(op, "4h", 16, 4, COUNT_EXPRESSION(4))   \
    TRY_PERMUTE(op, "8h", 16, 8, COUNT_EXPRESSION(8))   \
    TRY_PERMUTE(op, "2s", 32, 2, COUNT_EXPRESSION(2))   \
    TRY_PERMUTE(op, "4s", 32, 4, COUNT_EXPRESSION(4))   \
    TRY_PERMUTE(op, "2d", 64, 2, COUNT_EXPRESSION(2))

#define ZIP1(count) (i & 1 ? b(i / 2) : a(i / 2))
#define ZIP2(count) (i & 1 ? b(count / 2 + i / 2) : a(count / 2 + i / 2))
#define UZP1(count) (i < count / 2 ? a(2 * i) : b(2 * i - count))
#define UZP2(count) (i < count / 2 ? a(2 * i + 1) : b(2 * i + 1 - count))
#define TRN1(count) (i & 1 ? b(i - 1) : a(i))
#define TRN2(count) (i & 1 ? b(i) : a(i + 1))

static void table_lookups() {
    for (int n = 0; n < kInputs; n++) {
        uint8_t table[64], index[16], old[16];
        for (int i = 0; i < 64; i++) table[i] = (uint8_t)(i * 5 + n);
        for (int i = 0; i < 16; i++) {
            index[i] = (uint8_t)((i * 23 + n * 7) % 80);
            old[i] = (uint8_t)(200 + i);
        }
        if (n == 0) index[3] = 255;
        auto lookup = [&](int registers, bool keep, const uint8_t* got, const char* name, int count) {
            for (int i = 0; i < 16; i++) {
                unsigned want = i >= count                  ? 0
                                : index[i] < 16 * registers ? table[index[i]]
                                : keep                      ? old[i]
                                                            : 0;
                CHECK_ROW(name, got[i], want);
            }
        };
#define TABLE(op, list, registers, keep, arrangement, count)                                        \
    {                                                                                               \
        uint8_t got[16];                                                                            \
        __asm__ volatile(                                                                           \
            "ld1 {v28.16b, v29.16b, v30.16b, v31.16b}, [%0]\n\tldr q1, [%1]\n\tldr q0, [%2]\n\t" op \
            " v0." arrangement ", " list ", v1." arrangement "\n\tstr q0, [%3]"                     \
            :                                                                                       \
            : "r"(table), "r"(index), "r"(old), "r"(got)                                            \
            : "v0", "v1", "v28", "v29", "v30", "v31", "memory");                                    \
        lookup(registers, keep, got, op " " list " " arrangement, count);                           \
    }
        TABLE("tbl", "{v28.16b}", 1, false, "16b", 16)
        TABLE("tbl", "{v28.16b, v29.16b}", 2, false, "16b", 16)
        TABLE("tbl", "{v28.16b, v29.16b, v30.16b}", 3, false, "8b", 8)
        TABLE("tbl", "{v28.16b, v29.16b, v30.16b, v31.16b}", 4, false, "16b", 16)
        TABLE("tbx", "{v28.16b}", 1, true, "8b", 8)
        TABLE("tbx", "{v28.16b, v29.16b}", 2, true, "16b", 16)
        TABLE("tbx", "{v28.16b, v29.16b, v30.16b}", 3, true, "16b", 16)
        TABLE("tbx", "{v28.16b, v29.16b, v30.16b, v31.16b}", 4, true, "16b", 16)

        // The table wraps from v31 to v0, and the destination may be part of it.
        uint8_t got[16];
        __asm__ volatile(
            "ldr q31, [%0]\n\tldr q0, [%0, #16]\n\tldr q1, [%1]\n\ttbl v0.16b, {v31.16b, v0.16b}, "
            "v1.16b\n\tstr q0, [%2]"
            :
            : "r"(table), "r"(index), "r"(got)
            : "v0", "v1", "v31", "memory");
        lookup(2, false, got, "tbl wrapping", 16);
    }
}

#define IMMEDIATE(text, low, high)                                                          \
    {                                                                                       \
        Vector ones = {{~UINT64_C(0), ~UINT64_C(0)}};                                       \
        uint64_t status;                                                                    \
        CHECK_VECTOR(text, RUN(text, ones, ones, ones, ones, status), Vector{{low, high}}); \
    }

int main() {
    TRY_ALL_PERMUTE("zip1", ZIP1)
    TRY_ALL_PERMUTE("zip2", ZIP2)
    TRY_ALL_PERMUTE("uzp1", UZP1)
    TRY_ALL_PERMUTE("uzp2", UZP2)
    TRY_ALL_PERMUTE("trn1", TRN1)
    TRY_ALL_PERMUTE("trn2", TRN2)
    TRY_LANES("ext v0.16b, v1.16b, v2.16b, #0", 8, 8, 16, 0, a)
    TRY_LANES("ext v0.16b, v1.16b, v2.16b, #5", 8, 8, 16, 0,
              i < 11 ? lane(va, 8, i + 5) : lane(vb, 8, i - 11))
    TRY_LANES("ext v0.8b, v1.8b, v2.8b, #7", 8, 8, 8, 0, i < 1 ? lane(va, 8, 7) : lane(vb, 8, i - 1))
    TRY_LANES("rev64 v0.16b, v1.16b", 8, 8, 16, 0, lane(va, 8, i ^ 7))
    TRY_LANES("rev64 v0.4h, v1.4h", 16, 16, 4, 0, lane(va, 16, i ^ 3))
    TRY_LANES("rev64 v0.4s, v1.4s", 32, 32, 4, 0, lane(va, 32, i ^ 1))
    TRY_LANES("rev32 v0.8h, v1.8h", 16, 16, 8, 0, lane(va, 16, i ^ 1))
    TRY_LANES("rev32 v0.8b, v1.8b", 8, 8, 8, 0, lane(va, 8, i ^ 3))
    TRY_LANES("rev16 v0.16b, v1.16b", 8, 8, 16, 0, lane(va, 8, i ^ 1))
    TRY_LANES("dup v0.16b, v1.b[11]", 8, 8, 16, 0, lane(va, 8, 11))
    TRY_LANES("dup v0.4h, v1.h[7]", 16, 16, 4, 0, lane(va, 16, 7))
    TRY_LANES("dup v0.2d, v1.d[1]", 64, 64, 2, 0, lane(va, 64, 1))
    TRY_LANES("mov s0, v1.s[3]", 32, 32, 1, 0, lane(va, 32, 3))
    TRY_LANES("fmov x9, d1\n\tdup v0.8h, w9", 16, 16, 8, 0, lane(va, 16, 0))
    TRY_LANES("mov v0.s[2], v1.s[1]", 32, 32, 4, 0, i == 2 ? lane(va, 32, 1) : d)
    TRY_LANES("fmov x9, d1\n\tmov v0.b[13], w9", 8, 8, 16, 0, i == 13 ? lane(va, 8, 0) : d)
    TRY_LANES("umov w9, v1.h[6]\n\tfmov d0, x9", 64, 64, 1, 0, lane(va, 16, 6))
    TRY_LANES("smov x9, v1.b[9]\n\tfmov d0, x9", 64, 64, 1, 0, signed_of(lane(va, 8, 9), 8))
    TRY_LANES("smov w9, v1.h[2]\n\tfmov d0, x9", 64, 64, 1, 0, (uint32_t)signed_of(lane(va, 16, 2), 16))
    TRY_LANES("umov x9, v1.d[1]\n\tfmov d0, x9", 64, 64, 1, 0, lane(va, 64, 1))
    TRY_LANES("mov v0.16b, v1.16b", 64, 64, 2, 0, a)
    TRY_LANES("mov v0.8b, v1.8b", 64, 64, 1, 0, a)
    table_lookups();

    IMMEDIATE("movi v0.16b, #0x5a", 0x5a5a5a5a5a5a5a5a, 0x5a5a5a5a5a5a5a5a)
    IMMEDIATE("movi v0.4h, #0x5a, lsl #8", 0x5a005a005a005a00, 0)
    IMMEDIATE("movi v0.4s, #0x5a, lsl #24", 0x5a0000005a000000, 0x5a0000005a000000)
    IMMEDIATE("movi v0.2s, #0x5a, msl #8", 0x00005aff00005aff, 0)
    IMMEDIATE("movi v0.4s, #0x5a, msl #16", 0x005affff005affff, 0x005affff005affff)
    IMMEDIATE("movi v0.2d, #0xff00ff0000ff00ff", 0xff00ff0000ff00ff, 0xff00ff0000ff00ff)
    IMMEDIATE("movi d0, #0xffffffff", 0xffffffff, 0)
    IMMEDIATE("mvni v0.8h, #1", 0xfffefffefffefffe, 0xfffefffefffefffe)
    IMMEDIATE("mvni v0.2s, #0x80, msl #16", 0xff7f0000ff7f0000, 0)
    IMMEDIATE("bic v0.4s, #0xf, lsl #8", 0xfffff0fffffff0ff, 0xfffff0fffffff0ff)
    IMMEDIATE("bic v0.4h, #0x81", 0xff7eff7eff7eff7e, 0)
    IMMEDIATE("movi v0.2d, #0\n\torr v0.8h, #0x12, lsl #8", 0x1200120012001200, 0x1200120012001200)
    IMMEDIATE("fmov v0.4s, #1.0", 0x3f8000003f800000, 0x3f8000003f800000)
    IMMEDIATE("fmov v0.2d, #-2.5", 0xc004000000000000, 0xc004000000000000)
    return check_done();
}
