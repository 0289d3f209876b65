/* SPDX-License-Identifier: MIT */
/* 16 bytes change as one: two threads count in both halves by ldxp/stxp and by casp; a third looks for torn
 * values. */
#include <pthread.h>

#include "check.h"

enum { kRounds = 10000 };
static uint64_t cells[2] __attribute__((aligned(16)));
static int done;

static void* by_exclusives(void* argument) {
    (void)argument;
    for (int i = 0; i < kRounds; i++) {
        uint64_t low, high, status;
        __asm__ volatile(
            "1:\tldaxp %0, %1, [%3]\n\tadd %0, %0, #1\n\tsub %1, %1, #1\n\tstlxp %w2, %0, %1, [%3]\n\tcbnz "
            "%w2, 1b"
            : "=&r"(low), "=&r"(high), "=&r"(status)
            : "r"(cells)
            : "memory");
    }
    return NULL;
}

static void* by_casp(void* argument) {
    (void)argument;
    for (int i = 0; i < kRounds; i++) {
        __asm__ volatile(
            "ldp x2, x3, [%0]\n1:\tmov x6, x2\n\tmov x7, x3\n\tadd x4, x2, #1\n\tsub x5, x3, #1\n\tcaspal "
            "x2, x3, x4, x5, [%0]\n\t"
            "cmp x2, x6\n\tccmp x3, x7, #0, eq\n\tb.ne 1b"
            :
            : "r"(cells)
            : "x2", "x3", "x4", "x5", "x6", "x7", "cc", "memory");
    }
    return NULL;
}

static void* watch(void* argument) {
    uint64_t torn = 0;
    (void)argument;
    while (!__atomic_load_n(&done, __ATOMIC_RELAXED)) {
        uint64_t low, high, status;
        __asm__ volatile("1:\tldxp %0, %1, [%3]\n\tstxp %w2, %0, %1, [%3]\n\tcbnz %w2, 1b"
                         : "=&r"(low), "=&r"(high), "=&r"(status)
                         : "r"(cells)
                         : "memory");
        if (low + high != 0) torn++;
    }
    return (void*)torn;
}

int main(void) {
    pthread_t threads[3];
    void* torn;
    CHECK_EQ(pthread_create(&threads[0], NULL, by_exclusives, NULL), 0);
    CHECK_EQ(pthread_create(&threads[1], NULL, by_casp, NULL), 0);
    CHECK_EQ(pthread_create(&threads[2], NULL, watch, NULL), 0);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    __atomic_store_n(&done, 1, __ATOMIC_RELAXED);
    pthread_join(threads[2], &torn);
    CHECK_EQ((uint64_t)torn, 0);
    CHECK_EQ(cells[0], 2 * kRounds);
    CHECK_EQ(cells[1], (uint64_t)(-2 * kRounds));
    return check_done();
}
