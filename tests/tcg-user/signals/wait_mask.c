/* SPDX-License-Identifier: MIT */
/* Waiting under another signal mask: what is ready comes before a signal that was pending already, which then
 * stays pending; a signal that ends the sleep is handled under the wait's mask; the old mask is back
 * afterwards. */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <time.h>

#include "check.h"

static volatile int handled;
static sigset_t mask_in_handler;

static void handler(int signo) {
    handled += signo == SIGUSR1;
    pthread_sigmask(SIG_BLOCK, NULL, &mask_in_handler);
}

static int ready[2], silent[2], epoll_ready, epoll_silent;
static sigset_t open_mask;
static const struct timespec kNone = {0, 0}, kLong = {20, 0};

static int by_ppoll(int is_ready, const struct timespec* time) {
    struct pollfd fd = {is_ready ? ready[0] : silent[0], POLLIN, 0};
    return ppoll(&fd, 1, time, &open_mask);
}

static int by_pselect(int is_ready, const struct timespec* time) {
    int fd = is_ready ? ready[0] : silent[0];
    fd_set set;
    FD_ZERO(&set);
    FD_SET(fd, &set);
    return pselect(fd + 1, &set, NULL, NULL, time, &open_mask);
}

static int by_epoll(int is_ready, const struct timespec* time) {
    struct epoll_event event;
    return epoll_pwait(is_ready ? epoll_ready : epoll_silent, &event, 1, (int)time->tv_sec * 1000,
                       &open_mask);
}

static int is_pending(void) {
    sigset_t pending;
    sigpending(&pending);
    return sigismember(&pending, SIGUSR1);
}

static int is_blocked(void) {
    sigset_t now;
    pthread_sigmask(SIG_BLOCK, NULL, &now);
    return sigismember(&now, SIGUSR1);
}

static pthread_t main_thread;

static void* send_later(void* unused) {
    (void)unused;
    const struct timespec pause = {0, 50000000};
    nanosleep(&pause, NULL);
    pthread_kill(main_thread, SIGUSR1);
    return NULL;
}

static void check_wait(const char* name, int (*wait_for)(int, const struct timespec*)) {
    int before = handled;
    raise(SIGUSR1);
    CHECK_ROW(name, wait_for(1, &kLong), 1);
    CHECK_ROW(name, handled, before);
    CHECK_ROW(name, is_pending(), 1);
    CHECK_ROW(name, is_blocked(), 1);
    errno = 0;
    CHECK_ROW(name, wait_for(0, &kLong), -1);
    CHECK_ROW(name, errno, EINTR);
    CHECK_ROW(name, handled, before + 1);
    CHECK_ROW(name, is_pending(), 0);
    CHECK_ROW(name, is_blocked(), 1);
    CHECK_ROW(name, wait_for(0, &kNone), 0);
    pthread_t sender;
    pthread_create(&sender, NULL, send_later, NULL);
    errno = 0;
    CHECK_ROW(name, wait_for(0, &kLong), -1);
    CHECK_ROW(name, errno, EINTR);
    pthread_join(sender, NULL);
    CHECK_ROW(name, handled, before + 2);
    /* The handler ran under the wait's mask, with its own signal blocked. */
    CHECK_ROW(name, sigismember(&mask_in_handler, SIGUSR1), 1);
    CHECK_ROW(name, sigismember(&mask_in_handler, SIGUSR2), 1);
    CHECK_ROW(name, sigismember(&mask_in_handler, SIGHUP), 0);
    CHECK_ROW(name, is_blocked(), 1);
}

int main(void) {
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGUSR1, &action, NULL);
    main_thread = pthread_self();
    sigset_t closed;
    sigemptyset(&closed);
    sigaddset(&closed, SIGUSR1);
    sigaddset(&closed, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &closed, NULL);
    sigemptyset(&open_mask);
    sigaddset(&open_mask, SIGUSR2);
    CHECK_CALL(pipe(ready));
    CHECK_CALL(pipe(silent));
    CHECK_EQ(write(ready[1], "x", 1), 1);
    epoll_ready = CHECK_CALL(epoll_create1(0));
    epoll_silent = CHECK_CALL(epoll_create1(0));
    struct epoll_event event = {.events = EPOLLIN};
    CHECK_CALL(epoll_ctl(epoll_ready, EPOLL_CTL_ADD, ready[0], &event));
    CHECK_CALL(epoll_ctl(epoll_silent, EPOLL_CTL_ADD, silent[0], &event));
    check_wait("ppoll", by_ppoll);
    check_wait("pselect", by_pselect);
    check_wait("epoll_pwait", by_epoll);
    return check_done();
}
