/* SPDX-License-Identifier: MIT */
/* Storms whose signals are counted: a timer at 10 kHz, eight threads that send each other numbered signals,
 * and children that end faster than they are waited for. None is lost, none comes twice, none out of order.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "check.h"

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* --- Every expiry of a timer is delivered or counted as an overrun. The kernel has one signal of a timer
 * pending at a time; what expires until that is taken it counts, and the signal brings the number. So at each
 * signal the sum is the time by the period, exactly: neither below what had expired before the handler began,
 * nor above what has expired since. */

static const double kPeriod = 1e-4;
static timer_t timer;
static volatile uint64_t expiries, too_few, too_many, overruns_differ;
static volatile double first_start, last_start,
    computing; /* around timer_settime; the last look at the clock */

static void on_timer(int signo, siginfo_t* info, void* context) {
    (void)signo;
    (void)context;
    if (timer_getoverrun(timer) != info->si_overrun) overruns_differ++;
    expiries += 1 + (uint64_t)info->si_overrun;
    const double certain = (computing - last_start) / kPeriod, possible = (now() - first_start) / kPeriod;
    if ((double)expiries < certain - 1) too_few++;
    if ((double)expiries > possible + 1) too_many++;
}

static void fast_timer(void) {
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN};
    const struct sigaction action = {.sa_sigaction = on_timer, .sa_flags = SA_SIGINFO};
    sigaction(SIGRTMIN, &action, NULL);
    CHECK_CALL(timer_create(CLOCK_MONOTONIC, &event, &timer));
    const struct itimerspec often = {{0, 100000}, {0, 100000}}, never = {{0, 0}, {0, 0}};
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    first_start = computing = now();
    CHECK_CALL(timer_settime(timer, 0, &often, NULL));
    last_start = now();
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    volatile uint64_t work = 1;
    while (now() < last_start + 2) {
        computing = now();
        work = work * 3 + 1;
    }
    sigprocmask(SIG_BLOCK, &set, NULL);
    CHECK_CALL(timer_settime(timer, 0, &never, NULL));
    CHECK_EQ(too_few, 0);
    CHECK_EQ(too_many, 0);
    CHECK_EQ(overruns_differ, 0);
    CHECK((double)expiries > 1.9 / kPeriod);
    timer_delete(timer);
}

/* --- Numbered signals around a ring of threads. */

#define THREADS 8
#define SIGNALS 500

static struct ring {
    pthread_t thread;
    volatile pid_t tid;
    volatile int received, wrong;
} ring[THREADS];
static _Thread_local struct ring* mine;
static pthread_barrier_t barrier;

static void on_number(int signo, siginfo_t* info, void* context) {
    (void)signo;
    (void)context;
    if (info->si_value.sival_int != mine->received) mine->wrong++;
    mine->received++;
}

static void* around(void* argument) {
    mine = argument;
    mine->tid = (pid_t)syscall(SYS_gettid);
    pthread_barrier_wait(&barrier);
    const struct ring* next = mine == ring + THREADS - 1 ? ring : mine + 1;
    for (int i = 0; i < SIGNALS; i++) {
        siginfo_t info = {.si_code = SI_QUEUE};
        info.si_value.sival_int = i;
        while (syscall(SYS_rt_tgsigqueueinfo, getpid(), next->tid, SIGRTMIN + 1, &info) != 0) {
            if (errno != EAGAIN) return argument;
            sched_yield(); /* too many are queued */
        }
    }
    const double limit = now() + 20;
    while (mine->received < SIGNALS && now() < limit) sched_yield();
    pthread_barrier_wait(&barrier); /* nobody may go before all have sent */
    return NULL;
}

static void numbered(void) {
    struct sigaction action = {.sa_sigaction = on_number, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigaction(SIGRTMIN + 1, &action, NULL);
    pthread_barrier_init(&barrier, NULL, THREADS);
    for (int i = 0; i < THREADS; i++) pthread_create(&ring[i].thread, NULL, around, &ring[i]);
    for (int i = 0; i < THREADS; i++) {
        void* failed = NULL;
        pthread_join(ring[i].thread, &failed);
        CHECK(failed == NULL);
        CHECK_EQ(ring[i].received, SIGNALS);
        CHECK_EQ(ring[i].wrong, 0);
    }
}

/* --- Children. */

#define CHILDREN 150
static volatile int reaped, strange;

static void on_child(int signo) {
    const int saved = errno;
    int status;
    (void)signo;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0; reaped++) {
        if (!WIFEXITED(status) || WEXITSTATUS(status) != pid % 100) strange++;
    }
    errno = saved;
}

static void many_children(void) {
    struct sigaction action = {.sa_handler = on_child, .sa_flags = SA_RESTART};
    sigaction(SIGCHLD, &action, NULL);
    for (int i = 0; i < CHILDREN; i++) {
        const pid_t pid = fork();
        if (pid == 0) _exit(getpid() % 100);
        CHECK(pid > 0);
    }
    sigset_t set, old;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, &old);
    alarm(60);
    while (reaped < CHILDREN) sigsuspend(&old);
    alarm(0);
    CHECK_EQ(reaped, CHILDREN);
    CHECK_EQ(strange, 0);
    CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
}

int main(void) {
    fast_timer();
    numbered();
    many_children();
    return check_done();
}
