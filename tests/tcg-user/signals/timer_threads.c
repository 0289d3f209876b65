/* SPDX-License-Identifier: MIT */
/* POSIX timers whose signals are for one thread (SIGEV_THREAD_ID): each thread gets its own timer's alone,
 * with its value, and every expiry of them; one that blocks its signal finds it pending and takes it with
 * sigtimedwait. */
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>

#include "check.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

enum { kThreads = 4 };
static const double kPeriod = 0.0005;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static _Thread_local int own;
static _Thread_local volatile uint64_t expiries;
static int strange;

static void on_timer(int signo, siginfo_t* info, void* context) {
    (void)signo;
    (void)context;
    if (info->si_code != SI_TIMER || info->si_value.sival_int != own)
        __atomic_add_fetch(&strange, 1, __ATOMIC_RELAXED);
    expiries += 1 + (uint64_t)info->si_overrun;
}

static timer_t start_timer(int signo, double* first, double* last) {
    struct sigevent event = {
        .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = signo, .sigev_value.sival_int = own};
    event.sigev_notify_thread_id = (pid_t)syscall(SYS_gettid);
    timer_t timer;
    CHECK_CALL(timer_create(CLOCK_MONOTONIC, &event, &timer));
    const struct itimerspec often = {{0, 500000}, {0, 500000}};
    *first = now();
    CHECK_CALL(timer_settime(timer, 0, &often, NULL));
    *last = now();
    return timer;
}

static void* run(void* argument) {
    own = (int)(intptr_t)argument;
    double first, last, certain = 0;
    uint64_t had = 0;
    const timer_t timer = start_timer(SIGRTMIN, &first, &last);
    /* Half of the threads compute, half sleep. */
    const struct timespec moment = {0, 300000};
    while (now() < last + 0.5) {
        const double looked = now();
        const uint64_t before = expiries;
        if (own & 1) nanosleep(&moment, NULL);
        /* What had expired before a handler ran is in its count. */
        if (expiries != before) certain = (looked - last) / kPeriod - 1, had = expiries;
    }
    CHECK((double)had >= certain);
    CHECK((double)expiries <= (now() - first) / kPeriod + 1);
    CHECK(expiries > 20);
    timer_delete(timer);

    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN + 1);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    const timer_t blocked = start_timer(SIGRTMIN + 1, &first, &last);
    uint64_t taken = 0;
    for (int i = 0; i < 50; i++) {
        siginfo_t info;
        CHECK_EQ(sigwaitinfo(&set, &info), SIGRTMIN + 1);
        CHECK_EQ(info.si_value.sival_int, own);
        taken += 1 + (uint64_t)info.si_overrun;
    }
    CHECK((double)taken <= (now() - first) / kPeriod + 1);
    timer_delete(blocked);
    return NULL;
}

int main(void) {
    const struct sigaction action = {.sa_sigaction = on_timer, .sa_flags = SA_SIGINFO | SA_RESTART};
    CHECK_CALL(sigaction(SIGRTMIN, &action, NULL));
    pthread_t threads[kThreads];
    for (intptr_t i = 0; i < kThreads; i++) CHECK_EQ(pthread_create(&threads[i], NULL, run, (void*)i), 0);
    for (int i = 0; i < kThreads; i++) pthread_join(threads[i], NULL);
    CHECK_EQ(strange, 0);
    return check_done();
}
