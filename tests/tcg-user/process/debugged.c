/* SPDX-License-Identifier: MIT */
/* What a debugger meets: calls, threads, signals, children that copy the memory or borrow it, an exec.
   tests/gdb looks at it through gdb; by itself it checks that all of it happened. */
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include "check.h"

extern char** environ;
volatile int counter;
static volatile int handled;
static pthread_barrier_t barrier;

__attribute__((noinline)) int leaf(int a, int b) {
    counter += a;
    return a * b;
}

__attribute__((noinline)) int middle(int a) {
    return leaf(a, 3) + 1;
}

static void on_signal(int signo) {
    handled = signo;
}

__attribute__((noinline)) void in_thread(long number) {
    __atomic_fetch_add(&counter, (int)number, __ATOMIC_RELAXED);
}

static void* thread(void* number) {
    pthread_barrier_wait(&barrier);
    in_thread((long)number);
    return number;
}

static int status_of(pid_t child) {
    int status = -1;
    CHECK_CALL(waitpid(child, &status, 0));
    return status;
}

int main(int count, char** arguments) {
    if (count > 1 && strcmp(arguments[1], "child") == 0) return middle(2);
    if (count > 1 && strcmp(arguments[1], "spin") == 0) {
        while (counter != 1000) {
        }
        return check_done();
    }
    if (count > 1 && strcmp(arguments[1], "crash") == 0) counter = *(volatile int*)8;
    CHECK_EQ(middle(5), 16);
    CHECK_EQ(counter, 5);

    pthread_t threads[3];
    pthread_barrier_init(&barrier, NULL, 3);
    for (long i = 0; i < 3; i++) CHECK_EQ(pthread_create(&threads[i], NULL, thread, (void*)(i + 1)), 0);
    for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
    CHECK_EQ(counter, 11);

    signal(SIGUSR1, on_signal);
    raise(SIGUSR1);
    CHECK_EQ(handled, SIGUSR1);

    /* Neither child may meet the debugger's breakpoints. */
    pid_t child = CHECK_CALL(fork());
    if (child == 0) _exit(middle(4));
    CHECK_EQ(status_of(child), 13 << 8);
    child = CHECK_CALL(vfork());
    if (child == 0) _exit(middle(6));
    CHECK_EQ(status_of(child), 19 << 8);
    char* given[] = {arguments[0], "child", NULL};
    CHECK_EQ(posix_spawn(&child, "/proc/self/exe", NULL, NULL, given, environ), 0);
    CHECK_EQ(status_of(child), 7 << 8);
    CHECK_EQ(middle(1), 4);
    if (count > 1 && strcmp(arguments[1], "exec") == 0) execv("/proc/self/exe", given);
    return check_done();
}
