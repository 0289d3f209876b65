/* SPDX-License-Identifier: MIT */
/* io_uring: the operations, one by one and in chains, and what can be registered. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/openat2.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "ring.h"

static char page[4096];

static void plain_operations(void) {
    struct ring r;
    CHECK_CALL(ring_open(&r, 5, 0));
    CHECK_EQ(r.params.sq_entries, 8);
    CHECK_EQ(r.params.cq_entries, 16);
    CHECK(r.params.features & IORING_FEAT_SUBMIT_STABLE);
    CHECK_EQ(fcntl(r.fd, F_GETFD), FD_CLOEXEC);
    for (unsigned i = 0; i < 3; i++) ring_entry(&r, IORING_OP_NOP, -1, NULL, 0, 0, 100 + i);
    CHECK_EQ(ring_submit(&r, 3), 3);
    for (unsigned i = 0; i < 3; i++) {
        const struct completion cqe = ring_wait(&r);
        CHECK_EQ(cqe.user_data, 100 + i);
        CHECK_EQ(cqe.res, 0);
    }
    CHECK_EQ(*r.head, *r.tail);
    /* Entries by way of the array, in another order. */
    ring_entry(&r, IORING_OP_NOP, -1, NULL, 0, 0, 1);
    ring_entry(&r, IORING_OP_NOP, -1, NULL, 0, 0, 2);
    const unsigned at = *r.tail & 7;
    const unsigned next = (*r.tail + 1) & 7;
    r.array[at] = next;
    r.array[next] = at;
    CHECK_EQ(ring_submit(&r, 2), 2);
    CHECK_EQ(ring_wait(&r).user_data, 2);
    CHECK_EQ(ring_wait(&r).user_data, 1);
    /* Nothing to submit; more asked for than there is: no waiting then. */
    CHECK_EQ(ring_enter(&r, 0, 0, 0), 0);
    CHECK_EQ(ring_enter(&r, 4, 1, IORING_ENTER_GETEVENTS), 0);
    /* The third mapping is the same memory as the first. */
    unsigned* again = mmap(NULL, 4096, PROT_READ, MAP_SHARED, r.fd, IORING_OFF_CQ_RING);
    CHECK(again != MAP_FAILED);
    CHECK_EQ(again[r.params.cq_off.tail / 4], *r.cq_tail);
    munmap(again, 4096);
    CHECK_FAILS(mmap(r.rings, 4096, PROT_READ, MAP_SHARED | MAP_FIXED, r.fd, IORING_OFF_SQES), EINVAL);
    ring_close(&r);
}

static void files(void) {
    struct ring r;
    CHECK_CALL(ring_open(&r, 8, 0));
    struct stat status;
    CHECK_CALL(mkdir("directory", 0755));
    ring_entry(&r, IORING_OP_OPENAT, AT_FDCWD, "directory", 0, 0, 1)->open_flags = O_DIRECTORY | O_RDONLY;
    const int directory = ring_do(&r);
    CHECK(directory >= 0);
    CHECK_EQ(fstat(directory, &status), 0);
    CHECK(S_ISDIR(status.st_mode));
    ring_entry(&r, IORING_OP_OPENAT, directory, "file", 0640, 0, 1)->open_flags =
        O_CREAT | O_RDWR | O_LARGEFILE;
    const int file = ring_do(&r);
    CHECK(file >= 0);
    CHECK_EQ(fcntl(file, F_GETFL) & O_ACCMODE, O_RDWR);
    ring_entry(&r, IORING_OP_OPENAT, directory, "file", 0, 0, 1)->open_flags = O_DIRECTORY;
    CHECK_EQ(ring_do(&r), -ENOTDIR);
    CHECK_CALL(symlinkat("file", directory, "link"));
    ring_entry(&r, IORING_OP_OPENAT, directory, "link", 0, 0, 1)->open_flags = O_NOFOLLOW;
    CHECK_EQ(ring_do(&r), -ELOOP);
    struct open_how how = {.flags = O_DIRECTORY | O_NOFOLLOW, .resolve = RESOLVE_BENEATH};
    ring_entry(&r, IORING_OP_OPENAT2, directory, ".", sizeof how, (uint64_t)&how, 1);
    const int same = ring_do(&r);
    CHECK(same >= 0);
    how.resolve = 1ull << 40;
    ring_entry(&r, IORING_OP_OPENAT2, directory, ".", sizeof how, (uint64_t)&how, 1);
    CHECK_EQ(ring_do(&r), -EINVAL);
    ring_entry(&r, IORING_OP_OPENAT2, directory, ".", 8, (uint64_t)&how, 1);
    CHECK_EQ(ring_do(&r), -EINVAL);
    ring_entry(&r, IORING_OP_CLOSE, same, NULL, 0, 0, 1);
    CHECK_EQ(ring_do(&r), 0);
    CHECK_FAILS(fcntl(same, F_GETFD), EBADF);

    ring_entry(&r, IORING_OP_WRITE, file, "0123456789", 10, 0, 1);
    CHECK_EQ(ring_do(&r), 10);
    struct iovec out[2] = {{"ab", 2}, {"cde", 3}};
    ring_entry(&r, IORING_OP_WRITEV, file, out, 2, 10, 1);
    CHECK_EQ(ring_do(&r), 5);
    char buffer[32] = {0};
    ring_entry(&r, IORING_OP_READ, file, buffer, sizeof buffer, 0, 1);
    CHECK_EQ(ring_do(&r), 15);
    CHECK_STR(buffer, "0123456789abcde");
    char one[4] = {0}, two[20] = {0};
    struct iovec in[2] = {{one, 3}, {two, 19}};
    ring_entry(&r, IORING_OP_READV, file, in, 2, 1, 1);
    CHECK_EQ(ring_do(&r), 14);
    CHECK_STR(one, "123");
    CHECK_STR(two, "456789abcde");
    /* At the file's position. */
    CHECK_EQ(lseek(file, 5, SEEK_SET), 5);
    ring_entry(&r, IORING_OP_READ, file, buffer, 3, -1ull, 1);
    CHECK_EQ(ring_do(&r), 3);
    CHECK_EQ(memcmp(buffer, "567", 3), 0);
    CHECK_EQ(lseek(file, 0, SEEK_CUR), 8);

    struct statx statx_buffer;
    ring_entry(&r, IORING_OP_STATX, directory, "file", STATX_BASIC_STATS, (uint64_t)&statx_buffer, 1);
    CHECK_EQ(ring_do(&r), 0);
    CHECK_EQ(statx_buffer.stx_size, 15);
    CHECK_EQ(statx_buffer.stx_mode, S_IFREG | 0640);
    ring_entry(&r, IORING_OP_STATX, file, "", STATX_BASIC_STATS, (uint64_t)&statx_buffer, 1)->statx_flags =
        AT_EMPTY_PATH;
    CHECK_EQ(ring_do(&r), 0);
    ring_entry(&r, IORING_OP_FSYNC, file, NULL, 0, 0, 1)->fsync_flags = IORING_FSYNC_DATASYNC;
    CHECK_EQ(ring_do(&r), 0);
    ring_entry(&r, IORING_OP_SYNC_FILE_RANGE, file, NULL, 4096, 0, 1);
    CHECK_EQ(ring_do(&r), 0);
    /* addr holds the length */
    ring_entry(&r, IORING_OP_FALLOCATE, file, (void*)8192, 0, 0, 1);
    CHECK_EQ(ring_do(&r), 0);
    CHECK_EQ(fstat(file, &status), 0);
    CHECK_EQ(status.st_size, 8192);
    ring_entry(&r, IORING_OP_FADVISE, file, NULL, 4096, 0, 1)->fadvise_advice = POSIX_FADV_DONTNEED;
    CHECK_EQ(ring_do(&r), 0);
    ring_entry(&r, 55 /* FTRUNCATE */, file, NULL, 0, 100, 1);
    CHECK_EQ(ring_do(&r), 0);
    CHECK_EQ(fstat(file, &status), 0);
    CHECK_EQ(status.st_size, 100);

    ring_entry(&r, IORING_OP_MKDIRAT, directory, "below", 0700, 0, 1);
    CHECK_EQ(ring_do(&r), 0);
    ring_entry(&r, IORING_OP_SYMLINKAT, directory, "target", 0, (uint64_t) "symlink", 1);
    CHECK_EQ(ring_do(&r), 0);
    ring_entry(&r, IORING_OP_LINKAT, directory, "file", (unsigned)directory, (uint64_t) "second", 1);
    CHECK_EQ(ring_do(&r), 0);
    ring_entry(&r, IORING_OP_RENAMEAT, directory, "second", (unsigned)directory, (uint64_t) "below/second",
               1);
    CHECK_EQ(ring_do(&r), 0);
    CHECK_EQ(access("directory/below/second", F_OK), 0);
    const char* const gone[] = {"below/second", "symlink", "link", "file"};
    for (unsigned i = 0; i < 4; i++) {
        ring_entry(&r, IORING_OP_UNLINKAT, directory, gone[i], 0, 0, 1);
        CHECK_ROW(gone[i], ring_do(&r), 0);
    }
    ring_entry(&r, IORING_OP_UNLINKAT, directory, "below", 0, 0, 1)->unlink_flags = AT_REMOVEDIR;
    CHECK_EQ(ring_do(&r), 0);
    ring_entry(&r, IORING_OP_UNLINKAT, AT_FDCWD, "directory", 0, 0, 1)->unlink_flags = AT_REMOVEDIR;
    CHECK_EQ(ring_do(&r), 0);
    close(file);
    close(directory);
    ring_close(&r);
}

static void fixed_files_and_buffers(void) {
    struct ring r;
    CHECK_CALL(ring_open(&r, 8, 0));
    int file = memfd_create("file", 0);
    struct iovec buffers[2] = {{page, 100}, {page + 2048, 1000}};
    CHECK_CALL(ring_register(&r, IORING_REGISTER_BUFFERS, buffers, 2));
    const int slots[3] = {file, -1, file};
    CHECK_CALL(ring_register(&r, IORING_REGISTER_FILES, slots, 3));
    memcpy(page, "fixed buffer", 12);
    struct io_uring_sqe* sqe = ring_entry(&r, IORING_OP_WRITE_FIXED, 2, page, 12, 0, 1);
    sqe->flags = IOSQE_FIXED_FILE;
    CHECK_EQ(ring_do(&r), 12);
    sqe = ring_entry(&r, IORING_OP_READ_FIXED, file, page + 2048, 1000, 0, 1);
    sqe->buf_index = 1;
    CHECK_EQ(ring_do(&r), 12);
    CHECK_EQ(memcmp(page, page + 2048, 12), 0);
    sqe = ring_entry(&r, IORING_OP_READ_FIXED, file, page + 2048, 2000, 0, 1);
    sqe->buf_index = 1;
    CHECK_EQ(ring_do(&r), -EFAULT);
    ring_entry(&r, IORING_OP_READ, 1, page, 10, 0, 1)->flags = IOSQE_FIXED_FILE;
    CHECK_EQ(ring_do(&r), -EBADF);
    /* A slot is filled by registering, by an entry, and by an open. */
    struct io_uring_files_update update = {.offset = 1, .fds = (uint64_t)slots};
    CHECK_EQ(ring_register(&r, IORING_REGISTER_FILES_UPDATE, &update, 1), 1);
    ring_entry(&r, IORING_OP_READ, 1, page, 5, 0, 1)->flags = IOSQE_FIXED_FILE;
    CHECK_EQ(ring_do(&r), 5);
    int none = -1;
    ring_entry(&r, IORING_OP_FILES_UPDATE, -1, &none, 1, 1, 1);
    CHECK_EQ(ring_do(&r), 1);
    ring_entry(&r, IORING_OP_READ, 1, page, 5, 0, 1)->flags = IOSQE_FIXED_FILE;
    CHECK_EQ(ring_do(&r), -EBADF);
    sqe = ring_entry(&r, IORING_OP_OPENAT, AT_FDCWD, "/dev/zero", 0, 0, 1);
    sqe->open_flags = O_RDONLY;
    sqe->file_index = 2;
    CHECK_EQ(ring_do(&r), 0);
    memset(page, 1, 8);
    ring_entry(&r, IORING_OP_READ, 1, page, 8, 0, 1)->flags = IOSQE_FIXED_FILE;
    CHECK_EQ(ring_do(&r), 8);
    CHECK_EQ(page[7], 0);
    CHECK_CALL(ring_register(&r, IORING_UNREGISTER_FILES, NULL, 0));
    CHECK_CALL(ring_register(&r, IORING_UNREGISTER_BUFFERS, NULL, 0));
    CHECK_FAILS(ring_register(&r, IORING_UNREGISTER_BUFFERS, NULL, 0), ENXIO);
    close(file);
    ring_close(&r);
}

static void sockets(void) {
    struct ring r;
    CHECK_CALL(ring_open(&r, 8, 0));
    ring_entry(&r, IORING_OP_SOCKET, AF_INET, NULL, 0, SOCK_STREAM, 1);
    const int listener = ring_do(&r);
    CHECK(listener >= 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    const int on = 1;
    CHECK_CALL(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
    CHECK_CALL(bind(listener, (struct sockaddr*)&address, sizeof address));
    CHECK_CALL(listen(listener, 5));
    CHECK_CALL(getsockname(listener, (struct sockaddr*)&address, &length));
    struct sockaddr_in peer;
    socklen_t peer_length = sizeof peer;
    ring_entry(&r, IORING_OP_ACCEPT, listener, &peer, 0, (uint64_t)&peer_length, 1)->accept_flags =
        SOCK_CLOEXEC | SOCK_NONBLOCK;
    const int client = CHECK_CALL(socket(AF_INET, SOCK_STREAM, 0));
    ring_entry(&r, IORING_OP_CONNECT, client, &address, 0, sizeof address, 2);
    CHECK_EQ(ring_submit(&r, 2), 2);
    int server = -1;
    for (int i = 0; i < 2; i++) {
        const struct completion cqe = ring_wait(&r);
        if (cqe.user_data == 1) server = cqe.res;
        if (cqe.user_data == 2) CHECK_EQ(cqe.res, 0);
    }
    CHECK(server >= 0);
    CHECK_EQ(peer.sin_family, AF_INET);
    CHECK_EQ(fcntl(server, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
    char text[64] = {0};
    ring_entry(&r, IORING_OP_RECV, client, text, sizeof text, 0, 1);
    ring_entry(&r, IORING_OP_SEND, server, "over TCP", 8, 0, 2)->msg_flags = MSG_NOSIGNAL;
    CHECK_EQ(ring_submit(&r, 2), 2);
    for (int i = 0; i < 2; i++) CHECK_EQ(ring_wait(&r).res, 8);
    CHECK_STR(text, "over TCP");
    ring_entry(&r, IORING_OP_SHUTDOWN, server, NULL, SHUT_WR, 0, 1);
    CHECK_EQ(ring_do(&r), 0);
    ring_entry(&r, IORING_OP_RECV, client, text, sizeof text, 0, 1);
    CHECK_EQ(ring_do(&r), 0);
    close(server);
    close(client);

    /* A message with a descriptor, over a pair of sockets. */
    int pair[2];
    CHECK_CALL(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    const int sent = memfd_create("sent", 0);
    CHECK_EQ(write(sent, "contents", 8), 8);
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {
        .head = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
    memcpy(CMSG_DATA(&control.head), &sent, sizeof sent);
    struct iovec vector = {"with rights", 11};
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ring_entry(&r, IORING_OP_SENDMSG, pair[0], &message, 1, 0, 1);
    CHECK_EQ(ring_do(&r), 11);
    memset(&control, 0, sizeof control);
    struct iovec room = {text, sizeof text};
    message.msg_iov = &room;
    ring_entry(&r, IORING_OP_RECVMSG, pair[1], &message, 1, 0, 1);
    CHECK_EQ(ring_do(&r), 11);
    CHECK_EQ(memcmp(text, "with rights", 11), 0);
    int received = -1;
    memcpy(&received, CMSG_DATA(&control.head), sizeof received);
    CHECK_EQ(pread(received, text, 8, 0), 8);
    CHECK_EQ(memcmp(text, "contents", 8), 0);
    close(sent);
    close(received);

    /* Multishot: one entry, several completions, into buffers that were provided. */
    static char provided[4][64];
    ring_entry(&r, IORING_OP_PROVIDE_BUFFERS, 4, provided, 64, 0, 1)->buf_group = 7;
    CHECK_EQ(ring_do(&r), 0);
    struct io_uring_sqe* sqe = ring_entry(&r, IORING_OP_RECV, pair[1], NULL, 0, 0, 9);
    sqe->ioprio = IORING_RECV_MULTISHOT;
    sqe->flags = IOSQE_BUFFER_SELECT;
    sqe->buf_group = 7;
    CHECK_EQ(ring_submit(&r, 0), 1);
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(write(pair[0], i ? "second" : "first.", 6), 6);
        const struct completion cqe = ring_wait(&r);
        CHECK_EQ(cqe.res, 6);
        CHECK_EQ(cqe.user_data, 9);
        CHECK_EQ(cqe.flags & (IORING_CQE_F_BUFFER | IORING_CQE_F_MORE),
                 IORING_CQE_F_BUFFER | IORING_CQE_F_MORE);
        CHECK_EQ(memcmp(provided[cqe.flags >> IORING_CQE_BUFFER_SHIFT], i ? "second" : "first.", 6), 0);
    }
    close(pair[0]);
    CHECK_EQ(ring_wait(&r).flags & IORING_CQE_F_MORE, 0);
    close(pair[1]);

    sqe = ring_entry(&r, IORING_OP_ACCEPT, listener, NULL, 0, 0, 5);
    sqe->ioprio = IORING_ACCEPT_MULTISHOT;
    CHECK_EQ(ring_submit(&r, 0), 1);
    for (int i = 0; i < 3; i++) {
        const int other = CHECK_CALL(socket(AF_INET, SOCK_STREAM, 0));
        CHECK_CALL(connect(other, (struct sockaddr*)&address, sizeof address));
        const struct completion cqe = ring_wait(&r);
        CHECK(cqe.res >= 0);
        CHECK_EQ(cqe.flags & IORING_CQE_F_MORE, IORING_CQE_F_MORE);
        close(cqe.res);
        close(other);
    }
    /* Closing the ring ends what is under way: the address is free again. */
    close(listener);
    ring_close(&r);
    int reuse = 0;
    for (int i = 0; i < 100 && !reuse; i++) {
        const int again = socket(AF_INET, SOCK_STREAM, 0);
        setsockopt(again, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        reuse = bind(again, (struct sockaddr*)&address, sizeof address) == 0 && listen(again, 1) == 0;
        close(again);
        if (!reuse) usleep(10000);
    }
    CHECK(reuse);
}

static void waiting(void) {
    struct ring r;
    CHECK_CALL(ring_open(&r, 8, 0));
    int pipes[2];
    CHECK_CALL(pipe(pipes));
    ring_entry(&r, IORING_OP_POLL_ADD, pipes[0], NULL, 0, 0, 1)->poll32_events = POLLIN;
    CHECK_EQ(ring_submit(&r, 0), 1);
    struct completion cqe;
    CHECK_EQ(ring_poll(&r, &cqe), 0);
    CHECK_EQ(write(pipes[1], "x", 1), 1);
    CHECK_EQ(ring_wait(&r).res, POLLIN);

    struct __kernel_timespec soon = {.tv_nsec = 1000000};
    ring_entry(&r, IORING_OP_TIMEOUT, -1, &soon, 1, 0, 2);
    CHECK_EQ(ring_do(&r), -ETIME);
    struct __kernel_timespec late = {.tv_sec = 100};
    ring_entry(&r, IORING_OP_TIMEOUT, -1, &late, 1, 0, 3);
    ring_entry(&r, IORING_OP_TIMEOUT_REMOVE, -1, (void*)3, 0, 0, 4);
    CHECK_EQ(ring_submit(&r, 2), 2);
    for (int i = 0; i < 2; i++) {
        cqe = ring_wait(&r);
        CHECK_EQ(cqe.res, cqe.user_data == 3 ? -ECANCELED : 0);
    }
    /* A read that waits is cancelled, and one that has a time limit. */
    char byte;
    CHECK_EQ(read(pipes[0], &byte, 1), 1);
    ring_entry(&r, IORING_OP_READ, pipes[0], &byte, 1, 0, 5);
    CHECK_EQ(ring_submit(&r, 0), 1);
    ring_entry(&r, IORING_OP_ASYNC_CANCEL, -1, (void*)5, 0, 0, 6);
    CHECK_EQ(ring_submit(&r, 2), 1);
    for (int i = 0; i < 2; i++) {
        cqe = ring_wait(&r);
        if (cqe.user_data == 5) CHECK(cqe.res == -ECANCELED || cqe.res == -EINTR);
        if (cqe.user_data == 6) CHECK(cqe.res == 0 || cqe.res == -EALREADY);
    }
    ring_entry(&r, IORING_OP_READ, pipes[0], &byte, 1, 0, 7)->flags = IOSQE_IO_LINK;
    ring_entry(&r, IORING_OP_LINK_TIMEOUT, -1, &soon, 1, 0, 8);
    CHECK_EQ(ring_submit(&r, 2), 2);
    for (int i = 0; i < 2; i++) {
        cqe = ring_wait(&r);
        if (cqe.user_data == 7) CHECK(cqe.res == -ECANCELED || cqe.res == -EINTR);
        if (cqe.user_data == 8) CHECK(cqe.res == -ETIME || cqe.res == -EALREADY);
    }

    /* epoll_event has another layout on some machines. */
    const int epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = 0x123456789abcdef0};
    ring_entry(&r, IORING_OP_EPOLL_CTL, epoll, &event, EPOLL_CTL_ADD, (uint64_t)pipes[0], 1);
    CHECK_EQ(ring_do(&r), 0);
    CHECK_EQ(write(pipes[1], "x", 1), 1);
    struct epoll_event got = {0};
    CHECK_EQ(epoll_wait(epoll, &got, 1, 1000), 1);
    CHECK_EQ(got.events, EPOLLIN);
    CHECK_EQ(got.data.u64, 0x123456789abcdef0);
    ring_entry(&r, IORING_OP_EPOLL_CTL, epoll, NULL, EPOLL_CTL_DEL, (uint64_t)pipes[0], 1);
    CHECK_EQ(ring_do(&r), 0);
    close(epoll);

    static uint32_t word = 5;
    struct io_uring_sqe* sqe = ring_entry(&r, 51 /* FUTEX_WAIT */, FUTEX_PRIVATE_FLAG | 2, &word, 0, 5, 10);
    sqe->addr3 = ~0u;
    CHECK_EQ(ring_submit(&r, 0), 1);
    CHECK_EQ(ring_poll(&r, &cqe), 0);
    word = 6;
    CHECK_EQ(syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1), 1);
    CHECK_EQ(ring_wait(&r).res, 0);

    /* Completions tell an eventfd; a time limit on entering the ring. */
    const int counter = eventfd(0, EFD_NONBLOCK);
    CHECK_CALL(ring_register(&r, IORING_REGISTER_EVENTFD, &counter, 1));
    ring_entry(&r, IORING_OP_NOP, -1, NULL, 0, 0, 1);
    CHECK_EQ(ring_do(&r), 0);
    uint64_t count = 0;
    CHECK_EQ(read(counter, &count, 8), 8);
    CHECK_EQ(count, 1);
    CHECK_CALL(ring_register(&r, IORING_UNREGISTER_EVENTFD, NULL, 0));
    struct io_uring_getevents_arg limit = {.ts = (uint64_t)&soon};
    CHECK_FAILS(syscall(SYS_io_uring_enter, r.fd, 0, 1, IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG, &limit,
                        sizeof limit),
                ETIME);
    close(counter);
    close(pipes[0]);
    close(pipes[1]);
    ring_close(&r);
}

static void chains(void) {
    struct ring r;
    CHECK_CALL(ring_open(&r, 8, 0));
    const int file = memfd_create("chain", 0);
    char text[16] = {0};
    ring_entry(&r, IORING_OP_WRITE, file, "linked", 6, 0, 1)->flags = IOSQE_IO_LINK;
    ring_entry(&r, IORING_OP_READ, file, text, 6, 0, 2)->flags = IOSQE_IO_LINK;
    ring_entry(&r, IORING_OP_NOP, -1, NULL, 0, 0, 3);
    CHECK_EQ(ring_submit(&r, 3), 3);
    for (unsigned i = 1; i <= 3; i++) {
        const struct completion cqe = ring_wait(&r);
        CHECK_EQ(cqe.user_data, i);
        CHECK_EQ(cqe.res, i < 3 ? 6 : 0);
    }
    CHECK_STR(text, "linked");
    /* What follows a failure is cancelled, unless the link is a hard one. */
    ring_entry(&r, IORING_OP_READ, -1, text, 6, 0, 1)->flags = IOSQE_IO_LINK;
    ring_entry(&r, IORING_OP_NOP, -1, NULL, 0, 0, 2);
    ring_entry(&r, IORING_OP_READ, -1, text, 6, 0, 3)->flags = IOSQE_IO_HARDLINK;
    ring_entry(&r, IORING_OP_NOP, -1, NULL, 0, 0, 4);
    CHECK_EQ(ring_submit(&r, 4), 4);
    static const int want[] = {-EBADF, -ECANCELED, -EBADF, 0};
    for (int i = 0; i < 4; i++) {
        const struct completion cqe = ring_wait(&r);
        CHECK_EQ(cqe.res, want[cqe.user_data - 1]);
    }
    /* No completion for what succeeds. */
    ring_entry(&r, IORING_OP_NOP, -1, NULL, 0, 0, 1)->flags = IOSQE_CQE_SKIP_SUCCESS;
    ring_entry(&r, IORING_OP_NOP, -1, NULL, 0, 0, 2)->flags = IOSQE_IO_DRAIN;
    CHECK_EQ(ring_submit(&r, 1), 2);
    CHECK_EQ(ring_wait(&r).user_data, 2);
    /* More completions than the ring holds are kept for later. */
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < 8; i++) ring_entry(&r, IORING_OP_NOP, -1, NULL, 0, 0, 8 * round + i);
        CHECK_EQ(ring_submit(&r, 0), 8);
    }
    CHECK(*r.flags & IORING_SQ_CQ_OVERFLOW);
    for (unsigned i = 0; i < 24; i++) CHECK_EQ(ring_wait(&r).user_data, i);
    close(file);
    ring_close(&r);
}

/* The entries are the ring's, not the process's: a child submits what its parent has prepared. */
static void processes_and_threads(void) {
    struct ring r;
    CHECK_CALL(ring_open(&r, 8, 0));
    int pipes[2];
    CHECK_CALL(pipe(pipes));
    ring_entry(&r, IORING_OP_WRITE, pipes[1], "by a child", 10, -1ull, 1);
    const pid_t child = fork();
    if (child == 0) {
        const int done = ring_submit(&r, 1) == 1 && ring_wait(&r).res == 10;
        _exit(done ? 0 : 1);
    }
    int status = -1;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
    char text[16];
    CHECK_EQ(read(pipes[0], text, sizeof text), 10);
    r.prepared = 0;
    /* By another descriptor of the ring. */
    const int other = dup(r.fd);
    const int first = r.fd;
    ring_entry(&r, IORING_OP_NOP, -1, NULL, 0, 0, 3);
    r.fd = other;
    CHECK_EQ(ring_do(&r), 0);
    close(first);
    ring_entry(&r, IORING_OP_NOP, -1, NULL, 0, 0, 4);
    CHECK_EQ(ring_do(&r), 0);
    ring_close(&r);
    CHECK_FAILS(ring_enter(&r, 0, 0, 0), EBADF);
    r.fd = pipes[0];
    CHECK_FAILS(ring_enter(&r, 0, 0, 0), EOPNOTSUPP);
    close(pipes[0]);
    close(pipes[1]);
}

struct submitter {
    struct ring ring;
    unsigned sum;
};

static void* submit_many(void* argument) {
    struct submitter* s = argument;
    if (ring_open(&s->ring, 16, 0) != 0) return NULL;
    for (unsigned round = 0; round < 200; round++) {
        for (unsigned i = 0; i < 16; i++) ring_entry(&s->ring, IORING_OP_NOP, -1, NULL, 0, 0, 1);
        if (ring_submit(&s->ring, 16) != 16) return NULL;
        struct completion cqe;
        while (ring_poll(&s->ring, &cqe)) s->sum += (unsigned)cqe.user_data;
    }
    ring_close(&s->ring);
    return NULL;
}

/* One thread waits in the ring while another submits what it waits for. */
static void* wait_in_ring(void* argument) {
    struct ring* r = argument;
    return (void*)(long)(ring_enter(r, 0, 1, IORING_ENTER_GETEVENTS) == 0);
}

static void threads(void) {
    pthread_t ids[4];
    static struct submitter submitters[4];
    for (int i = 0; i < 4; i++) pthread_create(&ids[i], NULL, submit_many, &submitters[i]);
    for (int i = 0; i < 4; i++) {
        pthread_join(ids[i], NULL);
        CHECK_EQ(submitters[i].sum, 200 * 16);
    }
    struct ring r;
    CHECK_CALL(ring_open(&r, 8, 0));
    pthread_t waiter;
    pthread_create(&waiter, NULL, wait_in_ring, &r);
    usleep(20000);
    ring_entry(&r, IORING_OP_NOP, -1, NULL, 0, 0, 1);
    CHECK_EQ(ring_submit(&r, 0), 1);
    void* woken = NULL;
    pthread_join(waiter, &woken);
    CHECK_EQ((long)woken, 1);
    ring_close(&r);
}

static volatile sig_atomic_t alarms;
static void on_alarm(int signo) {
    alarms += signo == SIGALRM;
}

/* A signal ends the wait, by the mask of the call. */
static void signals(void) {
    struct ring r;
    CHECK_CALL(ring_open(&r, 8, 0));
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &action, NULL);
    ualarm(20000, 0);
    CHECK_FAILS(ring_enter(&r, 0, 1, IORING_ENTER_GETEVENTS), EINTR);
    CHECK_EQ(alarms, 1);
    sigset_t blocked, none;
    sigemptyset(&none);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGALRM);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    raise(SIGALRM);
    CHECK_EQ(alarms, 1);
    CHECK_FAILS(syscall(SYS_io_uring_enter, r.fd, 0, 1, IORING_ENTER_GETEVENTS, &none, 8), EINTR);
    CHECK_EQ(alarms, 2);
    raise(SIGALRM);
    struct io_uring_getevents_arg limit = {.sigmask = (uint64_t)&none, .sigmask_sz = 8};
    CHECK_FAILS(syscall(SYS_io_uring_enter, r.fd, 0, 1, IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG, &limit,
                        sizeof limit),
                EINTR);
    CHECK_EQ(alarms, 3);
    sigset_t now;
    sigprocmask(SIG_UNBLOCK, &blocked, &now);
    CHECK(sigismember(&now, SIGALRM));
    ring_close(&r);
}

static void other_rings(void) {
    static const unsigned kinds[] = {
        IORING_SETUP_SQE128,        IORING_SETUP_CQE32,
        IORING_SETUP_SINGLE_ISSUER, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
        IORING_SETUP_COOP_TASKRUN,  IORING_SETUP_SUBMIT_ALL,
        1u << 16 /* NO_SQARRAY */,
    };
    for (unsigned i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct ring r;
        if (ring_open(&r, 4, kinds[i]) != 0) {
            CHECK_ROW("ring", errno, i);
            continue;
        }
        for (unsigned round = 0; round < 20; round++) {
            char byte = 1;
            if (kinds[i] == 1u << 16) r.array = (unsigned*)page; /* there is none */
            ring_entry(&r, IORING_OP_NOP, -1, NULL, 0, 0, round);
            ring_entry(&r, IORING_OP_READ, -1, &byte, 1, 0, round + 100);
            CHECK_EQ(ring_submit(&r, 2), 2);
            CHECK_EQ(ring_wait(&r).user_data, round);
            const struct completion cqe = ring_wait(&r);
            CHECK_EQ(cqe.user_data, round + 100);
            CHECK_EQ(cqe.res, -EBADF);
        }
        ring_close(&r);
    }
    struct io_uring_params p = {.flags = 1u << 31};
    CHECK_FAILS(ring_setup(4, &p), EINVAL);
    memset(&p, 0, sizeof p);
    CHECK_FAILS(ring_setup(0, &p), EINVAL);
    CHECK_FAILS(ring_setup(40000, &p), EINVAL);
    p.flags = IORING_SETUP_CLAMP;
    const int clamped = CHECK_CALL(ring_setup(40000, &p));
    CHECK_EQ(p.sq_entries, 32768);
    close(clamped);
    memset(&p, 0, sizeof p);
    p.resv[1] = 1;
    CHECK_FAILS(ring_setup(4, &p), EINVAL);
    CHECK_FAILS(ring_setup(4, NULL), EFAULT);
    /* Many, one after the other: none stays behind. */
    for (int i = 0; i < 100; i++) {
        struct ring r;
        CHECK_CALL(ring_open(&r, 64, 0));
        ring_entry(&r, IORING_OP_NOP, -1, NULL, 0, 0, 1);
        CHECK_EQ(ring_do(&r), 0);
        ring_close(&r);
    }
}

/* A ring in memory that the program brings, and a ring of buffers in memory that the kernel brings. */
static void ring_memory(void) {
    struct ring r = {.params.flags = 1u << 14 /* NO_MMAP */};
    struct io_uring_params* p = &r.params;
    char* memory = mmap(NULL, 2 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    p->cq_off.resv2 = (uint64_t)memory;
    p->sq_off.resv2 = (uint64_t)memory + 4096;
    r.fd = CHECK_CALL((int)ring_setup(4, p));
    CHECK_EQ(p->flags, 1u << 14);
    CHECK_EQ(p->cq_off.resv2, memory);
    CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, r.fd, IORING_OFF_SQ_RING) == MAP_FAILED);
    r.tail = (unsigned*)(memory + p->sq_off.tail);
    r.array = (unsigned*)(memory + p->sq_off.array);
    r.cq_head = (unsigned*)(memory + p->cq_off.head);
    r.cq_tail = (unsigned*)(memory + p->cq_off.tail);
    r.cqes = (struct completion*)(memory + p->cq_off.cqes);
    r.sqes = (struct io_uring_sqe*)(memory + 4096);
    for (int i = 0; i < 10; i++) {
        ring_entry(&r, IORING_OP_OPENAT, AT_FDCWD, "/", 0, 0, 1)->open_flags = O_DIRECTORY;
        const int directory = ring_do(&r);
        CHECK(directory >= 0);
        close(directory);
    }
    close(r.fd);
    munmap(memory, 2 * 4096);

    CHECK_CALL(ring_open(&r, 4, 0));
    struct io_uring_buf_reg group = {.ring_entries = 4, .bgid = 3, .pad = 1 /* IOU_PBUF_RING_MMAP */};
    CHECK_CALL(ring_register(&r, IORING_REGISTER_PBUF_RING, &group, 1));
    struct io_uring_buf* buffers =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, r.fd, 0x80000000 | 3 << 16);
    CHECK(buffers != MAP_FAILED);
    int pipes[2];
    CHECK_CALL(pipe(pipes));
    CHECK_EQ(write(pipes[1], "buffer", 6), 6);
    buffers[0].addr = (uint64_t)page;
    buffers[0].len = 100;
    buffers[0].bid = 9;
    atomic_store((_Atomic uint16_t*)&buffers[0].resv, 1); /* the tail */
    struct io_uring_sqe* sqe = ring_entry(&r, IORING_OP_READ, pipes[0], NULL, 0, -1ull, 1);
    sqe->flags = IOSQE_BUFFER_SELECT;
    sqe->buf_group = 3;
    CHECK_EQ(ring_submit(&r, 1), 1);
    const struct completion cqe = ring_wait(&r);
    CHECK_EQ(cqe.res, 6);
    CHECK_EQ(cqe.flags >> IORING_CQE_BUFFER_SHIFT, 9);
    CHECK_EQ(memcmp(page, "buffer", 6), 0);
    munmap(buffers, 4096);
    const struct io_uring_buf_reg gone = {.bgid = 3};
    CHECK_CALL(ring_register(&r, IORING_UNREGISTER_PBUF_RING, &gone, 1));
    close(pipes[0]);
    close(pipes[1]);
    ring_close(&r);
}

int main(void) {
    plain_operations();
    files();
    fixed_files_and_buffers();
    sockets();
    waiting();
    chains();
    processes_and_threads();
    threads();
    signals();
    other_rings();
    ring_memory();
    return check_done();
}
