/* SPDX-License-Identifier: MIT */
/* One instruction, run where a fault can be looked at: what signal, where, and the registers at that moment.
 */
#ifndef FAULTS_H
#define FAULTS_H

#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "check.h"

#define PAGE 4096

struct seen {
    int signo; /* 0: no fault */
    int code;
    uint64_t address, pc, x[6];
};

static struct seen seen;
static sigjmp_buf out_of_fault;
static uint32_t* code; /* [0] is the instruction */

static void on_fault(int signo, siginfo_t* info, void* context) {
    const ucontext_t* uc = context;
    seen.signo = signo;
    seen.code = info->si_code;
    seen.address = (uint64_t)info->si_addr;
    seen.pc = uc->uc_mcontext.pc;
    memcpy(seen.x, uc->uc_mcontext.regs, sizeof seen.x);
    siglongjmp(out_of_fault, 1);
}

__attribute__((unused)) static void prepare(void) {
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    sigaction(SIGILL, &action, NULL);
    code = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* Runs the instruction with x0 = address, x1..x5 = 0x1111 * n. */
__attribute__((unused)) static void run(uint32_t instruction, uint64_t address) {
    memset(&seen, 0, sizeof seen);
    code[0] = instruction;
    code[1] = 0xd65f03c0; /* ret */
    __builtin___clear_cache((char*)code, (char*)(code + 2));
    if (sigsetjmp(out_of_fault, 1)) return;
    register uint64_t x0 __asm__("x0") = address;
    register uint64_t x1 __asm__("x1") = 0x1111;
    register uint64_t x2 __asm__("x2") = 0x2222;
    register uint64_t x3 __asm__("x3") = 0x3333;
    register uint64_t x4 __asm__("x4") = 0x4444;
    register uint64_t x5 __asm__("x5") = 0x5555;
    __asm__ volatile("blr %6"
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5)
                     : "r"(code)
                     : "x30", "v0", "v1", "cc", "memory");
}

/* The registers are what they were, and pc is the instruction's. */
__attribute__((unused)) static void check_nothing_happened(const char* name, uint64_t address) {
    CHECK_ROW(name, seen.pc, (uint64_t)code);
    CHECK_ROW(name, seen.x[0], address);
    for (unsigned i = 1; i < 6; i++) CHECK_ROW(name, seen.x[i], 0x1111 * i);
}

#endif
