/* SPDX-License-Identifier: MIT */
/* Cancellation: deferred at a system call, asynchronous in a busy loop, clean-up handlers, disabled. */
#include <pthread.h>

#include "check.h"

static volatile int cleaned, started, reached;
static int ends[2];

static void clean(void* argument) {
    cleaned += (int)(uintptr_t)argument;
}

static void* blocked(void* argument) {
    (void)argument;
    char byte;
    pthread_cleanup_push(clean, (void*)1);
    pthread_cleanup_push(clean, (void*)10);
    started = 1;
    if (read(ends[0], &byte, 1) != 99) reached = 1;
    pthread_cleanup_pop(0);
    pthread_cleanup_pop(0);
    return NULL;
}

static void* busy(void* argument) {
    (void)argument;
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
    pthread_cleanup_push(clean, (void*)100);
    started = 1;
    for (;;) __asm__ volatile("");
    pthread_cleanup_pop(0);
    return NULL;
}

static void* disabled(void* argument) {
    (void)argument;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    started = 1;
    usleep(30000);
    reached = 7;
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
    pthread_testcancel();
    reached = 8;
    return NULL;
}

static void run(void* (*body)(void*)) {
    pthread_t thread;
    void* result = NULL;
    started = reached = cleaned = 0;
    CHECK_EQ(pthread_create(&thread, NULL, body, NULL), 0);
    while (!started) usleep(100);
    usleep(2000);
    CHECK_EQ(pthread_cancel(thread), 0);
    CHECK_EQ(pthread_join(thread, &result), 0);
    CHECK(result == PTHREAD_CANCELED);
}

int main(void) {
    CHECK_EQ(pipe(ends), 0);
    for (int i = 0; i < 20; i++) {
        run(blocked);
        CHECK_EQ(cleaned, 11);
        CHECK_EQ(reached, 0);
        run(busy);
        CHECK_EQ(cleaned, 100);
    }
    run(disabled);
    CHECK_EQ(reached, 7);
    return check_done();
}
