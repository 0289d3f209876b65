/* SPDX-License-Identifier: MIT */
/* The end of the process ends every thread, whatever it does; the main thread may go first. */
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "check.h"

static void* spin(void* argument) {
    for (;;) __asm__ volatile("");
    return argument;
}

static void* sleep_long(void* argument) {
    sleep(1000);
    return argument;
}

static void* finish(void* argument) {
    usleep(20000);
    exit((int)(uintptr_t)argument);
}

static int in_child(int kind) {
    pid_t child = fork();
    if (child == 0) {
        pthread_t thread;
        pthread_create(&thread, NULL, spin, NULL);
        pthread_create(&thread, NULL, sleep_long, NULL);
        usleep(5000);
        if (kind == 0) _exit(10);
        if (kind == 1) {
            pthread_create(&thread, NULL, finish, (void*)11);
            pthread_exit(NULL);
        }
        pthread_create(&thread, NULL, finish, (void*)12);
        spin(NULL);
    }
    int status = 0;
    CHECK_EQ(waitpid(child, &status, 0), child);
    return status;
}

int main(void) {
    for (int i = 0; i < 5; i++) {
        CHECK_EQ(in_child(0), 10 << 8);
        CHECK_EQ(in_child(1), 11 << 8);
        CHECK_EQ(in_child(2), 12 << 8);
    }
    return check_done();
}
