/* SPDX-License-Identifier: MIT */
/* Atomic operations without contention: additions, exchanges, compare and swap loops, a spin lock. With a
 * second thread, which sleeps, or (ALONE) without: a program of one thread needs no atomicity, and an
 * emulator may know that. */
#include <pthread.h>
#include <unistd.h>

#include "bench.h"

static uint64_t counter, list, guarded;
static uint32_t lock, bits;

#ifndef ALONE
static void* sleep_on(void* argument) {
    pause();
    return argument;
}
#endif

int main(void) {
#ifndef ALONE
    pthread_t thread;
    pthread_create(&thread, NULL, sleep_on, NULL);
#endif
    for (uint64_t i = 0; i < 6000000; i++) {
        __atomic_fetch_add(&counter, i, __ATOMIC_SEQ_CST);
        uint64_t old = __atomic_load_n(&list, __ATOMIC_RELAXED);
        while (
            !__atomic_compare_exchange_n(&list, &old, old * 5 + i, 1, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
        }
        while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE)) {
        }
        guarded += old;
        __atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
        __atomic_fetch_xor(&bits, (uint32_t)i, __ATOMIC_RELAXED);
    }
    report(mix(counter, list) ^ guarded ^ bits);
    return 0;
}
