/* SPDX-License-Identifier: MIT */
/* Every system call with pointers that lead nowhere, sizes that are too large and descriptors that do not
 * exist. None may hurt the emulator: each call is tried in a child of its own, which goes on afterwards, or
 * sleeps until its alarm. What would change the machine, other processes or the program itself (munmap from 0
 * on) is left out. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "check.h"

enum { kCalls = 463 };

static const short kLeftOut[] = {
    SYS_vhangup,
    SYS_acct,
    SYS_sync,
    SYS_syncfs,
    SYS_exit,
    SYS_exit_group,
    SYS_reboot,
    SYS_sethostname,
    SYS_setdomainname,
    SYS_kill,
    SYS_tkill,
    SYS_tgkill,
    SYS_rt_sigqueueinfo,
    SYS_rt_tgsigqueueinfo,
    SYS_pidfd_send_signal,
    SYS_rt_sigreturn,
    SYS_setpriority,
    SYS_ioprio_set,
    SYS_sched_setparam,
    SYS_sched_setscheduler,
    SYS_sched_setaffinity,
    SYS_sched_setattr,
    SYS_migrate_pages,
    SYS_move_pages,
    SYS_shmctl,
    SYS_semctl,
    SYS_msgctl,
    SYS_clone,
    SYS_clone3,
    SYS_close_range,
    SYS_munmap,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_adjtimex,
    SYS_clock_adjtime,
    SYS_syslog,
    SYS_swapon,
    SYS_swapoff,
    SYS_mount,
    SYS_umount2,
    SYS_quotactl,
    SYS_prlimit64,
    SYS_process_mrelease,
    SYS_delete_module,
};

static int is_left_out(long number) {
    for (size_t i = 0; i < sizeof kLeftOut / sizeof kLeftOut[0]; i++)
        if (kLeftOut[i] == number) return 1;
    return 0;
}

static uint64_t bad[12];
static int bad_count;

static void try_call(long number) {
    alarm(1);
    for (int i = 0; i < bad_count; i++) {
        const uint64_t p = bad[i];
        syscall(number, p, p, p, p, p, p);
        /* A good descriptor and a size, so that the pointer is looked at. */
        syscall(number, 0, p, 16, p, 8, p);
        syscall(number, AT_FDCWD, p, 0, p, p, p);
        syscall(number, p, 8, p, 8, p, 8);
        syscall(number, p, UINT64_MAX - 4095, p, UINT64_MAX / 2, p, UINT64_MAX);
    }
    /* Still whole: memory, a signal, a file. */
    char* memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory != MAP_FAILED) memory[0] = 1;
    _exit(0);
}

int main(void) {
    char* pages = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(pages + 4096, 4096, PROT_NONE);
    mprotect(pages + 8192, 4096, PROT_READ);
    const uint64_t values[] = {
        1,
        0x10000,                      /* not mapped */
        (uintptr_t)pages + 4096,      /* no rights */
        (uintptr_t)pages + 4096 - 3,  /* begins well */
        (uintptr_t)pages + 8192,      /* may not be written */
        UINT64_C(0x00007ffffffff000), /* the end of the address space */
        UINT64_C(0x0000800000000000), /* not canonical on the host */
        UINT64_C(0xffff800000000000), /* the kernel's */
        UINT64_MAX,
        UINT64_MAX - 4095,
    };
    bad_count = sizeof values / sizeof values[0];
    memcpy(bad, values, sizeof values);
    /* Not /dev/null: fchown and fchmod would change the machine's. */
    const int file = CHECK_CALL(memfd_create("hostile", 0));
    /* A wild length must not become all of the machine's memory. */
    const struct rlimit small = {1 << 20, 1 << 20};
    CHECK_CALL(setrlimit(RLIMIT_FSIZE, &small));
    signal(SIGXFSZ, SIG_IGN);
    for (long number = 0; number < kCalls; number++) {
        if (is_left_out(number)) continue;
        const pid_t child = fork();
        if (child == 0) {
            for (int fd = 0; fd < 3; fd++) dup2(file, fd);
            setpgid(0, 0);
            try_call(number);
        }
        int status = -1;
        waitpid(child, &status, 0);
        if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) continue;
        char name[40];
        snprintf(name, sizeof name, "call %ld", number);
        CHECK_ROW(name, status, 0);
    }
    return check_done();
}
