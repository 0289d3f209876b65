/* SPDX-License-Identifier: MIT */
/* Stop signals at any moment of a traced program's life, most of which is execs: each stop is seen by the
 * tracer, and the program comes to its end. Attaching at any moment is as harmless. */
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>

#include "check.h"

static char* self;

static void again(int left) {
    char word[20];
    snprintf(word, sizeof word, "%d", left);
    execl(self, self, word, (char*)NULL);
    _exit(99);
}

static void sleep_us(unsigned us) {
    const struct timespec time = {0, us * 1000};
    nanosleep(&time, NULL);
}

static void stop_at_all_moments(void) {
    const pid_t child = fork();
    if (child == 0) {
        if (ptrace(PTRACE_TRACEME, 0, 0, 0) != 0) _exit(98);
        raise(SIGSTOP);
        again(25);
    }
    int stops = 0, status = 0;
    CHECK_EQ(waitpid(child, &status, 0), child); /* it is traced from here on */
    const pid_t sender = fork();
    if (sender == 0) {
        srand(1);
        for (;;) {
            if (kill(child, SIGSTOP) != 0) _exit(0);
            sleep_us(1000 + (unsigned)rand() % 20000);
        }
    }
    ptrace(PTRACE_CONT, child, 0, 0);
    while (waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
        stops += WSTOPSIG(status) == SIGSTOP;
        CHECK(WSTOPSIG(status) == SIGSTOP || WSTOPSIG(status) == SIGTRAP);
        ptrace(PTRACE_CONT, child, 0, 0);
    }
    CHECK_EQ(status, 0);
    CHECK(stops > 0);
    kill(sender, SIGKILL);
    waitpid(sender, NULL, 0);
}

static void attach_at_all_moments(void) {
    const pid_t child = fork();
    if (child == 0) again(60);
    srand(2);
    int attached = 0, status = 0;
    for (;;) {
        sleep_us(1000 + (unsigned)rand() % 20000);
        if (waitpid(child, &status, WNOHANG) == child) break;
        if (ptrace(PTRACE_ATTACH, child, 0, 0) != 0) continue;
        if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status)) break;
        attached += WSTOPSIG(status) == SIGSTOP;
        ptrace(PTRACE_DETACH, child, 0, 0);
    }
    CHECK_EQ(status, 0);
    CHECK(attached > 0);
}

int main(int count, char** arguments) {
    self = arguments[0];
    if (count > 1) {
        const int left = atoi(arguments[1]);
        if (left > 0) again(left - 1);
        return 0;
    }
    stop_at_all_moments();
    attach_at_all_moments();
    return check_done();
}
