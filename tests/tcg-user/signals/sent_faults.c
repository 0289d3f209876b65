/* SPDX-License-Identifier: MIT */
/* The signals of faults, sent: they can be blocked, wait, be waited for and be ignored like any other, while
 * real faults go on being delivered. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>

#include "check.h"

static volatile int count, code;
static void* volatile address;

static void on_signal(int signal, siginfo_t* info, void* opaque) {
    (void)signal;
    ucontext_t* context = opaque;
    count++;
    code = info->si_code;
    address = info->si_addr;
    if (info->si_code == SEGV_MAPERR && count == 1) context->uc_mcontext.pc += 4;
}

static void mask_one(int how, int signal) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    CHECK_EQ(sigprocmask(how, &set, NULL), 0);
}

static int is_pending(int signal) {
    sigset_t set;
    CHECK_EQ(sigpending(&set), 0);
    return sigismember(&set, signal);
}

static void check_signal(int signo) {
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
    CHECK_EQ(sigaction(signo, &action, NULL), 0);
    count = 0;
    CHECK_EQ(raise(signo), 0);
    CHECK_EQ(count, 1);
    CHECK_EQ(code, SI_TKILL);
    CHECK_EQ(kill(getpid(), signo), 0);
    CHECK_EQ(count, 2);
    CHECK_EQ(code, SI_USER);

    mask_one(SIG_BLOCK, signo);
    CHECK_EQ(kill(getpid(), signo), 0);
    CHECK_EQ(kill(getpid(), signo), 0);
    CHECK_EQ(count, 2);
    CHECK_EQ(is_pending(signo), 1);
    mask_one(SIG_UNBLOCK, signo);
    CHECK_EQ(count, 3);
    CHECK_EQ(is_pending(signo), 0);

    mask_one(SIG_BLOCK, signo);
    CHECK_EQ(kill(getpid(), signo), 0);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signo);
    const struct timespec none = {0, 0};
    siginfo_t info;
    CHECK_EQ(sigtimedwait(&set, &info, &none), signo);
    CHECK_EQ(info.si_pid, getpid());
    CHECK_FAILS(sigtimedwait(&set, &info, &none), EAGAIN);
    mask_one(SIG_UNBLOCK, signo);
    CHECK_EQ(count, 3);

    CHECK(signal(signo, SIG_IGN) != SIG_ERR);
    CHECK_EQ(raise(signo), 0);
    CHECK_EQ(count, 3);
}

int main(void) {
    static const int kSignals[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE};
    for (int i = 0; i < 5; i++) check_signal(kSignals[i]);

    /* A crash handler that hands its fault on: the same siginfo, sent to itself. */
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
    CHECK_EQ(sigaction(SIGSEGV, &action, NULL), 0);
    count = 0;
    __asm__ volatile("mov x9, #16\n\tldr x9, [x9]" : : : "x9", "memory");
    CHECK_EQ(count, 1);
    CHECK_EQ(code, SEGV_MAPERR);
    CHECK_EQ(address, 16);
    siginfo_t again = {.si_signo = SIGSEGV, .si_code = SEGV_ACCERR};
    again.si_addr = (void*)0x1230;
    CHECK_EQ(syscall(SYS_rt_tgsigqueueinfo, getpid(), syscall(SYS_gettid), SIGSEGV, &again), 0);
    CHECK_EQ(count, 2);
    CHECK_EQ(code, SEGV_ACCERR);
    CHECK_EQ(address, 0x1230);
    return check_done();
}
