/* SPDX-License-Identifier: MIT */
/* landlock: rules on files, for threads, their children, and programs they execute; and executing itself. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "../check.h"

#define FILES                                                                                    \
    (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE | \
     LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE)

static const char* program;

static int make_ruleset(uint64_t handled) {
    const uint64_t attribute[1] = {handled};
    return (int)syscall(SYS_landlock_create_ruleset, attribute, sizeof attribute, 0);
}

static void allow(int ruleset, const char* path, uint64_t rights) {
    struct landlock_path_beneath_attr rule = {rights, open(path, O_PATH | O_CLOEXEC)};
    CHECK_CALL(rule.parent_fd);
    CHECK_CALL(syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0));
    close(rule.parent_fd);
}

static int can_write(const char* path) {
    const int fd = open(path, O_WRONLY | O_CREAT, 0644);
    if (fd < 0) return -errno;
    close(fd);
    return 0;
}

static int can_read(const char* path) {
    const int fd = open(path, O_RDONLY);
    if (fd < 0) return -errno;
    close(fd);
    return 0;
}

/* The status of executing `path` with one argument, in a child: what it returns, or 100 plus the errno. */
static int execute(const char* path, const char* argument) {
    const pid_t child = fork();
    if (child == 0) {
        execl(path, path, argument, NULL);
        _exit(100 + errno);
    }
    int status = -1;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -status;
}

/* What is in force in a program that was executed under the rules. */
static int check_inherited(void) {
    CHECK_EQ(can_write("allowed/file"), 0);
    CHECK_EQ(can_write("denied/file"), -EACCES);
    CHECK_EQ(can_read("readable/file"), 0);
    CHECK_EQ(can_write("readable/file"), -EACCES);
    CHECK_EQ(can_read("denied/file"), -EACCES);
    CHECK_EQ(execute("denied/program", "leaf"), 100 + EACCES);
    CHECK_EQ(execute("readable/program", "leaf"), 100 + EACCES);
    return check_failures ? 1 : 42;
}

static void* in_other_thread(void* argument) {
    (void)argument;
    return (void*)(long)can_write("denied/by_other_thread");
}

static void* restricted_thread(void* argument) {
    (void)argument;
    const int ruleset = make_ruleset(LANDLOCK_ACCESS_FS_WRITE_FILE);
    CHECK_CALL(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    CHECK_CALL(syscall(SYS_landlock_restrict_self, ruleset, 0));
    close(ruleset);
    CHECK_EQ(can_write("allowed/file"), -EACCES);
    CHECK_EQ(can_read("allowed/file"), 0);
    return NULL;
}

static void copy_program(const char* to) {
    char buffer[65536];
    const int in = CHECK_CALL(open(program, O_RDONLY));
    const int out = CHECK_CALL(open(to, O_WRONLY | O_CREAT, 0755));
    for (ssize_t size; (size = read(in, buffer, sizeof buffer)) > 0;)
        CHECK_EQ(write(out, buffer, (size_t)size), size);
    close(in);
    close(out);
}

static void network(int version) {
    if (version < 4) return;
    const uint64_t attribute[2] = {0, 1 /* LANDLOCK_ACCESS_NET_BIND_TCP */};
    const int ruleset = CHECK_CALL((int)syscall(SYS_landlock_create_ruleset, attribute, sizeof attribute, 0));
    CHECK_CALL(syscall(SYS_landlock_restrict_self, ruleset, 0));
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = CHECK_CALL(socket(AF_INET, SOCK_STREAM, 0));
    address.sin_port = htons(34567);
    CHECK_FAILS(bind(fd, (struct sockaddr*)&address, sizeof address), EACCES);
    close(fd);
    close(ruleset);
}

int main(int argc, char** argv) {
    program = argv[0];
    if (argc > 1 && strcmp(argv[1], "leaf") == 0) return 7;
    if (argc > 1) return check_inherited();
    const int version =
        (int)syscall(SYS_landlock_create_ruleset, NULL, 0, 1 /* LANDLOCK_CREATE_RULESET_VERSION */);
    if (version < 0 && (errno == ENOSYS || errno == EOPNOTSUPP)) {
        puts("ok"); /* a kernel without it */
        return 0;
    }
    CHECK(version >= 1);
    CHECK_FAILS(make_ruleset(1ull << 63), EINVAL);
    CHECK_FAILS(syscall(SYS_landlock_restrict_self, 1, 0), EBADFD);
    CHECK_FAILS(syscall(SYS_landlock_restrict_self, 1000, 0), EBADF);
    const char* const directories[] = {"allowed", "denied", "readable"};
    for (int i = 0; i < 3; i++) CHECK_CALL(mkdir(directories[i], 0755));
    CHECK_EQ(can_write("readable/file"), 0);
    CHECK_EQ(can_write("denied/file"), 0);
    copy_program("denied/program");
    copy_program("readable/program");
    copy_program("allowed/program");
    CHECK_EQ(execute("denied/program", "leaf"), 7);

    pthread_t thread;
    void* result = NULL;
    CHECK_EQ(can_write("allowed/file"), 0);
    pthread_create(&thread, NULL, restricted_thread, NULL);
    pthread_join(thread, NULL);
    CHECK_EQ(can_write("allowed/file"), 0); /* it was that thread's alone */

    const int ruleset = CHECK_CALL(make_ruleset(FILES));
    allow(ruleset, "allowed", FILES);
    allow(ruleset, "readable", LANDLOCK_ACCESS_FS_READ_FILE);
    CHECK_CALL(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    CHECK_CALL(syscall(SYS_landlock_restrict_self, ruleset, 0));
    close(ruleset);
    CHECK_EQ(can_write("allowed/file"), 0);
    CHECK_EQ(can_write("denied/new"), -EACCES);
    CHECK_EQ(can_read("/etc/passwd"), -EACCES);
    CHECK_FAILS(unlink("denied/file"), EACCES);
    CHECK_FAILS(open("denied", O_RDONLY | O_DIRECTORY), EACCES);
    /* New threads and children have the rules. */
    pthread_create(&thread, NULL, in_other_thread, NULL);
    pthread_join(thread, &result);
    CHECK_EQ((long)result, -EACCES);
    const pid_t child = fork();
    if (child == 0) _exit(can_write("denied/new") == -EACCES ? 0 : 1);
    int status = -1;
    waitpid(child, &status, 0);
    CHECK_EQ(status, 0);
    /* So do programs; which may be executed is a rule, too. */
    CHECK_EQ(execute("allowed/program", "inherited"), 42);
    CHECK_EQ(execute("readable/program", "leaf"), 100 + EACCES);
    CHECK_EQ(execute("denied/program", "leaf"), 100 + EACCES);
    /* A second layer takes away more. */
    const int second = CHECK_CALL(make_ruleset(LANDLOCK_ACCESS_FS_WRITE_FILE));
    CHECK_CALL(syscall(SYS_landlock_restrict_self, second, 0));
    close(second);
    CHECK_EQ(can_write("allowed/file"), -EACCES);
    CHECK_EQ(can_read("allowed/file"), 0);
    CHECK_EQ(execute("allowed/program", "leaf"), 7);
    network(version);
    return check_done();
}
