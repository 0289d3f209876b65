/* SPDX-License-Identifier: MIT */
/* Memory copy and set (FEAT_MOPS): against the C library, over sizes, alignments and overlaps; the registers
 * afterwards; pages that are missing in the middle, which a handler brings. */
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "check.h"

#define ROOM 20000

static unsigned char got[ROOM], want[ROOM];
static unsigned seed = 1;

static unsigned random_below(unsigned limit) {
    seed = seed * 1103515245 + 12345;
    return (seed >> 8) % limit;
}

static void fill(void) {
    for (unsigned i = 0; i < ROOM; i++) got[i] = want[i] = (unsigned char)random_below(256);
}

#define COPY(kind, to, from, size)                                             \
    __asm__ volatile(".arch armv8.8-a\n\t" kind "p [%0]!, [%1]!, %2!\n\t" kind \
                     "m [%0]!, [%1]!, %2!\n\t" kind "e [%0]!, [%1]!, %2!"      \
                     : "+r"(to), "+r"(from), "+r"(size)                        \
                     :                                                         \
                     : "cc", "memory")
#define SET(to, size, value)                                                                                \
    __asm__ volatile(".arch armv8.8-a\n\tsetp [%0]!, %1!, %2\n\tsetm [%0]!, %1!, %2\n\tsete [%0]!, %1!, %2" \
                     : "+r"(to), "+r"(size)                                                                 \
                     : "r"((uint64_t)(value))                                                               \
                     : "cc", "memory")

static void copy_case(unsigned to, unsigned from, uint64_t size) {
    fill();
    uint64_t d = (uint64_t)got + to, s = (uint64_t)got + from, n = size;
    COPY("cpy", d, s, n);
    memmove(want + to, want + from, size);
    CHECK(memcmp(got, want, ROOM) == 0);
    CHECK_EQ(n, 0);
    const int backward = from < to && from + size > to;
    CHECK_EQ(d, (uint64_t)got + to + (backward ? 0 : size));
    CHECK_EQ(s, (uint64_t)got + from + (backward ? 0 : size));
}

static void forward_case(unsigned to, unsigned from, uint64_t size) {
    fill();
    uint64_t d = (uint64_t)got + to, s = (uint64_t)got + from, n = size;
    COPY("cpyf", d, s, n);
    memmove(want + to, want + from, size);
    CHECK(memcmp(got, want, ROOM) == 0);
    CHECK_EQ(d, (uint64_t)got + to + size);
    CHECK_EQ(s, (uint64_t)got + from + size);
    CHECK_EQ(n, 0);
}

static void set_case(unsigned to, uint64_t size, unsigned value) {
    fill();
    uint64_t d = (uint64_t)got + to, n = size;
    SET(d, n, value);
    memset(want + to, (int)value, size);
    CHECK(memcmp(got, want, ROOM) == 0);
    CHECK_EQ(d, (uint64_t)got + to + size);
    CHECK_EQ(n, 0);
}

static unsigned char* pages;
static unsigned faults;
static uint64_t fault_address;

static void on_fault(int signo, siginfo_t* info, void* context) {
    (void)signo;
    (void)context;
    faults++;
    fault_address = (uint64_t)info->si_addr;
    mprotect((void*)(fault_address & ~UINT64_C(4095)), 4096, PROT_READ | PROT_WRITE);
}

/* Three pages of which the middle one cannot be accessed until the handler has run. */
static void missing_page(int kind) {
    unsigned char* source = malloc(3 * 4096);
    for (unsigned i = 0; i < 3 * 4096; i++) source[i] = (unsigned char)(i * 7 + i / 256);
    memset(pages, 0, 3 * 4096);
    mprotect(pages + 4096, 4096, PROT_NONE);
    faults = 0;
    uint64_t d = (uint64_t)pages + 100, s = (uint64_t)source + 3, n = 3 * 4096 - 200;
    if (kind == 0) {
        COPY("cpyf", d, s, n);
    } else if (kind == 1) {
        SET(d, n, 0x5a);
    } else {
        d = (uint64_t)pages + 150; /* a backward copy within the pages */
        s = (uint64_t)pages + 100;
        COPY("cpy", d, s, n);
    }
    CHECK_EQ(faults, 1);
    CHECK_EQ(fault_address & ~UINT64_C(4095), (uint64_t)pages + 4096);
    if (kind != 2) CHECK_EQ(fault_address, (uint64_t)pages + 4096);
    CHECK_EQ(n, 0);
    if (kind == 0) CHECK(memcmp(pages + 100, source + 3, 3 * 4096 - 200) == 0);
    if (kind == 1) {
        for (unsigned i = 0; i < 3 * 4096; i++) CHECK_EQ(pages[i], i >= 100 && i < 3 * 4096 - 100 ? 0x5a : 0);
    }
    free(source);
}

static void flags_and_limits(void) {
    register uint64_t x0 __asm__("x0") = (uint64_t)got;
    register uint64_t x1 __asm__("x1") = UINT64_MAX;
    uint64_t flags;
    /* setp [x0]!, x1!, xzr alone, which the assembler would rather not see */
    __asm__ volatile("msr nzcv, %3\n\t.inst 0x19df0420\n\tmrs %2, nzcv"
                     : "+r"(x0), "+r"(x1), "=r"(flags)
                     : "r"(UINT64_C(0xf0000000))
                     : "cc", "memory");
    uint64_t d = x0, n = x1;
    /* Option A: all flags clear, the size negative; it was limited to 2^63 - 1. Some of it may be done
     * already. */
    CHECK_EQ(flags, 0);
    CHECK_EQ(d - (uint64_t)got, UINT64_C(0x7fffffffffffffff));
    CHECK(n >= UINT64_C(0x8000000000000001));
    d = (uint64_t)got;
    n = 0;
    SET(d, n, 1);
    CHECK_EQ(d, (uint64_t)got);
    /* A tag in the top byte is no part of the address. */
    fill();
    d = (uint64_t)(got + 7) | UINT64_C(0xa5) << 56;
    n = 5000;
    SET(d, n, 3);
    memset(want + 7, 3, 5000);
    CHECK(memcmp(got, want, ROOM) == 0);
    CHECK_EQ(d, ((uint64_t)(got + 7) | UINT64_C(0xa5) << 56) + 5000);
}

int main(void) {
    static const unsigned sizes[] = {0,  1,   2,   3,   7,    8,    15,   16,   17,  63,
                                     64, 100, 255, 256, 1000, 4095, 4096, 4097, 9000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (unsigned n = 0; n < 6; n++) {
            const unsigned to = random_below(1000),
                           from = n & 1 ? random_below(1000) : 10000 + random_below(900);
            copy_case(to, from, sizes[i]);
            copy_case(from, to, sizes[i]);
            forward_case(10000 + to, from % 1000, sizes[i]);
            set_case(to, sizes[i], random_below(256) | 0x1100);
        }
        forward_case(50, 51, sizes[i]);
        copy_case(51, 50, sizes[i]);
        copy_case(50, 51, sizes[i]);
        copy_case(77, 77, sizes[i]);
    }
    pages = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    for (int kind = 0; kind < 3; kind++) missing_page(kind);
    flags_and_limits();
    return check_done();
}
