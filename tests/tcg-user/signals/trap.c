/* SPDX-License-Identifier: MIT */
/* SIGTRAP from brk: code, address, and going on after it. */
#include <signal.h>
#include <ucontext.h>

#include "check.h"

static volatile int count, code;
static volatile uint64_t address, pc;

static void on_trap(int signal, siginfo_t* info, void* opaque) {
    ucontext_t* context = opaque;
    CHECK_EQ(signal, SIGTRAP);
    count++;
    code = info->si_code;
    address = (uint64_t)info->si_addr;
    pc = context->uc_mcontext.pc;
    context->uc_mcontext.regs[9] += 100;
    context->uc_mcontext.pc += 4;
}

int main(void) {
    struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};
    CHECK_EQ(sigaction(SIGTRAP, &action, NULL), 0);
    for (int i = 0; i < 100; i++) {
        uint64_t at, x9;
        __asm__ volatile("mov x9, #5\n\tadr %0, 1f\n1:\tbrk #0x3e8\n\tadd %1, x9, #1"
                         : "=&r"(at), "=r"(x9)
                         :
                         : "x9");
        CHECK_EQ(count, i + 1);
        CHECK_EQ(code, TRAP_BRKPT);
        CHECK_EQ(address, at);
        CHECK_EQ(pc, at);
        CHECK_EQ(x9, 106);
    }
    return check_done();
}
