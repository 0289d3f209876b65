/* SPDX-License-Identifier: MIT */
/* io_uring entries that ask for what a system call would not do: descriptors and memory that are not the
 * program's, operations that do not exist, entries that change while they are submitted. And paths: an entry
 * sees what the system call sees. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "ring.h"

static struct ring ring;
static char page[4096] __attribute__((aligned(4096)));

/* Mapped, yet not in /proc/self/maps: somebody else's. 0 if there is no such page near the ring. */
static char* foreign_page(void) {
    for (long i = -4096; i < 4096; i++) {
        char* at = (char*)ring.rings + i * 4096;
        void* got =
            mmap(at, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
        if (got != MAP_FAILED) {
            munmap(got, 4096);
            continue;
        }
        FILE* maps = fopen("/proc/self/maps", "r");
        char line[512];
        int ours = 0;
        while (fgets(line, sizeof line, maps)) {
            unsigned long begin, end;
            if (sscanf(line, "%lx-%lx", &begin, &end) == 2)
                ours |= (unsigned long)at >= begin && (unsigned long)at < end;
        }
        fclose(maps);
        if (!ours) return at;
    }
    return NULL;
}

static int is_open(int fd) {
    return fcntl(fd, F_GETFD) >= 0;
}

static void descriptors(void) {
    struct rlimit limit;
    CHECK_CALL(getrlimit(RLIMIT_NOFILE, &limit));
    const int top = limit.rlim_cur < 5000 ? (int)limit.rlim_cur : 4096;
    int pair[2];
    CHECK_CALL(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    int tried = 0;
    for (int fd = top - 64; fd < top + 70; fd++) {
        if (is_open(fd)) continue;
        tried++;
        static const int operations[] = {IORING_OP_CLOSE, IORING_OP_FSYNC, IORING_OP_READ, IORING_OP_WRITE,
                                         IORING_OP_SEND};
        for (unsigned i = 0; i < sizeof operations / sizeof operations[0]; i++) {
            ring_entry(&ring, operations[i], fd, i < 2 ? NULL : page, i < 2 ? 0 : 8, 0, 1);
            CHECK_ROW("operation", ring_do(&ring), -EBADF);
        }
        ring_entry(&ring, IORING_OP_SPLICE, pair[0], NULL, 1, -1ull, 1)->splice_fd_in = fd;
        CHECK_EQ(ring_do(&ring), -EBADF);
        ring_entry(&ring, IORING_OP_OPENAT, fd, "x", 0, 0, 1);
        CHECK_EQ(ring_do(&ring), -EBADF);
        const int slots[1] = {fd};
        CHECK_FAILS(ring_register(&ring, IORING_REGISTER_FILES, slots, 1), EBADF);
        CHECK_FAILS(ring_register(&ring, IORING_REGISTER_EVENTFD, &fd, 1), EBADF);
        union {
            struct cmsghdr head;
            char bytes[CMSG_SPACE(sizeof(int))];
        } control = {
            .head = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
        memcpy(CMSG_DATA(&control.head), &fd, sizeof fd);
        struct iovec vector = {page, 1};
        struct msghdr message = {
            .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
        ring_entry(&ring, IORING_OP_SENDMSG, pair[0], &message, 1, 0, 1);
        CHECK_EQ(ring_do(&ring), -EBADF);
        CHECK_FAILS(sendmsg(pair[0], &message, 0), EBADF);
    }
    CHECK(tried > 100);
    const int slots[2] = {-1, -1};
    CHECK_CALL(ring_register(&ring, IORING_REGISTER_FILES, slots, 2));
    const int wanted[2] = {pair[0], top + 1};
    ring_entry(&ring, IORING_OP_FILES_UPDATE, -1, wanted, 2, 0, 1);
    CHECK_EQ(ring_do(&ring), 1);
    ring_entry(&ring, IORING_OP_FILES_UPDATE, -1, wanted + 1, 1, 0, 1);
    CHECK_EQ(ring_do(&ring), -EBADF);
    CHECK_CALL(ring_register(&ring, IORING_UNREGISTER_FILES, NULL, 0));
    close(pair[0]);
    close(pair[1]);
}

static void memory(void) {
    char* foreign = foreign_page();
    if (!foreign) foreign = (char*)0x10000; /* nothing */
    int pipes[2];
    CHECK_CALL(pipe(pipes));
    CHECK_EQ(write(pipes[1], page, 100), 100);
    ring_entry(&ring, IORING_OP_READ, pipes[0], foreign, 10, -1ull, 1);
    CHECK_EQ(ring_do(&ring), -EFAULT);
    ring_entry(&ring, IORING_OP_WRITE, pipes[1], foreign, 10, -1ull, 1);
    CHECK_EQ(ring_do(&ring), -EFAULT);
    struct iovec vector = {foreign, 10};
    ring_entry(&ring, IORING_OP_READV, pipes[0], &vector, 1, -1ull, 1);
    CHECK_EQ(ring_do(&ring), -EFAULT);
    CHECK_FAILS(ring_register(&ring, IORING_REGISTER_BUFFERS, &vector, 1), EFAULT);
    ring_entry(&ring, IORING_OP_STATX, AT_FDCWD, "/", 0x7ff, (uint64_t)foreign, 1);
    CHECK_EQ(ring_do(&ring), -EFAULT);
    ring_entry(&ring, IORING_OP_MADVISE, -1, foreign, 4096, 0, 1)->fadvise_advice = MADV_DONTNEED;
    CHECK_EQ(ring_do(&ring), -ENOMEM);
    page[0] = 1;
    ring_entry(&ring, IORING_OP_MADVISE, -1, page, 4096, 0, 1)->fadvise_advice = MADV_DONTNEED;
    CHECK_EQ(ring_do(&ring), 0);
    CHECK_EQ(page[0], 0);
    /* Through the file of the process's memory. */
    const int own = CHECK_CALL(open("/proc/self/mem", O_RDWR));
    char from[16] = "read by a file", to[16] = "";
    ring_entry(&ring, IORING_OP_READ, own, to, 15, (uint64_t)from, 1);
    CHECK_EQ(ring_do(&ring), 15);
    CHECK_STR(to, "read by a file");
    ring_entry(&ring, IORING_OP_WRITE, own, "written by file", 15, (uint64_t)from, 1);
    CHECK_EQ(ring_do(&ring), 15);
    CHECK_STR(from, "written by file");
    ring_entry(&ring, IORING_OP_READ, own, to, 15, (uint64_t)foreign, 1);
    CHECK_EQ(ring_do(&ring), -EIO);
    ring_entry(&ring, IORING_OP_WRITE, own, to, 15, (uint64_t)foreign, 1);
    CHECK_EQ(ring_do(&ring), -EIO);
    close(own);
    close(pipes[0]);
    close(pipes[1]);
}

static void operations(void) {
    for (int opcode = 100; opcode < 256; opcode++) {
        ring_entry(&ring, opcode, 0, page, 1, 0, (uint64_t)opcode);
        CHECK_ROW("opcode", ring_do(&ring), -EINVAL);
    }
    struct {
        struct io_uring_probe head;
        struct io_uring_probe_op operations[256];
    } probe = {0};
    CHECK_CALL(ring_register(&ring, IORING_REGISTER_PROBE, &probe, 256));
    CHECK(probe.head.last_op >= 57 && probe.head.last_op < 100);
    for (int i = 0; i <= 57; i++) CHECK_ROW("probe", probe.operations[i].flags & IO_URING_OP_SUPPORTED, 1);
    for (int i = 100; i < 256; i++) CHECK_ROW("probe", probe.operations[i].flags, 0);
    CHECK_FAILS(ring_register(&ring, 1000, NULL, 0), EINVAL);
    CHECK_FAILS(ring_enter(&ring, 0, 0, 1u << 30), EINVAL);
    /* An index beyond the entries is dropped. */
    ring_entry(&ring, IORING_OP_NOP, -1, NULL, 0, 0, 1);
    ring.array[*ring.tail & (ring.params.sq_entries - 1)] = 12345;
    CHECK_EQ(ring_submit(&ring, 0), 0);
    ring_entry(&ring, IORING_OP_NOP, -1, NULL, 0, 0, 2);
    CHECK_EQ(ring_do(&ring), 0);
    struct io_uring_params p = {.flags = IORING_SETUP_SQPOLL};
    const long fd = ring_setup(4, &p);
    CHECK(fd >= 0 || errno == EPERM);
    if (fd >= 0) close((int)fd);
}

static void same_path(const char* path, int flags) {
    struct statx by_call = {0}, by_ring = {0};
    const int want = syscall(SYS_statx, AT_FDCWD, path, 0, STATX_BASIC_STATS, &by_call) == 0 ? 0 : -errno;
    ring_entry(&ring, IORING_OP_STATX, AT_FDCWD, path, STATX_BASIC_STATS, (uint64_t)&by_ring, 1);
    CHECK_ROW(path, ring_do(&ring), want);
    CHECK_ROW(path, by_ring.stx_ino, by_call.stx_ino);
    const int file = open(path, flags);
    const int error = file < 0 ? -errno : 0;
    for (int how = 0; how < 2; how++) {
        struct open_how argument = {.flags = (unsigned)flags};
        if (how == 0)
            ring_entry(&ring, IORING_OP_OPENAT, AT_FDCWD, path, 0, 0, 1)->open_flags = (unsigned)flags;
        else
            ring_entry(&ring, IORING_OP_OPENAT2, AT_FDCWD, path, sizeof argument, (uint64_t)&argument, 1);
        const int again = ring_do(&ring);
        if (error) {
            CHECK_ROW(path, again, error);
            continue;
        }
        if (again < 0) CHECK_ROW(path, again, 0);
        static char one[1 << 16], two[1 << 16];
        if (!(flags & (O_PATH | O_DIRECTORY))) {
            const ssize_t size = read(file, one, sizeof one);
            CHECK_ROW(path, read(again, two, sizeof two), size);
            if (size > 0 && memcmp(one, two, (size_t)size) != 0) CHECK_ROW(path, how, -1);
            lseek(file, 0, SEEK_SET);
        }
        struct stat a, b;
        CHECK_EQ(fstat(file, &a), 0);
        CHECK_EQ(fstat(again, &b), 0);
        CHECK_ROW(path, a.st_mode, b.st_mode);
        CHECK_ROW(path, a.st_dev, b.st_dev);
        close(again);
    }
    if (file >= 0) close(file);
}

static void paths(void) {
    CHECK_CALL(symlink("/proc/self/cmdline", "link"));
    same_path("/", O_DIRECTORY);
    same_path("/etc/passwd", O_RDONLY);
    same_path("/lib/ld-linux-aarch64.so.1", O_RDONLY);
    same_path("/lib", O_DIRECTORY);
    same_path("/proc/self/auxv", O_RDONLY);
    same_path("/proc/self/environ", O_RDONLY);
    same_path("/proc/self/exe", O_RDONLY);
    same_path("/proc/cpuinfo", O_RDONLY);
    same_path("/absent", O_RDONLY);
    same_path("link", O_RDONLY);
    same_path("link", O_RDONLY | O_NOFOLLOW);
    ring_entry(&ring, IORING_OP_OPENAT, AT_FDCWD, "/proc/self/maps", 0, 0, 1);
    const int maps = ring_do(&ring);
    static char text[1 << 16];
    size_t length = 0;
    for (ssize_t size; (size = read(maps, text + length, sizeof text - 1 - length)) > 0;)
        length += (size_t)size;
    CHECK(strstr(text, "[stack]") != NULL);
    CHECK(strstr(text, "anon_inode:[io_uring]") != NULL);
    CHECK(strstr(text, "armature") == NULL);
    close(maps);
}

static volatile int stop;
static void* change_entries(void* argument) {
    struct ring* r = argument;
    for (unsigned i = 0; !stop; i++) {
        struct io_uring_sqe* sqe = r->sqes + (i & 7);
        sqe->opcode = (uint8_t)(i % 3 ? IORING_OP_NOP : IORING_OP_CLOSE);
        sqe->fd = i & 8 ? -1 : 1 << 20;
        r->array[i & 7] = i * 7 & 15;
        if (i % 64 == 0) *r->tail += 1;
    }
    return NULL;
}

/* In a process of its own: only that it goes on, and ends, matters. */
static void in_child(void (*body)(void)) {
    const pid_t child = fork();
    if (child == 0) {
        alarm(20);
        body();
        _exit(0);
    }
    int status = -1;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
}

static void race(void) {
    struct ring r;
    if (ring_open(&r, 8, 0) != 0) _exit(1);
    pthread_t thread;
    pthread_create(&thread, NULL, change_entries, &r);
    struct completion cqe;
    for (int i = 0; i < 3000; i++) {
        ring_enter(&r, 8, 0, IORING_ENTER_GETEVENTS);
        while (ring_poll(&r, &cqe)) {
        }
    }
    stop = 1;
    pthread_join(thread, NULL);
}

static void random_entries(void) {
    struct ring r;
    if (ring_open(&r, 64, IORING_SETUP_SUBMIT_ALL) != 0) _exit(1);
    int pipes[2];
    if (pipe(pipes) != 0) _exit(1);
    char* foreign = foreign_page();
    static const int fds[] = {-1, 1 << 20, 1024, 1030, 4095, 4097, 20000};
    const uint64_t addresses[] = {0,     1,         (uint64_t)page, (uint64_t)page + 4090, (uint64_t)foreign,
                                  ~0ull, 1ull << 47};
    uint64_t seed = 12345;
    for (int i = 0; i < 20000; i++) {
        uint64_t random[8];
        for (int k = 0; k < 8; k++) random[k] = seed = seed * 6364136223846793005 + 1442695040888963407;
#define PICK(list, value) list[((value) >> 33) % (sizeof list / sizeof list[0])]
        const int opcode = (int)(random[0] >> 40) % 64;
        struct io_uring_sqe* sqe =
            ring_entry(&r, opcode, random[1] >> 60 ? PICK(fds, random[1]) : pipes[random[1] & 1],
                       (void*)PICK(addresses, random[2]), random[3] >> 62 ? 8 : (unsigned)(random[3] >> 33),
                       random[4] >> 63 ? PICK(addresses, random[4]) : random[4] >> 40, random[5]);
        sqe->flags =
            (uint8_t)(random[6] >> 35 & ~(IOSQE_IO_DRAIN | IOSQE_IO_LINK | IOSQE_IO_HARDLINK) & 0x7f);
        sqe->rw_flags = random[6] >> 63 ? (int)(random[6] >> 40) : 0;
        sqe->file_index = random[7] >> 62 ? 0 : (unsigned)(random[7] >> 40);
        if (i % 16 == 15) ring_submit(&r, 0);
        struct completion cqe;
        while (ring_poll(&r, &cqe)) {
        }
    }
}

int main(void) {
    CHECK_CALL(ring_open(&ring, 8, 0));
    descriptors();
    memory();
    operations();
    paths();
    in_child(race);
    in_child(random_entries);
    return check_done();
}
