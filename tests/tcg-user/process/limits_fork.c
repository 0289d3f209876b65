// SPDX-License-Identifier: MIT
// fork and exec need no descriptor and no file of their own: limits that forbid both do not matter to them.
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../check.h"

static char self[4096];

static int child_status(int executes) {
    const pid_t pid = fork();
    if (pid == 0) {
        if (executes) execl(self, self, "child", (char*)0);
        _exit(executes ? 99 : 5);
    }
    int status = 0;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    return status;
}

static void set_soft(int resource, rlim_t value) {
    struct rlimit limit;
    CHECK_EQ(getrlimit((__rlimit_resource_t)resource, &limit), 0);
    limit.rlim_cur = value;
    CHECK_EQ(setrlimit((__rlimit_resource_t)resource, &limit), 0);
}

int main(int argc, char** argv) {
    if (argc > 1 && strcmp(argv[1], "child") == 0) return 5;
    CHECK_EQ(readlink("/proc/self/exe", self, sizeof self - 1) > 0, 1);
    set_soft(RLIMIT_FSIZE, 1000);
    CHECK_EQ(child_status(0), 5 << 8);
    CHECK_EQ(child_status(1), 5 << 8);
    set_soft(RLIMIT_FSIZE, RLIM_INFINITY);
    for (int fd = 3; fd < 1100; fd++) close(fd);
    set_soft(RLIMIT_NOFILE, 4);
    CHECK_EQ(child_status(0), 5 << 8);
    CHECK_EQ(child_status(1), 5 << 8);
    while (dup(1) >= 0) continue;
    CHECK_EQ(child_status(0), 5 << 8);
    return check_done();
}
