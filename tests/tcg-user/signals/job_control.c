/* SPDX-License-Identifier: MIT */
/* Stopping, continuing and inheriting: a stopped child, a blocking read that goes on after a stop, children
 * that nobody waits for, and what a program finds that another one executed. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/wait.h>

#include "check.h"

static void ignore(int signal) {
    (void)signal;
}

static uint64_t status_field(const char* name) {
    FILE* file = fopen("/proc/self/status", "r");
    char line[200];
    uint64_t value = ~UINT64_C(0);
    while (file && fgets(line, sizeof line, file)) {
        if (strncmp(line, name, strlen(name)) == 0) value = strtoull(line + strlen(name) + 1, NULL, 16);
    }
    if (file) fclose(file);
    return value;
}

static uint64_t bit(int signal) {
    return UINT64_C(1) << (signal - 1);
}

/* The executed program: SIGUSR1 ignored, SIGUSR2 blocked and pending, SIGSEGV blocked, SIGTERM's handler
 * gone. */
static int executed(void) {
    struct sigaction action;
    CHECK_EQ(sigaction(SIGUSR1, NULL, &action), 0);
    CHECK_EQ((uintptr_t)action.sa_handler, (uintptr_t)SIG_IGN);
    CHECK_EQ(sigaction(SIGTERM, NULL, &action), 0);
    CHECK_EQ((uintptr_t)action.sa_handler, (uintptr_t)SIG_DFL);
    sigset_t set;
    CHECK_EQ(sigprocmask(SIG_BLOCK, NULL, &set), 0);
    CHECK_EQ(sigismember(&set, SIGUSR2), 1);
    CHECK_EQ(sigismember(&set, SIGSEGV), 1);
    CHECK_EQ(sigismember(&set, SIGTERM), 0);
    CHECK_EQ(sigpending(&set), 0);
    CHECK_EQ(sigismember(&set, SIGUSR2), 1);
    CHECK_EQ(status_field("SigIgn:") & bit(SIGUSR1), bit(SIGUSR1));
    CHECK_EQ(status_field("SigPnd:") & bit(SIGUSR2), bit(SIGUSR2));
    return check_done();
}

int main(int argc, char** argv) {
    if (argc > 1) return executed();
    int status;
    int ends[2];
    CHECK_CALL(pipe(ends));
    pid_t child = CHECK_CALL(fork());
    if (child == 0) {
        char byte = 0;
        raise(SIGSTOP);
        /* Its end must not come before the parent has seen it continue. */
        _exit(read(ends[0], &byte, 1) == 1 ? 4 : 99);
    }
    CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
    CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
    CHECK_EQ(kill(child, SIGCONT), 0);
    CHECK_EQ(waitpid(child, &status, WCONTINUED), child);
    CHECK(WIFCONTINUED(status));
    CHECK_EQ(write(ends[1], "", 1), 1);
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 4);

    child = CHECK_CALL(fork());
    if (child == 0) {
        char byte = 0;
        _exit(read(ends[0], &byte, 1) == 1 ? byte : 99);
    }
    usleep(20000);
    CHECK_EQ(kill(child, SIGSTOP), 0);
    CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
    CHECK_EQ(kill(child, SIGCONT), 0);
    usleep(5000);
    CHECK_EQ(write(ends[1], "A", 1), 1);
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(WEXITSTATUS(status), 'A');

    /* Nobody waits: the child is gone by itself. */
    signal(SIGCHLD, SIG_IGN);
    child = CHECK_CALL(fork());
    if (child == 0) _exit(3);
    CHECK_FAILS(waitpid(child, &status, 0), ECHILD);
    struct sigaction action = {.sa_handler = ignore, .sa_flags = SA_NOCLDWAIT | SA_RESTART};
    CHECK_EQ(sigaction(SIGCHLD, &action, NULL), 0);
    child = CHECK_CALL(fork());
    if (child == 0) _exit(3);
    CHECK_FAILS(waitpid(child, &status, 0), ECHILD);
    signal(SIGCHLD, SIG_DFL);

    signal(SIGUSR1, SIG_IGN);
    signal(SIGUSR2, ignore);
    signal(SIGTERM, ignore);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigaddset(&set, SIGSEGV);
    CHECK_EQ(sigprocmask(SIG_SETMASK, &set, NULL), 0);
    CHECK_EQ(raise(SIGUSR2), 0);
    if (check_failures) return check_done();
    CHECK_CALL(execl("/proc/self/exe", argv[0], "executed", (char*)NULL));
    return check_done();
}
