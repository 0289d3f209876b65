/* SPDX-License-Identifier: MIT */
/* Interrupted system calls: EINTR or a restart, by SA_RESTART and by the kind of call. */
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "check.h"

static volatile int delivered;
static int feed = -1;

/* The handler lets a restarted read find data the second time. */
static void on_alarm(int signal) {
    (void)signal;
    if (++delivered == 2 && feed >= 0 && write(feed, "x", 1) != 1) abort();
}

static void arm(int restart) {
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = restart ? SA_RESTART : 0};
    sigaction(SIGALRM, &action, NULL);
    struct itimerval timer = {.it_interval = {0, 20000}, .it_value = {0, 20000}};
    delivered = 0;
    setitimer(ITIMER_REAL, &timer, NULL);
}

static void disarm(void) {
    struct itimerval timer = {{0, 0}, {0, 0}};
    setitimer(ITIMER_REAL, &timer, NULL);
}

int main(void) {
    int ends[2], sockets[2];
    char byte;
    CHECK_EQ(pipe(ends), 0);
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);

    arm(0);
    CHECK_FAILS(read(ends[0], &byte, 1), EINTR);
    CHECK(delivered >= 1);
    feed = ends[1];
    arm(1);
    CHECK_EQ(read(ends[0], &byte, 1), 1);
    CHECK(delivered >= 2);

    feed = -1;
    arm(0);
    CHECK_FAILS(recv(sockets[0], &byte, 1, 0), EINTR);
    feed = sockets[1];
    arm(1);
    CHECK_EQ(recv(sockets[0], &byte, 1, 0), 1);
    CHECK(delivered >= 2);
    feed = -1;

    /* These are never restarted, even with SA_RESTART. */
    struct pollfd watched = {.fd = ends[0], .events = POLLIN};
    arm(1);
    CHECK_FAILS(poll(&watched, 1, 5000), EINTR);
    fd_set set;
    FD_ZERO(&set);
    FD_SET(ends[0], &set);
    struct timeval limit = {5, 0};
    arm(1);
    CHECK_FAILS(select(ends[0] + 1, &set, NULL, NULL, &limit), EINTR);
    int epoll = epoll_create1(0);
    struct epoll_event event;
    arm(1);
    CHECK_FAILS(epoll_wait(epoll, &event, 1, 5000), EINTR);
    struct timespec request = {5, 0}, rest = {0, 0};
    arm(1);
    CHECK_FAILS(nanosleep(&request, &rest), EINTR);
    CHECK(rest.tv_sec == 4 && rest.tv_nsec > 500000000);
    arm(1);
    CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, 0, &request, &rest), EINTR);
    arm(1);
    CHECK_EQ(usleep(5000000), -1);
    disarm();

    /* waitpid restarts. */
    arm(1);
    pid_t child = fork();
    if (child == 0) {
        disarm();
        struct timespec moment = {0, 100000000};
        nanosleep(&moment, NULL);
        _exit(3);
    }
    int status;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 3 << 8);
    CHECK(delivered >= 1);
    disarm();

    return check_done();
}
