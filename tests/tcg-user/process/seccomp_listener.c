/* SPDX-License-Identifier: MIT */
/* seccomp filters that ask: a supervisor with a listener (SECCOMP_RET_USER_NOTIF), or a tracer
 * (SECCOMP_RET_TRACE). */
#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "../check.h"

#ifdef __aarch64__
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#define ARCHITECTURE AUDIT_ARCH_X86_64
#endif
#ifndef PTRACE_EVENT_SECCOMP
#define PTRACE_EVENT_SECCOMP 7
#endif

/* The call gets the answer, with the filter's flags. */
static long load(int number, unsigned answer, unsigned flags) {
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, answer),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {4, filter};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

static void send_descriptor(int to, int fd) {
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {
        .head = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
    memcpy(CMSG_DATA(&control.head), &fd, sizeof fd);
    struct iovec vector = {"x", 1};
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    if (sendmsg(to, &message, 0) != 1) _exit(90);
}

static int receive_descriptor(int from) {
    char byte;
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec vector = {&byte, 1};
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    int fd = -1;
    if (recvmsg(from, &message, 0) == 1) memcpy(&fd, CMSG_DATA(&control.head), sizeof fd);
    return fd;
}

static const char* program;
static int sockets[2];

static void leave(void) {
    fflush(stdout);
    _exit(check_failures ? 1 : 0);
}

/* A child that runs `body` under a filter; the listener for the parent. */
static pid_t supervised(void (*body)(void), int* listener) {
    CHECK_CALL(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
    const pid_t pid = fork();
    if (pid == 0) {
        const long fd = load(SYS_mkdirat, SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER);
        if (fd < 0) _exit(91);
        send_descriptor(sockets[1], (int)fd);
        close((int)fd);
        body();
        leave();
    }
    *listener = receive_descriptor(sockets[0]);
    close(sockets[0]);
    close(sockets[1]);
    return pid;
}

static void end(pid_t pid) {
    int status = -1;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(status, 0);
    fflush(stdout);
}

static struct seccomp_notif next(int listener) {
    struct seccomp_notif n;
    memset(&n, 0, sizeof n);
    CHECK_CALL(ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &n));
    return n;
}

static int respond(int listener, uint64_t id, long value, int error, unsigned flags) {
    struct seccomp_notif_resp response = {id, value, error, flags};
    return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response) == 0 ? 0 : -errno;
}

static void ask(void) {
    CHECK_EQ(syscall(SYS_mkdirat, 1, 2, 3, 4, 5, 6), 12345678901);
    CHECK_FAILS(syscall(SYS_mkdirat, -1L, -1L, -1L), EXDEV);
    CHECK_FAILS(syscall(SYS_mkdirat, 0, 0, 0), ENOSYS);
    CHECK_EQ(syscall(SYS_mkdirat, AT_FDCWD, "made", 0700), 0);
    CHECK_EQ(access("made", F_OK), 0);
    CHECK_FAILS(syscall(SYS_mkdirat, AT_FDCWD, "made", 0700), EEXIST);
    char text[8] = "";
    const int fd = (int)syscall(SYS_mkdirat, 0, 0, 0);
    CHECK_EQ(pread(fd, text, 5, 0), 5);
    CHECK_STR(text, "given");
    CHECK_EQ(syscall(SYS_mkdirat, 0, 0, 0), 77);
    CHECK_EQ(pread(77, text, 5, 0), 5);
    CHECK_EQ(fcntl(77, F_GETFD), FD_CLOEXEC);
    CHECK_FAILS(load(SYS_getppid, SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER), EBUSY);
    /* Without a listener of its own, the newer filter's answer counts. */
    CHECK_EQ(load(SYS_getppid, SECCOMP_RET_USER_NOTIF, 0), 0);
    CHECK_FAILS(syscall(SYS_getppid), ENOSYS);
    /* A process that it makes asks as well, and a program. */
    const pid_t child = fork();
    if (child == 0) {
        CHECK_EQ(syscall(SYS_mkdirat, 0, 0, 0), 8);
        execl(program, program, "asks", NULL);
        _exit(92);
    }
    end(child);
    /* Nobody is there any more. */
    while (syscall(SYS_mkdirat, 0, 0, 0) == 10) {
    }
    CHECK_EQ(errno, ENOSYS);
}

static void listeners(void) {
    CHECK_EQ(load(SYS_mkdirat, SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV), -1);
    CHECK_EQ(load(SYS_mkdirat, SECCOMP_RET_USER_NOTIF,
                  SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_TSYNC),
             -1);
    unsigned action = SECCOMP_RET_USER_NOTIF;
    CHECK_EQ(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action), 0);
    struct seccomp_notif_sizes sizes;
    CHECK_EQ(syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes), 0);
    CHECK_EQ(sizes.seccomp_notif, sizeof(struct seccomp_notif));

    int listener = -1;
    const pid_t pid = supervised(ask, &listener);
    CHECK(listener >= 0);
    struct pollfd waiting = {listener, POLLIN, 0};
    CHECK_EQ(poll(&waiting, 1, 5000), 1);
    CHECK_EQ(waiting.revents, POLLIN);
    struct seccomp_notif n = next(listener);
    CHECK_EQ(n.pid, pid);
    CHECK_EQ(n.data.nr, SYS_mkdirat);
    CHECK_EQ(n.data.arch, ARCHITECTURE);
    for (unsigned i = 0; i < 6; i++) CHECK_EQ(n.data.args[i], i + 1);
    CHECK_EQ(ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &n.id), 0);
    uint64_t other = n.id + 1000;
    CHECK_FAILS(ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &other), ENOENT);
    CHECK_EQ(respond(listener, n.id, 1, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE), -EINVAL);
    CHECK_EQ(respond(listener, n.id, 0, 0, 1u << 7), -EINVAL);
    CHECK_EQ(respond(listener, n.id, 12345678901, 0, 0), 0);
    const int twice = respond(listener, n.id, 0, 0, 0);
    CHECK(twice == -ENOENT || twice == -EINPROGRESS); /* until it has woken up */
    n = next(listener);
    CHECK_EQ(n.data.args[2], (uint64_t)-1);
    CHECK_EQ(respond(listener, n.id, 0, -EXDEV, 0), 0);
    CHECK_EQ(respond(listener, next(listener).id, 0, -ENOSYS, 0), 0);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(respond(listener, next(listener).id, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE), 0);
    const int given = memfd_create("given", 0);
    CHECK_EQ(write(given, "given", 5), 5);
    struct seccomp_notif_addfd added = {.id = next(listener).id, .srcfd = (unsigned)given};
    const int remote = CHECK_CALL(ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &added));
    CHECK_EQ(respond(listener, added.id, remote, 0, 0), 0);
    added.id = next(listener).id;
    added.flags = SECCOMP_ADDFD_FLAG_SETFD | SECCOMP_ADDFD_FLAG_SEND;
    added.newfd = 77;
    added.newfd_flags = O_CLOEXEC;
    CHECK_EQ(ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &added), 77);
    close(given);
    n = next(listener); /* a grandchild */
    CHECK(n.pid != (unsigned)pid);
    CHECK_EQ(respond(listener, n.id, 8, 0, 0), 0);
    const unsigned grandchild = n.pid;
    n = next(listener); /* the same, with another program */
    CHECK_EQ(n.pid, grandchild);
    CHECK_EQ(n.data.nr, SYS_mkdirat);
    CHECK_EQ(respond(listener, n.id, 9, 0, 0), 0);
    CHECK_EQ(respond(listener, next(listener).id, 10, 0, 0), 0);
    close(listener);
    end(pid);
    rmdir("made");
}

static void on_signal(int signo) {
    (void)signo;
}

static void ask_and_be_interrupted(void) {
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGUSR1, &action, NULL);
    CHECK_FAILS(syscall(SYS_mkdirat, 0, 0, 0), EINTR);
    action.sa_flags = SA_RESTART;
    sigaction(SIGUSR1, &action, NULL);
    CHECK_EQ(syscall(SYS_mkdirat, 0, 0, 0), 5);
}

static void interruptions(void) {
    int listener = -1;
    const pid_t pid = supervised(ask_and_be_interrupted, &listener);
    struct seccomp_notif n = next(listener);
    kill(pid, SIGUSR1);
    while (ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &n.id) == 0) usleep(1000);
    CHECK_EQ(respond(listener, n.id, 1, 0, 0), -ENOENT);
    n = next(listener);
    kill(pid, SIGUSR1);
    while (ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &n.id) == 0) usleep(1000);
    CHECK_EQ(respond(listener, next(listener).id, 5, 0, 0), 0);
    end(pid);
    close(listener);
}

static volatile int go;
static long results[2];
static void* ask_in_thread(void* argument) {
    while (!go) usleep(1000);
    results[(long)argument] = syscall(SYS_mkdirat, 0, 0, 0);
    return NULL;
}

/* One filter for all threads, and a thread that supervises the others. */
static void with_threads(void) {
    const pid_t pid = fork();
    if (pid == 0) {
        pthread_t threads[2];
        for (long i = 0; i < 2; i++) pthread_create(&threads[i], NULL, ask_in_thread, (void*)i);
        const long listener = load(
            SYS_mkdirat, SECCOMP_RET_USER_NOTIF,
            SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH);
        CHECK(listener >= 0);
        go = 1;
        for (int i = 0; i < 2; i++) {
            const struct seccomp_notif n = next((int)listener);
            CHECK_EQ(respond((int)listener, n.id, n.pid, 0, 0), 0);
        }
        for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
        CHECK(results[0] > 0 && results[1] > 0 && results[0] != results[1]);
        leave();
    }
    end(pid);
}

#ifdef __aarch64__

static void traced_calls(void) {
    if (ptrace(PTRACE_TRACEME, 0, 0, 0) != 0 || load(SYS_getppid, SECCOMP_RET_TRACE | 321, 0) != 0) _exit(93);
    raise(SIGSTOP);
    CHECK_EQ(syscall(SYS_getppid), getppid());
    CHECK_EQ(syscall(SYS_getppid), 4711);
    CHECK_EQ(syscall(SYS_getppid, 0, 0, 0), getpid());
    CHECK_EQ(syscall(SYS_getppid), 15);
    leave();
}

static int wait_for(pid_t pid) {
    int status = -1;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    return status;
}

#define AT_FILTER ((SIGTRAP | PTRACE_EVENT_SECCOMP << 8) << 8 | 0x7f)

static void set_number(pid_t pid, int number) {
    struct iovec range = {&number, sizeof number};
    CHECK_CALL(ptrace(PTRACE_SETREGSET, pid, 0x404 /* NT_ARM_SYSTEM_CALL */, &range));
}

static void set_first(pid_t pid, uint64_t value) {
    uint64_t registers[34];
    struct iovec range = {registers, sizeof registers};
    CHECK_CALL(ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &range));
    registers[0] = value;
    CHECK_CALL(ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &range));
}

static void tracer(void) {
    const pid_t pid = fork();
    if (pid == 0) traced_calls();
    CHECK_EQ(wait_for(pid), SIGSTOP << 8 | 0x7f);
    CHECK_CALL(ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESECCOMP | PTRACE_O_TRACESYSGOOD));
    CHECK_CALL(ptrace(PTRACE_CONT, pid, 0, 0));
    /* getppid, twice: for the value it is compared with, too. As it is, with a look at its end. */
    CHECK_EQ(wait_for(pid), AT_FILTER);
    unsigned long message = 0;
    CHECK_CALL(ptrace(PTRACE_GETEVENTMSG, pid, 0, &message));
    CHECK_EQ(message, 321);
    struct {
        uint8_t op, pad[3];
        uint32_t arch;
        uint64_t pc, sp, nr, args[6];
        uint32_t data;
    } info = {0};
    CHECK_EQ(ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info), 84);
    CHECK_EQ(info.op, 3 /* PTRACE_SYSCALL_INFO_SECCOMP */);
    CHECK_EQ(info.nr, SYS_getppid);
    CHECK_EQ(info.data, 321);
    CHECK_CALL(ptrace(PTRACE_SYSCALL, pid, 0, 0));
    CHECK_EQ(wait_for(pid), (SIGTRAP | 0x80) << 8 | 0x7f);
    CHECK_EQ(ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info), 33);
    CHECK_EQ(info.op, 2 /* PTRACE_SYSCALL_INFO_EXIT */);
    CHECK_EQ((int)info.nr, getpid()); /* at the place of the result */
    CHECK_CALL(ptrace(PTRACE_CONT, pid, 0, 0));
    CHECK_EQ(wait_for(pid), AT_FILTER);
    CHECK_CALL(ptrace(PTRACE_CONT, pid, 0, 0));
    /* Not made. */
    CHECK_EQ(wait_for(pid), AT_FILTER);
    set_number(pid, -1);
    set_first(pid, 4711);
    CHECK_CALL(ptrace(PTRACE_CONT, pid, 0, 0));
    /* Another call. */
    CHECK_EQ(wait_for(pid), AT_FILTER);
    set_number(pid, SYS_getpid);
    CHECK_CALL(ptrace(PTRACE_CONT, pid, 0, 0));
    /* Another result. */
    CHECK_EQ(wait_for(pid), AT_FILTER);
    CHECK_CALL(ptrace(PTRACE_SYSCALL, pid, 0, 0));
    CHECK_EQ(wait_for(pid), (SIGTRAP | 0x80) << 8 | 0x7f);
    set_first(pid, 15);
    CHECK_CALL(ptrace(PTRACE_CONT, pid, 0, 0));
    CHECK_EQ(wait_for(pid), 0);
}

#else
static void tracer(void) {}
#endif

int main(int argc, char** argv) {
    program = argv[0];
    if (argc > 1) {
        CHECK_EQ(syscall(SYS_mkdirat, 0, 0, 0), 9);
        return check_failures ? 1 : 0;
    }
    alarm(30);
    listeners();
    interruptions();
    with_threads();
    tracer();
    return check_done();
}
