/* SPDX-License-Identifier: MIT */
/* File mappings: shared ones write through, private ones do not, offsets, a shared page between processes,
 * memfd. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "check.h"

int main(void) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    int file = CHECK_CALL(open("mapped", O_RDWR | O_CREAT | O_TRUNC, 0600));
    char *buffer = malloc(3 * page), *read_back = malloc(3 * page);
    for (size_t i = 0; i < 3 * page; i++) buffer[i] = (char)(i / page * 50 + i % 40);
    CHECK_EQ(write(file, buffer, 3 * page - 100), 3 * page - 100);

    char* shared = CHECK_CALL(mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
    char* private = CHECK_CALL(mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, (off_t)page));
    CHECK(memcmp(shared, buffer, 3 * page - 100) == 0);
    CHECK(memcmp(private, buffer + page, 2 * page - 100) == 0);
    for (size_t i = 3 * page - 100; i < 3 * page; i++) CHECK_EQ(shared[i], 0);

    shared[page + 7] = 'S';
    CHECK_EQ(private[7], 'S');
    private[8] = 'P';
    CHECK(shared[page + 8] != 'P');
    private[7] = 'Q';
    CHECK_EQ(msync(shared, 3 * page, MS_SYNC), 0);
    CHECK_EQ(pread(file, read_back, page, (off_t)page), page);
    CHECK_EQ(read_back[7], 'S');
    CHECK_EQ(pwrite(file, "hello", 5, (off_t)page + 100), 5);
    CHECK(memcmp(shared + page + 100, "hello", 5) == 0);
    CHECK_FAILS(mmap(NULL, page, PROT_READ, MAP_PRIVATE, file, 17), EINVAL);
    int read_only = CHECK_CALL(open("mapped", O_RDONLY));
    CHECK_FAILS(mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, read_only, 0), EACCES);

    uint32_t* common =
        CHECK_CALL(mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    pid_t child = CHECK_CALL(fork());
    if (child == 0) {
        for (int i = 0; i < 10000; i++) __atomic_fetch_add(common, 1, __ATOMIC_SEQ_CST);
        private[9] = 'C';
        _exit(0);
    }
    for (int i = 0; i < 10000; i++) __atomic_fetch_add(common, 1, __ATOMIC_SEQ_CST);
    int status;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
    CHECK_EQ(*common, 20000);
    CHECK(private[9] != 'C');

    int memory = CHECK_CALL(memfd_create("test", MFD_CLOEXEC));
    CHECK_EQ(ftruncate(memory, (off_t)page), 0);
    char* first = CHECK_CALL(mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0));
    char* second = CHECK_CALL(mmap(NULL, page, PROT_READ, MAP_SHARED, memory, 0));
    first[10] = 'm';
    CHECK_EQ(second[10], 'm');
    close(memory);
    CHECK_EQ(munmap(shared, 3 * page), 0);
    CHECK_EQ(unlink("mapped"), 0);
    return check_done();
}
