/* SPDX-License-Identifier: MIT */
/* What runs out ends in the guest's errors: threads, processes, descriptors, addresses, files that cannot
 * grow; and every stack that overflows ends in SIGSEGV, on an alternate stack if there is one. Afterwards the
 * program goes on. Each part runs in a child of its own. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "check.h"

static pthread_mutex_t hold = PTHREAD_MUTEX_INITIALIZER;

static void* wait_for_all(void* unused) {
    pthread_mutex_lock(&hold);
    pthread_mutex_unlock(&hold);
    return unused;
}

/* Creates threads until there are no more, lets them end, and creates one again. */
static int threads_until(int least, int most, size_t stack) {
    static pthread_t threads[4000];
    int made = 0, error = 0;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, stack);
    pthread_mutex_lock(&hold);
    while (made < most && (error = pthread_create(&threads[made], &attributes, wait_for_all, NULL)) == 0)
        made++;
    CHECK_EQ(error, EAGAIN);
    CHECK(made >= least);
    pthread_mutex_unlock(&hold);
    for (int i = 0; i < made; i++) CHECK_EQ(pthread_join(threads[i], NULL), 0);
    usleep(20000); /* the kernel counts a thread until it has quite gone */
    CHECK_EQ(pthread_create(&threads[0], &attributes, wait_for_all, NULL), 0);
    CHECK_EQ(pthread_join(threads[0], NULL), 0);
    return check_failures;
}

static int no_addresses_for_threads(void) {
    const struct rlimit limit = {256 << 20, 256 << 20};
    CHECK_CALL(setrlimit(RLIMIT_AS, &limit));
    return threads_until(20, 4000, 4 << 20);
}

static int no_more_tasks(void) {
    /* The limit is not root's. */
    if (getuid() == 0) CHECK_CALL(setresuid(54321, 54321, 54321));
    const struct rlimit limit = {30, 30};
    CHECK_CALL(setrlimit(RLIMIT_NPROC, &limit));
    threads_until(getuid() == 54321 ? 20 : 0, 4000, 64 << 10);
    pid_t children[40];
    int made = 0;
    while (made < 40 && (children[made] = fork()) >= 0) {
        if (children[made] == 0) {
            pause();
            _exit(0);
        }
        made++;
    }
    CHECK(made < 40 && errno == EAGAIN);
    CHECK_FAILS(vfork(), EAGAIN);
    for (int i = 0; i < made; i++) {
        kill(children[i], SIGKILL);
        waitpid(children[i], NULL, 0);
    }
    return check_failures;
}

static int no_descriptors(void) {
    struct rlimit limit = {64, 64};
    CHECK_CALL(setrlimit(RLIMIT_NOFILE, &limit));
    while (dup(0) >= 0) {
    }
    CHECK_EQ(errno, EMFILE);
    static const char* const kFiles[] = {"/proc/self/maps", "/proc/self/status", "/proc/self/mem",
                                         "/dev/null", "/proc/cpuinfo"};
    for (int i = 0; i < 5; i++) CHECK_FAILS(open(kFiles[i], O_RDONLY), EMFILE);
    CHECK_FAILS(memfd_create("x", 0), EMFILE);
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, wait_for_all, NULL), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    const pid_t child = CHECK_CALL(fork());
    if (child == 0) _exit(5);
    int status = -1;
    waitpid(child, &status, 0);
    CHECK_EQ(status, 5 << 8);
    return check_failures;
}

static int full_files(void) {
    char block[4096] = {1};
    const int full = open("/dev/full", O_WRONLY);
    if (full >= 0) CHECK_FAILS(write(full, block, sizeof block), ENOSPC);
    signal(SIGXFSZ, SIG_IGN);
    const struct rlimit limit = {10000, 10000};
    CHECK_CALL(setrlimit(RLIMIT_FSIZE, &limit));
    const int file = CHECK_CALL(open("grows", O_RDWR | O_CREAT | O_TRUNC, 0600));
    CHECK_EQ(write(file, block, 4096), 4096);
    CHECK_EQ(write(file, block, 4096), 4096);
    CHECK_EQ(write(file, block, 4096), 10000 - 8192);
    CHECK_FAILS(write(file, block, 4096), EFBIG);
    CHECK_FAILS(ftruncate(file, 20000), EFBIG);
    signal(SIGXFSZ, SIG_DFL);
    if (write(file, block, 4096) < 0) return 1; /* not reached */
    return 2;
}

/* --- Stacks */

static sigjmp_buf back;
static volatile int depth;

static void on_fault(int signo) {
    siglongjmp(back, signo);
}

__attribute__((noinline)) static int recurse(volatile char* before) {
    volatile char frame[3000];
    frame[0] = before ? before[0] : 0;
    depth++;
    return recurse(frame) + frame[1];
}

static void with_alternate_stack(void) {
    static _Thread_local char memory[32768];
    const stack_t stack = {.ss_sp = memory, .ss_size = sizeof memory};
    const struct sigaction action = {.sa_handler = on_fault, .sa_flags = SA_ONSTACK};
    CHECK_CALL(sigaltstack(&stack, NULL));
    CHECK_CALL(sigaction(SIGSEGV, &action, NULL));
    for (int i = 0; i < 3; i++) {
        depth = 0;
        if (sigsetjmp(back, 1) == 0) recurse(NULL);
        CHECK(depth > 10);
    }
}

static void* overflow_thread(void* unused) {
    with_alternate_stack();
    return unused;
}

static int stacks_with_handler(void) {
    with_alternate_stack();
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, overflow_thread, NULL), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    return check_failures;
}

static int stack_without_handler(void) {
    return recurse(NULL);
}

static void* just_recurse(void* unused) {
    recurse(NULL);
    return unused;
}

static int thread_stack_without_handler(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, just_recurse, NULL);
    pthread_join(thread, NULL);
    return 1;
}

static void recurse_in_handler(int signo) {
    (void)signo;
    recurse(NULL);
}

/* The second overflow comes while SIGSEGV is blocked. */
static int alternate_stack_overflows(void) {
    char* memory = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(memory, 32768, PROT_NONE);
    const stack_t stack = {.ss_sp = memory + 32768, .ss_size = 32768};
    const struct sigaction action = {.sa_handler = recurse_in_handler, .sa_flags = SA_ONSTACK};
    sigaltstack(&stack, NULL);
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    return 1;
}

/* --- A fork while eight threads allocate, and threads in the child, time and again. */

static volatile int stop;

static void* allocate(void* unused) {
    while (!stop) {
        void* blocks[50];
        for (int i = 0; i < 50; i++) blocks[i] = malloc((size_t)(i * 997 + 1));
        for (int i = 0; i < 50; i++) free(blocks[i]);
        void* memory = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory != MAP_FAILED) munmap(memory, 65536);
    }
    return unused;
}

static void* allocate_once(void* unused) {
    free(malloc(100000));
    return unused;
}

static int forks_of_threads(void) {
    pthread_t threads[8];
    for (int i = 0; i < 8; i++) CHECK_EQ(pthread_create(&threads[i], NULL, allocate, NULL), 0);
    for (int round = 0; round < 15; round++) {
        const pid_t child = CHECK_CALL(fork());
        if (child == 0) {
            pthread_t more[4];
            for (int i = 0; i < 4; i++)
                if (pthread_create(&more[i], NULL, allocate_once, NULL) != 0) _exit(3);
            for (int i = 0; i < 4; i++) pthread_join(more[i], NULL);
            const pid_t grandchild = fork();
            if (grandchild == 0) _exit(4);
            int status = -1;
            waitpid(grandchild, &status, 0);
            _exit(status == 4 << 8 ? 7 : 8);
        }
        int status = -1;
        waitpid(child, &status, 0);
        CHECK_EQ(status, 7 << 8);
    }
    stop = 1;
    for (int i = 0; i < 8; i++) pthread_join(threads[i], NULL);
    return check_failures;
}

static const struct {
    const char* name;
    int (*run)(void);
    int status;
} kParts[] = {
    {"addresses for threads", no_addresses_for_threads, 0},
    {"tasks", no_more_tasks, 0},
    {"descriptors", no_descriptors, 0},
    {"files", full_files, SIGXFSZ},
    {"stacks with a handler", stacks_with_handler, 0},
    {"stack", stack_without_handler, SIGSEGV},
    {"stack of a thread", thread_stack_without_handler, SIGSEGV},
    {"alternate stack", alternate_stack_overflows, SIGSEGV},
    {"forks", forks_of_threads, 0},
};

int main(void) {
    const struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    for (size_t i = 0; i < sizeof kParts / sizeof kParts[0]; i++) {
        fflush(stdout);
        const pid_t child = CHECK_CALL(fork());
        if (child == 0) {
            const int failed = kParts[i].run() != 0;
            fflush(stdout);
            _exit(failed);
        }
        int status = -1;
        waitpid(child, &status, 0);
        CHECK_ROW(kParts[i].name, status, kParts[i].status);
    }
    return check_done();
}
