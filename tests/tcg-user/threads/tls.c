/* SPDX-License-Identifier: MIT */
/* Thread-local storage of every model: initial values, alignment, addresses that differ, data beyond a page.
 */
#include <pthread.h>

#include "check.h"

static _Thread_local int zero;
static _Thread_local int number = 42;
static _Thread_local char text[5000] = "thread local";
static _Thread_local double aligned __attribute__((aligned(64))) = 1.5;
_Thread_local long exported = 7;
__attribute__((tls_model("global-dynamic"))) _Thread_local long dynamic = 9;

static void check_fresh(void) {
    CHECK_EQ(zero, 0);
    CHECK_EQ(number, 42);
    CHECK_STR(text, "thread local");
    CHECK(aligned == 1.5 && (uintptr_t)&aligned % 64 == 0);
    CHECK_EQ(exported, 7);
    CHECK_EQ(dynamic, 9);
    CHECK_EQ(errno, 0);
}

static void* body(void* argument) {
    uintptr_t me = (uintptr_t)argument;
    check_fresh();
    for (int round = 0; round < 1000; round++) {
        zero++;
        number += (int)me;
        exported ^= (long)me;
        dynamic += 2;
        text[4999] = (char)me;
        errno = (int)me;
        if (round % 100 == 0) sched_yield();
    }
    CHECK_EQ(zero, 1000);
    CHECK_EQ(number, 42 + 1000 * me);
    CHECK_EQ(dynamic, 2009);
    CHECK_EQ(text[4999], (char)me);
    CHECK_EQ(errno, me);
    return &zero;
}

int main(void) {
    check_fresh();
    for (int round = 0; round < 3; round++) {
        pthread_t threads[8];
        void* addresses[8];
        for (uintptr_t i = 0; i < 8; i++) pthread_create(&threads[i], NULL, body, (void*)(i + 1));
        for (int i = 0; i < 8; i++) pthread_join(threads[i], &addresses[i]);
        for (int i = 0; i < 8; i++) CHECK(addresses[i] != &zero);
    }
    check_fresh();
    return check_done();
}
