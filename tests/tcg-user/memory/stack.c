/* SPDX-License-Identifier: MIT */
/* A deep stack: 7 MB of recursion, large frames, alloca, a fault below the limit that a handler sees. */
#include <alloca.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/resource.h>

#include "check.h"

static int deep(int depth, const char* above) {
    volatile char frame[4096];
    frame[0] = (char)depth;
    frame[4095] = (char)(depth >> 8);
    if (depth == 0) return above - (const char*)frame > 7000000 ? 1 : 2;
    int result = deep(depth - 1, above);
    return frame[0] == (char)depth && frame[4095] == (char)(depth >> 8) ? result : 3;
}

static sigjmp_buf back;
static volatile uintptr_t fault;
static void on_fault(int signal, siginfo_t* info, void* context) {
    (void)signal, (void)context;
    fault = (uintptr_t)info->si_addr;
    siglongjmp(back, 1);
}

__attribute__((noinline)) static int endless(int depth) {
    volatile char frame[512];
    frame[depth % 512] = 1;
    return endless(depth + 1) + frame[depth % 500];
}

int main(void) {
    struct rlimit limit;
    CHECK_EQ(getrlimit(RLIMIT_STACK, &limit), 0);
    CHECK(limit.rlim_cur >= 8 << 20);
    char here;
    CHECK_EQ(deep(1750, &here), 1);
    for (size_t size = 16; size < 4000000; size *= 4) {
        volatile char* memory = alloca(size);
        memory[0] = 1;
        memory[size - 1] = 2;
        CHECK_EQ(memory[0] + memory[size - 1], 3);
    }

    static char handler_stack[65536];
    stack_t stack = {.ss_sp = handler_stack, .ss_size = sizeof handler_stack};
    CHECK_EQ(sigaltstack(&stack, NULL), 0);
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    CHECK_EQ(sigaction(SIGSEGV, &action, NULL), 0);
    if (limit.rlim_cur <= UINT64_C(64) << 20) {
        if (sigsetjmp(back, 1) == 0) endless(0);
        CHECK(fault < (uintptr_t)&here - 7000000);
        CHECK(fault > (uintptr_t)&here - limit.rlim_cur - (1 << 20));
    }
    return check_done();
}
