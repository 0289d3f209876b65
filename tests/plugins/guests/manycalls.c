// SPDX-License-Identifier: MIT
// System calls of many kinds, for tracers; syscall_tests.py lists what they must say of them.
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

int main(void) {
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    (void)!open("/no such \"file\"\n", O_RDONLY);
    (void)!write(null, "0123456789abcdef0123456789abcdef01234567", 40);
    struct iovec parts[2] = {{(char*)"one", 3}, {(char*)"", 0}};
    (void)!writev(null, parts, 2);

    int ends[2];
    (void)!pipe2(ends, O_CLOEXEC);
    (void)!write(ends[1], "hello", 5);
    char first[2], second[10];
    struct iovec places[2] = {{first, 2}, {second, 10}};
    (void)!readv(ends[0], places, 2);
    struct stat file;
    syscall(SYS_fstat, ends[0], &file);

    struct {
        void* handler;
        unsigned long flags, restorer, mask;
    } action = {(void*)1, SA_RESTART, 0, 1ul << (SIGUSR2 - 1)}, old;
    unsigned long signals = 1ul << (SIGUSR1 - 1), before;
    syscall(SYS_rt_sigaction, SIGUSR1, &action, &old, 8);
    syscall(SYS_rt_sigprocmask, SIG_BLOCK, &signals, &before, 8);
    kill(getpid(), SIGUSR1);

    int pair[2];
    (void)!socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    struct iovec message = {(char*)"msg", 3};
    struct msghdr header = {.msg_iov = &message, .msg_iovlen = 1};
    sendmsg(pair[0], &header, 0);
    char text[8];
    message = (struct iovec){text, sizeof(text)};
    recvmsg(pair[1], &header, MSG_DONTWAIT);
    struct pollfd poll_one = {.fd = pair[0], .events = POLLOUT};
    struct timespec limit = {1, 0};
    syscall(SYS_ppoll, &poll_one, 1, &limit, 0, 8);

    int server = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    bind(server, (struct sockaddr*)&address, sizeof(address));
    socklen_t size = sizeof(address);
    getsockname(server, (struct sockaddr*)&address, &size);

    struct utsname name;
    uname(&name);
    struct rlimit files;
    syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, &files);
    struct timespec pause = {0, 20 * 1000 * 1000};
    syscall(SYS_nanosleep, &pause, 0);
    close(12345);
    syscall(5001, 1, 2, 3, 4, 5, 6);
    return 0;
}
