/* SPDX-License-Identifier: MIT */
/* mmap and munmap: hints, MAP_FIXED over an existing mapping, MAP_FIXED_NOREPLACE, holes, errors. */
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>

#include "check.h"

static sigjmp_buf back;
static void on_fault(int signal) {
    siglongjmp(back, signal);
}

static int readable(volatile char* address) {
    if (sigsetjmp(back, 1)) return 0;
    (void)*address;
    return 1;
}

int main(void) {
    signal(SIGSEGV, on_fault);
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    CHECK(page == 4096 || page == 16384 || page == 65536);
    int rw = PROT_READ | PROT_WRITE, anonymous = MAP_PRIVATE | MAP_ANONYMOUS;
    char* area = CHECK_CALL(mmap(NULL, 16 * page, rw, anonymous, -1, 0));
    for (size_t i = 0; i < 16 * page; i++) CHECK(area[i] == 0);
    memset(area, 'a', 16 * page);

    /* A hole in the middle. */
    CHECK_EQ(munmap(area + 4 * page, 2 * page), 0);
    CHECK(readable(area + 4 * page - 1) && readable(area + 6 * page));
    CHECK(!readable(area + 4 * page) && !readable(area + 6 * page - 1));
    CHECK_EQ(munmap(area + 4 * page, 2 * page), 0);

    /* The hole is taken by a hint. */
    char* hinted = mmap(area + 4 * page, page, rw, anonymous, -1, 0);
    CHECK(hinted == area + 4 * page);

    /* NOREPLACE refuses what is there, and takes what is free. */
    CHECK_FAILS(mmap(area + 3 * page, page, rw, anonymous | MAP_FIXED_NOREPLACE, -1, 0), EEXIST);
    CHECK(mmap(area + 5 * page, page, rw, anonymous | MAP_FIXED_NOREPLACE, -1, 0) == area + 5 * page);
    CHECK(area[5 * page] == 0 && area[3 * page] == 'a');

    /* FIXED replaces. */
    CHECK(mmap(area + page, page, PROT_READ, anonymous | MAP_FIXED, -1, 0) == area + page);
    CHECK(area[page - 1] == 'a' && area[page] == 0 && area[2 * page] == 'a');

    CHECK_FAILS(mmap(NULL, 0, rw, anonymous, -1, 0), EINVAL);
    CHECK_FAILS(mmap(area + 1, page, rw, anonymous | MAP_FIXED, -1, 0), EINVAL);
    CHECK_FAILS(mmap(NULL, page, rw, MAP_ANONYMOUS, -1, 0), EINVAL);
    CHECK_FAILS(mmap(NULL, page, rw, MAP_PRIVATE, 99, 0), EBADF);
    CHECK_FAILS(mmap(NULL, (size_t)1 << 62, rw, anonymous, -1, 0), ENOMEM);
    CHECK_FAILS(mmap((void*)((uint64_t)1 << 60), page, rw, anonymous | MAP_FIXED, -1, 0), ENOMEM);
    CHECK_FAILS(munmap(area + 1, page), EINVAL);
    CHECK_FAILS(munmap(area, 0), EINVAL);
    CHECK_EQ(munmap(area, 16 * page), 0);
    CHECK(!readable(area) && !readable(area + 15 * page));

    /* A hint far away, a gigabyte reserved without access, and a fixed low address. */
    char* far = mmap((void*)UINT64_C(0x300000000000), page, rw, anonymous, -1, 0);
    CHECK(far != MAP_FAILED);
    char* reserve = mmap(NULL, UINT64_C(8) << 30, PROT_NONE, anonymous | MAP_NORESERVE, -1, 0);
    CHECK(reserve != MAP_FAILED);
    CHECK_EQ(mprotect(reserve + (UINT64_C(5) << 30), page, rw), 0);
    reserve[UINT64_C(5) << 30] = 1;
    CHECK(!readable(reserve) && readable(reserve + (UINT64_C(5) << 30)));
    CHECK_EQ(munmap(reserve, UINT64_C(8) << 30), 0);
    char* low = mmap((void*)0x10000000, page, rw, anonymous | MAP_FIXED_NOREPLACE, -1, 0);
    CHECK(low == (char*)0x10000000);
    return check_done();
}
