/* SPDX-License-Identifier: MIT */
/* exec of guest programs and scripts, in every spelling: the child is emulated like its parent. The program
 * runs itself with other arguments. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "check.h"

extern char** environ;

static int finish(pid_t child) {
    int status;
    CHECK_EQ(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/* What a child started by exec checks: exits with the number of what is wrong. */
static int child_main(int count, char** arguments) {
    if (strcmp(arguments[1], "child") != 0) return 1;
    if (count != 4 || strcmp(arguments[2], "two words") != 0 || strcmp(arguments[3], "") != 0) return 2;
    if (getenv("CHILD") == NULL || strcmp(getenv("CHILD"), "yes") != 0) return 3;
    if (getenv("PATH") != NULL) return 4;
    if (fcntl(50, F_GETFD) != -1) return 5;
    if (fcntl(51, F_GETFD) != 0) return 6;
    return 33;
}

static int script_child(int count, char** arguments) {
    /* #!<program> script-argument: argv is program, the argument, the script's path, then the caller's. */
    if (count != 4 || strcmp(arguments[1], "script argument") != 0) return 1;
    if (strstr(arguments[2], "script") == NULL || strcmp(arguments[3], "given") != 0) return 2;
    return 44;
}

int main(int count, char** arguments) {
    if (count > 1 && strcmp(arguments[1], "child") == 0) return child_main(count, arguments);
    if (count > 1 && strcmp(arguments[1], "script argument") == 0) return script_child(count, arguments);
    if (count > 1 && strcmp(arguments[1], "status") == 0) return atoi(arguments[2]);

    char self[4096];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    CHECK(length > 0);
    self[length > 0 ? length : 0] = 0;
    CHECK_STR(strrchr(self, '/') + 1, "exec");

    char* const child_arguments[] = {"any name", "child", "two words", "", NULL};
    char* const child_environment[] = {"CHILD=yes", NULL};
    int null = open("/dev/null", O_RDONLY);
    CHECK_EQ(dup3(null, 50, O_CLOEXEC), 50);
    CHECK_EQ(dup2(null, 51), 51);

    pid_t child = fork();
    if (child == 0) {
        execve(self, child_arguments, child_environment);
        _exit(99);
    }
    CHECK_EQ(finish(child), 33);
    child = vfork();
    if (child == 0) {
        execve("/proc/self/exe", child_arguments, child_environment);
        _exit(99);
    }
    CHECK_EQ(finish(child), 33);
    CHECK_EQ(posix_spawn(&child, self, NULL, NULL, child_arguments, child_environment), 0);
    CHECK_EQ(finish(child), 33);
    child = fork();
    if (child == 0) {
        int file = open(self, O_RDONLY | O_CLOEXEC);
        fexecve(file, child_arguments, child_environment);
        _exit(99);
    }
    CHECK_EQ(finish(child), 33);
    /* Relative, after a change of directory. */
    child = fork();
    if (child == 0) {
        char* slash = strrchr(self, '/');
        *slash = 0;
        if (chdir(self) != 0) _exit(98);
        *slash = '/';
        execve("./exec", child_arguments, child_environment);
        _exit(99);
    }
    CHECK_EQ(finish(child), 33);
    child = fork();
    if (child == 0) {
        char* slash = strrchr(self, '/');
        *slash = 0;
        int directory = open(self, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        execveat(directory, "exec", child_arguments, child_environment, 0);
        _exit(99);
    }
    CHECK_EQ(finish(child), 33);

    /* Scripts. */
    int script = CHECK_CALL(open("script", O_WRONLY | O_CREAT | O_TRUNC, 0700));
    CHECK(dprintf(script, "#! %s   script argument  \nrubbish\n", self) > 0);
    close(script);
    child = fork();
    if (child == 0) {
        execl("./script", "ignored", "given", NULL);
        _exit(99);
    }
    CHECK_EQ(finish(child), 44);
    CHECK_EQ(posix_spawnp(&child, "./script", NULL, NULL, (char* const[]){"ignored", "given", NULL}, environ),
             0);
    CHECK_EQ(finish(child), 44);

    /* What cannot be executed. */
    CHECK_FAILS(execl("./no-such-file", "x", NULL), ENOENT);
    CHECK_EQ(posix_spawn(&child, "./no-such-file", NULL, NULL, child_arguments, environ), ENOENT);
    CHECK_EQ(chmod("script", 0600), 0);
    CHECK_FAILS(execl("./script", "x", NULL), EACCES);
    CHECK_EQ(chmod("script", 0700), 0);
    CHECK_EQ(truncate("script", 0), 0);
    CHECK_FAILS(execl("./script", "x", NULL), ENOEXEC);
    int rubbish = CHECK_CALL(open("script", O_WRONLY | O_TRUNC));
    CHECK(write(rubbish, "\177ELFrubbish", 11) == 11);
    close(rubbish);
    CHECK_FAILS(execl("./script", "x", NULL), ENOEXEC);
    rubbish = CHECK_CALL(open("script", O_WRONLY | O_TRUNC));
    CHECK(dprintf(rubbish, "#!/no/such/interpreter\n") > 0);
    close(rubbish);
    CHECK_FAILS(execl("./script", "x", NULL), ENOENT);
    CHECK_FAILS(execl("/", "x", NULL), EACCES);
    CHECK_FAILS(execl("/dev/null/x", "x", NULL), ENOTDIR);
    unlink("script");

    /* A host program. */
    child = fork();
    if (child == 0) {
        execl("/bin/sh", "sh", "-c", "exit 17", NULL);
        _exit(99);
    }
    CHECK_EQ(finish(child), 17);
    CHECK_EQ(system("exit 3"), 3 << 8);
    FILE* stream = popen("echo from a pipe", "r");
    char line[64] = "";
    CHECK(fgets(line, sizeof line, stream) != NULL);
    CHECK_STR(line, "from a pipe\n");
    CHECK_EQ(pclose(stream), 0);

    /* Many in a row. */
    for (int i = 0; i < 20; i++) {
        char number[16];
        snprintf(number, sizeof number, "%d", i);
        CHECK_EQ(posix_spawn(&child, self, NULL, NULL, (char* const[]){"x", "status", number, NULL}, environ),
                 0);
        CHECK_EQ(finish(child), i);
    }
    return check_done();
}
