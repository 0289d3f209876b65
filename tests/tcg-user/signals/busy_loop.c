/* SPDX-License-Identifier: MIT */
/* Asynchronous signals reach code that makes no system calls: a loop on memory, a loop of one instruction, a
 * chain of calls without a loop of its own, and a handler that leaves by siglongjmp. */
#include <setjmp.h>
#include <signal.h>
#include <sys/time.h>
#include <ucontext.h>

#include "check.h"

static volatile int delivered;
static volatile int leave;
static sigjmp_buf back;

static void on_alarm(int signal, siginfo_t* info, void* opaque) {
    (void)signal, (void)info;
    ucontext_t* context = opaque;
    delivered++;
    if (leave == 1) context->uc_mcontext.pc += 4;
    if (leave == 2) siglongjmp(back, 1);
    if (leave == 3) context->uc_mcontext.regs[0] = 1;
}

static void arm(void) {
    struct itimerval timer = {.it_value = {0, 10000}};
    setitimer(ITIMER_REAL, &timer, NULL);
}

__attribute__((noinline)) static int ping(int n);
__attribute__((noinline)) static int pong(int n) {
    return n > 1000 ? n : ping(n + 1);
}
static int ping(int n) {
    int result = pong(n + 1);
    __asm__ volatile("" : "+r"(result));
    return result;
}

int main(void) {
    struct sigaction action = {.sa_sigaction = on_alarm, .sa_flags = SA_SIGINFO};
    CHECK_EQ(sigaction(SIGALRM, &action, NULL), 0);

    arm();
    while (!delivered) {
    }
    CHECK_EQ(delivered, 1);

    leave = 1;
    arm();
    __asm__ volatile("1:\tb 1b");
    CHECK_EQ(delivered, 2);

    leave = 2;
    arm();
    if (sigsetjmp(back, 1) == 0) {
        for (;;) __asm__ volatile("");
    }
    CHECK_EQ(delivered, 3);

    leave = 0;
    arm();
    while (delivered < 4) CHECK_EQ(ping(0) >= 1000, 1);

    /* The handler changes a register that the loop watches. */
    leave = 3;
    arm();
    __asm__ volatile("mov x0, #0\n\tmov x9, #0\n1:\tadd x9, x9, #1\n\tcbz x0, 1b" : : : "x0", "x9");
    CHECK_EQ(delivered, 5);

    /* An indirect jump to itself. */
    leave = 1;
    arm();
    __asm__ volatile("adr x9, 1f\n1:\tbr x9" : : : "x9");
    CHECK_EQ(delivered, 6);
    return check_done();
}
