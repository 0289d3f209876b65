// SPDX-License-Identifier: MIT
// Eight threads that compute and make system calls for as many milliseconds as the argument says (100), and a
// ninth that starts a short-lived thread again and again. For the plugin that keeps resetting itself
// meanwhile.
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static atomic_int stop;
static atomic_ulong rounds;

static void* work(void* argument) {
    volatile unsigned long x = (unsigned long)argument;
    while (!atomic_load(&stop)) {
        for (int i = 0; i < 1000; i++) x = x * 6364136223846793005u + 1;
        getppid();
        atomic_fetch_add(&rounds, 1);
    }
    return NULL;
}

static void* nothing(void* argument) {
    return argument;
}

int main(int argc, char** argv) {
    long milliseconds = argc > 1 ? atol(argv[1]) : 100;
    pthread_t threads[8];
    for (long i = 0; i < 8; i++) pthread_create(&threads[i], NULL, work, (void*)i);
    struct timespec start, now;
    clock_gettime(CLOCK_MONOTONIC, &start);
    do {
        pthread_t one;
        pthread_create(&one, NULL, nothing, NULL);
        pthread_join(one, NULL);
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 < milliseconds);
    atomic_store(&stop, 1);
    for (int i = 0; i < 8; i++) pthread_join(threads[i], NULL);
    puts(atomic_load(&rounds) > 0 ? "ok" : "no rounds");
    return 0;
}
