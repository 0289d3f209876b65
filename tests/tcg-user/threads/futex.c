/* SPDX-License-Identifier: MIT */
/* The futex system call itself: wait, wake, bitset, requeue, timeouts, errors; a robust mutex whose owner
 * dies. */
#include <linux/futex.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "check.h"

static uint32_t words[2], woken;

static long futex(uint32_t* word, int operation, uint32_t value, const void* timeout, uint32_t* second,
                  uint32_t third) {
    return syscall(SYS_futex, word, operation, value, timeout, second, third);
}

static void* sleeper(void* argument) {
    uint32_t bits = (uint32_t)(uintptr_t)argument;
    while (__atomic_load_n(&words[0], __ATOMIC_SEQ_CST) == 0) {
        futex(&words[0], FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, 0, NULL, NULL, bits);
    }
    __atomic_fetch_or(&woken, bits, __ATOMIC_SEQ_CST);
    return NULL;
}

static void* waiter(void* argument) {
    uint32_t* count = argument;
    futex(&words[1], FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 0, NULL, NULL, 0);
    __atomic_fetch_add(count, 1, __ATOMIC_SEQ_CST);
    return NULL;
}

static void* die_with_lock(void* argument) {
    pthread_mutex_lock(argument);
    return NULL;
}

int main(void) {
    CHECK_FAILS(futex(&words[0], FUTEX_WAIT, 1, NULL, NULL, 0), EAGAIN);
    struct timespec limit = {0, 5000000}, before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    CHECK_FAILS(futex(&words[0], FUTEX_WAIT, 0, &limit, NULL, 0), ETIMEDOUT);
    clock_gettime(CLOCK_MONOTONIC, &after);
    CHECK((after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec - before.tv_nsec >= 5000000);
    CHECK_FAILS(futex(&words[0], FUTEX_WAIT_BITSET, 0, &before, NULL, FUTEX_BITSET_MATCH_ANY), ETIMEDOUT);
    CHECK_FAILS(futex((uint32_t*)((char*)words + 1), FUTEX_WAIT, 0, NULL, NULL, 0), EINVAL);
    CHECK_FAILS(futex((uint32_t*)64, FUTEX_WAIT, 0, &limit, NULL, 0), EFAULT);
    CHECK_EQ(futex(&words[0], FUTEX_WAKE, 1, NULL, NULL, 0), 0);

    pthread_t threads[8];
    for (uintptr_t i = 0; i < 2; i++) pthread_create(&threads[i], NULL, sleeper, (void*)(UINT64_C(1) << i));
    usleep(20000);
    words[0] = 1;
    while (woken != 1) futex(&words[0], FUTEX_WAKE_BITSET | FUTEX_PRIVATE_FLAG, 10, NULL, NULL, 1);
    while (woken != 3) futex(&words[0], FUTEX_WAKE_BITSET | FUTEX_PRIVATE_FLAG, 10, NULL, NULL, 2);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);

    uint32_t count = 0, other = 0;
    for (int i = 0; i < 8; i++) pthread_create(&threads[i], NULL, waiter, &count);
    long moved = 0;
    while (moved < 8) {
        moved +=
            CHECK_CALL(futex(&words[1], FUTEX_CMP_REQUEUE | FUTEX_PRIVATE_FLAG, 0, (void*)100, &other, 0));
    }
    CHECK_FAILS(futex(&words[1], FUTEX_CMP_REQUEUE | FUTEX_PRIVATE_FLAG, 0, (void*)100, &other, 1), EAGAIN);
    CHECK_EQ(futex(&words[1], FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 100, NULL, NULL, 0), 0);
    CHECK_EQ(futex(&other, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 2, NULL, NULL, 0), 2);
    while (__atomic_load_n(&count, __ATOMIC_SEQ_CST) < 2) sched_yield();
    usleep(5000);
    CHECK_EQ(__atomic_load_n(&count, __ATOMIC_SEQ_CST), 2);
    CHECK_EQ(futex(&other, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 100, NULL, NULL, 0), 6);
    for (int i = 0; i < 8; i++) pthread_join(threads[i], NULL);
    CHECK_EQ(count, 8);

    /* Shared between processes. */
    uint32_t* shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t child = fork();
    if (child == 0) {
        usleep(10000);
        __atomic_store_n(shared, 1, __ATOMIC_SEQ_CST);
        futex(shared, FUTEX_WAKE, 1, NULL, NULL, 0);
        _exit(0);
    }
    while (__atomic_load_n(shared, __ATOMIC_SEQ_CST) == 0) futex(shared, FUTEX_WAIT, 0, NULL, NULL, 0);
    int status;
    CHECK_EQ(waitpid(child, &status, 0), child);

    pthread_mutex_t robust;
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&robust, &attributes);
    pthread_create(&threads[0], NULL, die_with_lock, &robust);
    pthread_join(threads[0], NULL);
    CHECK_EQ(pthread_mutex_lock(&robust), EOWNERDEAD);
    CHECK_EQ(pthread_mutex_consistent(&robust), 0);
    CHECK_EQ(pthread_mutex_unlock(&robust), 0);

    pthread_mutex_t inheriting;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
    CHECK_EQ(pthread_mutex_init(&inheriting, &attributes), 0);
    CHECK_EQ(pthread_mutex_lock(&inheriting), 0);
    CHECK_EQ(pthread_mutex_unlock(&inheriting), 0);
    return check_done();
}
