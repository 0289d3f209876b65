/* SPDX-License-Identifier: MIT */
/* Tag checks of SVE's accesses: each active element is checked and no other one; a first-fault load stops at
 * a mismatch as at any fault, a non-fault load never faults; of a store that faults, what lies behind the
 * fault is not stored. */
#include <arm_sve.h>

#include "mte.h"

static uint8_t* good;  /* 256 bytes with one tag */
static uint8_t* mixed; /* the same address, but bytes 32-47 have another tag */

/* Without checks. */
static void fill(void) {
    ASM("msr tco, #1", : : : "memory");
    memset(good, 0x11, 256);
    ASM("msr tco, #0", : : : "memory");
}
static unsigned byte_at(unsigned i) {
    unsigned byte;
    ASM("msr tco, #1\n\tldrb %w0, [%1]\n\tmsr tco, #0", : "=r"(byte) : "r"(good + i) : "memory");
    return byte;
}

/* Bytes first to last-1 are active elements. */
static svbool_t range(uint64_t first, uint64_t last) {
    return svbic_z(svptrue_b8(), svwhilelt_b8((uint64_t)0, last), svwhilelt_b8((uint64_t)0, first));
}

#define ACCESS(text, pg, base) \
    __asm__ volatile(text : : "Upl"(pg), "r"(base) : "z0", "z1", "z2", "z3", "memory")

/* Base x with elements of bytes: refused if one of bytes 32-47 is active. */
static void contiguous(void) {
    const uint64_t vl = svcntb();
    for (volatile uint64_t first = 0; first < vl; first += 3) {
        for (volatile uint64_t last = first + 1; last <= vl; last += 5) {
            const svbool_t pg = range(first, last);
            const int refused = first < 48 && last > 32;
            uint8_t* const at = mixed + (first > 32 ? first : 32);
            CHECK_ROW("ld1b", FAULTS(ACCESS("ld1b z0.b, %0/z, [%1]", pg, mixed)), refused);
            if (refused) CHECK_ROW("ld1b", fault.si_code, SEGV_MTESERR);
            if (refused) CHECK_ROW("ld1b", fault.si_addr == at, 1);
            fill();
            CHECK_ROW("st1b", FAULTS(ACCESS("mov z0.b, #5\n\tst1b z0.b, %0, [%1]", pg, mixed)), refused);
            if (refused) CHECK_ROW("st1b", fault.si_addr == at, 1);
            for (uint64_t i = refused ? 32 : vl; i < 256; i++)
                CHECK_ROW("st1b behind", byte_at((unsigned)i), 0x11);
            CHECK_ROW("ldnf1b", FAULTS(ACCESS("setffr\n\tldnf1b z0.b, %0/z, [%1]", pg, mixed)), 0);
            CHECK_ROW("prfb", FAULTS(ACCESS("prfb pldl1keep, %0, [%1]", pg, mixed)), 0);
        }
    }
}

/* Registers of two to four, whole registers, replicated elements. */
static void others(void) {
    const svbool_t all = svptrue_b8(), first = range(0, 1), none = svpfalse();
#define REFUSED(text, pg, base, refused)                           \
    do {                                                           \
        CHECK_ROW(text, FAULTS(ACCESS(text, pg, base)), refused);  \
        if (refused) CHECK_ROW(text, fault.si_code, SEGV_MTESERR); \
    } while (0)
    REFUSED("ld2b {z0.b, z1.b}, %0/z, [%1]", all, mixed + 32, 1);
    REFUSED("ld2b {z0.b, z1.b}, %0/z, [%1]", first, mixed + 30, 0);
    REFUSED("ld2b {z0.b, z1.b}, %0/z, [%1]", first, mixed + 31, 1);
    REFUSED("ld3b {z0.b - z2.b}, %0/z, [%1]", first, mixed + 29, 0);
    REFUSED("ld3b {z0.b - z2.b}, %0/z, [%1]", first, mixed + 30, 1);
    REFUSED("ld4w {z0.s - z3.s}, %0/z, [%1]", first, mixed + 16, 0);
    REFUSED("ld4w {z0.s - z3.s}, %0/z, [%1]", first, mixed + 20, 1);
    REFUSED("st2b {z0.b, z1.b}, %0, [%1]", first, mixed + 30, 0);
    REFUSED("st2b {z0.b, z1.b}, %0, [%1]", first, mixed + 31, 1);
    REFUSED("st4w {z0.s - z3.s}, %0, [%1]", first, mixed + 20, 1);
    REFUSED("st4w {z0.s - z3.s}, %0, [%1]", none, mixed + 20, 0);
    REFUSED("ldr z0, [%1]", none, mixed + 32, 1);
    REFUSED("ldr z0, [%1]", none, mixed + 64, 0);
    REFUSED("str z0, [%1]", none, mixed + 32, 1);
    REFUSED("ldr p0, [%1]", none, mixed + 32, 1);
    REFUSED("str p0, [%1]", none, mixed + 48, 0);
    REFUSED("ld1rw z0.s, %0/z, [%1]", all, mixed + 32, 1);
    REFUSED("ld1rw z0.s, %0/z, [%1]", none, mixed + 32, 0);
    REFUSED("ld1rqb z0.b, %0/z, [%1]", all, mixed + 32, 1);
    REFUSED("ld1rqb z0.b, %0/z, [%1]", all, mixed + 16, 0);
    REFUSED("ldnt1d z0.d, %0/z, [%1]", first, mixed + 32, 1);
    REFUSED("stnt1d z0.d, %0, [%1]", first, mixed + 32, 1);
    /* SP and a constant are trusted, SP and a register are not. */
    REFUSED(
        "mov x9, sp\n\tmov sp, %1\n\tld1b z0.b, %0/z, [sp]\n\tst1b z0.b, %0, [sp]\n\tldr z0, [sp]\n\t"
        "mov sp, x9",
        all, mixed + 32, 0);
}

/* Doublewords at 16 * n: the fourth element's granule is byte 48, so number 2 is refused. */
static void vectors_of_addresses(void) {
    const uint64_t elements = svcntd();
    const svuint64_t offsets = svindex_u64(0, 16), bases = svadd_x(svptrue_b64(), offsets, (uint64_t)mixed);
    const svbool_t all = svptrue_b64();
    if (elements <= 2) return;
    const svbool_t without = svcmpne(all, svindex_u64(0, 1), 2);
#define VECTOR(text, pg, refused)                                                                     \
    do {                                                                                              \
        const int faulted = FAULTS(__asm__ volatile(text                                              \
                                                    :                                                 \
                                                    : "Upl"(pg), "r"(mixed), "w"(offsets), "w"(bases) \
                                                    : "z0", "memory"));                               \
        CHECK_ROW(text, faulted, refused);                                                            \
        if (refused) CHECK_ROW(text, fault.si_addr == mixed + 32, 1);                                 \
    } while (0)
    VECTOR("ld1d z0.d, %0/z, [%1, %2.d]", all, 1);
    VECTOR("ld1d z0.d, %0/z, [%1, %2.d]", without, 0);
    VECTOR("ld1d z0.d, %0/z, [%3.d]", all, 1);
    VECTOR("ld1d z0.d, %0/z, [%3.d]", without, 0);
    fill();
    VECTOR("mov z0.b, #7\n\tst1d z0.d, %0, [%1, %2.d]", all, 1);
    for (unsigned i = 32; i < 256; i++) CHECK_ROW("scatter", byte_at(i), 0x11);
    VECTOR("mov z0.b, #7\n\tst1d z0.d, %0, [%3.d]", without, 0);
    for (unsigned i = 0; i < elements; i++) CHECK_ROW("scatter", byte_at(16 * i), i == 2 ? 0x11 : 7);
    VECTOR("prfb pldl1keep, %0, [%1, %2.d]", all, 0);
    svuint64_t unused;
    static uint64_t loaded;
#define FIRST_FAULT(pg, refused)                                                                  \
    CHECK_ROW("ldff1d",                                                                           \
              FAULTS(__asm__ volatile("setffr\n\tldff1d %1.d, %2/z, [%3, %4.d]\n\trdffr p0.b\n\t" \
                                      "cntp %0, %5, p0.d"                                         \
                                      : "=r"(loaded), "=w"(unused)                                \
                                      : "Upl"(pg), "r"(mixed), "w"(offsets), "Upl"(all)           \
                                      : "p0", "memory")),                                         \
              refused)
    FIRST_FAULT(all, 0);
    CHECK_EQ(loaded, 2);
    FIRST_FAULT(without, 0);
    CHECK_EQ(loaded, elements);
    FIRST_FAULT(svcmpge(all, svindex_u64(0, 1), 2), 1);
    CHECK_EQ(fault.si_addr == mixed + 32, 1);
}

/* How many elements FFR has after the load: it had all. */
static uint64_t loaded_by(const char* name, int non_fault, svbool_t pg, int refused) {
    const svbool_t all = svptrue_b8();
    static uint64_t loaded;
#define TOLERANT(text)                                                                               \
    FAULTS(__asm__ volatile("setffr\n\t" text " z0.b, %1/z, [%2]\n\trdffr p0.b\n\tcntp %0, %3, p0.b" \
                            : "=r"(loaded)                                                           \
                            : "Upl"(pg), "r"(mixed), "Upl"(all)                                      \
                            : "z0", "p0", "memory"))
    const int faulted = non_fault ? TOLERANT("ldnf1b") : TOLERANT("ldff1b");
    CHECK_ROW(name, faulted, refused);
    return loaded;
}

static void fault_tolerant(void) {
    const uint64_t vl = svcntb();
    if (vl <= 32) return;
    CHECK_EQ(loaded_by("ldff1b", 0, svptrue_b8(), 0), 32);
    CHECK_EQ(loaded_by("ldff1b", 0, range(0, 32), 0), vl);
    CHECK_EQ(loaded_by("ldff1b", 0, range(31, 33), 0), 32);
    loaded_by("ldff1b", 0, range(40, vl), 1);
    CHECK_EQ(fault.si_addr == mixed + 40, 1);
    CHECK_EQ(loaded_by("ldnf1b", 1, range(40, vl), 0), 40);
    CHECK_EQ(loaded_by("ldnf1b", 1, range(0, 32), 0), vl);
}

int main(void) {
    catch_faults();
    uint8_t* const memory = map_tagged(8192);
    good = with_tag(memory + 1024, 5);
    mixed = good;
    for (unsigned i = 0; i < 256; i += 16) store_tag(good + i);
    CHECK_EQ(control(PR_MTE_TCF_SYNC | TAGS_ALL), 0);
    store_tag(with_tag(good + 32, 6));
    fill();
    contiguous();
    others();
    vectors_of_addresses();
    fault_tolerant();
    return check_done();
}
