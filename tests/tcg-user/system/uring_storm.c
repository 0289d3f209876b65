/* SPDX-License-Identifier: MIT */
/* Rings under load: threads with rings of their own and one that they share, interrupted by a timer, while
 * processes are forked. Every operation completes exactly once. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "ring.h"

enum { kThreads = 3, kRounds = 300, kBatch = 8 };

static struct ring shared;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static volatile unsigned ticks;

static void on_timer(int signo) {
    (void)signo;
    ticks++;
}

static long wait_until(struct ring* r, unsigned submit, unsigned wait) {
    for (;;) {
        const long done = ring_enter(r, submit, wait, IORING_ENTER_GETEVENTS);
        if (done >= 0 || errno != EINTR) return done;
    }
}

/* kBatch reads of a pipe, by a ring of the thread's own; the sum of what was read. */
static void own_ring(unsigned seed) {
    struct ring r;
    CHECK_CALL(ring_open(&r, kBatch, 0));
    int pipes[2];
    CHECK_CALL(pipe(pipes));
    for (unsigned round = 0; round < kRounds; round++) {
        unsigned char in[kBatch] = {0}, out[kBatch];
        for (unsigned i = 0; i < kBatch; i++) {
            out[i] = (unsigned char)(seed + round + i);
            ring_entry(&r, IORING_OP_READ, pipes[0], &in[i], 1, -1ull, i);
        }
        const unsigned count = r.prepared;
        r.prepared = 0;
        atomic_store_explicit((_Atomic unsigned*)r.tail, *r.tail + count, memory_order_release);
        CHECK_EQ(wait_until(&r, count, 0), count);
        CHECK_EQ(write(pipes[1], out, kBatch), kBatch);
        unsigned seen = 0, sum = 0, want = 0;
        struct completion cqe;
        while (seen != (1u << kBatch) - 1) {
            while (ring_poll(&r, &cqe)) {
                CHECK_EQ(cqe.res, 1);
                CHECK_EQ(seen >> cqe.user_data & 1, 0);
                seen |= 1u << cqe.user_data;
            }
            if (seen != (1u << kBatch) - 1 && wait_until(&r, 0, 1) < 0) break;
        }
        for (unsigned i = 0; i < kBatch; i++) sum += in[i], want += out[i];
        CHECK_EQ(sum, want);
        if (check_failures) break;
    }
    close(pipes[0]);
    close(pipes[1]);
    ring_close(&r);
}

static unsigned counts[kThreads];

static void* run(void* argument) {
    const unsigned number = (unsigned)(long)argument;
    for (unsigned round = 0; round < kRounds; round++) {
        pthread_mutex_lock(&lock);
        ring_entry(&shared, IORING_OP_NOP, -1, NULL, 0, 0, number);
        shared.prepared = 0;
        atomic_store_explicit((_Atomic unsigned*)shared.tail, *shared.tail + 1, memory_order_release);
        pthread_mutex_unlock(&lock);
        /* Whoever comes first submits for the others too. */
        CHECK(wait_until(&shared, 1, 0) >= 0);
        pthread_mutex_lock(&lock);
        struct completion cqe;
        while (ring_poll(&shared, &cqe)) counts[cqe.user_data]++;
        pthread_mutex_unlock(&lock);
    }
    own_ring(number * 7);
    return NULL;
}

int main(void) {
    alarm(50);
    CHECK_CALL(ring_open(&shared, 64, 0));
    struct sigaction action = {.sa_handler = on_timer, .sa_flags = SA_RESTART};
    sigaction(SIGPROF, &action, NULL);
    const struct itimerval often = {{0, 1000}, {0, 1000}};
    setitimer(ITIMER_PROF, &often, NULL);
    pthread_t threads[kThreads];
    for (long i = 0; i < kThreads; i++) pthread_create(&threads[i], NULL, run, (void*)i);
    for (int i = 0; i < 30; i++) {
        const pid_t child = fork();
        if (child == 0) {
            struct ring r;
            if (ring_open(&r, 4, 0) != 0) _exit(1);
            for (unsigned k = 0; k < 20; k++) {
                ring_entry(&r, IORING_OP_NOP, -1, NULL, 0, 0, k);
                const unsigned count = r.prepared;
                r.prepared = 0;
                *r.tail += count;
                if (wait_until(&r, 1, 1) != 1) _exit(2);
                if (ring_wait(&r).user_data != k) _exit(3);
            }
            _exit(0);
        }
        int status = -1;
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
        }
        CHECK_EQ(status, 0);
    }
    for (int i = 0; i < kThreads; i++) pthread_join(threads[i], NULL);
    const struct itimerval never = {{0, 0}, {0, 0}};
    setitimer(ITIMER_PROF, &never, NULL);
    struct completion cqe;
    while (ring_enter(&shared, 64, 0, IORING_ENTER_GETEVENTS) > 0) {
    }
    while (ring_poll(&shared, &cqe)) counts[cqe.user_data]++;
    for (int i = 0; i < kThreads; i++) CHECK_EQ(counts[i], kRounds);
    return check_done();
}
