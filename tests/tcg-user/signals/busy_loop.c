/* SPDX-License-Identifier: MIT */
/* Asynchronous signals reach code that makes no system calls: a loop on memory, a loop of one instruction, a
 * chain of calls without a loop of its own, and a handler that leaves by siglongjmp. */
#include <setjmp.h>
#include <signal.h>
#include <sys/time.h>
#include <ucontext.h>

#include "check.h"

/* What the next signal does, once the program is where that makes sense. The timer repeats until then: on a
 * loaded machine the first expiry may come before the loop is entered, and one more may be pending when it is
 * stopped. */
enum Way { kNothing, kReturn, kSkip, kJump, kSetX0 };
static volatile enum Way way;
static volatile int delivered;
static sigjmp_buf back;

/* The loops of assembly that are left from the handler: first instruction, and the one behind the last. */
extern const char branch_loop[], branch_loop_end[], watch_loop[], watch_loop_end[], indirect_loop[],
    indirect_loop_end[];

static int within(uint64_t pc, const char* begin, const char* end) {
    return pc >= (uint64_t)begin && pc < (uint64_t)end;
}

static void set_timer(long microseconds) {
    struct itimerval timer = {.it_interval = {0, microseconds}, .it_value = {0, microseconds}};
    setitimer(ITIMER_REAL, &timer, NULL);
}

static void on_alarm(int signal, siginfo_t* info, void* opaque) {
    (void)signal, (void)info;
    ucontext_t* context = opaque;
    const uint64_t pc = context->uc_mcontext.pc;
    if (way == kNothing) return;
    if (way == kSkip) {
        if (!within(pc, branch_loop, branch_loop_end) && !within(pc, indirect_loop, indirect_loop_end))
            return;
        context->uc_mcontext.pc += 4;
    } else if (way == kSetX0) {
        if (!within(pc, watch_loop, watch_loop_end)) return;
        context->uc_mcontext.regs[0] = 1;
    }
    const enum Way acted = way;
    way = kNothing;
    set_timer(0);
    delivered++;
    if (acted == kJump) siglongjmp(back, 1);
}

static void arm(enum Way what) {
    way = what;
    set_timer(10000);
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

    arm(kReturn);
    while (!delivered) {
    }
    CHECK_EQ(delivered, 1);

    arm(kSkip);
    __asm__ volatile(".globl branch_loop, branch_loop_end\nbranch_loop:\tb branch_loop\nbranch_loop_end:");
    CHECK_EQ(delivered, 2);

    if (sigsetjmp(back, 1) == 0) {
        arm(kJump);
        for (;;) __asm__ volatile("");
    }
    CHECK_EQ(delivered, 3);

    arm(kReturn);
    while (delivered < 4) CHECK_EQ(ping(0) >= 1000, 1);

    /* The handler changes a register that the loop watches. */
    arm(kSetX0);
    __asm__ volatile(
        ".globl watch_loop, watch_loop_end\n\tmov x0, #0\n\tmov x9, #0\nwatch_loop:\tadd x9, x9, #1\n\tcbz "
        "x0, watch_loop\nwatch_loop_end:"
        :
        :
        : "x0", "x9");
    CHECK_EQ(delivered, 5);

    /* An indirect jump to itself. */
    arm(kSkip);
    __asm__ volatile(
        ".globl indirect_loop, indirect_loop_end\n\tadr x9, indirect_loop\nindirect_loop:\tbr "
        "x9\nindirect_loop_end:"
        :
        :
        : "x9");
    CHECK_EQ(delivered, 6);
    return check_done();
}
