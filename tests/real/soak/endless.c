/* SPDX-License-Identifier: MIT */
/* Does one thing for ever, and at the same rate of everything: what such a process takes from the machine
 * after a minute it must still have after an hour. tools/soak mixed runs one process per way and watches the
 * emulator's memory, mappings and descriptors.
 *
 *     endless WAY    (the names are in the table at the end) */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char** program_arguments;

static void fail(const char* what) {
    perror(what);
    exit(1);
}

static void* increment(void* count) {
    /* Each thread has a signal stack and handles a signal on it. */
    stack_t stack = {.ss_sp = malloc(32768), .ss_size = 32768};
    sigaltstack(&stack, NULL);
    raise(SIGUSR1);
    __atomic_add_fetch((int*)count, 1, __ATOMIC_RELAXED);
    stack.ss_flags = SS_DISABLE;
    sigaltstack(&stack, NULL);
    free(stack.ss_sp);
    return NULL;
}

static void on_signal(int signo) {
    (void)signo;
}

static void threads(void) {
    int count = 0;
    pthread_t thread[8];
    for (int i = 0; i < 8; i++)
        if (pthread_create(&thread[i], NULL, increment, &count) != 0) fail("pthread_create");
    for (int i = 0; i < 8; i++) pthread_join(thread[i], NULL);
    if (count != 8) fail("threads");
}

static void forks(void) {
    const pid_t child = fork();
    if (child < 0) fail("fork");
    if (child == 0) {
        int count = 0;
        increment(&count);
        _exit(3);
    }
    int status;
    if (waitpid(child, &status, 0) != child || status != 3 << 8) fail("forks");
}

static void vforks(void) {
    const pid_t child = vfork();
    if (child < 0) fail("vfork");
    if (child == 0) {
        signal(SIGUSR2, SIG_IGN);
        execl("/no/such/program", "x", (char*)NULL);
        _exit(4);
    }
    int status;
    if (waitpid(child, &status, 0) != child || status != 4 << 8) fail("vforks");
}

/* Mappings at random of a window, with random rights, so that the list of them is cut and joined everywhere.
 */
static void mappings(void) {
    enum { kPages = 512 };
    static char* window;
    static unsigned random = 1;
    if (!window) {
        window = mmap(NULL, kPages * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (window == MAP_FAILED) fail("mmap");
    }
    for (int i = 0; i < 200; i++) {
        random = random * 1103515245 + 12345;
        const size_t page = random >> 12 & (kPages - 1), size = ((random >> 8 & 15) + 1) * 4096;
        if (page * 4096 + size > kPages * 4096) continue;
        char* at = window + page * 4096;
        switch (random >> 24 & 3) {
            case 0:
                munmap(at, size);
                break;
            case 1:
                mprotect(at, size, random >> 26 & 1 ? PROT_READ : PROT_READ | PROT_WRITE);
                break;
            default:
                if (mmap(at, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) !=
                    at)
                    fail("mmap");
                memset(at, 1, size);
        }
    }
    char* moved = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    moved = mremap(moved, 1 << 20, 2 << 20, MREMAP_MAYMOVE);
    if (moved == MAP_FAILED) fail("mremap");
    munmap(moved, 2 << 20);
}

typedef unsigned Function(void);

/* mov w0, #low; movk w0, #high, lsl 16; ret */
static void emit(uint32_t* code, uint32_t value) {
    code[0] = 0x52800000u | (value & 0xffff) << 5;
    code[1] = 0x72a00000u | value >> 16 << 5;
    code[2] = 0xd65f03c0u;
    __builtin___clear_cache((char*)code, (char*)(code + 3));
}

static void code(void) {
    enum { kSize = 16 * 4096, kFunctions = 300 };
    static uint32_t* old;
    static uint32_t value;
    uint32_t* fresh =
        mmap(NULL, kSize, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (fresh == MAP_FAILED) fail("mmap");
    if (!old) old = mmap(NULL, kSize, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < kFunctions; i++) {
        for (int times = 0; times < 2; times++) {
            uint32_t* const places[] = {fresh + i * 32, old + i * 32};
            for (int place = 0; place < 2; place++) {
                emit(places[place], ++value);
                for (int calls = 0; calls < 3; calls++)
                    if (((Function*)places[place])() != value) fail("code");
            }
        }
    }
    munmap(fresh, kSize);
}

static void libraries(void) {
    static const char* const kNames[] = {"libm.so.6", "libresolv.so.2", "libnss_compat.so.2", "libz.so.1"};
    for (size_t i = 0; i < sizeof kNames / sizeof kNames[0]; i++) {
        void* library = dlopen(kNames[i], RTLD_NOW);
        if (!library) continue;
        double (*const sine)(double) = (double (*)(double))dlsym(library, "sin");
        if (sine && sine(0.0) != 0.0) fail("sin");
        dlclose(library);
    }
}

static void descriptors(void) {
    int pair[2], ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0 || pipe(ends) != 0) fail("socketpair");
    struct pollfd one = {.fd = pair[0], .events = POLLIN};
    if (write(pair[1], "x", 1) != 1 || poll(&one, 1, 1000) != 1) fail("poll");
    close(pair[0]), close(pair[1]), close(ends[0]), close(ends[1]);
    static const char* const kFiles[] = {"/proc/self/maps",  "/proc/self/status",  "/proc/self/stat",
                                         "/proc/self/smaps", "/proc/self/cmdline", "/proc/self/auxv",
                                         "/proc/cpuinfo",    "/proc/self/mem"};
    for (size_t i = 0; i < sizeof kFiles / sizeof kFiles[0]; i++) {
        char buffer[4096];
        const int file = open(kFiles[i], O_RDONLY | O_CLOEXEC);
        if (file < 0) fail(kFiles[i]);
        if (i < 7 && read(file, buffer, sizeof buffer) <= 0) fail(kFiles[i]);
        close(file);
    }
    DIR* directory = opendir("/proc/self/fd");
    while (directory && readdir(directory)) {
    }
    if (directory) closedir(directory);
}

static sigjmp_buf back;

static void on_fault(int signo) {
    siglongjmp(back, signo);
}

/* Handlers that are left by a jump, timers that come and go, faults. */
static void signals(void) {
    struct sigaction action = {.sa_handler = on_fault, .sa_flags = SA_NODEFER};
    sigaction(SIGSEGV, &action, NULL);
    action.sa_handler = on_signal;
    sigaction(SIGRTMIN, &action, NULL);
    static volatile int* volatile nowhere;
    if (sigsetjmp(back, 1) == 0) *nowhere = 1;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN};
    timer_t timer;
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0) fail("timer_create");
    const struct itimerspec once = {{0, 0}, {0, 20000}};
    timer_settime(timer, 0, &once, NULL);
    const struct timespec moment = {0, 100000};
    nanosleep(&moment, NULL);
    timer_delete(timer);
}

/* Goes on as itself after an exec: whatever an exec leaves behind adds up. */
static void executions(void) {
    const struct timespec moment = {0, 20000000};
    nanosleep(&moment, NULL);
    execv("/proc/self/exe", program_arguments);
    fail("exec");
}

static void* execute(void* unused) {
    (void)unused;
    executions();
    return NULL;
}

static void thread_executions(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, execute, NULL);
    for (;;) pause();
}

static const struct {
    const char* name;
    void (*turn)(void);
} kWays[] = {
    {"threads", threads},
    {"fork", forks},
    {"vfork", vforks},
    {"mmap", mappings},
    {"code", code},
    {"dlopen", libraries},
    {"descriptors", descriptors},
    {"signals", signals},
    {"exec", executions},
    {"exec-from-thread", thread_executions},
};

int main(int count, char** arguments) {
    program_arguments = arguments;
    const struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};
    sigaction(SIGUSR1, &action, NULL);
    /* Some dozens of turns a second are enough. */
    const struct timespec pause_between = {0, 10000000};
    for (size_t i = 0; count == 2 && i < sizeof kWays / sizeof kWays[0]; i++) {
        if (strcmp(arguments[1], kWays[i].name) != 0) continue;
        for (;;) {
            kWays[i].turn();
            nanosleep(&pause_between, NULL);
        }
    }
    return 2;
}
