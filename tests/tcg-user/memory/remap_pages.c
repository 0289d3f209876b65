/* SPDX-License-Identifier: MIT */
/* remap_file_pages: pages of a shared mapping in another order; what is not one shared mapping is refused. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "check.h"

static int maps_show(const void* address, unsigned long want) {
    char line[512];
    int found = 0;
    FILE* maps = fopen("/proc/self/maps", "r");
    while (fgets(line, sizeof line, maps)) {
        unsigned long begin, end, offset;
        if (sscanf(line, "%lx-%lx %*s %lx", &begin, &end, &offset) != 3) continue;
        if ((unsigned long)address < begin || (unsigned long)address >= end) continue;
        found = offset + ((unsigned long)address - begin) == want;
    }
    fclose(maps);
    return found;
}

static long exchange(void* address, size_t size, int prot, size_t page) {
    return syscall(SYS_remap_file_pages, address, size, prot, page, 0);
}

int main(void) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const int file = CHECK_CALL(open("pages", O_RDWR | O_CREAT | O_TRUNC, 0600));
    for (int i = 0; i < 4; i++) {
        char buffer[1] = {(char)('a' + i)};
        CHECK_EQ(pwrite(file, buffer, 1, (off_t)((size_t)i * page)), 1);
    }
    CHECK_CALL(ftruncate(file, (off_t)(4 * page)));
    char* shared = CHECK_CALL(mmap(NULL, 4 * page, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
    CHECK_EQ(exchange(shared, page, 0, 3), 0);
    CHECK_EQ(exchange(shared + 2 * page, 2 * page, 0, 0), 0);
    CHECK_EQ(shared[0], 'd');
    CHECK_EQ(shared[page], 'b');
    CHECK_EQ(shared[2 * page], 'a');
    CHECK_EQ(shared[3 * page], 'b');
    shared[3 * page] = 'x';
    CHECK_EQ(shared[page], 'x');
    CHECK(maps_show(shared, 3 * page));
    CHECK(maps_show(shared + page, page));
    CHECK(maps_show(shared + 3 * page, page));
    CHECK_FAILS(exchange(shared, page, PROT_READ, 0), EINVAL);
    CHECK_FAILS(exchange(shared, 0, 0, 0), EINVAL);
    CHECK_FAILS(exchange(shared, page, 0, ~(size_t)0), EINVAL);
    char* private = CHECK_CALL(mmap(NULL, page, PROT_READ, MAP_PRIVATE, file, 0));
    CHECK_FAILS(exchange(private, page, 0, 1), EINVAL);
    munmap(shared + page, page);
    CHECK_FAILS(exchange(shared, 2 * page, 0, 0), EINVAL);
    CHECK_EQ(shared[0], 'd');
    unlink("pages");
    return check_done();
}
