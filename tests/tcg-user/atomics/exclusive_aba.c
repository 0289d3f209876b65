/* SPDX-License-Identifier: MIT */
/* Another thread changes what a load exclusive saw. A value that stays another makes the store fail, always.
 * One that is put back may or may not, here it does not (docs/limits.md): then, too, the store is either made
 * and says so, or is not and says that. */
#include <pthread.h>
#include <sched.h>

#include "check.h"

static uint64_t cell[2] __attribute__((aligned(64)));
static uint64_t request, done;
static uint64_t last_value;

static void* other(void* unused) {
    (void)unused;
    for (uint64_t round = 1; round <= 400; round++) {
        while (__atomic_load_n(&request, __ATOMIC_ACQUIRE) != round) sched_yield();
        __atomic_store_n(&cell[0], 99, __ATOMIC_SEQ_CST);
        __atomic_store_n(&cell[0], last_value, __ATOMIC_SEQ_CST);
        __atomic_store_n(&done, round, __ATOMIC_RELEASE);
    }
    return NULL;
}

/* The load, the other thread's two stores, the store. */
static uint64_t store_after(uint64_t round, uint64_t* seen) {
    uint64_t status;
    __asm__ volatile(
        "ldaxr %0, [%2]\n\t"
        "stlr %4, [%3]\n"
        "1:\tldar x9, [%5]\n\tcmp x9, %4\n\tb.ne 1b\n\t"
        "stlxr %w1, %6, [%2]"
        : "=&r"(*seen), "=&r"(status)
        : "r"(cell), "r"(&request), "r"(round), "r"(&done), "r"(UINT64_C(1234))
        : "x9", "cc", "memory");
    return status;
}

int main(void) {
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, other, NULL), 0);
    for (uint64_t round = 1; round <= 400; round++) {
        const int put_back = round % 2;
        uint64_t seen;
        cell[0] = round;
        last_value = put_back ? round : round + 1;
        const uint64_t status = store_after(round, &seen);
        CHECK_EQ(seen, round);
        if (!put_back) CHECK_EQ(status, 1);
        CHECK(status <= 1);
        CHECK_EQ(cell[0], status ? last_value : 1234);
    }
    pthread_join(thread, NULL);
    return check_done();
}
