// SPDX-License-Identifier: MIT
// seccomp: which filters are accepted, what each action does, and who inherits them.
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>

#include "../check.h"

#ifndef SECCOMP_FILTER_FLAG_TSYNC_ESRCH
#define SECCOMP_FILTER_FLAG_TSYNC_ESRCH 16
#endif
#define LENGTH(array) (sizeof(array) / sizeof(array)[0])
#define NUMBER BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
// A call with this number gets this answer.
#define ANSWER(call, answer) \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1), BPF_STMT(BPF_RET | BPF_K, answer)

static int load(struct sock_filter* filter, size_t length, unsigned flags) {
    struct sock_fprog program = {(unsigned short)length, filter};
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

static void must_load(struct sock_filter* filter, size_t length, unsigned flags) {
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (load(filter, length, flags) != 0) _exit(100);
}
#define LOAD(...)                                                 \
    do {                                                          \
        struct sock_filter rows[] = {NUMBER, __VA_ARGS__, ALLOW}; \
        must_load(rows, LENGTH(rows), 0);                         \
    } while (0)

// The wait status of a child that runs `body`.
static int status_of(void (*body)(void)) {
    const pid_t pid = fork();
    if (pid == 0) {
        body();
        _exit(0);
    }
    int status = -1;
    CHECK_CALL(waitpid(pid, &status, 0));
    return status;
}

#define EXITED(code) ((code) << 8)
#define KILLED(signo) (signo)
// The bit for a core dump depends on limits.
#define CHECK_STATUS(body, want) CHECK_EQ(status_of(body) & ~0x80, want)

// --- What is accepted

static void try_filter(const char* name, struct sock_filter* filter, size_t length, int want) {
    const int got = load(filter, length, 0) == 0 ? 0 : errno;
    CHECK_ROW(name, got, want);
}
#define TRY(name, want, ...)                        \
    do {                                            \
        struct sock_filter rows[] = {__VA_ARGS__};  \
        try_filter(name, rows, LENGTH(rows), want); \
    } while (0)

static void accepted(void) {
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    TRY("allow", 0, ALLOW);
    TRY("no return", EINVAL, NUMBER);
    TRY("unaligned", EINVAL, BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 2), ALLOW);
    TRY("beyond", EINVAL, BPF_STMT(BPF_LD | BPF_W | BPF_ABS, sizeof(struct seccomp_data)), ALLOW);
    TRY("last word", 0, BPF_STMT(BPF_LD | BPF_W | BPF_ABS, sizeof(struct seccomp_data) - 4), ALLOW);
    TRY("half", EINVAL, BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 0), ALLOW);
    TRY("indirect", EINVAL, BPF_STMT(BPF_LD | BPF_W | BPF_IND, 0), ALLOW);
    TRY("remainder", EINVAL, BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, 3), ALLOW);
    TRY("division by 0", EINVAL, BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0), ALLOW);
    TRY("shift by 32", EINVAL, BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 32), ALLOW);
    TRY("shift by 31", 0, BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 31), ALLOW);
    TRY("jump out", EINVAL, BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0), ALLOW);
    TRY("always out", EINVAL, BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0), ALLOW);
    TRY("to the end", 0, BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0), NUMBER, ALLOW);
    TRY("memory 16", EINVAL, BPF_STMT(BPF_ST, 16), ALLOW);
    TRY("unwritten", EINVAL, BPF_STMT(BPF_LD | BPF_MEM, 0), ALLOW);
    TRY("written", 0, BPF_STMT(BPF_ST, 15), BPF_STMT(BPF_LDX | BPF_MEM, 15), ALLOW);
    TRY("half written", EINVAL, BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0), BPF_STMT(BPF_ST, 0),
        BPF_STMT(BPF_LD | BPF_MEM, 0), ALLOW);
    CHECK(load(NULL, 1, 0) == -1 && errno == EFAULT);
    CHECK(load(NULL, 0, 0) == -1 && errno == EINVAL);
    CHECK(load(NULL, 1, 1u << 20) == -1 && errno == EINVAL);
    CHECK(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, 8) == -1 && errno == EFAULT);
    CHECK(syscall(SYS_seccomp, 99, 0, 0) == -1 && errno == EINVAL);
    CHECK_EQ(prctl(PR_GET_SECCOMP), 2);
    CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == -1 && errno == EINVAL);
    // All filters of a thread together have 32768 instructions, and each counts 4 more.
    static struct sock_filter longest[BPF_MAXINSNS];
    for (int i = 0; i < BPF_MAXINSNS; i++) longest[i] = (struct sock_filter)ALLOW;
    int loaded = 0;
    while (loaded < 20 && load(longest, BPF_MAXINSNS, 0) == 0) loaded++;
    CHECK_EQ(errno, ENOMEM);
    CHECK_EQ(loaded, 7);
    exit(check_failures ? 1 : 0);
}

static void unprivileged(void) {
    struct sock_filter allow[] = {ALLOW};
    // Root may without.
    if (geteuid() == 0 && syscall(SYS_setresuid, 65534, 65534, 65534) != 0) _exit(0);
    if (load(allow, 1, 0) != -1 || errno != EACCES) _exit(1);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || load(allow, 1, 0) != 0) _exit(2);
}

// --- Actions

static void answers_errno(void) {
    LOAD(ANSWER(SYS_getpid, SECCOMP_RET_ERRNO | EPERM), ANSWER(SYS_getuid, SECCOMP_RET_ERRNO),
         ANSWER(SYS_getgid, SECCOMP_RET_ERRNO | 0xffff), ANSWER(SYS_getppid, SECCOMP_RET_TRACE | 5),
         ANSWER(1234, SECCOMP_RET_ERRNO | ERANGE), ANSWER(SYS_gettid, SECCOMP_RET_LOG | 1));
    if (syscall(SYS_getpid) != -1 || errno != EPERM) _exit(1);
    if (syscall(SYS_getuid) != 0) _exit(2);
    if (syscall(SYS_getgid) != -1 || errno != 4095) _exit(3);
    if (syscall(SYS_getppid) != -1 || errno != ENOSYS) _exit(4);
    if (syscall(1234) != -1 || errno != ERANGE) _exit(5);
    if (syscall(SYS_gettid) <= 0) _exit(6);
}

static siginfo_t trapped;
static uint64_t trapped_x0, trapped_pc;

static void on_trap(int signo, siginfo_t* info, void* opaque) {
    ucontext_t* context = opaque;
    (void)signo;
    trapped = *info;
    trapped_x0 = context->uc_mcontext.regs[0];
    trapped_pc = context->uc_mcontext.pc;
    context->uc_mcontext.regs[0] = 4711;
}

static void answers_trap(void) {
    struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};
    sigaction(SIGSYS, &action, NULL);
    LOAD(ANSWER(SYS_sched_get_priority_max, SECCOMP_RET_TRAP | 77));
    if (syscall(SYS_sched_get_priority_max, 12345) != 4711) _exit(1);
    if (trapped.si_signo != SIGSYS || trapped.si_code != 1 || trapped.si_errno != 77) _exit(2);
    if (trapped.si_syscall != SYS_sched_get_priority_max || trapped.si_arch != AUDIT_ARCH_AARCH64) _exit(3);
    if (trapped_x0 != 12345 || trapped_pc != (uint64_t)trapped.si_call_addr) _exit(4);
    if (((uint32_t*)trapped_pc)[-1] != 0xd4000001) _exit(5);  // svc #0
    // Blocked, it is fatal.
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGSYS);
    sigprocmask(SIG_BLOCK, &set, NULL);
    syscall(SYS_sched_get_priority_max, 0);
}

static void kills_process(void) {
    LOAD(ANSWER(SYS_getpid, SECCOMP_RET_KILL_PROCESS));
    syscall(SYS_getpid);
}

static void kills_lone_thread(void) {
    LOAD(ANSWER(SYS_getpid, SECCOMP_RET_KILL_THREAD));
    syscall(SYS_getpid);
}

static void unknown_action(void) {
    LOAD(ANSWER(SYS_getpid, 0x12340000));
    syscall(SYS_getpid);
}

static void divides_by_zero(void) {
    // In the filter of a call that is not made by anything else here: the answer is 0, which kills.
    struct sock_filter rows[] = {NUMBER,
                                 BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpgid, 1, 0),
                                 ALLOW,
                                 BPF_STMT(BPF_LDX | BPF_IMM, 0),
                                 BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0),
                                 ALLOW};
    must_load(rows, LENGTH(rows), 0);
    syscall(SYS_getpgid, 0);
}

static void* kill_myself(void* argument) {
    syscall(SYS_getpid);
    _exit(3);
    return argument;
}

static void kills_one_thread(void) {
    pthread_t thread;
    LOAD(ANSWER(SYS_getpid, SECCOMP_RET_KILL_THREAD));
    pthread_create(&thread, NULL, kill_myself, NULL);
    pthread_join(thread, NULL);
    _exit(42);
}

static void strict_mode(void) {
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0) _exit(1);
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);  // a function of the vdso
    const char byte = 0;
    syscall(SYS_write, -1, &byte, 1);
    syscall(SYS_exit, 7);
}

static void strict_mode_kills(void) {
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0) _exit(1);
    syscall(SYS_getpid);
}

// --- What a filter sees, and several of them

static void sees_arguments(void) {
    const uint64_t want[6] = {0x1111111122222222, 0x3333333344444444, 5, 6,
                              0x7777777788888888, 0x99999999aaaaaaaa};
    struct sock_filter rows[64];
    size_t n = 0;
    rows[n++] = (struct sock_filter)NUMBER;
    rows[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1000, 1, 0);
    rows[n++] = (struct sock_filter)ALLOW;
    rows[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
    rows[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_AARCH64, 1, 0);
    rows[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1);
    for (unsigned i = 0; i < 12; i++) {
        rows[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                                 (unsigned)offsetof(struct seccomp_data, args) + 4 * i);
        rows[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
                                                 (uint32_t)(want[i / 2] >> (i % 2 * 32)), 1, 0);
        rows[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (10 + i));
    }
    // Arithmetic: ((args[2] * 9 - args[3]) ^ 3) << 2 >> 1, with what is in X and in memory.
    rows[n++] =
        (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[3]));
    rows[n++] = (struct sock_filter)BPF_STMT(BPF_ST, 3);
    rows[n++] =
        (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2]));
    rows[n++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, 9);
    rows[n++] = (struct sock_filter)BPF_STMT(BPF_LDX | BPF_MEM, 3);
    rows[n++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_SUB | BPF_X, 0);
    rows[n++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_XOR | BPF_K, 3);
    rows[n++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 2);
    rows[n++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 1);
    rows[n++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_OR | BPF_K, SECCOMP_RET_ERRNO);
    rows[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_A, 0);
    must_load(rows, n, 0);
    if (syscall(1000, want[0], want[1], want[2], want[3], want[4], want[5]) != -1) _exit(1);
    _exit(errno);
}

static void strictest_wins(void) {
    LOAD(ANSWER(SYS_getpid, SECCOMP_RET_ERRNO | 1), ANSWER(SYS_getuid, SECCOMP_RET_ERRNO | 5));
    LOAD(ANSWER(SYS_getpid, SECCOMP_RET_ERRNO | 2), ANSWER(SYS_getuid, SECCOMP_RET_TRACE));
    LOAD(ANSWER(SYS_getpid, SECCOMP_RET_LOG));
    // Among equals the newest.
    if (syscall(SYS_getpid) != -1 || errno != 2) _exit(1);
    if (syscall(SYS_getuid) != -1 || errno != 5) _exit(2);
}

// --- Inheritance

static void child_of_fork(void) {
    LOAD(ANSWER(SYS_getuid, SECCOMP_RET_ERRNO | 33));
    if (fork() == 0) _exit(syscall(SYS_getuid) == -1 ? errno : 0);
    int status = 0;
    wait(&status);
    _exit(WEXITSTATUS(status));
}

// A vfork child's filters are its own.
static void child_of_vfork(void) {
    const pid_t pid = vfork();
    if (pid == 0) {
        LOAD(ANSWER(SYS_getuid, SECCOMP_RET_ERRNO | 34));
        _exit(syscall(SYS_getuid) == -1 ? errno : 0);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    if (syscall(SYS_getuid) < 0) _exit(1);
    _exit(WEXITSTATUS(status));
}

static const char* own_name;

static void executed(void) {
    LOAD(ANSWER(SYS_getuid, SECCOMP_RET_ERRNO | 35), ANSWER(SYS_getgid, SECCOMP_RET_ERRNO | 4));
    LOAD(ANSWER(SYS_getgid, SECCOMP_RET_ERRNO | 36));
    execl("/proc/self/exe", own_name, "executed", NULL);
    _exit(99);
}

static int status_word(const char* name) {
    FILE* file = fopen("/proc/thread-self/status", "r");
    char line[256];
    int value = -1;
    while (file && fgets(line, sizeof line, file)) {
        if (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':')
            value = atoi(line + strlen(name) + 1);
    }
    if (file) fclose(file);
    return value;
}

static int after_exec(void) {
    if (syscall(SYS_getuid) != -1 || errno != 35) return 1;
    if (syscall(SYS_getgid) != -1 || errno != 36) return 2;
    if (prctl(PR_GET_SECCOMP) != 2 || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) return 3;
    if (status_word("Seccomp") != 2 || status_word("Seccomp_filters") != 2) return 4;
    return 50;
}

static pthread_barrier_t barrier;
static int other_result, other_privileges, own_filter;
static pid_t other_tid;

static void* other_thread(void* argument) {
    other_tid = gettid();
    if (own_filter) LOAD(ANSWER(SYS_getgid, SECCOMP_RET_ERRNO | 38));
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    other_result = syscall(SYS_getuid) == -1 ? errno : 0;
    other_privileges = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
    return argument;
}

static void threads(unsigned flags, int with_own_filter, int want, int want_other) {
    pthread_t thread;
    own_filter = with_own_filter;
    pthread_barrier_init(&barrier, NULL, 2);
    pthread_create(&thread, NULL, other_thread, NULL);
    pthread_barrier_wait(&barrier);
    struct sock_filter rows[] = {NUMBER, ANSWER(SYS_getuid, SECCOMP_RET_ERRNO | 37), ALLOW};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    const int got = load(rows, LENGTH(rows), flags);
    if (want == 1 ? got != other_tid : want < 0 ? got != -1 || errno != -want : got != 0) _exit(1);
    pthread_barrier_wait(&barrier);
    pthread_join(thread, NULL);
    if (other_result != want_other) _exit(2);
    if (want_other && other_privileges != 1) _exit(3);
    // What comes later inherits.
    if (pthread_create(&thread, NULL, other_thread, NULL) != 0) _exit(4);
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    pthread_join(thread, NULL);
    if (other_result != (want == 0 ? 37 : 0)) _exit(5);
}

static void without_tsync(void) {
    threads(0, 0, 0, 0);
}
static void with_tsync(void) {
    threads(SECCOMP_FILTER_FLAG_TSYNC, 0, 0, 37);
}
static void tsync_refused(void) {
    threads(SECCOMP_FILTER_FLAG_TSYNC, 1, 1, 0);
}
static void tsync_refused_esrch(void) {
    threads(SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH, 1, -ESRCH, 0);
}

static void available(void) {
    const uint32_t known[] = {SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_TRAP,
                              SECCOMP_RET_ERRNO,        SECCOMP_RET_TRACE,       SECCOMP_RET_LOG,
                              SECCOMP_RET_ALLOW};
    for (size_t i = 0; i < LENGTH(known); i++)
        CHECK_EQ(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &known[i]), 0);
    const uint32_t unknown = 0x12340000;
    CHECK(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &unknown) == -1 && errno == EOPNOTSUPP);
    CHECK(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 1, &unknown) == -1 && errno == EINVAL);
    CHECK(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, 8) == -1 && errno == EFAULT);
    struct seccomp_notif_sizes sizes = {0};
    CHECK_EQ(syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes), 0);
    CHECK_EQ(sizes.seccomp_data, sizeof(struct seccomp_data));
}

int main(int argc, char** argv) {
    if (argc > 1) return after_exec();
    own_name = argv[0];
    available();
    CHECK_STATUS(accepted, EXITED(0));
    CHECK_STATUS(unprivileged, EXITED(0));
    CHECK_STATUS(answers_errno, EXITED(0));
    CHECK_STATUS(answers_trap, KILLED(SIGSYS));
    CHECK_STATUS(kills_process, KILLED(SIGSYS));
    CHECK_STATUS(kills_lone_thread, KILLED(SIGSYS));
    CHECK_STATUS(unknown_action, KILLED(SIGSYS));
    CHECK_STATUS(divides_by_zero, KILLED(SIGSYS));
    CHECK_STATUS(kills_one_thread, EXITED(42));
    CHECK_STATUS(strict_mode, EXITED(7));
    CHECK_STATUS(strict_mode_kills, KILLED(SIGKILL));
    CHECK_STATUS(sees_arguments, EXITED(((5 * 9 - 6) ^ 3) << 1));
    CHECK_STATUS(strictest_wins, EXITED(0));
    CHECK_STATUS(child_of_fork, EXITED(33));
    CHECK_STATUS(child_of_vfork, EXITED(34));
    CHECK_STATUS(executed, EXITED(50));
    CHECK_STATUS(without_tsync, EXITED(0));
    CHECK_STATUS(with_tsync, EXITED(0));
    CHECK_STATUS(tsync_refused, EXITED(0));
    CHECK_STATUS(tsync_refused_esrch, EXITED(0));
    return check_done();
}
