/* SPDX-License-Identifier: MIT */
/* Pointer authentication: what is signed authenticates with the same key and modifier and no other;
 * stripping; the generic code; the forms of branches and loads; prctl's enabled keys and new keys. Without
 * the feature (argument "off") the hint-space instructions do nothing and prctl knows no keys. */
#include <setjmp.h>
#include <signal.h>
#include <sys/prctl.h>

#include "check.h"

#ifndef PR_PAC_SET_ENABLED_KEYS
#define PR_PAC_SET_ENABLED_KEYS 60
#define PR_PAC_GET_ENABLED_KEYS 61
#endif

#define PREFIX ".arch armv8.3-a\n\t"
#define APPLY(name, pointer, modifier)                                                     \
    __extension__({                                                                        \
        uint64_t value = (pointer);                                                        \
        __asm__ volatile(PREFIX name " %0, %1" : "+r"(value) : "r"((uint64_t)(modifier))); \
        value;                                                                             \
    })
#define APPLY_Z(name, pointer)                             \
    __extension__({                                        \
        uint64_t value = (pointer);                        \
        __asm__ volatile(PREFIX name " %0" : "+r"(value)); \
        value;                                             \
    })
#define PACGA(data, modifier)                                                 \
    __extension__({                                                           \
        uint64_t value;                                                       \
        __asm__ volatile(PREFIX "pacga %0, %1, %2"                            \
                         : "=r"(value)                                        \
                         : "r"((uint64_t)(data)), "r"((uint64_t)(modifier))); \
        value;                                                                \
    })

static uint64_t memory[4] = {11, 22, 33, 44};
static sigjmp_buf faulted;

static void on_fault(int signo) {
    siglongjmp(faulted, signo);
}

#define KEY(sign, authenticate, strip)                                   \
    do {                                                                 \
        int differ = 0;                                                  \
        for (uint64_t i = 0; i < 64; i++) {                              \
            const uint64_t pointer = (uint64_t)&memory[i % 4] ^ i << 58; \
            const uint64_t one = APPLY(sign, pointer, i * 77);           \
            CHECK_EQ(APPLY(authenticate, one, i * 77), pointer);         \
            CHECK_EQ(APPLY_Z(strip, one), pointer);                      \
            CHECK_EQ(one & ~UINT64_C(0x007f000000000000), pointer);      \
            differ += APPLY(authenticate, one, i * 77 + 1) != pointer;   \
            differ += APPLY(sign, pointer, i * 77 + 2) != one;           \
        }                                                                \
        CHECK(differ > 100);                                             \
    } while (0)

static uint64_t called(void) {
    return 1234;
}

static void branches(void) {
    uint64_t target = APPLY("pacia", (uint64_t)&called, 99), result;
    __asm__ volatile(PREFIX "blraa %1, %2\n\tmov %0, x0"
                     : "=r"(result)
                     : "r"(target), "r"(UINT64_C(99))
                     : "x0", "x30", "memory", "cc");
    CHECK_EQ(result, 1234);
    target = APPLY_Z("pacizb", (uint64_t)&called);
    __asm__ volatile(PREFIX "blrabz %1\n\tmov %0, x0"
                     : "=r"(result)
                     : "r"(target)
                     : "x0", "x30", "memory", "cc");
    CHECK_EQ(result, 1234);
    __asm__ volatile(PREFIX
                     "adr x30, 1f\n\tpaciasp\n\tretaa\n\tmov %0, #1\n"
                     "1:\tadr x30, 2f\n\tpacibsp\n\tautibsp\n\tmov x17, x30\n\tbr x17\n\tnop\n"
                     "2:\tadr x1, 3f\n\tpaciza x1\n\tbraaz x1\n\tmov %0, #2\n"
                     "3:\tmov %0, #3"
                     : "=&r"(result)
                     :
                     : "x30", "x17", "x1", "memory");
    CHECK_EQ(result, 3);
    const uint64_t pointer = APPLY_Z("pacdza", (uint64_t)&memory[1]);
    uint64_t base = pointer;
    __asm__ volatile(PREFIX "ldraa %0, [%1, #8]" : "=r"(result) : "r"(base));
    CHECK_EQ(result, 33);
    __asm__ volatile(PREFIX "ldraa %0, [%1, #-8]!" : "=r"(result), "+r"(base));
    CHECK_EQ(result, 11);
    CHECK_EQ(base, (uint64_t)&memory[0]);
    __asm__ volatile(PREFIX "adr x16, 1f\n\tpacia x16, %1\n\tbraa x16, %1\n\tmov %0, #1\n1:\tadd %0, %1, #1"
                     : "=&r"(result)
                     : "r"(UINT64_C(5))
                     : "x16", "memory");
    CHECK_EQ(result, 6);
}

static void failures(void) {
    signal(SIGSEGV, on_fault);
    signal(SIGILL, on_fault);
    const uint64_t wrong = APPLY("pacia", (uint64_t)&called, 1) ^ UINT64_C(1) << 50;
    int signo = sigsetjmp(faulted, 1);
    if (signo == 0) {
        __asm__ volatile(PREFIX "blraa %0, %1"
                         :
                         : "r"(wrong), "r"(UINT64_C(1))
                         : "x0", "x30", "memory", "cc");
        CHECK(0);
    } else {
        CHECK_EQ(signo, SIGSEGV);
    }
    signo = sigsetjmp(faulted, 1);
    if (signo == 0) {
        __asm__ volatile(".inst 0xd69f0bff" : : : "memory"); /* eretaa */
        CHECK(0);
    } else {
        CHECK_EQ(signo, SIGILL);
    }
}

static void keys(void) {
    const uint64_t pointer = (uint64_t)memory;
    CHECK_EQ(prctl(PR_PAC_GET_ENABLED_KEYS, 0, 0, 0, 0), 15);
    CHECK_EQ(prctl(PR_PAC_SET_ENABLED_KEYS, PR_PAC_APDAKEY, 0, 0, 0), 0);
    CHECK_EQ(prctl(PR_PAC_GET_ENABLED_KEYS, 0, 0, 0, 0), 15 & ~PR_PAC_APDAKEY);
    CHECK_EQ(APPLY("pacda", pointer, 5), pointer);
    CHECK_EQ(prctl(PR_PAC_SET_ENABLED_KEYS, PR_PAC_APDAKEY, PR_PAC_APDAKEY, 0, 0), 0);
    CHECK_FAILS(prctl(PR_PAC_SET_ENABLED_KEYS, PR_PAC_APGAKEY, 0, 0, 0), EINVAL);
    CHECK_FAILS(prctl(PR_PAC_SET_ENABLED_KEYS, PR_PAC_APIAKEY, PR_PAC_APIBKEY, 0, 0), EINVAL);
    CHECK_FAILS(prctl(PR_PAC_RESET_KEYS, 32, 0, 0, 0), EINVAL);
    const uint64_t da = PACGA(1, 2);
    CHECK_EQ(PACGA(1, 2), da);
    CHECK_EQ(da & 0xffffffff, 0);
    CHECK_EQ(prctl(PR_PAC_RESET_KEYS, PR_PAC_APGAKEY, 0, 0, 0), 0);
    CHECK(PACGA(1, 2) != da || PACGA(3, 4) != PACGA(5, 6));
}

static void without(void) {
    uint64_t link = 0x123456789000;
    __asm__ volatile("mov x30, %0\n\thint #25\n\thint #27\n\thint #7\n\tmov %0, x30" : "+r"(link) : : "x30");
    CHECK_EQ(link, 0x123456789000);
    CHECK_FAILS(prctl(PR_PAC_RESET_KEYS, 0, 0, 0, 0), EINVAL);
    CHECK_FAILS(prctl(PR_PAC_GET_ENABLED_KEYS, 0, 0, 0, 0), EINVAL);
}

int main(int argc, char** argv) {
    if (argc > 1 && strcmp(argv[1], "off") == 0) {
        without();
        return check_done();
    }
    KEY("pacia", "autia", "xpaci");
    KEY("pacib", "autib", "xpaci");
    KEY("pacda", "autda", "xpacd");
    KEY("pacdb", "autdb", "xpacd");
    const uint64_t pointer = (uint64_t)memory;
    CHECK_EQ(APPLY_Z("autiza", APPLY("pacia", pointer, 0)), pointer);
    CHECK_EQ(APPLY_Z("autdzb", APPLY_Z("pacdzb", pointer)), pointer);
    branches();
    failures();
    if (argc == 1) keys(); /* the oracle has none of it */
    return check_done();
}
