/* SPDX-License-Identifier: MIT */
/* Signals and threads: each has its own mask; pthread_kill reaches its target, in a busy loop and in a system
 * call; a process signal goes to a thread that does not block it; faults stay in their thread. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/syscall.h>

#include "check.h"

static _Thread_local volatile int mine;
static _Thread_local sigjmp_buf back;
static volatile int ready;
static volatile pid_t handled_in;

static void on_signal(int signal) {
    (void)signal;
    mine++;
    handled_in = (pid_t)syscall(SYS_gettid);
}

static void on_fault(int signal, siginfo_t* info, void* context) {
    (void)signal, (void)context;
    siglongjmp(back, (int)(uintptr_t)info->si_addr);
}

static void* busy(void* argument) {
    (void)argument;
    ready = 1;
    while (mine == 0) {
    }
    ready = 2;
    char byte;
    int* ends = argument;
    CHECK_FAILS(read(ends[0], &byte, 1), EINTR);
    return (void*)(uintptr_t)mine;
}

static void* faulting(void* argument) {
    volatile uintptr_t address = (uintptr_t)argument, good = 0;
    for (volatile int i = 0; i < 500; i++) {
        int value = sigsetjmp(back, 1);
        if (value == 0) {
            *(volatile char*)address = 1;
        } else {
            if ((uintptr_t)value == address) good = good + 1;
        }
    }
    return (void*)good;
}

static void* waiting(void* argument) {
    int signal = 0;
    sigset_t* set = argument;
    sigwait(set, &signal);
    return (void*)(uintptr_t)signal;
}

int main(void) {
    struct sigaction action = {.sa_handler = on_signal};
    CHECK_EQ(sigaction(SIGUSR1, &action, NULL), 0);
    CHECK_EQ(sigaction(SIGUSR2, &action, NULL), 0);
    struct sigaction fault = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    CHECK_EQ(sigaction(SIGSEGV, &fault, NULL), 0);

    int ends[2];
    CHECK_EQ(pipe(ends), 0);
    pthread_t thread;
    void* result;
    CHECK_EQ(pthread_create(&thread, NULL, busy, ends), 0);
    while (ready != 1) usleep(1000);
    CHECK_EQ(pthread_kill(thread, SIGUSR1), 0);
    while (ready != 2) usleep(1000);
    usleep(20000);
    CHECK_EQ(pthread_kill(thread, SIGUSR1), 0);
    CHECK_EQ(pthread_join(thread, &result), 0);
    CHECK_EQ((uintptr_t)result, 2);
    CHECK_EQ(mine, 0);

    /* Blocked here, so the other thread's sigwait gets it; new threads inherit the mask. */
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    CHECK_EQ(pthread_sigmask(SIG_BLOCK, &set, NULL), 0);
    CHECK_EQ(pthread_create(&thread, NULL, waiting, &set), 0);
    CHECK_EQ(kill(getpid(), SIGUSR2), 0);
    CHECK_EQ(pthread_join(thread, &result), 0);
    CHECK_EQ((uintptr_t)result, SIGUSR2);
    CHECK_EQ(mine, 0);

    pthread_t faulty[4];
    for (uintptr_t i = 0; i < 4; i++)
        CHECK_EQ(pthread_create(&faulty[i], NULL, faulting, (void*)(0x100 + 16 * i)), 0);
    for (int i = 0; i < 4; i++) {
        CHECK_EQ(pthread_join(faulty[i], &result), 0);
        CHECK_EQ((uintptr_t)result, 500);
    }

    CHECK_EQ(raise(SIGUSR1), 0);
    CHECK_EQ(mine, 1);
    CHECK_EQ(handled_in, getpid());
    CHECK_FAILS(syscall(SYS_tgkill, getpid(), 99999999, SIGUSR1), ESRCH);
    return check_done();
}
