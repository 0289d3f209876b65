/* SPDX-License-Identifier: MIT */
/* Landing pads in pages mapped with PROT_BTI: which branches may go where, what the signal says, and that
 * ordinary pages and processors without BTI (argument "off") do not care. */
#include "faults/faults.h"

#ifndef PROT_BTI
#define PROT_BTI 0x10
#endif

static const uint32_t landing[] = {
    0xd503201f, 0xd65f03c0, 0xd65f03c0, 0, /* nop */
    0xd503241f, 0xd65f03c0, 0xd65f03c0, 0, /* bti */
    0xd503245f, 0xd65f03c0, 0xd65f03c0, 0, /* bti c */
    0xd503249f, 0xd65f03c0, 0xd65f03c0, 0, /* bti j */
    0xd50324df, 0xd65f03c0, 0xd65f03c0, 0, /* bti jc */
    0xd503233f, 0xd50323bf, 0xd65f03c0, 0, /* paciasp, autiasp */
    /* Branches from a guarded page. */
    0xd503245f, 0xd61f0020, 0, 0,          /* bti c; br x1 */
    0xd503245f, 0xaa0103f0, 0xd61f0200, 0, /* bti c; mov x16, x1; br x16 */
};
enum { TARGETS = 6, BR = 6, BR_X16 = 7 };

static uint32_t* page;

static void branch(unsigned how, uint64_t target) {
    memset(&seen, 0, sizeof seen);
    if (sigsetjmp(out_of_fault, 1)) return;
    register uint64_t x1 __asm__("x1") = target;
    register uint64_t x2 __asm__("x2") = (uint64_t)(page + 4 * (how == 3 ? BR : BR_X16));
    switch (how) {
        case 0:
            __asm__ volatile("blr x1" : : "r"(x1) : "x30", "memory");
            break;
        case 1:
            __asm__ volatile("adr x30, 1f\n\tbr x1\n1:" : : "r"(x1) : "x30", "memory");
            break;
        case 2:
            __asm__ volatile("adr x30, 1f\n\tret x1\n1:" : : "r"(x1) : "x30", "memory");
            break;
        default:
            __asm__ volatile("blr x2" : : "r"(x1), "r"(x2) : "x16", "x30", "memory");
    }
}

/* allowed[how][target]: blr, br and ret from an ordinary page, br x1 and br x16 from a guarded one */
static const char* const allowed[] = {"001011", "001111", "111111", "000110", "001111"};
static const char* const names[] = {"blr", "br", "ret", "br x1 guarded", "br x16 guarded"};

static void check_all(int guarded) {
    for (unsigned how = 0; how < 5; how++) {
        for (unsigned n = 0; n < TARGETS; n++) {
            const uint64_t target = (uint64_t)(page + 4 * n);
            for (int again = 0; again < 2; again++) { /* the second time through linked code */
                branch(how, target);
                const int fine = !guarded || allowed[how][n] == '1';
                CHECK_ROW(names[how], seen.signo, fine ? 0 : SIGILL);
                if (!fine && seen.signo) {
                    CHECK_ROW(names[how], seen.code, ILL_ILLOPC);
                    CHECK_ROW(names[how], seen.address, target);
                    CHECK_ROW(names[how], seen.pc, target);
                }
            }
        }
    }
}

int main(int argc, char** argv) {
    const int off = argc > 1 && strcmp(argv[1], "off") == 0;
    prepare();
    page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memcpy(page, landing, sizeof landing);
    if (off) {
        CHECK_FAILS(mprotect(page, PAGE, PROT_READ | PROT_EXEC | PROT_BTI), EINVAL);
    } else {
        CHECK_EQ(mprotect(page, PAGE, PROT_READ | PROT_EXEC | PROT_BTI), 0);
        check_all(1);
    }
    CHECK_EQ(mprotect(page, PAGE, PROT_READ | PROT_EXEC), 0);
    check_all(0);
    page =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC | PROT_BTI, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memcpy(page, landing, sizeof landing);
    __builtin___clear_cache((char*)page, (char*)page + sizeof landing);
    check_all(!off);
    return check_done();
}
