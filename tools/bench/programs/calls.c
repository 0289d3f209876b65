// SPDX-License-Identifier: MIT
// What system calls, signals and processes cost: calls [COMMAND...] prints a name and nanoseconds for each,
// the least of many short batches. COMMAND is what the last one executes, a program that ends at once: "calls
// end" is one.
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int zero, null;
static char byte;
static char** command;
static volatile int handled;

static void do_getpid(void) {
    syscall(SYS_getpid);
}
static void do_read(void) {
    if (read(zero, &byte, 1) != 1) abort();
}
static void do_write(void) {
    if (write(null, &byte, 1) != 1) abort();
}
static void on_signal(int signo) {
    handled = signo;
}
static void do_signal(void) {
    syscall(SYS_kill, getpid(), SIGUSR1);
}
static void wait_for_end(pid_t pid) {
    int status = 1;
    if (waitpid(pid, &status, 0) != pid || status != 0) abort();
}
static void do_fork(void) {
    const pid_t pid = fork();
    if (pid == 0) _exit(0);
    wait_for_end(pid);
}
static void do_exec(void) {
    const pid_t pid = fork();
    if (pid == 0) {
        execvp(command[0], command);
        _exit(127);
    }
    wait_for_end(pid);
}

static const struct {
    const char* name;
    void (*function)(void);
    int count;
} rows[] = {{"getpid", do_getpid, 2000},      {"read 1 byte", do_read, 2000},
            {"write 1 byte", do_write, 2000}, {"signal and back", do_signal, 200},
            {"fork, wait", do_fork, 2},       {"fork, exec, wait", do_exec, 1}};

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

int main(int argc, char** argv) {
    if (argc > 1 && strcmp(argv[1], "end") == 0) return 0;
    command = argv + 1;
    zero = open("/dev/zero", O_RDONLY);
    null = open("/dev/null", O_WRONLY);
    signal(SIGUSR1, on_signal);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].function == do_exec && argc < 2) continue;
        double least = 1e30;
        const double begin = now();
        for (int batch = 0; batch < 5 || (batch < 100 && now() - begin < 0.3e9); batch++) {
            const double start = now();
            for (int n = 0; n < rows[i].count; n++) rows[i].function();
            const double each = (now() - start) / rows[i].count;
            if (each < least) least = each;
        }
        printf("%s: %.0f\n", rows[i].name, least);
        fflush(stdout);
    }
    return 0;
}
