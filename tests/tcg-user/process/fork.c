/* SPDX-License-Identifier: MIT */
/* fork, vfork, wait4, waitid, exit statuses, orphans, pipes between processes, process groups and sessions.
 */
#include <sys/resource.h>
#include <sys/wait.h>

#include "check.h"

int main(void) {
    int ends[2], status, value = 1;
    CHECK_EQ(pipe(ends), 0);
    pid_t parent = getpid();
    for (int i = 0; i < 30; i++) {
        pid_t child = CHECK_CALL(fork());
        if (child == 0) {
            value += i;
            if (getppid() != parent || write(ends[1], &value, sizeof value) != sizeof value) _exit(255);
            _exit(i);
        }
        int got;
        CHECK_EQ(read(ends[0], &got, sizeof got), sizeof got);
        CHECK_EQ(got, 1 + i);
        CHECK_EQ(value, 1);
        struct rusage usage;
        CHECK_EQ(wait4(child, &status, 0, &usage), child);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == i);
        CHECK(usage.ru_maxrss > 0);
    }

    /* vfork shares memory until the child has gone. */
    volatile int shared = 1;
    pid_t child = vfork();
    if (child == 0) {
        shared = 2;
        _exit(9);
    }
    CHECK(child > 0);
    CHECK_EQ(shared, 2);
    siginfo_t info = {0};
    CHECK_EQ(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
    CHECK_EQ(info.si_status, 9);
    CHECK_EQ(info.si_code, CLD_EXITED);
    CHECK_EQ(waitid(P_ALL, 0, &info, WEXITED), 0);
    CHECK_EQ(info.si_pid, child);
    CHECK_FAILS(wait(&status), ECHILD);
    CHECK_FAILS(waitpid(child, &status, 0), ECHILD);

    child = CHECK_CALL(fork());
    if (child == 0) {
        for (;;) pause();
    }
    CHECK_EQ(waitpid(child, &status, WNOHANG), 0);
    CHECK_EQ(kill(child, SIGKILL), 0);
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);

    /* A tree of processes, each adding what its children say. */
    child = CHECK_CALL(fork());
    if (child == 0) {
        int sum = 1;
        for (int depth = 0; depth < 3; depth++) {
            for (int i = 0; i < 2; i++) {
                pid_t inner = fork();
                if (inner == 0) {
                    sum = 1;
                    goto next;
                }
                waitpid(inner, &status, 0);
                sum += WEXITSTATUS(status);
            }
            _exit(sum);
        next:;
        }
        _exit(sum);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(WEXITSTATUS(status), 15);

    child = CHECK_CALL(fork());
    if (child == 0) {
        if (setsid() != getpid() || getpgrp() != getpid() || getsid(0) != getpid()) _exit(1);
        _exit(0);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
    return check_done();
}
