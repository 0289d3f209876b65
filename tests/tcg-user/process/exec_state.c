/* SPDX-License-Identifier: MIT */
/* What an exec keeps and what it resets: blocked and ignored signals, handlers, alternate stack, limits,
 * directory. */
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "check.h"

static void handler(int signal) {
    (void)signal;
}

static int second(void) {
    struct sigaction action;
    sigset_t mask;
    stack_t stack;
    struct rlimit limit;
    char directory[4096];
    sigprocmask(SIG_BLOCK, NULL, &mask);
    if (!sigismember(&mask, SIGUSR1) || sigismember(&mask, SIGUSR2)) return 1;
    sigaction(SIGUSR2, NULL, &action);
    if (action.sa_handler != SIG_DFL) return 2;
    sigaction(SIGHUP, NULL, &action);
    if (action.sa_handler != SIG_IGN) return 3;
    sigaltstack(NULL, &stack);
    if (stack.ss_flags != SS_DISABLE) return 4;
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur != 77) return 5;
    if (getcwd(directory, sizeof directory) == NULL || strcmp(directory, "/") != 0) return 6;
    sigpending(&mask);
    if (!sigismember(&mask, SIGUSR1)) return 7;
    if (umask(0) != 0123) return 8;
    uint64_t fpcr;
    __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
    if (fpcr != 0) return 9;
    return 66;
}

int main(int count, char** arguments) {
    if (count > 1 && strcmp(arguments[1], "second") == 0) return second();
    pid_t child = CHECK_CALL(fork());
    if (child == 0) {
        static char memory[65536];
        stack_t stack = {.ss_sp = memory, .ss_size = sizeof memory};
        sigset_t mask;
        sigemptyset(&mask);
        sigaddset(&mask, SIGUSR1);
        sigprocmask(SIG_BLOCK, &mask, NULL);
        signal(SIGUSR2, handler);
        signal(SIGHUP, SIG_IGN);
        sigaltstack(&stack, NULL);
        raise(SIGUSR1);
        struct rlimit limit = {77, 77};
        setrlimit(RLIMIT_NOFILE, &limit);
        umask(0123);
        __asm__ volatile("msr fpcr, %0" : : "r"(UINT64_C(1) << 22));
        if (chdir("/") != 0) _exit(98);
        execl("/proc/self/exe", "x", "second", (char*)NULL);
        _exit(99);
    }
    int status;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 66 << 8);
    return check_done();
}
