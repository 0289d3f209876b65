/* SPDX-License-Identifier: MIT */
/* Thousands of short threads, and threads that run the same new code at the same time. */
#include <pthread.h>

#include "check.h"

static uint64_t total;

static void* add(void* argument) {
    __atomic_fetch_add(&total, (uintptr_t)argument, __ATOMIC_SEQ_CST);
    return argument;
}

/* Ninety functions of their own. */
/* clang-format off */
#define F(n) \
    __attribute__((noinline)) static uint64_t f##n(uint64_t x) { return x * (2 * n + 1) + (x >> (n % 60)); }
#define TEN(of, x) of(x##0) of(x##1) of(x##2) of(x##3) of(x##4) of(x##5) of(x##6) of(x##7) of(x##8) of(x##9)
#define NINETY(of) TEN(of, 1) TEN(of, 2) TEN(of, 3) TEN(of, 4) TEN(of, 5) TEN(of, 6) TEN(of, 7) TEN(of, 8) TEN(of, 9)
#define NAME(n) f##n,

NINETY(F)
static uint64_t (*const kFunctions[])(uint64_t) = {NINETY(NAME)};
/* clang-format on */

static void* run_all(void* argument) {
    uint64_t x = 1;
    (void)argument;
    for (int round = 0; round < 20; round++) {
        for (unsigned i = 0; i < sizeof kFunctions / sizeof kFunctions[0]; i++) x = kFunctions[i](x);
    }
    return (void*)x;
}

int main(void) {
    for (int i = 0; i < 1000; i++) {
        pthread_t thread;
        CHECK_EQ(pthread_create(&thread, NULL, add, (void*)1), 0);
        CHECK_EQ(pthread_join(thread, NULL), 0);
    }
    CHECK_EQ(total, 1000);
    pthread_t threads[8];
    void* results[8];
    for (int i = 0; i < 8; i++) CHECK_EQ(pthread_create(&threads[i], NULL, run_all, NULL), 0);
    for (int i = 0; i < 8; i++) CHECK_EQ(pthread_join(threads[i], &results[i]), 0);
    for (int i = 0; i < 8; i++) CHECK(results[i] == results[0]);
    CHECK(results[0] == run_all(NULL));
    return check_done();
}
