/* SPDX-License-Identifier: MIT */
/* Leaving handlers by siglongjmp again and again: the mask comes back, the stack does not grow, setjmp
 * values. */
#include <setjmp.h>
#include <signal.h>

#include "check.h"

static sigjmp_buf back;
static jmp_buf plain;
static uintptr_t first, last;

static void on_segv(int signal) {
    char here;
    (void)signal;
    if (!first) first = (uintptr_t)&here;
    last = (uintptr_t)&here;
    siglongjmp(back, 7);
}

static void leave(int depth, int value) {
    if (depth == 0) longjmp(plain, value);
    leave(depth - 1, value);
    __asm__ volatile("");
}

int main(void) {
    signal(SIGSEGV, on_segv);
    volatile int rounds = 0;
    while (rounds < 3000) {
        int value = sigsetjmp(back, 1);
        if (value == 0) {
            *(volatile int*)8 = 1;
        } else {
            CHECK_EQ(value, 7);
            rounds++;
        }
    }
    CHECK_EQ(first, last);
    sigset_t now;
    sigprocmask(SIG_BLOCK, NULL, &now);
    CHECK_EQ(sigismember(&now, SIGSEGV), 0);

    for (volatile int i = 0; i < 1000; i++) {
        int value = setjmp(plain);
        if (value == 0) leave(20, i);
        CHECK_EQ(value, i == 0 ? 1 : i);
    }
    return check_done();
}
