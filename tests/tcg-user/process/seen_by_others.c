/* SPDX-License-Identifier: MIT */
/* What ps and pgrep of other processes read of an emulated one: the program's arguments, also when it writes
   over them, its environment, its executable, its addresses. */
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "check.h"

static char text[8192];

static ssize_t read_file(pid_t pid, const char* name) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    int file = CHECK_CALL(open(path, O_RDONLY));
    ssize_t size = CHECK_CALL(read(file, text, sizeof text - 1));
    text[size > 0 ? size : 0] = 0;
    close(file);
    return size;
}

/* Tells its parent that it runs, then what it is called anew, then sleeps. */
static int child(char** arguments) {
    char byte = 0;
    if (write(1, &byte, 1) != 1 || read(0, &byte, 1) != 1) return 1;
    memset(arguments[2], 'x', strlen(arguments[2]));
    if (write(1, &byte, 1) != 1) return 1;
    for (;;) pause();
}

int main(int count, char** arguments) {
    if (count > 1 && strcmp(arguments[1], "child") == 0) return child(arguments);
    int to[2], from[2];
    CHECK_CALL(pipe(to));
    CHECK_CALL(pipe(from));
    pid_t pid = CHECK_CALL(fork());
    if (pid == 0) {
        dup2(to[0], 0);
        dup2(from[1], 1);
        char *given[] = {"a name", "child", "third", NULL}, *variables[] = {"ONE=1", "TWO=2", NULL};
        execve("/proc/self/exe", given, variables);
        _exit(99);
    }
    char byte;
    CHECK_EQ(read(from[0], &byte, 1), 1);
    CHECK_EQ(read_file(pid, "cmdline"), 19);
    CHECK(memcmp(text, "a name\0child\0third", 19) == 0);
    CHECK_EQ(write(to[1], &byte, 1), 1);
    CHECK_EQ(read(from[0], &byte, 1), 1);
    CHECK_EQ(read_file(pid, "cmdline"), 19);
    CHECK(memcmp(text, "a name\0child\0xxxxx", 19) == 0);
    CHECK_EQ(read_file(pid, "environ"), 12);
    CHECK(memcmp(text, "ONE=1\0TWO=2", 12) == 0);

    char path[64], own[4096], of_child[4096];
    ssize_t length = CHECK_CALL(readlink("/proc/self/exe", own, sizeof own - 1));
    own[length > 0 ? length : 0] = 0;
    snprintf(path, sizeof path, "/proc/%d/exe", pid);
    length = CHECK_CALL(readlink(path, of_child, sizeof of_child - 1));
    of_child[length > 0 ? length : 0] = 0;
    CHECK_STR(of_child, own);
    struct stat by_link, by_name;
    CHECK_CALL(stat(path, &by_link));
    CHECK_CALL(stat(own, &by_name));
    CHECK_EQ(by_link.st_ino, by_name.st_ino);
    struct statx extended;
    CHECK_CALL(statx(AT_FDCWD, path, 0, STATX_INO, &extended));
    CHECK_EQ(extended.stx_ino, by_name.st_ino);
    unsigned char header[20];
    int file = CHECK_CALL(open(path, O_RDONLY));
    CHECK_EQ(read(file, header, sizeof header), sizeof header);
    CHECK_EQ(header[18], 183); /* EM_AARCH64 */

    read_file(pid, "stat");
    unsigned long start = 0, end = 0;
    CHECK_EQ(sscanf(strrchr(text, ')'),
                    ") %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
                    "%*s %*s %lu %lu",
                    &start, &end),
             2);
    /* Not position independent: the same addresses as here. */
    CHECK(start <= (uintptr_t)main && (uintptr_t)main < end);
    CHECK_CALL(kill(pid, SIGKILL));
    CHECK_CALL(waitpid(pid, NULL, 0));
    return check_done();
}
