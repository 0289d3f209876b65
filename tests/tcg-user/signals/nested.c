/* SPDX-License-Identifier: MIT */
/* Masks during handlers: the signal itself is blocked, sa_mask too, SA_NODEFER and SA_RESETHAND, order of
 * delivery. */
#include <signal.h>

#include "check.h"

static char trace[64];
static volatile int depth;

static void note(const char* text) {
    strcat(trace, text);
}

static void on_signal(int signal) {
    char name[2] = {(char)(signal == SIGUSR1 ? '1' : '2'), 0};
    note(name);
    note("(");
    if (signal == SIGUSR1 && depth++ == 0) {
        raise(SIGUSR1);
        raise(SIGUSR2);
        note("-");
    }
    note(")");
}

static void run(unsigned flags, int mask_second, const char* want) {
    struct sigaction first = {.sa_handler = on_signal, .sa_flags = (int)flags};
    struct sigaction second = {.sa_handler = on_signal};
    if (mask_second) sigaddset(&first.sa_mask, SIGUSR2);
    sigaction(SIGUSR1, &first, NULL);
    sigaction(SIGUSR2, &second, NULL);
    trace[0] = 0;
    depth = 0;
    raise(SIGUSR1);
    note(".");
    CHECK_STR(trace, want);
    struct sigaction now;
    sigaction(SIGUSR1, NULL, &now);
    CHECK((now.sa_handler == SIG_DFL) == ((flags & SA_RESETHAND) != 0));
    if (!(flags & SA_RESETHAND)) {
        CHECK_EQ((unsigned)now.sa_flags & (SA_NODEFER | SA_RESTART | SA_SIGINFO), flags);
        CHECK_EQ(sigismember(&now.sa_mask, SIGUSR2), mask_second);
    }
    sigset_t blocked;
    sigprocmask(SIG_BLOCK, NULL, &blocked);
    CHECK_EQ(sigismember(&blocked, SIGUSR1) | sigismember(&blocked, SIGUSR2), 0);
}

int main(void) {
    run(0, 0, "1(2()-)1().");
    run(SA_NODEFER, 0, "1(1()2()-).");
    /* Both pending at the return: the lower number's frame is built first, so the higher runs first inside
     * it. */
    run(0, 1, "1(-)1()2().");
    run(SA_RESTART, 0, "1(2()-)1().");

    /* RESETHAND: the second one takes the default, which is made harmless by blocking it. */
    struct sigaction once = {.sa_handler = on_signal, .sa_flags = SA_RESETHAND};
    CHECK_EQ(sigaction(SIGUSR2, &once, NULL), 0);
    trace[0] = 0;
    raise(SIGUSR2);
    CHECK_STR(trace, "2()");
    struct sigaction now;
    sigaction(SIGUSR2, NULL, &now);
    CHECK(now.sa_handler == SIG_DFL);

    CHECK_FAILS(sigaction(SIGKILL, &once, NULL), EINVAL);
    CHECK_FAILS(sigaction(SIGSTOP, &once, NULL), EINVAL);
    CHECK_FAILS(sigaction(0, &once, NULL), EINVAL);
    CHECK_FAILS(sigaction(65, &once, NULL), EINVAL);
    return check_done();
}
