/* SPDX-License-Identifier: MIT */
/* Limits, identities, priorities, CPU sets, names, random numbers, and calls that do not exist. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>

#include "check.h"

int main(void) {
    struct rlimit limit;
    CHECK_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    CHECK(limit.rlim_cur >= 16 && limit.rlim_cur <= limit.rlim_max);
    limit.rlim_cur = 20;
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    int last = -1, opened = 0;
    for (;;) {
        int file = open("/dev/null", O_RDONLY);
        if (file < 0) break;
        last = file;
        opened++;
    }
    CHECK_EQ(errno, EMFILE);
    CHECK_EQ(last, 19);
    CHECK(opened >= 10);
    for (int i = 20 - opened; i < 20; i++) close(i);
    struct rlimit now;
    CHECK_EQ(prlimit(0, RLIMIT_NOFILE, NULL, &now), 0);
    CHECK_EQ(now.rlim_cur, 20);
    limit = (struct rlimit){10, 5};
    CHECK_FAILS(setrlimit(RLIMIT_NOFILE, &limit), EINVAL);
    limit = (struct rlimit){1 << 20, RLIM_INFINITY};
    CHECK_EQ(getrlimit(RLIMIT_FSIZE, &now), 0);
    CHECK_EQ(getrlimit(RLIMIT_CORE, &now), 0);

    CHECK_EQ(getpid(), syscall(SYS_gettid));
    CHECK(getppid() > 0);
    uid_t real, effective, saved;
    CHECK_EQ(getresuid(&real, &effective, &saved), 0);
    CHECK_EQ(real, getuid());
    gid_t groups[256];
    CHECK(getgroups(256, groups) >= 0);
    errno = 0;
    int priority = getpriority(PRIO_PROCESS, 0);
    CHECK(errno == 0 && priority >= -20 && priority <= 19);
    CHECK_EQ(setpriority(PRIO_PROCESS, 0, priority + 1 > 19 ? 19 : priority + 1), 0);

    cpu_set_t cpus;
    CHECK_EQ(sched_getaffinity(0, sizeof cpus, &cpus), 0);
    CHECK(CPU_COUNT(&cpus) >= 1);
    CHECK(sysconf(_SC_NPROCESSORS_ONLN) >= 1);
    unsigned cpu, node;
    CHECK_EQ(getcpu(&cpu, &node), 0);
    CHECK_EQ(sched_yield(), 0);
    struct sched_param parameters;
    CHECK_EQ(sched_getparam(0, &parameters), 0);
    CHECK(sched_getscheduler(0) >= 0);

    char name[16];
    CHECK_EQ(prctl(PR_SET_NAME, "renamed"), 0);
    CHECK_EQ(prctl(PR_GET_NAME, name), 0);
    CHECK_STR(name, "renamed");
    CHECK_EQ(prctl(PR_SET_PDEATHSIG, 0), 0);
    unsigned char bytes[64] = {0};
    CHECK_EQ(getrandom(bytes, sizeof bytes, 0), sizeof bytes);
    int zeros = 0;
    for (int i = 0; i < 64; i++) zeros += bytes[i] == 0;
    CHECK(zeros < 10);
    struct sysinfo info;
    CHECK_EQ(sysinfo(&info), 0);
    CHECK(info.totalram > 0 && info.procs > 0 && info.mem_unit > 0);
    CHECK_EQ(sysconf(_SC_CLK_TCK), 100);

    CHECK_FAILS(syscall(9999), ENOSYS);
    CHECK_FAILS(syscall(-1), ENOSYS);
    CHECK_FAILS(syscall(SYS_getcwd, (char*)8, 100), EFAULT);
    return check_done();
}
