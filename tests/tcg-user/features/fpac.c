/* SPDX-License-Identifier: MIT */
/* Pointer authentication that faults: where a code is wrong, each authenticating instruction and each branch
 * and load that authenticates is SIGILL with ILL_ILLOPN at its own address, and has changed nothing. A right
 * code, and any code under a key that is switched off, goes through. */
#include <setjmp.h>
#include <signal.h>
#include <sys/prctl.h>

#include "check.h"

#ifndef PR_PAC_SET_ENABLED_KEYS
#define PR_PAC_SET_ENABLED_KEYS 60
#endif

static uint64_t memory[2] = {11, 22};
static sigjmp_buf faulted;
static siginfo_t seen;
static uint64_t seen_pc, seen_x0;

static void on_sigill(int signo, siginfo_t* info, void* context) {
    (void)signo;
    const ucontext_t* uc = context;
    seen = *info;
    seen_pc = uc->uc_mcontext.pc;
    seen_x0 = uc->uc_mcontext.regs[0];
    siglongjmp(faulted, 1);
}

static uint64_t called(void) {
    return 1234;
}

/* `sign` makes a pointer in x0 with the modifier in x1; `use` authenticates it. Returns 1 if that faulted. */
#define TRY(name, sign, use, pointer, wrong)                                              \
    do {                                                                                  \
        register uint64_t x0 __asm__("x0") = (uint64_t)(pointer);                         \
        register uint64_t x1 __asm__("x1") = 77;                                          \
        __asm__ volatile(".arch armv8.3-a\n\t" sign : "+r"(x0) : "r"(x1) : "x16", "x17"); \
        volatile uint64_t used = x0 ^ (wrong);                                            \
        if (sigsetjmp(faulted, 1) == 0) {                                                 \
            x0 = used, x1 = 77;                                                           \
            __asm__ volatile(".arch armv8.3-a\n\t" use                                    \
                             : "+r"(x0), "+r"(x1)                                         \
                             :                                                            \
                             : "x2", "x16", "x17", "x30", "memory", "cc");                \
            CHECK_ROW(name, (wrong) != 0, 0);                                             \
        } else {                                                                          \
            CHECK_ROW(name, (wrong) != 0, 1);                                             \
            CHECK_EQ(seen.si_code, ILL_ILLOPN);                                           \
            CHECK_EQ((uint64_t)seen.si_addr, seen_pc);                                    \
            CHECK_EQ(seen_x0, used);                                                      \
        }                                                                                 \
    } while (0)

#define BOTH(name, sign, use, pointer)                \
    TRY(name, sign, use, pointer, 0);                 \
    TRY(name, sign, use, pointer, UINT64_C(1) << 48); \
    TRY(name, sign, use, pointer, UINT64_C(1) << 54)

int main(void) {
    struct sigaction action = {.sa_sigaction = on_sigill, .sa_flags = SA_SIGINFO};
    sigaction(SIGILL, &action, NULL);
    BOTH("autia", "pacia x0, x1", "autia x0, x1", memory);
    BOTH("autib", "pacib x0, x1", "autib x0, x1", memory);
    BOTH("autda", "pacda x0, x1", "autda x0, x1", memory);
    BOTH("autdb", "pacdb x0, x1", "autdb x0, x1", memory);
    BOTH("autiza", "paciza x0", "autiza x0", memory);
    BOTH("autizb", "pacizb x0", "autizb x0", memory);
    BOTH("autdza", "pacdza x0", "autdza x0", memory);
    BOTH("autdzb", "pacdzb x0", "autdzb x0", memory);
    BOTH("autia1716", "pacia x0, x1", "mov x16, x1\n\tmov x17, x0\n\tautia1716", memory);
    BOTH("autib1716", "pacib x0, x1", "mov x16, x1\n\tmov x17, x0\n\tautib1716", memory);
    BOTH("autiaz", "paciza x0", "mov x30, x0\n\tautiaz", memory);
    BOTH("autibz", "pacizb x0", "mov x30, x0\n\tautibz", memory);
    BOTH("autiasp", "mov x2, sp\n\tpacia x0, x2", "mov x30, x0\n\tautiasp", memory);
    BOTH("autibsp", "mov x2, sp\n\tpacib x0, x2", "mov x30, x0\n\tautibsp", memory);
    BOTH("ldraa", "pacdza x0", "ldraa x2, [x0]", memory);
    BOTH("ldrab", "pacdzb x0", "ldrab x2, [x0, #8]!", memory);
    BOTH("blraa", "pacia x0, x1", "blraa x0, x1", called);
    BOTH("blrab", "pacib x0, x1", "blrab x0, x1", called);
    BOTH("blraaz", "paciza x0", "blraaz x0", called);
    BOTH("braa", "pacia x0, x1", "adr x30, 1f\n\tbraa x0, x1\n1:", called);
    BOTH("brab", "pacib x0, x1", "adr x30, 1f\n\tbrab x0, x1\n1:", called);
    BOTH("brabz", "pacizb x0", "adr x30, 1f\n\tbrabz x0\n1:", called);
    /* A return to where a BL has been: the pointer is made in place. */
    for (int wrong = 0; wrong < 2; wrong++) {
        volatile int faults = 1;
        if (sigsetjmp(faulted, 1) == 0) {
            __asm__ volatile(".arch armv8.3-a\n\tadr x30, 1f\n\tpaciasp\n\teor x30, x30, %0\n\tretaa\n1:"
                             :
                             : "r"((uint64_t)wrong << 50)
                             : "x30", "memory");
            faults = 0;
        }
        CHECK_EQ(faults, wrong);
    }
    CHECK_EQ(prctl(PR_PAC_SET_ENABLED_KEYS, PR_PAC_APDAKEY, 0, 0, 0), 0);
    if (sigsetjmp(faulted, 1) == 0) {
        uint64_t pointer = (uint64_t)memory ^ UINT64_C(1) << 50;
        __asm__ volatile(".arch armv8.3-a\n\tautda %0, %0" : "+r"(pointer));
        CHECK_EQ(pointer, (uint64_t)memory ^ UINT64_C(1) << 50);
    } else {
        CHECK(0);
    }
    return check_done();
}
