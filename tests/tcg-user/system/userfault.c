// SPDX-License-Identifier: MIT
// userfaultfd: missing pages that another thread fills in, for guest code and for system calls; write
// protection; and what is not the guest's cannot be registered. Where the host does not allow it there is
// nothing to check.
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "../check.h"

#define PAGES 8
static int fd;
static unsigned char* area;
static long page;
static volatile int faults, protections;

static void* serve(void* argument) {
    unsigned char* contents =
        mmap(NULL, (size_t)page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (;;) {
        struct uffd_msg message;
        if (read(fd, &message, sizeof message) != sizeof message) return argument;
        if (message.event != UFFD_EVENT_PAGEFAULT) continue;
        const uint64_t at = message.arg.pagefault.address & ~(uint64_t)(page - 1);
        if (message.arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_WP) {
            protections++;
            struct uffdio_writeprotect open = {.range = {at, (uint64_t)page}};
            CHECK_CALL(ioctl(fd, UFFDIO_WRITEPROTECT, &open));
            continue;
        }
        faults++;
        memset(contents, 'a' + (int)((at - (uint64_t)area) / (uint64_t)page), (size_t)page);
        struct uffdio_copy copy = {.dst = at, .src = (uint64_t)contents, .len = (uint64_t)page};
        CHECK_CALL(ioctl(fd, UFFDIO_COPY, &copy));
    }
}

int main(void) {
    page = sysconf(_SC_PAGESIZE);
    fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
    struct uffdio_api api = {.api = UFFD_API, .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP};
    if (fd < 0 || ioctl(fd, UFFDIO_API, &api) != 0) return check_done();
    area = mmap(NULL, (size_t)(PAGES * page), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct uffdio_register all = {.range = {(uint64_t)area, (uint64_t)(PAGES * page)},
                                  .mode = UFFDIO_REGISTER_MODE_MISSING | UFFDIO_REGISTER_MODE_WP};
    CHECK_CALL(ioctl(fd, UFFDIO_REGISTER, &all));
    pthread_t thread;
    pthread_create(&thread, NULL, serve, NULL);
    pthread_detach(thread);

    CHECK_EQ(area[0], 'a');
    CHECK_EQ(area[3 * page + 5], 'd');
    area[page] = 'x';  // a store
    CHECK_EQ(area[page + 1], 'b');
    // System calls that read and write such pages.
    int pipes[2];
    CHECK_CALL(pipe(pipes));
    CHECK_EQ(write(pipes[1], area + 2 * page, 3), 3);
    CHECK_EQ(read(pipes[0], area + 4 * page + 1, 3), 3);
    CHECK(memcmp(area + 4 * page, "eccc", 4) == 0);
    CHECK_EQ(faults, 5);
    struct uffdio_writeprotect close_it = {.range = {(uint64_t)area, (uint64_t)page},
                                           .mode = UFFDIO_WRITEPROTECT_MODE_WP};
    CHECK_CALL(ioctl(fd, UFFDIO_WRITEPROTECT, &close_it));
    CHECK_EQ(area[1], 'a');
    *(volatile unsigned char*)(area + 1) = 'y';
    CHECK_EQ(area[1], 'y');
    CHECK_EQ(protections, 1);
    // Around the guest's memory lies nothing that it could have.
    for (uint64_t at = 0x100000000000; at < 0x7fffffff0000; at += 0x10000000000) {
        struct uffdio_register foreign = {.range = {at, (uint64_t)page},
                                          .mode = UFFDIO_REGISTER_MODE_MISSING};
        CHECK(ioctl(fd, UFFDIO_REGISTER, &foreign) == -1);
    }
    return check_done();
}
