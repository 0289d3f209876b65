/* SPDX-License-Identifier: MIT */
/* The signals that C libraries keep for themselves: thread cancellation (32), set*id in all threads (33),
 * timers with a thread. The emulator's own C library wants the same ones. */
#define _GNU_SOURCE
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static sem_t timer_ran, go;
static volatile int timer_value;
static volatile int ticks;

static void on_timer(union sigval value) {
    timer_value = value.sival_int;
    sem_post(&timer_ran);
}

static void on_tick(int signal, siginfo_t* info, void* context) {
    (void)signal, (void)context;
    timer_value = info->si_value.sival_int;
    ticks++;
}

static void* asleep(void* argument) {
    for (;;) pause();
    return argument;
}

static void* awake(void* argument) {
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
    volatile uint64_t* rounds = argument;
    for (;;) (*rounds)++;
    return NULL;
}

static void* effective_user(void* argument) {
    (void)argument;
    sem_wait(&go);
    return (void*)(uintptr_t)geteuid();
}

static void cancel(void* (*body)(void*), void* argument) {
    pthread_t thread;
    void* result = NULL;
    CHECK_EQ(pthread_create(&thread, NULL, body, argument), 0);
    usleep(10000);
    CHECK_EQ(pthread_cancel(thread), 0);
    CHECK_EQ(pthread_join(thread, &result), 0);
    CHECK_EQ(result, PTHREAD_CANCELED);
}

int main(void) {
    sem_init(&timer_ran, 0, 0);
    sem_init(&go, 0, 0);
    uint64_t rounds = 0;
    cancel(asleep, NULL);
    cancel(awake, &rounds);

    struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_value.sival_int = 42};
    event.sigev_notify_function = on_timer;
    timer_t timer;
    const struct itimerspec once = {.it_value.tv_nsec = 1000000};
    CHECK_EQ(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
    CHECK_EQ(timer_settime(timer, 0, &once, NULL), 0);
    while (sem_wait(&timer_ran) != 0) {
    }
    CHECK_EQ(timer_value, 42);
    timer_delete(timer);

    struct sigaction action = {.sa_sigaction = on_tick, .sa_flags = SA_SIGINFO};
    CHECK_EQ(sigaction(SIGRTMIN + 3, &action, NULL), 0);
    struct sigevent ticking = {
        .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 3, .sigev_value.sival_int = 7};
    const struct itimerspec often = {{0, 1000000}, {0, 1000000}};
    CHECK_EQ(timer_create(CLOCK_MONOTONIC, &ticking, &timer), 0);
    CHECK_EQ(timer_settime(timer, 0, &often, NULL), 0);
    while (ticks < 5) {
    }
    CHECK_EQ(timer_value, 7);
    timer_delete(timer);

    /* What the main thread becomes, the others become; -1 changes nothing, but is told to all of them too. */
    const uid_t user = geteuid() == 0 ? 1000 : geteuid();
    pthread_t thread;
    void* seen = NULL;
    CHECK_EQ(pthread_create(&thread, NULL, effective_user, NULL), 0);
    CHECK_EQ(setresuid((uid_t)-1, (uid_t)-1, (uid_t)-1), 0);
    CHECK_EQ(seteuid(user), 0);
    sem_post(&go);
    CHECK_EQ(pthread_join(thread, &seen), 0);
    CHECK_EQ((uintptr_t)seen, user);
    return check_done();
}
