/* SPDX-License-Identifier: MIT */
/* Numbers at which the program has opened nothing are not open for any call: whatever else the process has.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "../check.h"

static unsigned char set[8192];
static char page[4096];

static void try_all(int fd, int self, aio_context_t context, int pipes[2], int epoll) {
    struct stat status;
    CHECK_FAILS(read(fd, page, 1), EBADF);
    CHECK_FAILS(fstat(fd, &status), EBADF);
    CHECK_FAILS(dup(fd), EBADF);
    CHECK_FAILS(fcntl(fd, F_DUPFD, 0), EBADF);
    CHECK_FAILS(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0), EBADF);
    CHECK_FAILS(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0), EBADF);
    CHECK_FAILS(openat(fd, "x", O_RDONLY), EBADF);
    CHECK_FAILS(sendfile(pipes[1], fd, NULL, 1), EBADF);
    CHECK_FAILS(splice(fd, NULL, pipes[1], NULL, 1, 0), EBADF);
    CHECK_FAILS(syscall(SYS_pidfd_getfd, self, fd, 0), EBADF);
    struct epoll_event event = {.events = EPOLLIN};
    CHECK_FAILS(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), EBADF);
    struct pollfd poll_for[3] = {{pipes[1], POLLOUT, 0}, {fd, POLLIN | POLLOUT, 0}, {-1, POLLIN, 7}};
    CHECK_EQ(poll(poll_for, 3, 0), 2);
    CHECK_EQ(poll_for[0].revents, POLLOUT);
    CHECK_EQ(poll_for[1].revents, POLLNVAL);
    CHECK_EQ(poll_for[1].fd, fd);
    CHECK_EQ(poll_for[2].revents, 0);
    memset(set, 0, sizeof set);
    set[fd / 8] = (unsigned char)(1 << fd % 8);
    struct timespec now = {0};
    /* The kernel looks no further than its table of descriptors reaches, which may be less. */
    const long selected = syscall(SYS_pselect6, fd + 1, set, NULL, NULL, &now, NULL);
    CHECK(selected == 0 || (selected < 0 && errno == EBADF));
    CHECK_EQ(syscall(SYS_pselect6, fd, set, NULL, NULL, &now, NULL), 0);
    struct iocb block = {.aio_lio_opcode = IOCB_CMD_PREAD,
                         .aio_fildes = (unsigned)fd,
                         .aio_buf = (uintptr_t)page,
                         .aio_nbytes = 1};
    struct iocb* blocks[1] = {&block};
    CHECK_FAILS(syscall(SYS_io_submit, context, 1, blocks), EBADF);
}

int main(void) {
    struct rlimit limit;
    CHECK_CALL(getrlimit(RLIMIT_NOFILE, &limit));
    const int top = limit.rlim_cur < 5000 ? (int)limit.rlim_cur : 4096;
    const int self = CHECK_CALL((int)syscall(SYS_pidfd_open, getpid(), 0));
    aio_context_t context = 0;
    CHECK_CALL(syscall(SYS_io_setup, 8, &context));
    int pipes[2];
    CHECK_CALL(pipe(pipes));
    const int epoll = CHECK_CALL(epoll_create1(0));
    for (int fd = top - 64; fd < top + 70; fd++) {
        if (fcntl(fd, F_GETFD) < 0) try_all(fd, self, context, pipes, epoll);
    }
    /* What is before a bad one is done. */
    const int file = CHECK_CALL(memfd_create("file", 0));
    struct iocb good = {.aio_lio_opcode = IOCB_CMD_PWRITE,
                        .aio_fildes = (unsigned)file,
                        .aio_buf = (uintptr_t)page,
                        .aio_nbytes = 9};
    struct iocb bad = good;
    bad.aio_fildes = (unsigned)top;
    struct iocb* blocks[2] = {&good, &bad};
    CHECK_EQ(syscall(SYS_io_submit, context, 2, blocks), 1);
    CHECK_EQ(lseek(file, 0, SEEK_END), 9);
    return check_done();
}
