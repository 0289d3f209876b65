/* SPDX-License-Identifier: MIT */
/* As many threads as the argument says, each with the same integer work of its own. */
#include <pthread.h>

#include "bench.h"

static void* work(void* argument) {
    uint64_t x = (uintptr_t)argument + 1, sum = 0;
    for (int i = 0; i < 150000000; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        sum += x & 0xff;
    }
    return (void*)(uintptr_t)sum;
}

int main(int count, char** arguments) {
    int threads = count > 1 ? atoi(arguments[1]) : 1;
    pthread_t ids[64];
    uint64_t sum = 0;
    for (int i = 0; i < threads; i++) pthread_create(&ids[i], NULL, work, (void*)(uintptr_t)(i % 2));
    for (int i = 0; i < threads; i++) {
        void* result;
        pthread_join(ids[i], &result);
        if (i == 0) sum = (uintptr_t)result;
    }
    report(sum);
    return 0;
}
