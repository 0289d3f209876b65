/* SPDX-License-Identifier: MIT */
/* getcontext, makecontext, swapcontext, and a handler that sends its caller to another function. */
#include <signal.h>
#include <ucontext.h>

#include "check.h"

static ucontext_t main_context, contexts[2];
static char stacks[2][65536] __attribute__((aligned(16)));
static char trace[4096];
static double results[2];

static void body(int me, int rounds) {
    double x = me + 1;
    for (int i = 0; i < rounds; i++) {
        strcat(trace, me ? "b" : "a");
        x = x * 1.5 + me;
        swapcontext(&contexts[me], &contexts[!me]);
    }
    results[me] = x;
}

static volatile int landed;
static void land(uint64_t argument) {
    landed = (int)argument;
    raise(SIGUSR2);
}

static ucontext_t saved;
static void on_first(int signal, siginfo_t* info, void* opaque) {
    (void)signal, (void)info;
    ucontext_t* context = opaque;
    memcpy(&saved, context, sizeof saved);
    context->uc_mcontext.pc = (uint64_t)land;
    context->uc_mcontext.regs[0] = 4321;
    context->uc_mcontext.sp -= 4096;
    context->uc_mcontext.regs[30] = 0;
}
static void on_second(int signal, siginfo_t* info, void* opaque) {
    (void)signal, (void)info;
    ucontext_t* context = opaque;
    context->uc_mcontext = saved.uc_mcontext;
    context->uc_sigmask = saved.uc_sigmask;
}

int main(void) {
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(getcontext(&contexts[i]), 0);
        contexts[i].uc_stack.ss_sp = stacks[i];
        contexts[i].uc_stack.ss_size = sizeof stacks[i];
        contexts[i].uc_link = &main_context;
        makecontext(&contexts[i], (void (*)(void))body, 2, i, 100);
    }
    CHECK_EQ(swapcontext(&main_context, &contexts[0]), 0);
    CHECK_EQ(strlen(trace), 200);
    for (int i = 0; i < 200; i++) CHECK_EQ(trace[i], i & 1 ? 'b' : 'a');
    double x = 1;
    for (int i = 0; i < 100; i++) x = x * 1.5;
    CHECK_EQ(bits_of_double(results[0]), bits_of_double(x));

    struct sigaction first = {.sa_sigaction = on_first, .sa_flags = SA_SIGINFO};
    struct sigaction second = {.sa_sigaction = on_second, .sa_flags = SA_SIGINFO};
    CHECK_EQ(sigaction(SIGUSR1, &first, NULL), 0);
    CHECK_EQ(sigaction(SIGUSR2, &second, NULL), 0);
    for (int i = 0; i < 10; i++) {
        landed = 0;
        CHECK_EQ(raise(SIGUSR1), 0);
        CHECK_EQ(landed, 4321);
    }
    return check_done();
}
