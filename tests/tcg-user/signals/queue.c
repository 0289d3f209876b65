/* SPDX-License-Identifier: MIT */
/* Queued real-time signals: values, order, none lost; ordinary ones merge; sigwaitinfo, sigtimedwait,
 * sigpending. */
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>

#include "check.h"

static int values[64], signals[64], count;
static pid_t sender;
static int origin;

static void on_signal(int signal, siginfo_t* info, void* context) {
    (void)context;
    signals[count] = signal;
    values[count++] = info->si_value.sival_int;
    sender = info->si_pid;
    origin = info->si_code;
}

int main(void) {
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
    sigfillset(&action.sa_mask);
    for (int i = 0; i < 3; i++) CHECK_EQ(sigaction(SIGRTMIN + i, &action, NULL), 0);
    CHECK_EQ(sigaction(SIGUSR1, &action, NULL), 0);

    union sigval value = {.sival_ptr = (void*)UINT64_C(0x1234567800000005)};
    CHECK_EQ(sigqueue(getpid(), SIGUSR1, value), 0);
    CHECK_EQ(count, 1);
    CHECK_EQ(values[0], 5);
    CHECK_EQ(sender, getpid());
    CHECK_EQ(origin, SI_QUEUE);
    CHECK_EQ(kill(getpid(), SIGUSR1), 0);
    CHECK_EQ(origin, SI_USER);
    CHECK_EQ(raise(SIGUSR1), 0);
    CHECK_EQ(origin, SI_TKILL);

    sigset_t block, pending, old;
    sigemptyset(&block);
    for (int i = 0; i < 3; i++) sigaddset(&block, SIGRTMIN + i);
    sigaddset(&block, SIGUSR1);
    CHECK_EQ(sigprocmask(SIG_BLOCK, &block, &old), 0);
    count = 0;
    for (int i = 0; i < 10; i++) {
        value.sival_int = i;
        CHECK_EQ(sigqueue(getpid(), SIGRTMIN + 2 - i % 3, value), 0);
        CHECK_EQ(kill(getpid(), SIGUSR1), 0);
    }
    CHECK_EQ(count, 0);
    CHECK_EQ(sigpending(&pending), 0);
    CHECK(sigismember(&pending, SIGRTMIN) && sigismember(&pending, SIGUSR1) &&
          !sigismember(&pending, SIGUSR2));
    CHECK_EQ(sigprocmask(SIG_SETMASK, &old, NULL), 0);
    /* Lowest number first; within a number in the order of sending; SIGUSR1 once. */
    CHECK_EQ(count, 11);
    static const int kOrder[11] = {0, 2, 5, 8, 1, 4, 7, 0, 3, 6, 9};
    for (int i = 0; i < 11; i++) {
        CHECK_EQ(signals[i], i == 0 ? SIGUSR1 : i < 4 ? SIGRTMIN : i < 7 ? SIGRTMIN + 1 : SIGRTMIN + 2);
        if (i > 0) CHECK_EQ(values[i], kOrder[i]);
    }

    CHECK_EQ(sigprocmask(SIG_BLOCK, &block, NULL), 0);
    value.sival_int = 99;
    CHECK_EQ(sigqueue(getpid(), SIGRTMIN, value), 0);
    siginfo_t info;
    CHECK_EQ(sigwaitinfo(&block, &info), SIGRTMIN);
    CHECK_EQ(info.si_value.sival_int, 99);
    CHECK_EQ(info.si_pid, getpid());
    struct timespec limit = {0, 10000000};
    CHECK_FAILS(sigtimedwait(&block, &info, &limit), EAGAIN);
    CHECK_EQ(kill(getpid(), SIGUSR1), 0);
    int which;
    CHECK_EQ(sigwait(&block, &which), 0);
    CHECK_EQ(which, SIGUSR1);
    CHECK_EQ(count, 11);

    /* A POSIX timer carries its value. */
    timer_t timer;
    struct sigevent event = {
        .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 1, .sigev_value.sival_int = 1234};
    CHECK_EQ(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
    struct itimerspec soon = {.it_value = {0, 5000000}};
    CHECK_EQ(timer_settime(timer, 0, &soon, NULL), 0);
    CHECK_EQ(sigwaitinfo(&block, &info), SIGRTMIN + 1);
    CHECK_EQ(info.si_code, SI_TIMER);
    CHECK_EQ(info.si_value.sival_int, 1234);
    CHECK_EQ(timer_delete(timer), 0);
    CHECK_FAILS(kill(getpid(), 65), EINVAL);
    CHECK_FAILS(syscall(SYS_tgkill, getpid(), 0, SIGUSR1), EINVAL);
    return check_done();
}
