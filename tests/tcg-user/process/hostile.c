/* SPDX-License-Identifier: MIT */
/* What a guest may do to itself must not hurt the emulator beneath: every descriptor replaced or closed, no
 * descriptors allowed, everything unmapped that is not its own, addresses taken by MAP_FIXED, very many
 * arguments, all signals. Each part runs in a child of its own, which must end as it says. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "check.h"

static const char* self;

static int run_again(const char* word) {
    pid_t child = fork();
    if (child == 0) {
        execl(self, self, word, (char*)NULL);
        _exit(120);
    }
    int status = -1;
    waitpid(child, &status, 0);
    return status;
}

/* A descriptor over every number, then programs are started. */
static int replace_descriptors(void) {
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    const int null = open("/dev/null", O_RDWR);
    long most = limit.rlim_cur > 70000 ? 70000 : (long)limit.rlim_cur;
    for (int fd = 3; fd < most; fd++) dup3(null, fd, O_CLOEXEC);
    CHECK_EQ(run_again("exit7"), 7 << 8);
    return check_failures;
}

static int close_descriptors(void) {
    for (int fd = 3; fd < 70000; fd++) close(fd);
    CHECK_CALL(syscall(SYS_close_range, 3, ~0u, 0));
    CHECK_EQ(run_again("exit7"), 7 << 8);
    return check_failures;
}

static int few_descriptors(void) {
    CHECK_CALL(syscall(SYS_close_range, 3, ~0u, 0));
    struct rlimit limit = {3, 3};
    CHECK_CALL(setrlimit(RLIMIT_NOFILE, &limit));
    CHECK_FAILS(open("/dev/null", O_RDONLY), EMFILE);
    CHECK_FAILS(dup(0), EMFILE);
    CHECK_EQ(run_again("exit7"), 7 << 8);
    CHECK_EQ(run_again("limit3"), 0);
    return check_failures;
}

/* Everything between the mappings that /proc/self/maps shows. */
static int unmap_the_rest(void) {
    static struct { uintptr_t begin, end; } gaps[500];
    int count = 0;
    uintptr_t last = 0x10000;
    FILE* maps = fopen("/proc/self/maps", "r");
    char line[4500];
    while (fgets(line, sizeof line, maps) != NULL && count < 499) {
        unsigned long start, end;
        if (sscanf(line, "%lx-%lx", &start, &end) != 2) continue;
        if (start > last) gaps[count].begin = last, gaps[count++].end = start;
        last = end;
    }
    fclose(maps);
    gaps[count].begin = last;
    gaps[count++].end = 0x7ffffffff000;
    for (int i = 0; i < count; i++) {
        const size_t size = gaps[i].end - gaps[i].begin;
        void* begin = (void*)gaps[i].begin;
        munmap(begin, size);
        mprotect(begin, size, PROT_NONE);
        madvise(begin, size, MADV_DONTNEED);
        mremap(begin, size, 4096, MREMAP_MAYMOVE);
        /* Page by page where the emulator is likely to be. */
        for (uintptr_t page = gaps[i].end - 4096; page > gaps[i].begin && page + (48 << 20) > gaps[i].end;
             page -= 64 << 10) {
            munmap((void*)page, 4096);
            mprotect((void*)page, 4096, PROT_NONE);
            void* got = mmap((void*)page, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
            if (got != MAP_FAILED) munmap(got, 4096);
        }
    }
    CHECK_EQ(run_again("exit7"), 7 << 8);
    return check_failures;
}

static int many_arguments(void) {
    enum { kCount = 100000 };
    char** arguments = calloc(kCount + 3, sizeof *arguments);
    arguments[0] = (char*)(uintptr_t)self;
    arguments[1] = (char*)(uintptr_t) "count";
    for (int i = 2; i < kCount; i++) arguments[i] = (char*)(uintptr_t) "x";
    pid_t child = fork();
    if (child == 0) {
        execv(self, arguments);
        _exit(errno == E2BIG ? 1 : 2);
    }
    int status = -1;
    waitpid(child, &status, 0);
    CHECK_EQ(status, 0);
    return check_failures;
}

static volatile uint64_t seen;

static void handler(int signo) {
    seen |= UINT64_C(1) << (signo - 1);
}

struct kernel_action {
    void (*handler)(int);
    uint64_t flags, restorer, mask;
};

/* Every number a handler can be had for, past the C library's idea of which are its own. */
static int all_signals(void) {
    uint64_t want = 0;
    for (int signo = 1; signo <= 64; signo++) {
        const struct kernel_action action = {handler, SA_RESTART, 0, 0};
        if (syscall(SYS_rt_sigaction, signo, &action, NULL, 8) == 0) want |= UINT64_C(1) << (signo - 1);
    }
    CHECK_EQ(want, ~(UINT64_C(1) << (SIGKILL - 1) | UINT64_C(1) << (SIGSTOP - 1)));
    for (int round = 0; round < 20; round++) {
        seen = 0;
        for (int signo = 1; signo <= 64; signo++)
            if (want >> (signo - 1) & 1) syscall(SYS_tgkill, getpid(), getpid(), signo);
        CHECK_EQ(seen, want);
    }
    /* All blocked, all pending, all at once; the stop signals take back the SIGCONT before them. */
    uint64_t all = ~UINT64_C(0), none = 0, pending = 0;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, 8);
    seen = 0;
    for (int signo = 1; signo <= 64; signo++)
        if (want >> (signo - 1) & 1) syscall(SYS_tgkill, getpid(), getpid(), signo);
    CHECK_EQ(seen, 0);
    syscall(SYS_rt_sigpending, &pending, 8);
    CHECK_EQ(pending, want & ~(UINT64_C(1) << (SIGCONT - 1)));
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, 8);
    CHECK_EQ(seen, pending);
    return check_failures;
}

/* The limits of memory and of processes end in the guest's errors. */
static int exhaustion(void) {
    struct rlimit limit = {256 << 20, 256 << 20};
    CHECK_CALL(setrlimit(RLIMIT_AS, &limit));
    size_t got = 0;
    void* memory;
    while ((memory = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) !=
           MAP_FAILED) {
        *(volatile char*)memory = 1;
        got++;
    }
    CHECK_EQ(errno, ENOMEM);
    CHECK(got > 150 && got < 256);
    CHECK(malloc(64 << 20) == NULL);
    return check_failures;
}

static int map_count(void) {
    long made = 0;
    for (; made < 70000; made++) {
        /* Rights that alternate keep the kernel from merging. */
        if (mmap(NULL, 4096, made & 1 ? PROT_READ : PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                 0) == MAP_FAILED)
            break;
    }
    CHECK(made > 30000);
    struct stat file;
    CHECK_EQ(stat("/dev/null", &file), 0);
    return check_failures;
}

static char stack[8192] __attribute__((aligned(16)));

static int in_thread(void* unused) {
    (void)unused;
    execl(self, self, "leader", (char*)NULL);
    _exit(121);
}

/* The new program has the process's id, whichever thread asked for it. */
static int exec_from_thread(void) {
    char word[20];
    snprintf(word, sizeof word, "%d", getpid());
    setenv("LEADER", word, 1);
    clone(in_thread, stack + sizeof stack,
          CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM, NULL);
    for (;;) pause();
    return 1;
}

static const struct {
    const char* name;
    int (*run)(void);
} kParts[] = {
    {"replace", replace_descriptors}, {"close", close_descriptors},  {"few", few_descriptors},
    {"unmap", unmap_the_rest},        {"arguments", many_arguments}, {"signals", all_signals},
    {"exhaustion", exhaustion},       {"maps", map_count},           {"thread", exec_from_thread},
};

int main(int count, char** arguments) {
    self = arguments[0];
    if (count > 1) {
        if (strcmp(arguments[1], "exit7") == 0) return 7;
        if (strcmp(arguments[1], "count") == 0) return count == 100000 ? 0 : 3;
        if (strcmp(arguments[1], "limit3") == 0)
            return open("/dev/null", O_RDONLY) == -1 && errno == EMFILE ? 0 : 4;
        if (strcmp(arguments[1], "leader") == 0)
            return atoi(getenv("LEADER")) == getpid() && getpid() == gettid() ? 0 : 5;
        for (size_t i = 0; i < sizeof kParts / sizeof kParts[0]; i++)
            if (strcmp(arguments[1], kParts[i].name) == 0) return kParts[i].run() != 0;
        return 6;
    }
    for (size_t i = 0; i < sizeof kParts / sizeof kParts[0]; i++) {
        fflush(stdout);
        CHECK_ROW(kParts[i].name, run_again(kParts[i].name), 0);
    }
    return check_done();
}
