/* SPDX-License-Identifier: MIT */
/* ld1-ld4, st1-st4 with interleaving, single lanes, replication, and write-back by constants and registers.
 */
#include "check.h"

static unsigned char source[256] __attribute__((aligned(16))), target[256] __attribute__((aligned(16)));

static void prepare(void) {
    for (int i = 0; i < 256; i++) {
        source[i] = (unsigned char)(i * 7 + 1);
        target[i] = 0xee;
    }
}

/* Loads with `load`, stores the four registers one after another, and compares element by element:
 * register r, element e comes from source[(e * registers + r) * size]. */
static void check_interleaved(const char* name, int registers, int size, int bytes) {
    for (int r = 0; r < registers; r++) {
        for (int i = 0; i < 16; i++) {
            int want = i < bytes ? source[(i / size * registers + r) * size + i % size] : 0;
            CHECK_ROW(name, target[16 * r + i], want);
        }
    }
}

#define LOAD(text, registers, size, bytes, moved)                              \
    do {                                                                       \
        prepare();                                                             \
        unsigned char* base = source;                                          \
        __asm__ volatile(text "\n\tst1 {v4.16b, v5.16b, v6.16b, v7.16b}, [%1]" \
                         : "+&r"(base)                                         \
                         : "r"(target), "r"(UINT64_C(100))                     \
                         : "v4", "v5", "v6", "v7", "memory");                  \
        check_interleaved(text, registers, size, bytes);                       \
        CHECK_ROW(text " base", base - source, moved);                         \
    } while (0)

/* Stores interleaved what was loaded plainly: the inverse. */
#define STORE(text, registers, size, bytes, moved)                                                         \
    do {                                                                                                   \
        prepare();                                                                                         \
        unsigned char* base = target;                                                                      \
        __asm__ volatile("ld1 {v4.16b, v5.16b, v6.16b, v7.16b}, [%1]\n\t" text                             \
                         : "+&r"(base)                                                                     \
                         : "r"(source), "r"(UINT64_C(100))                                                 \
                         : "v4", "v5", "v6", "v7", "memory");                                              \
        for (int r = 0; r < registers; r++) {                                                              \
            for (int i = 0; i < bytes; i++) {                                                              \
                CHECK_ROW(text, target[(i / size * registers + r) * size + i % size], source[16 * r + i]); \
            }                                                                                              \
        }                                                                                                  \
        CHECK_ROW(text " end", target[registers * bytes], 0xee);                                           \
        CHECK_ROW(text " base", base - target, moved);                                                     \
    } while (0)

int main(void) {
    LOAD("ld2 {v4.16b, v5.16b}, [%0]", 2, 1, 16, 0);
    LOAD("ld2 {v4.4h, v5.4h}, [%0], #16", 2, 2, 8, 16);
    LOAD("ld2 {v4.2d, v5.2d}, [%0], %2", 2, 8, 16, 100);
    LOAD("ld3 {v4.8b, v5.8b, v6.8b}, [%0]", 3, 1, 8, 0);
    LOAD("ld3 {v4.4s, v5.4s, v6.4s}, [%0], #48", 3, 4, 16, 48);
    LOAD("ld3 {v4.8h, v5.8h, v6.8h}, [%0], %2", 3, 2, 16, 100);
    LOAD("ld4 {v4.16b, v5.16b, v6.16b, v7.16b}, [%0]", 4, 1, 16, 0);
    LOAD("ld4 {v4.2s, v5.2s, v6.2s, v7.2s}, [%0], #32", 4, 4, 8, 32);
    LOAD("ld4 {v4.2d, v5.2d, v6.2d, v7.2d}, [%0], #64", 4, 8, 16, 64);
    STORE("st2 {v4.16b, v5.16b}, [%0]", 2, 1, 16, 0);
    STORE("st2 {v4.2s, v5.2s}, [%0], #16", 2, 4, 8, 16);
    STORE("st3 {v4.16b, v5.16b, v6.16b}, [%0], %2", 3, 1, 16, 100);
    STORE("st3 {v4.4h, v5.4h, v6.4h}, [%0], #24", 3, 2, 8, 24);
    STORE("st4 {v4.8h, v5.8h, v6.8h, v7.8h}, [%0], #64", 4, 2, 16, 64);
    STORE("st4 {v4.8b, v5.8b, v6.8b, v7.8b}, [%0]", 4, 1, 8, 0);

    /* ld1 and st1 do not interleave. */
    prepare();
    unsigned char *from = source, *to = target;
    __asm__ volatile(
        "ld1 {v30.16b, v31.16b, v0.16b}, [%0], #48\n\tld1 {v1.8b}, [%0], #8\n\t"
        "st1 {v30.16b, v31.16b, v0.16b}, [%1], #48\n\tst1 {v1.8b}, [%1], #8"
        : "+r"(from), "+r"(to)
        :
        : "v0", "v1", "v30", "v31", "memory");
    CHECK(memcmp(source, target, 56) == 0 && target[56] == 0xee);
    CHECK_EQ(from - source, 56);

    /* Single lanes keep the others; replication; single-lane stores. */
    prepare();
    uint64_t out[4];
    from = source;
    __asm__ volatile(
        "movi v4.16b, #0xaa\n\tmovi v5.16b, #0xbb\n\t"
        "ld2 {v4.s, v5.s}[2], [%0], #8\n\tld1 {v4.b}[15], [%0], #1\n\tld1 {v5.h}[0], [%0], #2\n\t"
        "stp q4, q5, [%1]"
        : "+r"(from)
        : "r"(out)
        : "v4", "v5", "memory");
    unsigned char* got = (unsigned char*)out;
    for (int i = 0; i < 16; i++) {
        CHECK_EQ(got[i], i >= 8 && i < 12 ? source[i - 8] : i == 15 ? source[8] : 0xaa);
        CHECK_EQ(got[16 + i], i >= 8 && i < 12 ? source[4 + i - 8] : i < 2 ? source[9 + i] : 0xbb);
    }
    CHECK_EQ(from - source, 11);
    __asm__ volatile("ld1r {v4.4s}, [%0]\n\tld3r {v5.8b, v6.8b, v7.8b}, [%0]\n\tstp q4, q6, [%1]"
                     :
                     : "r"(source), "r"(out)
                     : "v4", "v5", "v6", "v7", "memory");
    for (int i = 0; i < 16; i++) {
        CHECK_EQ(got[i], source[i % 4]);
        CHECK_EQ(got[16 + i], i < 8 ? source[1] : 0);
    }
    __asm__ volatile("ldr q4, [%0]\n\tldr q5, [%0, #16]\n\tst2 {v4.d, v5.d}[1], [%1]\n\tst1 {v4.h}[3], [%2]"
                     :
                     : "r"(source), "r"(target), "r"(target + 32)
                     : "v4", "v5", "memory");
    CHECK(memcmp(target, source + 8, 8) == 0 && memcmp(target + 8, source + 24, 8) == 0 &&
          target[16] == 0xee);
    CHECK(memcmp(target + 32, source + 6, 2) == 0 && target[34] == 0xee);

    /* Scalars, pairs and unaligned 128-bit accesses. */
    prepare();
    from = source;
    __asm__ volatile(
        "ldr q4, [%0, #3]!\n\tldur q5, [%0, #-3]\n\tldp s6, s7, [%0], #8\n\tstp q4, q5, [%1]\n\tstp d6, d7, "
        "[%1, #32]\n\t"
        "ldr b4, [%2, #17]\n\tldr h5, [%2, #18]\n\tstr b4, [%1, #48]\n\tstr h5, [%1, #50]"
        : "+r"(from)
        : "r"(target), "r"(source)
        : "v4", "v5", "v6", "v7", "memory");
    CHECK(memcmp(target, source + 3, 16) == 0 && memcmp(target + 16, source, 16) == 0);
    CHECK(memcmp(target + 32, source + 3, 4) == 0 && memcmp(target + 40, source + 7, 4) == 0);
    CHECK_EQ(target[36] | target[44], 0);
    CHECK_EQ(target[48], source[17]);
    CHECK_EQ(target[49], 0xee);
    CHECK(memcmp(target + 50, source + 18, 2) == 0);
    CHECK_EQ(from - source, 11);
    return check_done();
}
