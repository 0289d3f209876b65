/* SPDX-License-Identifier: MIT */
/* clone and clone3 without a library: flags, the child's stack, tids written and cleared, a thread that is
 * alone. */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "check.h"

static char stack[65536] __attribute__((aligned(16)));
static volatile int value;
static volatile int child_tid, parent_tid;

static int body(void* argument) {
    value = *(int*)argument + 1;
    return 23;
}

int main(void) {
    int argument = 41, status;
    /* A process that shares memory. */
    pid_t child = CHECK_CALL(clone(body, stack + sizeof stack, CLONE_VM | SIGCHLD, &argument));
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 23 << 8);
    CHECK_EQ(value, 42);
    /* One that does not. */
    argument = 50;
    child = CHECK_CALL(clone(body, stack + sizeof stack, SIGCHLD, &argument));
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(value, 42);

    /* A thread: no wait, but a tid that the kernel clears and wakes. */
    argument = 99;
    child_tid = -1;
    int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
                CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
    pid_t thread =
        CHECK_CALL(clone(body, stack + sizeof stack, flags, &argument, &parent_tid, NULL, &child_tid));
    for (;;) {
        int tid = child_tid;
        if (tid == 0) break;
        syscall(SYS_futex, &child_tid, FUTEX_WAIT, tid, NULL, NULL, 0);
    }
    CHECK_EQ(parent_tid, thread);
    CHECK_EQ(value, 100);

    struct clone_args arguments = {
        .exit_signal = SIGCHLD, .flags = CLONE_PARENT_SETTID, .parent_tid = (uint64_t)&parent_tid};
    child = (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
    if (child == 0) _exit(getpid() == syscall(SYS_gettid) ? 5 : 6);
    CHECK(child > 0 || errno == ENOSYS);
    if (child > 0) {
        CHECK_EQ(parent_tid, child);
        CHECK_EQ(waitpid(child, &status, 0), child);
        CHECK_EQ(status, 5 << 8);
    }
    CHECK_FAILS(syscall(SYS_clone, CLONE_SIGHAND, 0, 0, 0, 0), EINVAL);
    CHECK_FAILS(syscall(SYS_clone, CLONE_THREAD, 0, 0, 0, 0), EINVAL);
    return check_done();
}
