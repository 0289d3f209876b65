// SPDX-License-Identifier: MIT
// A thread, a child, a program that the child executes, and a thread that still waits when the process ends.
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(int to, const char* text) {
    (void)!write(to, text, strlen(text));
}

static int null[2];

static void* other(void* argument) {
    say(null[1], "thread\n");
    return argument;
}

static void* waits_for_ever(void* argument) {
    say(null[1], "waiting\n");
    poll(0, 0, -1);
    return argument;
}

int main(int argc, char** argv) {
    (void)!pipe(null);
    if (argc == 2) {
        say(null[1], "executed\n");
        return 7;
    }
    pthread_t thread;
    pthread_create(&thread, 0, other, 0);
    pthread_join(thread, 0);
    pid_t child = fork();
    if (child == 0) {
        say(null[1], "child\n");
        execl("/proc/self/exe", "family", "again", (char*)0);
        _exit(1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    pthread_create(&thread, 0, waits_for_ever, 0);
    char text[80] = {0};
    // Twice: what the other thread says last, and some time for it to begin to wait.
    while (read(null[0], text, sizeof(text)) > 0 && !memmem(text, sizeof(text), "waiting", 7)) {
    }
    usleep(50000);
    return argv[0] == 0 || WEXITSTATUS(status) != 7;
}
