/* SPDX-License-Identifier: MIT */
/* A fork while other threads compute, allocate and translate: the child has one thread, and works. */
#include <pthread.h>
#include <sys/wait.h>

#include "check.h"

static volatile int stop;

static void* churn(void* argument) {
    (void)argument;
    unsigned seed = 1;
    while (!stop) {
        void* memory[16];
        for (int i = 0; i < 16; i++) memory[i] = malloc(16 + seed % 3000), seed = seed * 1103515245 + 12345;
        for (int i = 0; i < 16; i++) free(memory[i]);
    }
    return NULL;
}

static void* answer(void* argument) {
    return (void*)((uintptr_t)argument + 1);
}

static int prepared, in_parent, in_child;
static void prepare(void) {
    prepared++;
}
static void parent(void) {
    in_parent++;
}
static void child_side(void) {
    in_child++;
}

int main(void) {
    pthread_t threads[3];
    CHECK_EQ(pthread_atfork(prepare, parent, child_side), 0);
    for (int i = 0; i < 3; i++) CHECK_EQ(pthread_create(&threads[i], NULL, churn, NULL), 0);
    for (int i = 0; i < 50; i++) {
        pid_t child = CHECK_CALL(fork());
        if (child == 0) {
            pthread_t thread;
            void *result = NULL, *memory = malloc(1000);
            if (memory == NULL || in_child != 1) _exit(1);
            if (pthread_create(&thread, NULL, answer, (void*)5) != 0) _exit(2);
            if (pthread_join(thread, &result) != 0 || result != (void*)6) _exit(3);
            free(memory);
            _exit(100 + i);
        }
        int status;
        CHECK_EQ(waitpid(child, &status, 0), child);
        CHECK_EQ(status, (100 + i) << 8);
    }
    CHECK_EQ(prepared, 50);
    CHECK_EQ(in_parent, 50);
    CHECK_EQ(in_child, 0);
    stop = 1;
    for (int i = 0; i < 3; i++) CHECK_EQ(pthread_join(threads[i], NULL), 0);
    return check_done();
}
