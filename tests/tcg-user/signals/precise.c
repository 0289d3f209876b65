/* SPDX-License-Identifier: MIT */
/* Faults in the middle of straight code and of hot loops: what came before has happened, what comes after has
 * not. */
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "check.h"

static mcontext_t seen;
static int faults;

static void on_fault(int signal, siginfo_t* info, void* opaque) {
    ucontext_t* context = opaque;
    (void)signal, (void)info;
    faults++;
    memcpy(&seen, &context->uc_mcontext, offsetof(mcontext_t, __reserved));
    context->uc_mcontext.regs[0] = 77;
    context->uc_mcontext.pc += 4;
}

int main(void) {
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    CHECK_EQ(sigaction(SIGSEGV, &action, NULL), 0);
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char* area = CHECK_CALL(mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    CHECK_EQ(mprotect(area + page, page, PROT_NONE), 0);
    char* edge = area + page;

    /* Values and flags that are overwritten right after the fault, and so are dead but for it. */
    uint64_t result;
    __asm__ volatile(
        "mov x1, #1\n\tmov x2, #2\n\tadds x3, x1, x2\n\tsubs x4, x1, x1\n\tmov x0, #5\n\t"
        "ldr x5, [%1]\n\t"
        "mov x1, #11\n\tmov x2, #12\n\tmov x3, #13\n\tcmp x1, x2\n\tmov x4, #14\n\tmov %0, x0"
        : "=r"(result)
        : "r"(edge)
        : "x0", "x1", "x2", "x3", "x4", "x5", "cc", "memory");
    CHECK_EQ(faults, 1);
    CHECK_EQ(seen.regs[1], 1);
    CHECK_EQ(seen.regs[2], 2);
    CHECK_EQ(seen.regs[3], 3);
    CHECK_EQ(seen.regs[4], 0);
    CHECK_EQ(seen.pstate >> 28, 6);
    CHECK_EQ(result, 77);

    /* Write-back must not have happened. */
    for (int kind = 0; kind < 4; kind++) {
        register char* base __asm__("x6") = edge;
        register uint64_t x7 __asm__("x7") = 7;
        register uint64_t x8 __asm__("x8") = 8;
        if (kind == 0) __asm__ volatile("ldr x7, [x6], #16" : "+r"(base), "+r"(x7) : : "x0", "memory");
        if (kind == 1) __asm__ volatile("str x7, [x6, #64]!" : "+r"(base), "+r"(x7) : : "x0", "memory");
        if (kind == 2)
            __asm__ volatile("ldp x7, x8, [x6, #-8]!" : "+r"(base), "+r"(x7), "+r"(x8) : : "x0", "memory");
        if (kind == 3)
            __asm__ volatile("stp x7, x8, [x6], #32" : "+r"(base), "+r"(x7), "+r"(x8) : : "x0", "memory");
        CHECK_EQ((uint64_t)base, (uint64_t)edge);
        CHECK_EQ(seen.regs[6], (uint64_t)edge);
        if (kind != 2) CHECK_EQ(x7, 7);
        CHECK_EQ(x8, 8);
    }
    CHECK_EQ(faults, 5);

    /* A hot loop with everything in registers walks off the edge. */
    uint64_t *words = (uint64_t*)area, count = page / 8;
    for (uint64_t i = 0; i < count; i++) words[i] = i;
    for (int round = 0; round < 50; round++) {
        register uint64_t sum __asm__("x10") = 0;
        register uint64_t* at __asm__("x11") = words;
        register uint64_t steps __asm__("x12") = 0;
        __asm__ volatile(
            "mov x0, #0\n1:\tldr x13, [x11]\n\tcbnz x0, 2f\n\tadd x11, x11, #8\n\tadd x10, x10, x13\n\tadd "
            "x12, x12, #1\n\tb 1b\n2:"
            : "+r"(sum), "+r"(at), "+r"(steps)
            :
            : "x0", "x13", "memory");
        CHECK_EQ(seen.regs[10], count * (count - 1) / 2);
        CHECK_EQ(seen.regs[11], (uint64_t)edge);
        CHECK_EQ(seen.regs[12], count);
        CHECK_EQ(seen.regs[13], count - 1);
        CHECK_EQ(seen.regs[0], 0);
        CHECK_EQ(sum, count * (count - 1) / 2);
        CHECK_EQ(steps, count);
    }

    /* Stores up to the edge have happened; the one on it has not. */
    memset(area, 0, page);
    char* at = area;
    __asm__ volatile("mov x0, #0\n1:\tstrb %w1, [%0], #1\n\tcbz x0, 1b"
                     : "+r"(at)
                     : "r"(0x5a)
                     : "x0", "memory");
    for (size_t i = 0; i < page; i++) CHECK_EQ(area[i], 0x5a);
    return check_done();
}
