/* SPDX-License-Identifier: MIT */
/* Signals at a high rate into threads that compute, allocate, read, write, spawn and fork: nothing is lost,
 * torn or left hanging. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "check.h"

extern char** environ;

static volatile int stop;
static int ends[2];
static uint64_t alarms;
static uint64_t written, seen;

static void on_signal(int signal) {
    if (signal == SIGALRM) __atomic_add_fetch(&alarms, 1, __ATOMIC_RELAXED);
}

static void* write_all(void* argument) {
    (void)argument;
    uint32_t state = 1;
    while (!stop) {
        unsigned char bytes[64];
        state = state * 1103515245 + 12345;
        const size_t length = 1 + (state >> 16) % sizeof bytes;
        for (size_t i = 0; i < length; i++) bytes[i] = (unsigned char)(state >> i % 24);
        const ssize_t count = write(ends[1], bytes, length);
        if (count < 0) CHECK_EQ(errno, EINTR);
        for (ssize_t i = 0; i < count; i++) written += bytes[i];
    }
    close(ends[1]);
    return NULL;
}

static void* read_all(void* argument) {
    (void)argument;
    unsigned char bytes[100];
    ssize_t count;
    while ((count = read(ends[0], bytes, sizeof bytes)) != 0) {
        if (count < 0) CHECK_EQ(errno, EINTR);
        for (ssize_t i = 0; i < count; i++) seen += bytes[i];
    }
    return NULL;
}

static void* compute(void* argument) {
    (void)argument;
    while (!stop) {
        char* block = malloc(3000);
        memset(block, 5, 3000);
        double sum = 0;
        for (int i = 1; i <= 100; i++) sum += 1.0 / i;
        CHECK(sum > 5.18737 && sum < 5.18738);
        CHECK_EQ(block[2999], 5);
        free(block);
    }
    return NULL;
}

static void* fork_all(void* argument) {
    (void)argument;
    while (!stop) {
        const pid_t child = fork();
        if (child == 0) {
            /* The child has no timer of its parent's and nothing pending; its own reaches it. */
            const uint64_t before = alarms;
            const struct itimerval once = {{0, 0}, {0, 500}};
            setitimer(ITIMER_REAL, &once, NULL);
            while (__atomic_load_n(&alarms, __ATOMIC_RELAXED) == before) {
            }
            _exit(9);
        }
        int status = 0;
        while (waitpid(child, &status, 0) < 0) CHECK_EQ(errno, EINTR);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 9);
    }
    return NULL;
}

int main(int argc, char** argv) {
    if (argc > 1) return 7;
    struct sigaction action = {.sa_handler = on_signal};
    CHECK_EQ(sigaction(SIGALRM, &action, NULL), 0);
    CHECK_EQ(sigaction(SIGUSR1, &action, NULL), 0);
    CHECK_EQ(sigaction(SIGCHLD, &action, NULL), 0);
    CHECK_CALL(pipe(ends));
    const struct itimerval often = {{0, 300}, {0, 300}};
    setitimer(ITIMER_REAL, &often, NULL);
    void* (*const bodies[])(void*) = {write_all, read_all, compute, fork_all};
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) CHECK_EQ(pthread_create(&threads[i], NULL, bodies[i], NULL), 0);

    struct timespec start, now;
    clock_gettime(CLOCK_MONOTONIC, &start);
    do {
        for (int i = 0; i < 4; i++) pthread_kill(threads[i], SIGUSR1);
        char* words[] = {argv[0], "child", NULL};
        pid_t child;
        CHECK_EQ(posix_spawn(&child, "/proc/self/exe", NULL, NULL, words, environ), 0);
        int status = 0;
        while (waitpid(child, &status, 0) < 0) CHECK_EQ(errno, EINTR);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 < 700);
    stop = 1;
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    CHECK_EQ(seen, written);
    CHECK(alarms > 50);
    return check_done();
}
