/* SPDX-License-Identifier: MIT */
/* Thousands of short threads, and threads that run the same new code at the same time. */
#include <pthread.h>

#include "check.h"

static uint64_t total;

static void* add(void* argument) {
    __atomic_fetch_add(&total, (uintptr_t)argument, __ATOMIC_SEQ_CST);
    return argument;
}

#define F(n)                                                     \
    __attribute__((noinline)) static uint64_t f##n(uint64_t x) { \
        return x * (2 * n + 1) + (x >> (n % 60));                \
    }
#define TEN(x) F(x##0) F(x##1) F(x##2) F(x##3) F(x##4) F(x##5) F(x##6) F(x##7) F(x##8) F(x##9)
TEN(1)
TEN(2)
TEN(3) TEN(4) TEN(5) TEN(6) TEN(7) TEN(8) TEN(9)

#define NAME(n) f##n,
#define TEN_NAMES(x) \
    NAME(x##0)       \
    NAME(x##1) NAME(x##2) NAME(x##3) NAME(x##4) NAME(x##5) NAME(x##6) NAME(x##7) NAME(x##8) NAME(x##9)
    static uint64_t (*const kFunctions[])(uint64_t) = {TEN_NAMES(1) TEN_NAMES(2) TEN_NAMES(3) TEN_NAMES(4)
                                                           TEN_NAMES(5) TEN_NAMES(6) TEN_NAMES(7) TEN_NAMES(8)
                                                               TEN_NAMES(9)};

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
