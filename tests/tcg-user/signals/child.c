/* SPDX-License-Identifier: MIT */
/* SIGCHLD and its siginfo: exited, killed, stopped and continued children; SIG_IGN reaps by itself. */
#include <signal.h>
#include <sys/wait.h>

#include "check.h"

static volatile int count, code, status, uid;
static volatile pid_t who;

static void on_child(int signal, siginfo_t* info, void* context) {
    (void)signal, (void)context;
    count++;
    code = info->si_code;
    status = info->si_status;
    who = info->si_pid;
    uid = (int)info->si_uid;
}

static void wait_for(int want) {
    sigset_t block, old;
    sigemptyset(&block);
    sigaddset(&block, SIGCHLD);
    sigprocmask(SIG_BLOCK, &block, &old);
    while (count < want) sigsuspend(&old);
    sigprocmask(SIG_SETMASK, &old, NULL);
}

int main(void) {
    struct sigaction action = {.sa_sigaction = on_child, .sa_flags = SA_SIGINFO | SA_RESTART};
    CHECK_EQ(sigaction(SIGCHLD, &action, NULL), 0);
    int wait_status;

    pid_t child = CHECK_CALL(fork());
    if (child == 0) _exit(42);
    wait_for(1);
    CHECK_EQ(code, CLD_EXITED);
    CHECK_EQ(status, 42);
    CHECK_EQ(who, child);
    CHECK_EQ(uid, getuid());
    CHECK_EQ(waitpid(child, &wait_status, 0), child);
    CHECK_EQ(WEXITSTATUS(wait_status), 42);

    child = CHECK_CALL(fork());
    if (child == 0) {
        for (;;) pause();
    }
    CHECK_EQ(kill(child, SIGSTOP), 0);
    wait_for(2);
    CHECK_EQ(code, CLD_STOPPED);
    CHECK_EQ(status, SIGSTOP);
    CHECK_EQ(waitpid(child, &wait_status, WUNTRACED), child);
    CHECK(WIFSTOPPED(wait_status) && WSTOPSIG(wait_status) == SIGSTOP);
    CHECK_EQ(kill(child, SIGCONT), 0);
    wait_for(3);
    CHECK_EQ(code, CLD_CONTINUED);
    CHECK_EQ(waitpid(child, &wait_status, WCONTINUED), child);
    CHECK(WIFCONTINUED(wait_status));
    CHECK_EQ(kill(child, SIGTERM), 0);
    wait_for(4);
    CHECK_EQ(code, CLD_KILLED);
    CHECK_EQ(status, SIGTERM);
    siginfo_t info;
    CHECK_EQ(waitid(P_PID, (id_t)child, &info, WEXITED), 0);
    CHECK_EQ(info.si_code, CLD_KILLED);
    CHECK_EQ(info.si_status, SIGTERM);
    CHECK_EQ(info.si_pid, child);

    signal(SIGCHLD, SIG_IGN);
    child = CHECK_CALL(fork());
    if (child == 0) _exit(1);
    CHECK_FAILS(waitpid(child, &wait_status, 0), ECHILD);
    return check_done();
}
