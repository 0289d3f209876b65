/* SPDX-License-Identifier: MIT */
/* Waiting for signals: pause, sigsuspend, ppoll and pselect with a mask, which swap the mask atomically. */
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/time.h>

#include "check.h"

static volatile int delivered;
static void on_signal(int signal) {
    (void)signal;
    delivered++;
}

static void arm(void) {
    struct itimerval timer = {.it_value = {0, 10000}};
    setitimer(ITIMER_REAL, &timer, NULL);
}

int main(void) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    CHECK_EQ(sigaction(SIGALRM, &action, NULL), 0);
    CHECK_EQ(sigaction(SIGUSR1, &action, NULL), 0);
    arm();
    CHECK_FAILS(pause(), EINTR);
    CHECK_EQ(delivered, 1);

    sigset_t block, none, now;
    sigemptyset(&none);
    sigemptyset(&block);
    sigaddset(&block, SIGALRM);
    sigaddset(&block, SIGUSR1);
    CHECK_EQ(sigprocmask(SIG_BLOCK, &block, NULL), 0);
    /* Already pending: sigsuspend returns at once, and the mask is as before. */
    CHECK_EQ(raise(SIGUSR1), 0);
    CHECK_EQ(delivered, 1);
    CHECK_FAILS(sigsuspend(&none), EINTR);
    CHECK_EQ(delivered, 2);
    CHECK_EQ(sigprocmask(SIG_BLOCK, NULL, &now), 0);
    CHECK(sigismember(&now, SIGALRM) && sigismember(&now, SIGUSR1));
    arm();
    CHECK_FAILS(sigsuspend(&none), EINTR);
    CHECK_EQ(delivered, 3);

    struct timespec limit = {5, 0};
    arm();
    CHECK_FAILS(ppoll(NULL, 0, &limit, &none), EINTR);
    CHECK_EQ(delivered, 4);
    CHECK_EQ(raise(SIGUSR1), 0);
    CHECK_FAILS(pselect(0, NULL, NULL, NULL, &limit, &none), EINTR);
    CHECK_EQ(delivered, 5);
    int epoll = CHECK_CALL(epoll_create1(0));
    struct epoll_event event;
    CHECK_EQ(raise(SIGUSR1), 0);
    CHECK_FAILS(epoll_pwait(epoll, &event, 1, 5000, &none), EINTR);
    CHECK_EQ(delivered, 6);
    CHECK_EQ(sigprocmask(SIG_BLOCK, NULL, &now), 0);
    CHECK(sigismember(&now, SIGALRM) && sigismember(&now, SIGUSR1));

    /* Blocked signals do not interrupt. */
    CHECK_EQ(raise(SIGUSR1), 0);
    limit = (struct timespec){0, 1000000};
    CHECK_EQ(ppoll(NULL, 0, &limit, NULL), 0);
    CHECK_EQ(delivered, 6);
    CHECK_EQ(sigprocmask(SIG_UNBLOCK, &block, NULL), 0);
    CHECK_EQ(delivered, 7);
    return check_done();
}
