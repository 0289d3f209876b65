/* SPDX-License-Identifier: MIT */
/* 32 threads with mutex, condition, barrier, read-write lock, semaphore, once, keys, join values, detach. */
#define _GNU_SOURCE
#include <pthread.h>
#include <semaphore.h>

#include "check.h"

enum { kThreads = 32, kRounds = 200 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_barrier_t barrier;
static pthread_key_t key;
static sem_t semaphore;
static int counter, once_count, destroyed, waiting, go, phases[kRounds], readers_saw_torn, pair[2];
static _Thread_local int local = 5;

static void count_once(void) {
    once_count++;
}
static void destroy(void* value) {
    __atomic_fetch_add(&destroyed, (int)(uintptr_t)value, __ATOMIC_SEQ_CST);
}

static void* work(void* argument) {
    int me = (int)(uintptr_t)argument;
    pthread_once(&once, count_once);
    pthread_setspecific(key, (void*)(uintptr_t)(me + 1));
    local += me;

    pthread_mutex_lock(&mutex);
    waiting++;
    pthread_cond_broadcast(&condition);
    while (!go) pthread_cond_wait(&condition, &mutex);
    pthread_mutex_unlock(&mutex);

    for (int i = 0; i < kRounds; i++) {
        pthread_mutex_lock(&mutex);
        counter++;
        pthread_mutex_unlock(&mutex);
        if (i % 8 == me % 8) {
            pthread_rwlock_wrlock(&rwlock);
            pair[0]++;
            pair[1]++;
        } else {
            pthread_rwlock_rdlock(&rwlock);
            if (pair[0] != pair[1]) readers_saw_torn = 1;
        }
        pthread_rwlock_unlock(&rwlock);
        if (i < 20) {
            __atomic_fetch_add(&phases[i], 1, __ATOMIC_RELAXED);
            pthread_barrier_wait(&barrier);
            if (phases[i] != kThreads) readers_saw_torn = 2;
        }
    }
    sem_post(&semaphore);
    if (local != 5 + me) return (void*)-1;
    return (void*)(uintptr_t)(me * 3);
}

static void* leave_early(void* argument) {
    (void)argument;
    sem_post(&semaphore);
    pthread_exit((void*)99);
}

int main(void) {
    pthread_t threads[kThreads];
    pthread_barrier_init(&barrier, NULL, kThreads);
    pthread_key_create(&key, destroy);
    sem_init(&semaphore, 0, 0);
    for (int i = 0; i < kThreads; i++) {
        CHECK_EQ(pthread_create(&threads[i], NULL, work, (void*)(uintptr_t)i), 0);
    }
    pthread_mutex_lock(&mutex);
    while (waiting < kThreads) pthread_cond_wait(&condition, &mutex);
    go = 1;
    pthread_cond_broadcast(&condition);
    pthread_mutex_unlock(&mutex);
    for (int i = 0; i < kThreads; i++) CHECK_EQ(sem_wait(&semaphore), 0);
    for (int i = 0; i < kThreads; i++) {
        void* result;
        CHECK_EQ(pthread_join(threads[i], &result), 0);
        CHECK_EQ((uintptr_t)result, i * 3);
    }
    CHECK_EQ(counter, kThreads * kRounds);
    CHECK_EQ(once_count, 1);
    CHECK_EQ(destroyed, kThreads * (kThreads + 1) / 2);
    CHECK_EQ(readers_saw_torn, 0);
    CHECK_EQ(pair[0], kThreads * kRounds / 8);
    CHECK_EQ(local, 5);

    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 65536);
    for (int i = 0; i < 20; i++) {
        pthread_t detached;
        CHECK_EQ(pthread_create(&detached, &attributes, leave_early, NULL), 0);
        CHECK_EQ(sem_wait(&semaphore), 0);
    }
    pthread_t named;
    void* result;
    CHECK_EQ(pthread_create(&named, NULL, leave_early, NULL), 0);
    CHECK_EQ(pthread_setname_np(pthread_self(), "guest-main"), 0);
    char name[32];
    CHECK_EQ(pthread_getname_np(pthread_self(), name, sizeof name), 0);
    CHECK_STR(name, "guest-main");
    CHECK_EQ(pthread_join(named, &result), 0);
    CHECK_EQ((uintptr_t)result, 99);

    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    now.tv_nsec += 10000000;
    if (now.tv_nsec >= 1000000000) now.tv_nsec -= 1000000000, now.tv_sec++;
    CHECK_EQ(sem_timedwait(&semaphore, &now), 0);
    CHECK_FAILS(sem_timedwait(&semaphore, &now), ETIMEDOUT);
    pthread_mutex_lock(&mutex);
    CHECK_EQ(pthread_cond_timedwait(&condition, &mutex, &now), ETIMEDOUT);
    return check_done();
}
