/* SPDX-License-Identifier: MIT */
/* exec from a thread that is not the first, while others run: the process id stays, the other threads end. */
#include <pthread.h>
#include <sys/wait.h>

#include "check.h"

static char pid_text[32];

static void* spin(void* argument) {
    for (;;) __asm__ volatile("");
    return argument;
}

static void* run(void* argument) {
    execl("/proc/self/exe", "x", "second", pid_text, (char*)NULL);
    return argument;
}

int main(int count, char** arguments) {
    if (count > 2 && strcmp(arguments[1], "second") == 0) return atoi(arguments[2]) == getpid() ? 21 : 22;
    for (int i = 0; i < 5; i++) {
        pid_t child = CHECK_CALL(fork());
        if (child == 0) {
            pthread_t thread;
            snprintf(pid_text, sizeof pid_text, "%d", getpid());
            pthread_create(&thread, NULL, spin, NULL);
            pthread_create(&thread, NULL, run, NULL);
            spin(NULL);
        }
        int status;
        CHECK_EQ(waitpid(child, &status, 0), child);
        CHECK_EQ(status, 21 << 8);
    }
    return check_done();
}
