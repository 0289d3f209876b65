/* SPDX-License-Identifier: MIT */
/* What an emulator that has vectors and masks of its own must not forget: accesses of inactive elements,
 * where a fault is and what it leaves, results that the host sees otherwise, AdvSIMD between instructions of
 * SVE, and threads with vectors of different lengths. Everything runs more than once. */
#include <arm_sve.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <ucontext.h>

#include "check.h"

enum { kRounds = 3, kPage = 4096 };

static uint8_t* page; /* behind it nothing can be accessed, and nothing before it */
static sigjmp_buf out;
static uint64_t fault_address, fault_pc, fault_x9;

static void on_fault(int signo, siginfo_t* info, void* context) {
    (void)signo;
    const ucontext_t* uc = context;
    fault_address = (uint64_t)info->si_addr;
    fault_pc = uc->uc_mcontext.pc;
    fault_x9 = uc->uc_mcontext.regs[9];
    siglongjmp(out, 1);
}

extern char at_load[], at_store[], at_replicate[];

static void test_faults(void) {
    uint8_t* const end = page + kPage;
    for (volatile unsigned before = 4; before < svcntb() - 4; before += 8) {
        fault_address = fault_pc = 0;
        if (!sigsetjmp(out, 1))
            __asm__ volatile(
                "ptrue p2.s\n mov x9, #77\n mov z3.s, #5\n"
                ".global at_load\nat_load: ld1w {z3.s}, p2/z, [%0]\n mov x9, #78\n"
                :
                : "r"(end - before)
                : "x9", "z3", "p2", "memory");
        CHECK_EQ(fault_address, (uint64_t)end);
        CHECK_EQ(fault_pc, (uint64_t)at_load);
        CHECK_EQ(fault_x9, 77);
        fault_address = fault_pc = 0;
        memset(end - before, 9, before);
        /* The first elements are not active: the first that is lies behind. */
        if (!sigsetjmp(out, 1))
            __asm__ volatile(
                "ptrue p2.b\n whilelo p3.b, xzr, %1\n not p3.b, p2/z, p3.b\n mov z4.b, #5\n"
                ".global at_store\nat_store: st1b {z4.b}, p3, [%0]\n"
                :
                : "r"(end - before), "r"((uint64_t)before + 2)
                : "z4", "p2", "p3", "memory");
        CHECK_EQ(fault_address, (uint64_t)end + 2);
        CHECK_EQ(fault_pc, (uint64_t)at_store);
        for (unsigned i = 0; i < before; i++) CHECK_EQ(end[-1 - (int)i], 9);
    }
    fault_address = 0;
    if (!sigsetjmp(out, 1))
        __asm__ volatile(
            "ptrue p2.h\n .global at_replicate\nat_replicate: ld1rh {z3.h}, p2/z, [%0]\n" ::"r"(end)
            : "z3", "p2", "memory");
    CHECK_EQ(fault_address, (uint64_t)end);
    CHECK_EQ(fault_pc, (uint64_t)at_replicate);
}

/* Inactive elements are not accessed. */
static void test_inactive(void) {
    uint8_t* const end = page + kPage;
    for (unsigned count = 0; count < svcntb(); count++) {
        const svbool_t first = svwhilelt_b8(0u, count), last = svnot_z(svptrue_b8(), first);
        const svuint8_t value = svdup_u8((uint8_t)(count + 1));
        svst1(first, end - count, value);
        CHECK_EQ(svaddv(svptrue_b8(), svld1(first, end - count)), count * (count + 1));
        uint64_t sum = 0;
        for (unsigned i = count; i < svcntb(); i++) sum += page[i - count];
        CHECK_EQ(svaddv(svptrue_b8(), svld1(last, page - count)), sum);
        CHECK_EQ(svaddv(svptrue_b16(), svld1sb_s16(svwhilelt_b16(0u, count / 2), (int8_t*)end - count / 2)),
                 (int64_t)(count / 2) * (int8_t)(count + 1));
    }
    CHECK_EQ(svaddv(svptrue_b8(), svreinterpret_u8(svld1rq_u32(svpfalse(), (uint32_t*)end))), 0);
    uint64_t sum = 1;
    __asm__ volatile("pfalse p2.b\n ptrue p3.d\n ld1rd {z3.d}, p2/z, [%1]\n uaddv d3, p3, z3.d\n fmov %0, d3"
                     : "=r"(sum)
                     : "r"(end)
                     : "z3", "p2", "p3");
    CHECK_EQ(sum, 0);
}

/* The same with structures, gathers and scatters. */
static void test_scattered(void) {
    uint8_t* const end = page + kPage;
    for (unsigned count = 0; count < svcntb(); count++) {
        const svbool_t first = svwhilelt_b8(0u, count);
        uint8_t* const at = end - 3 * count;
        svst3(first, at, svcreate3(svdup_u8(1), svdup_u8(2), svdup_u8((uint8_t)count)));
        for (unsigned i = 0; i < count; i++) CHECK_EQ(at[3 * i] + at[3 * i + 1] + at[3 * i + 2], 3 + count);
        const svuint8x3_t back = svld3(first, at);
        CHECK_EQ(svaddv(first, svget3(back, 2)), count * count);
        CHECK_EQ(svaddv(svptrue_b8(), svget3(back, 1)), 2 * count);
        memset(end - 4 * count, 5, 4 * count);
        CHECK_EQ(svaddv(svptrue_b8(), svget4(svld4(first, end - 4 * count), 3)), 5 * count);
    }
    uint32_t* const words = (uint32_t*)page;
    for (unsigned i = 0; i < svcntw(); i++) words[i] = i + 1;
    const svbool_t odd = svcmpne(svptrue_b32(), svand_x(svptrue_b32(), svindex_u32(0, 1), 1), 0);
    /* Even elements are not active, and far away. */
    const svuint32_t offsets = svsel(odd, svindex_u32(0, 4), svdup_u32(0x7ffffff0));
    const svint32_t signed_offsets = svreinterpret_s32(svsel(odd, svindex_u32(0, 4), svdup_u32(0x80000000)));
    const uint64_t half = svcntw() / 2;
    CHECK_EQ(svaddv(svptrue_b32(), svld1_gather_u32offset_u32(odd, words, offsets)), half * (half + 1));
    CHECK_EQ(svaddv(svptrue_b32(), svld1_gather_s32offset_u32(odd, words, signed_offsets)),
             half * (half + 1));
    CHECK_EQ(svaddv(svptrue_b32(), svld1ub_gather_u32offset_u32(odd, page, offsets)), half * (half + 1));
    svst1_scatter_u32offset_u32(odd, words, offsets, svdup_u32(0x10000));
    for (unsigned i = 0; i < svcntw(); i++) CHECK_EQ(words[i], i % 2 ? 0x10000 : i + 1);
    fault_address = 0;
    if (!sigsetjmp(out, 1))
        svst1_scatter_u32offset_u32(svptrue_b32(), (uint32_t*)end - 1, svindex_u32(0, 4), svdup_u32(7));
    CHECK_EQ(fault_address, (uint64_t)end);
}

static void test_first_fault(void) {
    uint8_t* const end = page + kPage;
    memset(end - 256, 3, 256);
    for (unsigned count = 1; count < svcntb(); count += 3) {
        svsetffr();
        const svuint8_t bytes = svldff1(svptrue_b8(), end - count);
        CHECK_EQ(svcntp_b8(svptrue_b8(), svrdffr()), count);
        CHECK_EQ(svaddv(svrdffr(), bytes), 3 * count);
        svsetffr();
        const svuint32_t words = svldnf1ub_u32(svptrue_b32(), end);
        CHECK_EQ(svcntp_b8(svptrue_b8(), svrdffr()), 0);
        CHECK_EQ(svaddv(svpfalse(), words), 0);
    }
}

/* What C++ does again leaves the registers of the loop as they are. */
static void test_special(void) {
    static double in[3 * 8], result[3 * 8];
    for (int i = 0; i < 24; i++) in[i] = i + 1;
    in[9] = NAN, in[13] = INFINITY, in[20] = 0x1p-1074, in[21] = -0.0;
    __asm__ volatile("" : "+m"(in));
    double sum = 0;
    const svfloat64_t half = svdup_f64(0.5), one = svdup_f64(1);
    const svint64_t counter = svindex_s64(7, 1);
    svint64_t total = counter;
    for (uint64_t i = 0; i < 24; i += svcntd()) {
        const svbool_t pg = svwhilelt_b64(i, (uint64_t)24);
        const svfloat64_t x = svld1(pg, in + i);
        const svfloat64_t y = svsub_m(pg, svmul_m(pg, x, half), svdiv_x(pg, one, x));
        svst1(pg, result + i, svmla_m(pg, y, x, half));
        total = svadd_m(pg, total, counter);
    }
    for (int i = 0; i < 24; i++) {
        const double want = fma(in[i], 0.5, in[i] * 0.5 - 1 / in[i]);
        uint64_t got_bits, want_bits;
        memcpy(&got_bits, &result[i], 8), memcpy(&want_bits, &want, 8);
        CHECK(got_bits == want_bits || (isnan(result[i]) && isnan(want)));
        sum += isnan(want) ? 0 : 1;
    }
    CHECK(sum > 20);
    const uint64_t n = svcntd(), loops = 24 / n;
    CHECK_EQ(svaddv(svptrue_b64(), total), (n * 7 + n * (n - 1) / 2) * (loops + 1));
    const svfloat64_t zeros = svdup_f64(0.0), negative = svneg_x(svptrue_b64(), zeros);
    CHECK_EQ(signbit(svmaxv(svptrue_b64(), svmax_m(svptrue_b64(), negative, zeros))) != 0, 0);
    CHECK_EQ(signbit(svminv(svptrue_b64(), svmin_m(svptrue_b64(), zeros, negative))) != 0, 1);
    CHECK_EQ(svaddv(svptrue_b64(), svcvt_s64_f64_x(svptrue_b64(), svdup_f64(1e300))),
             (uint64_t)INT64_MAX * n);
    CHECK_EQ(svaddv(svptrue_b32(), svcvt_u32_f32_x(svptrue_b32(), svdup_f32(-3))), 0);
}

/* An instruction of AdvSIMD zeroes the rest, even if it changes nothing else. */
static void test_simd_between(void) {
    uint64_t sums[3] = {0};
    __asm__ volatile(
        "ptrue p2.d\n mov z0.d, #1\n mov z9.d, #1\n add z0.d, z0.d, z9.d\n"
        "uaddv d1, p2, z0.d\n fmov %0, d1\n"
        "orr v0.16b, v0.16b, v0.16b\n add z0.d, z0.d, z9.d\n"
        "uaddv d1, p2, z0.d\n fmov %1, d1\n"
        "ldr q9, [%3]\n add z0.d, z0.d, z9.d\n uaddv d1, p2, z0.d\n fmov %2, d1\n"
        : "=&r"(sums[0]), "=&r"(sums[1]), "=&r"(sums[2])
        : "r"(page)
        : "z0", "z1", "z9", "p2", "memory");
    uint64_t two[2];
    memcpy(two, page, 16);
    const uint64_t n = svcntd();
    CHECK_EQ(sums[0], 2 * n);
    CHECK_EQ(sums[1], 2 * 3 + (n - 2));
    CHECK_EQ(sums[2], sums[1] + two[0] + two[1]);
}

__attribute__((noinline)) static uint64_t sum_of(const uint32_t* x, uint32_t count) {
    svuint32_t sum = svdup_u32(0);
    for (uint32_t i = 0; i < count; i += (uint32_t)svcntw()) {
        const svbool_t pg = svwhilelt_b32(i, count);
        sum = svadd_m(pg, sum, svld1(pg, x + i));
    }
    return svaddv(svptrue_b32(), sum);
}

static uint32_t numbers[1000];

static void* other_length(void* argument) {
    prctl(PR_SVE_SET_VL, *(int*)argument);
    uint64_t sum = 0;
    for (int i = 0; i < 50; i++) sum += sum_of(numbers, 999) == 999 * 998 / 2;
    return (void*)(sum == 50 ? (uint64_t)prctl(PR_SVE_GET_VL) : 0);
}

static void test_lengths(void) {
    const uint64_t before = (uint64_t)prctl(PR_SVE_GET_VL) & PR_SVE_VL_LEN_MASK;
    int lengths[3] = {16, 32, 64};
    pthread_t threads[3];
    for (uint32_t i = 0; i < 1000; i++) numbers[i] = i;
    CHECK_EQ(sum_of(numbers, 999), 999 * 998 / 2);
    prctl(PR_SVE_SET_VL, 16);
    CHECK_EQ(sum_of(numbers, 999), 999 * 998 / 2);
    prctl(PR_SVE_SET_VL, before);
    CHECK_EQ(sum_of(numbers, 999), 999 * 998 / 2);
    for (int i = 0; i < 3; i++) pthread_create(&threads[i], NULL, other_length, &lengths[i]);
    for (int i = 0; i < 20; i++) CHECK_EQ(sum_of(numbers, 999), 999 * 998 / 2);
    for (int i = 0; i < 3; i++) {
        void* got = NULL;
        pthread_join(threads[i], &got);
        CHECK_EQ((uint64_t)got, (uint64_t)lengths[i] < before ? (uint64_t)lengths[i] : before);
    }
    CHECK_EQ(prctl(PR_SVE_GET_VL), before);
}

int main(void) {
    page = (uint8_t*)mmap(NULL, 3 * kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) + kPage;
    mprotect(page, kPage, PROT_READ | PROT_WRITE);
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    for (int round = 0; round < kRounds; round++) {
        for (int i = 0; i < kPage; i++) page[i] = (uint8_t)(i * 7 + round);
        test_faults();
        test_inactive();
        test_scattered();
        test_first_fault();
        test_special();
        test_simd_between();
    }
    test_lengths();
    return check_done();
}
