/* SPDX-License-Identifier: MIT */
/* epoll, eventfd, timerfd, signalfd, inotify, poll, select, pipes of non-blocking kind. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#include "check.h"

int main(void) {
    int epoll = CHECK_CALL(epoll_create1(EPOLL_CLOEXEC)), ends[2];
    CHECK_EQ(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
    int counter = CHECK_CALL(eventfd(3, EFD_NONBLOCK)),
        timer = CHECK_CALL(timerfd_create(CLOCK_MONOTONIC, 0));
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = UINT64_C(0x1122334455667788)}, got[8];
    CHECK_EQ(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &event), 0);
    CHECK_FAILS(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &event), EEXIST);
    CHECK_EQ(epoll_wait(epoll, got, 8, 0), 0);
    char byte;
    CHECK_FAILS(read(ends[0], &byte, 1), EAGAIN);
    CHECK_EQ(write(ends[1], "ab", 2), 2);
    int waiting = 0;
    CHECK_EQ(ioctl(ends[0], FIONREAD, &waiting), 0);
    CHECK_EQ(waiting, 2);
    CHECK_EQ(epoll_wait(epoll, got, 8, 1000), 1);
    CHECK_EQ(got[0].data.u64, 0x1122334455667788);
    CHECK_EQ(got[0].events, EPOLLIN);

    event = (struct epoll_event){.events = EPOLLIN | EPOLLET, .data.fd = counter};
    CHECK_EQ(epoll_ctl(epoll, EPOLL_CTL_ADD, counter, &event), 0);
    event = (struct epoll_event){.events = EPOLLIN | EPOLLONESHOT, .data.fd = timer};
    CHECK_EQ(epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &event), 0);
    struct itimerspec soon = {.it_value = {0, 3000000}, .it_interval = {0, 1000000}};
    CHECK_EQ(timerfd_settime(timer, 0, &soon, NULL), 0);
    CHECK_EQ(epoll_wait(epoll, got, 8, 1000), 2);
    uint64_t value;
    CHECK_EQ(read(counter, &value, 8), 8);
    CHECK_EQ(value, 3);
    CHECK_FAILS(read(counter, &value, 8), EAGAIN);
    CHECK_EQ(epoll_ctl(epoll, EPOLL_CTL_DEL, ends[0], NULL), 0);
    CHECK_EQ(epoll_wait(epoll, got, 8, 1000), 1);
    CHECK_EQ(got[0].data.fd, timer);
    CHECK_EQ(read(timer, &value, 8), 8);
    CHECK(value >= 1);
    value = UINT64_C(0xfffffffffffffffe);
    CHECK_EQ(write(counter, &value, 8), 8);
    value = 1;
    CHECK_FAILS(write(counter, &value, 8), EAGAIN);

    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    CHECK_EQ(sigprocmask(SIG_BLOCK, &set, NULL), 0);
    int signals = CHECK_CALL(signalfd(-1, &set, SFD_NONBLOCK));
    CHECK_EQ(kill(getpid(), SIGUSR1), 0);
    struct signalfd_siginfo info;
    CHECK_EQ(read(signals, &info, sizeof info), sizeof info);
    CHECK_EQ(info.ssi_signo, SIGUSR1);
    CHECK_EQ(info.ssi_pid, getpid());

    int notify = CHECK_CALL(inotify_init1(IN_NONBLOCK));
    int watch = CHECK_CALL(inotify_add_watch(notify, ".", IN_CREATE));
    close(CHECK_CALL(creat("watched", 0600)));
    union {
        struct inotify_event event;
        char bytes[512];
    } change;
    CHECK(CHECK_CALL(read(notify, &change, sizeof change)) > 0);
    CHECK_EQ(change.event.wd, watch);
    CHECK_STR(change.event.name, "watched");
    unlink("watched");

    struct pollfd watched[2] = {{ends[0], POLLIN, 0}, {ends[1], POLLOUT, 0}};
    CHECK_EQ(poll(watched, 2, 0), 2);
    CHECK(watched[0].revents == POLLIN && watched[1].revents == POLLOUT);
    fd_set readable;
    FD_ZERO(&readable);
    FD_SET(ends[0], &readable);
    struct timeval limit = {1, 0};
    CHECK_EQ(select(ends[0] + 1, &readable, NULL, NULL, &limit), 1);
    CHECK(FD_ISSET(ends[0], &readable));
    close(ends[1]);
    CHECK_EQ(poll(watched, 1, 0), 1);
    CHECK_EQ(watched[0].revents, POLLIN | POLLHUP);

    int first[2], second[2];
    CHECK_EQ(pipe(first), 0);
    CHECK_EQ(pipe(second), 0);
    CHECK_EQ(write(first[1], "spliced", 7), 7);
    CHECK_EQ(splice(first[0], NULL, second[1], NULL, 7, 0), 7);
    char text[8] = "";
    CHECK_EQ(read(second[0], text, 7), 7);
    CHECK_STR(text, "spliced");
    CHECK_EQ(fcntl(first[1], F_SETPIPE_SZ, 65536), 65536);
    return check_done();
}
