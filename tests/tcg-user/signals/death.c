/* SPDX-License-Identifier: MIT */
/* Ends as its argument says: by a signal of some kind, or by an exit status. */
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check.h"

static void* die_in_thread(void* argument) {
    (void)argument;
    *(volatile int*)4 = 1;
    return NULL;
}

int main(int count, char** arguments) {
    const char* how = count > 1 ? arguments[1] : "";
    fputs("ok\n", stdout);
    fflush(stdout);
    if (strcmp(how, "segv") == 0) *(volatile int*)0 = 1;
    if (strcmp(how, "abort") == 0) abort();
    if (strcmp(how, "illegal") == 0) __asm__ volatile(".inst 0");
    if (strcmp(how, "trap") == 0) __asm__ volatile("brk #1");
    if (strcmp(how, "term") == 0) kill(getpid(), SIGTERM);
    if (strcmp(how, "realtime") == 0) kill(getpid(), SIGRTMIN + 5);
    if (strcmp(how, "fpe") == 0) raise(SIGFPE);
    if (strcmp(how, "kill") == 0) kill(getpid(), SIGKILL);
    if (strcmp(how, "pipe") == 0) {
        int ends[2];
        if (pipe(ends) == 0) close(ends[0]);
        if (write(ends[1], "x", 1) == 1) return 1;
    }
    if (strcmp(how, "blocked-segv") == 0) {
        sigset_t set;
        sigfillset(&set);
        sigprocmask(SIG_BLOCK, &set, NULL);
        signal(SIGSEGV, SIG_IGN);
        *(volatile int*)0 = 1;
    }
    if (strcmp(how, "thread") == 0) {
        pthread_t thread;
        pthread_create(&thread, NULL, die_in_thread, NULL);
        for (;;) pause();
    }
    if (strcmp(how, "exit") == 0) _exit(0x1ff);
    if (strcmp(how, "return") == 0) return 77;
    if (strcmp(how, "thread-exit") == 0) syscall(SYS_exit, 5);
    return 1;
}
