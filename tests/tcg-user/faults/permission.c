/* SPDX-License-Identifier: MIT */
/* Accesses to pages that are read-only, inaccessible or missing, and across their edges: the signal, its code
 * and address, registers and memory as before. */
#include "faults/faults.h"

enum { LOADS, STORES, BOTH };

static const struct {
    const char* name;
    uint32_t word; /* base x0 */
    unsigned size;
    int kind;
} rows[] = {
    {"ldrb w1", 0x39400001, 1, LOADS},
    {"ldr x1", 0xf9400001, 8, LOADS},
    {"ldr x1, [x0], #8", 0xf8408401, 8, LOADS},
    {"ldrsw x1, [x0, #-4]!", 0xb89fcc01, 0, LOADS},
    {"ldp x1, x2, [x0], #16", 0xa8c10801, 16, LOADS},
    {"ldr q1", 0x3dc00001, 16, LOADS},
    {"ld1 {v0.16b, v1.16b}", 0x4c40a000, 32, LOADS},
    {"ldar x1", 0xc8dffc01, 8, LOADS},
    {"ldxr x1", 0xc85f7c01, 8, LOADS},
    {"strb w1", 0x39000001, 1, STORES},
    {"str x1", 0xf9000001, 8, STORES},
    {"str x1, [x0], #8", 0xf8008401, 8, STORES},
    {"str x1, [x0, #8]!", 0xf8008c01, 0, STORES},
    {"str q1", 0x3d800001, 16, STORES},
    {"stlr x1", 0xc89ffc01, 8, STORES},
    {"dc zva", 0xd50b7420, 64, STORES},
    {"ldadd x1, x2", 0xf8210002, 8, BOTH},
    {"ldclr x1, xzr", 0xf821101f, 8, BOTH},
    {"swp x1, x2", 0xf8218002, 8, BOTH},
    {"ldsmax x1, x2", 0xf8214002, 8, BOTH},
    {"cas x1, x2", 0xc8a17c02, 8, BOTH},
    {"casp x2, x3, x4, x5", 0x48227c04, 16, BOTH},
};

static unsigned char* base; /* five pages: writable, read-only, none, (hole), writable */

static uint64_t page(unsigned n) {
    return (uint64_t)base + n * PAGE;
}

static void expect(const char* name, uint64_t address, int signo, int code_wanted, uint64_t fault) {
    CHECK_ROW(name, seen.signo, signo);
    if (!signo || !seen.signo) return;
    CHECK_ROW(name, seen.code, code_wanted);
    CHECK_ROW(name, seen.address, fault);
    check_nothing_happened(name, address);
}

/* pages 0 and 1 hold 0x11, and the part of page 0 that a faulting store would reach first must still do so.
 */
static void check_memory(const char* name) {
    for (unsigned i = 0; i < 2 * PAGE; i++) {
        if (base[i] == 0x11) continue;
        CHECK_ROW(name, base[i], 0x11);
        return;
    }
}

static void whole_pages(const char* name, uint32_t word, int kind) {
    const uint64_t at = 128;
    run(word, page(1) + at);
    expect(name, page(1) + at, kind == LOADS ? 0 : SIGSEGV, SEGV_ACCERR, page(1) + at);
    run(word, page(2) + at);
    expect(name, page(2) + at, SIGSEGV, SEGV_ACCERR, page(2) + at);
    run(word, page(3) + at);
    expect(name, page(3) + at, SIGSEGV, SEGV_MAPERR, page(3) + at);
}

/* Across an edge the first byte beyond it is the address, and nothing was stored before it. */
static void edges(const char* name, uint32_t word, unsigned size, int kind) {
    const uint64_t before = page(1) - size / 2, hole = page(3) - size / 2;
    if (kind == STORES) {
        run(word, before);
        expect(name, before, SIGSEGV, SEGV_ACCERR, page(1));
        check_memory(name);
    }
    mprotect((void*)page(2), PAGE, PROT_READ | PROT_WRITE);
    run(word, hole);
    expect(name, hole, SIGSEGV, SEGV_MAPERR, page(3));
    mprotect((void*)page(2), PAGE, PROT_NONE);
}

static void fetches(void) {
    uint64_t wrong = page(0);
    run(0xd61f0000, wrong); /* br x0 */
    CHECK_EQ(seen.signo, SIGSEGV);
    CHECK_EQ(seen.code, SEGV_ACCERR);
    CHECK_EQ(seen.address, wrong);
    CHECK_EQ(seen.pc, wrong);
    wrong = page(3);
    run(0xd61f0000, wrong);
    CHECK_EQ(seen.signo, SIGSEGV);
    CHECK_EQ(seen.code, SEGV_MAPERR);
    CHECK_EQ(seen.pc, wrong);
    wrong = page(0) + 2;
    run(0xd61f0000, wrong);
    CHECK_EQ(seen.signo, SIGBUS);
    CHECK_EQ(seen.code, BUS_ADRALN);
    CHECK_EQ(seen.address, wrong);
    run(0xd4400000, 0); /* hlt is for debuggers: undefined */
    CHECK_EQ(seen.signo, SIGILL);
    /* Code that runs on into a page that is not executable. */
    uint32_t* last = (uint32_t*)(page(4) + PAGE) - 1;
    *last = 0xd503201f; /* nop */
    mprotect((void*)page(4), PAGE, PROT_READ | PROT_EXEC);
    run(0xd61f0000, (uint64_t)last);
    CHECK_EQ(seen.signo, SIGSEGV);
    CHECK_EQ(seen.address, page(5));
    CHECK_EQ(seen.pc, page(5));
}

int main(void) {
    prepare(); /* before there is a hole that its page could be put into */
    base = mmap(NULL, 6 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(base, 0x11, 2 * PAGE);
    mprotect((void*)page(1), PAGE, PROT_READ);
    mprotect((void*)page(2), PAGE, PROT_NONE);
    munmap((void*)page(3), PAGE);
    mprotect((void*)page(5), PAGE, PROT_NONE);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const unsigned size = rows[i].size;
        if (size) whole_pages(rows[i].name, rows[i].word, rows[i].kind);
        const int may_cross = rows[i].word == 0xf9400001 || rows[i].word == 0xf9000001 ||
                              rows[i].word == 0x3dc00001 || rows[i].word == 0x3d800001 ||
                              rows[i].word == 0xf8008401 || rows[i].word == 0xf8408401;
        if (may_cross) edges(rows[i].name, rows[i].word, size, rows[i].kind);
    }
    run(0xb89fcc01, page(3) + 4); /* pre-index: the base keeps its value */
    expect("ldrsw pre-index", page(3) + 4, SIGSEGV, SEGV_MAPERR, page(3));
    run(0xf8008c01, page(1)); /* str x1, [x0, #8]! */
    expect("str pre-index", page(1), SIGSEGV, SEGV_ACCERR, page(1) + 8);
    fetches();
    return check_done();
}
