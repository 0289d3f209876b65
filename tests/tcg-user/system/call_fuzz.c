/* SPDX-License-Identifier: MIT */
/* System calls at random, with arguments that are hostile, or good, or almost good: pointers to nowhere, to
 * the end of memory and to strings; sizes and descriptors of all kinds. Whatever the calls do to the child
 * that makes them, the emulator beneath must go on: the child then still computes, handles a signal and has
 * its memory, or sleeps until it is ended. Each child has a seed, which is named when something is wrong.
 *
 *     call_fuzz [SEED [CHILDREN]] */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>

#include "check.h"

enum { kCalls = 463, kPerChild = 150, kSeconds = 1 };

/* What would end or change this program, other processes or the machine, however good the emulator. */
static const short kLeftOut[] = {
    SYS_exit,
    SYS_exit_group,
    SYS_clone,
    SYS_clone3,
    SYS_rt_sigreturn,
    SYS_kill,
    SYS_tkill,
    SYS_tgkill,
    SYS_rt_sigqueueinfo,
    SYS_rt_tgsigqueueinfo,
    SYS_pidfd_send_signal,
    SYS_ptrace,
    SYS_process_vm_writev,
    SYS_process_madvise,
    SYS_process_mrelease,
    SYS_migrate_pages,
    SYS_move_pages,
    SYS_setpriority,
    SYS_ioprio_set,
    SYS_sched_setparam,
    SYS_sched_setscheduler,
    SYS_sched_setaffinity,
    SYS_sched_setattr,
    SYS_prlimit64,
    SYS_setrlimit,
    SYS_shmget,
    SYS_shmctl,
    SYS_semget,
    SYS_semctl,
    SYS_msgget,
    SYS_msgctl,
    SYS_mq_open,
    SYS_mq_unlink,
    SYS_add_key,
    SYS_request_key,
    SYS_keyctl,
    SYS_vhangup,
    SYS_acct,
    SYS_sync,
    SYS_syncfs,
    SYS_reboot,
    SYS_sethostname,
    SYS_setdomainname,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_adjtimex,
    SYS_clock_adjtime,
    SYS_syslog,
    SYS_swapon,
    SYS_swapoff,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_unshare,
    SYS_setns,
    SYS_fsopen,
    SYS_fsconfig,
    SYS_fsmount,
    SYS_fspick,
    SYS_open_tree,
    SYS_move_mount,
    SYS_mount_setattr,
    SYS_quotactl,
    SYS_quotactl_fd,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_kexec_file_load,
    SYS_bpf,
    SYS_seccomp,
    SYS_prctl,
    SYS_rt_sigprocmask,
    SYS_rt_sigsuspend,
    SYS_setitimer,
    SYS_setpgid,
    SYS_setsid,
    SYS_execve,
    SYS_execveat,
    SYS_open_by_handle_at,
    SYS_fallocate,
    /* Over the program itself, as some of the lengths would be. */
    SYS_munmap,
    SYS_mmap,
    SYS_mremap,
    SYS_madvise,
    SYS_remap_file_pages,
    SYS_mprotect,
    SYS_pkey_mprotect,
};

static int is_left_out(long number) {
    for (size_t i = 0; i < sizeof kLeftOut / sizeof kLeftOut[0]; i++)
        if (kLeftOut[i] == number) return 1;
    return 0;
}

static uint64_t state;

static uint64_t next(void) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return state;
}

#define PICK(list) (list)[next() % (sizeof(list) / sizeof((list)[0]))]

static char* arena; /* good, no rights, read only */
enum { kPart = 65536 };
static int descriptors[16], descriptor_count;

static uint64_t bad_pointer(void) {
    const uint64_t values[] = {
        0,
        1,
        0x10000,
        (uintptr_t)arena + kPart,
        (uintptr_t)arena + kPart - 3,
        (uintptr_t)arena + 2 * kPart,
        (uintptr_t)arena + 3 * kPart - 5,
        UINT64_C(0x00007ffffffff000),
        UINT64_C(0x0000800000000000),
        UINT64_C(0xffff800000000000),
        UINT64_MAX,
        UINT64_MAX - 4095,
        UINT64_C(0x5a00000000010000),
    };
    return PICK(values);
}

/* Into the first part of the arena, filled with what calls like: small numbers, pointers, names, noise. */
static uint64_t good_pointer(void) {
    static const char* const kNames[] = {
        "a", "b", "d/c", ".", "", "/proc/self/maps", "/proc/self/mem", "d", "no/such", "/proc/self/fd/3"};
    char* at = arena + next() % (kPart - 4096) / 8 * 8;
    switch (next() % 4) {
        case 0:
            strcpy(at, PICK(kNames));
            break;
        case 1:
            for (int i = 0; i < 16; i++) ((uint64_t*)at)[i] = next() % 4;
            break;
        case 2:
            for (int i = 0; i < 16; i++)
                ((uint64_t*)at)[i] = i & 1 ? next() % 4096 : next() & 1 ? (uintptr_t)arena : bad_pointer();
            break;
        default:
            for (int i = 0; i < 16; i++) ((uint64_t*)at)[i] = next();
    }
    return (uintptr_t)at;
}

static uint64_t argument(void) {
    static const uint64_t kNumbers[] = {
        0,       1,          2,          3,          4,         8,          16,
        24,      64,         128,        4095,       4096,      8192,       65536,
        0x80000, 0x7fffffff, 0x80000000, UINT32_MAX, INT64_MAX, UINT64_MAX, UINT64_MAX - 1};
    switch (next() % 8) {
        case 0:
        case 1:
            return bad_pointer();
        case 2:
        case 3:
            return good_pointer();
        case 4:
            return (uint64_t)descriptors[next() % (uint64_t)descriptor_count];
        case 5:
            return next() % 8 == 0 ? (uint64_t)AT_FDCWD : UINT64_C(1) << next() % 64;
        default:
            return PICK(kNumbers);
    }
}

static void add(int fd) {
    if (fd >= 0) descriptors[descriptor_count++] = fd;
}

static volatile int handled;

static void on_signal(int signo) {
    (void)signo;
    handled++;
}

static void prepare(void) {
    arena = mmap(NULL, 3 * kPart, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(arena + kPart, kPart, PROT_NONE);
    mprotect(arena + 2 * kPart, kPart, PROT_READ);
    int pair[2], ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0) add(pair[0]), add(pair[1]);
    if (pipe2(ends, O_NONBLOCK) == 0) add(ends[0]), add(ends[1]);
    add(memfd_create("file", 0));
    add(open(".", O_RDONLY | O_DIRECTORY));
    add(open("a", O_RDWR | O_CREAT, 0600));
    add(socket(AF_INET, SOCK_DGRAM, 0));
    add(epoll_create1(0));
    add(eventfd(0, EFD_NONBLOCK));
    add(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
    add(open("/proc/self/mem", O_RDONLY));
    add(open("/proc/self/maps", O_RDONLY));
    add(1000); /* never open */
    mkdir("d", 0700);
    const struct rlimit file = {1 << 20, 1 << 20}, memory = {1 << 30, 1 << 30}, descriptor = {200, 200};
    setrlimit(RLIMIT_FSIZE, &file);
    setrlimit(RLIMIT_AS, &memory);
    setrlimit(RLIMIT_NOFILE, &descriptor);
    signal(SIGXFSZ, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGIO, SIG_IGN);
}

/* Does the machine beneath still work? Memory, a thread's registers, a signal, a process. */
static void check_machine(void) {
    const struct kernel_action {
        void (*handler)(int);
        uint64_t flags, restorer, mask;
    } action = {on_signal, 0, 0, 0};
    const uint64_t none = 0;
    syscall(SYS_rt_sigaction, SIGUSR1, &action, NULL, 8);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, 8);
    const stack_t no_stack = {.ss_flags = SS_DISABLE};
    sigaltstack(&no_stack, NULL);
    const int before = handled;
    syscall(SYS_tgkill, syscall(SYS_getpid), syscall(SYS_gettid), SIGUSR1);
    if (handled != before + 1) _exit(71);
    double sum = 0;
    for (int i = 1; i < 1000; i++) sum += 1.0 / i;
    if (sum < 7.48 || sum > 7.49) _exit(72);
}

static void run_child(uint64_t seed, int verbose) {
    static short calls[kCalls];
    int count = 0;
    for (short number = 0; number < kCalls; number++)
        if (!is_left_out(number)) calls[count++] = number;
    state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    prepare();
    alarm(kSeconds);
    for (int i = 0; i < kPerChild; i++) {
        const long number = calls[next() % (uint64_t)count];
        uint64_t a[6];
        for (int k = 0; k < 6; k++) a[k] = argument();
        if (verbose) {
            char line[200];
            const int length = snprintf(line, sizeof line, "%d: call %ld %lx %lx %lx %lx %lx %lx\n", i,
                                        number, a[0], a[1], a[2], a[3], a[4], a[5]);
            if (write(2, line, (size_t)length) < 0) _exit(73);
        }
        syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    }
    check_machine();
    _exit(0);
}

/* Sleeping in one of its calls for ever is the child's right. */
static int status_of(pid_t child) {
    int status = -1;
    const struct timespec moment = {0, 2000000};
    for (int i = 0; i < (kSeconds + 2) * 500; i++) {
        if (waitpid(child, &status, WNOHANG) == child) return status;
        nanosleep(&moment, NULL);
    }
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return 0;
}

int main(int count, char** arguments) {
    const uint64_t first = count > 1 ? strtoull(arguments[1], NULL, 0) : 1,
                   children = count > 2 ? strtoull(arguments[2], NULL, 0) : 100;
    if (count > 3) run_child(first, 1);
    for (uint64_t seed = first; seed < first + children; seed++) {
        fflush(stdout);
        const pid_t child = CHECK_CALL(fork());
        if (child == 0) {
            const int file = memfd_create("standard", 0);
            for (int fd = 0; fd < 3; fd++) dup2(file, fd);
            setpgid(0, 0);
            run_child(seed, 0);
        }
        int status = status_of(child);
        /* Its own: an alarm, and userfaultfd's or a hole's SIGBUS in the arena. */
        if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) status = 0;
        char name[40];
        snprintf(name, sizeof name, "seed %lu", seed);
        CHECK_ROW(name, status, 0);
    }
    return check_done();
}
