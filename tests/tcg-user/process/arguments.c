/* SPDX-License-Identifier: MIT */
/* 64 KiB of arguments and a thousand variables arrive unchanged through an exec, in /proc/self/cmdline too.
 */
#include <fcntl.h>
#include <sys/wait.h>

#include "check.h"

extern char** environ;
enum { kArguments = 600, kVariables = 1000 };

static void make(char* text, int number, const char* prefix) {
    int length = sprintf(text, "%s%d=", prefix, number);
    for (int i = 0; i < 100 + number % 17; i++) text[length++] = (char)(33 + (i * 7 + number) % 90);
    text[length] = 0;
}

static int check_child(int count, char** arguments) {
    char want[256];
    size_t bytes = 0;
    if (count != kArguments + 2) return 1;
    for (int i = 0; i < kArguments; i++) {
        make(want, i, "argument");
        if (strcmp(arguments[2 + i], want) != 0) return 2;
        bytes += strlen(want) + 1;
    }
    if (bytes < 65536 || arguments[count] != NULL) return 3;
    for (int i = 0; i < kVariables; i++) {
        make(want, i, "V");
        if (environ[i] == NULL || strcmp(environ[i], want) != 0) return 4;
    }
    if (environ[kVariables] != NULL) return 5;
    char* buffer = malloc(bytes + 1000);
    size_t have = 0;
    int file = open("/proc/self/cmdline", O_RDONLY);
    for (;;) {
        ssize_t more = read(file, buffer + have, bytes + 1000 - have);
        if (more <= 0) break;
        have += (size_t)more;
    }
    if (have != bytes + strlen(arguments[0]) + strlen(arguments[1]) + 2) return 6;
    const char* at = buffer;
    for (int i = 0; i < count; i++) {
        if (strcmp(at, arguments[i]) != 0) return 7;
        at += strlen(at) + 1;
    }
    return 55;
}

int main(int count, char** arguments) {
    if (count > 1 && strcmp(arguments[1], "child") == 0) return check_child(count, arguments);
    char **given = calloc(kArguments + 3, sizeof *given),
         **variables = calloc(kVariables + 1, sizeof *variables);
    given[0] = "name";
    given[1] = "child";
    for (int i = 0; i < kArguments; i++) make(given[2 + i] = malloc(256), i, "argument");
    for (int i = 0; i < kVariables; i++) make(variables[i] = malloc(256), i, "V");
    pid_t child = CHECK_CALL(fork());
    if (child == 0) {
        execve("/proc/self/exe", given, variables);
        _exit(99);
    }
    int status;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 55 << 8);
    /* Too much is E2BIG, and the program goes on. */
    char* huge = malloc(200000);
    memset(huge, 'x', 199999);
    huge[199999] = 0;
    CHECK_FAILS(execl("/proc/self/exe", "name", huge, (char*)NULL), E2BIG);
    return check_done();
}
