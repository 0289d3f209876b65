/* SPDX-License-Identifier: MIT */
/* SVE as compilers and libraries use it, for whatever vector length there is: loops under WHILE predicates,
 * first-fault loads up to an unmapped page, gathers and scatters, predicates, reductions. */
#include <arm_sve.h>
#include <sys/mman.h>

#include "check.h"

enum { COUNT = 203 };

static void saxpy(float* y, const float* x, float a, uint64_t n) {
    for (uint64_t i = 0; i < n; i += svcntw()) {
        const svbool_t pg = svwhilelt_b32(i, n);
        svst1(pg, y + i, svmla_m(pg, svld1(pg, y + i), svld1(pg, x + i), svdup_f32(a)));
    }
}

static void test_while(void) {
    float x[COUNT], y[COUNT + 16];
    for (int i = 0; i < COUNT; i++) x[i] = (float)i, y[i] = 1;
    for (int i = 0; i < 16; i++) y[COUNT + i] = 7;
    saxpy(y, x, 2, COUNT);
    for (int i = 0; i < COUNT; i++) CHECK_ROW("saxpy", y[i], 1 + 2.0f * (float)i);
    for (int i = 0; i < 16; i++) CHECK_ROW("behind", y[COUNT + i], 7);
}

/* Reads up to the end of a page, with nothing behind it. */
static uint64_t length_of(const char* text) {
    uint64_t n = 0;
    svsetffr();
    for (;;) {
        svuint8_t data = svldff1_u8(svptrue_b8(), (const uint8_t*)text + n);
        const svbool_t valid = svrdffr();
        const svbool_t zero = svcmpeq(valid, data, 0);
        if (svptest_any(valid, zero)) return n + svcntp_b8(valid, svbrkb_z(valid, zero));
        n += svcntp_b8(svptrue_b8(), valid);
        if (!svptest_last(svptrue_b8(), valid)) svsetffr();
    }
}

static void test_first_fault(void) {
    char* page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(page + 4096, 4096);
    for (int length = 0; length < 150; length++) {
        char* text = page + 4096 - length - 1;
        memset(page, 0, 4096);
        memset(text, 'x', (size_t)length);
        CHECK_ROW("strlen", length_of(text), (uint64_t)length);
    }
    /* A non-fault load of what is not there at all. */
    svsetffr();
    const svuint8_t none = svldnf1_u8(svptrue_b8(), (const uint8_t*)page + 4096);
    __asm__ volatile("" : : "w"(none));
    CHECK(!svptest_any(svptrue_b8(), svrdffr()));
    svsetffr();
    munmap(page, 4096);
}

static void test_gather(void) {
    uint32_t table[64], out[64];
    for (unsigned i = 0; i < 64; i++) table[i] = i * 1000 + 1, out[i] = 0;
    for (uint64_t i = 0; i < 64; i += svcntw()) {
        const svbool_t pg = svwhilelt_b32(i, (uint64_t)64);
        const svuint32_t index = sveor_x(pg, svindex_u32((uint32_t)i, 1), 21);
        const svuint32_t value = svld1_gather_index(pg, table, index);
        svst1_scatter_index(pg, out, index, svadd_x(pg, value, 5));
    }
    for (unsigned i = 0; i < 64; i++) CHECK_ROW("gather", out[i], table[i] + 5);
}

static void test_structures(void) {
    uint16_t in[3 * 40], out[3 * 40];
    for (unsigned i = 0; i < 120; i++) in[i] = (uint16_t)(i * 7), out[i] = 0;
    for (uint64_t i = 0; i < 40; i += svcnth()) {
        const svbool_t pg = svwhilelt_b16(i, (uint64_t)40);
        svuint16x3_t rgb = svld3(pg, in + 3 * i);
        rgb = svset3(rgb, 0, svadd_x(pg, svget3(rgb, 0), svget3(rgb, 2)));
        svst3(pg, out + 3 * i, rgb);
    }
    for (unsigned i = 0; i < 40; i++) {
        CHECK_ROW("red", out[3 * i], (uint16_t)(in[3 * i] + in[3 * i + 2]));
        CHECK_ROW("green", out[3 * i + 1], in[3 * i + 1]);
        CHECK_ROW("blue", out[3 * i + 2], in[3 * i + 2]);
    }
}

static void test_predicates(void) {
    const svuint32_t index = svindex_u32(0, 1);
    const svbool_t all = svptrue_b32();
    const svbool_t odd = svcmpne(all, svand_x(all, index, 1), 0);
    CHECK_EQ(svcntp_b32(all, odd), svcntw() / 2);
    CHECK_EQ(svaddv(odd, index), svcntw() / 2 * (svcntw() / 2));
    CHECK_EQ(svlastb(odd, index), svcntw() - 1);
    CHECK_EQ(svmaxv(svnot_z(all, odd), index), svcntw() - 2);
    const svuint32_t packed = svcompact(odd, index);
    CHECK_EQ(svaddv(svwhilelt_b32((uint64_t)0, svcntw() / 2), packed), svcntw() / 2 * (svcntw() / 2));
    CHECK(svptest_first(all, svpfirst(all, svpfalse())));
}

static void test_sve2(void) {
#ifdef __ARM_FEATURE_SVE2
    uint8_t text[64], found[64];
    for (unsigned i = 0; i < 64; i++) text[i] = "hello, world"[i % 12];
    for (uint64_t i = 0; i < 64; i += svcntb()) {
        const svbool_t pg = svwhilelt_b8(i, (uint64_t)64);
        const svuint8_t vowels = svdupq_u8('a', 'e', 'i', 'o', 'u', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
        const svbool_t hit = svmatch(pg, svld1(pg, text + i), vowels);
        svst1(pg, found + i, svdup_u8_z(hit, 1));
    }
    for (unsigned i = 0; i < 64; i++) CHECK_ROW("match", found[i], text[i] == 'e' || text[i] == 'o');
    const svint16_t a = svindex_s16(-100, 3), b = svindex_s16(5, -2);
    const svint32_t low = svmullb(a, b), high = svmullt(a, b);
    CHECK_EQ(svlasta(svpfalse(), low), -500);
    CHECK_EQ(svlasta(svpfalse(), high), -97 * 3);
    CHECK_EQ(svlasta(svpfalse(), svbext(svdup_u64(0xf0f0), svdup_u64(0xff00))), 0xf0u);
#endif
}

/* A write of a V register zeroes the rest of the Z register. */
static void test_simd_zeroes(void) {
    uint64_t sum = 1;
    __asm__ volatile("ptrue p0.d\n mov z1.d, #-1\n movi v1.16b, #3\n uaddv d1, p0, z1.d\n fmov %0, d1"
                     : "=r"(sum)
                     :
                     : "z1", "p0");
    CHECK_EQ(sum, 2 * 0x0303030303030303u);
    __asm__ volatile(
        "ptrue p0.d\n mov z1.d, #-1\n mov z2.d, #1\n fmov s1, s2\n uaddv d1, p0, z1.d\n fmov %0, d1"
        : "=r"(sum)
        :
        : "z1", "z2", "p0");
    CHECK_EQ(sum, 1);
}

int main(void) {
    test_while();
    test_first_fault();
    test_gather();
    test_structures();
    test_predicates();
    test_sve2();
    test_simd_zeroes();
    return check_done();
}
