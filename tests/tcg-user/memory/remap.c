/* SPDX-License-Identifier: MIT */
/* mremap: shrinking, growing in place, moving, to a fixed place; madvise. */
#include <sys/mman.h>

#include "check.h"

int main(void) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    int rw = PROT_READ | PROT_WRITE, anonymous = MAP_PRIVATE | MAP_ANONYMOUS;
    char* area = CHECK_CALL(mmap(NULL, 8 * page, rw, anonymous, -1, 0));
    for (size_t i = 0; i < 8; i++) area[i * page] = (char)('a' + i);

    CHECK(mremap(area, 8 * page, 3 * page, 0) == area);
    /* What was cut off is free, so growing in place works. */
    CHECK(mremap(area, 3 * page, 5 * page, 0) == area);
    CHECK(area[2 * page] == 'c' && area[3 * page] == 0 && area[4 * page] == 0);

    /* Blocked: fails without MAYMOVE, moves with it. */
    CHECK(mmap(area + 5 * page, page, rw, anonymous | MAP_FIXED, -1, 0) == area + 5 * page);
    CHECK_FAILS(mremap(area, 5 * page, 6 * page, 0), ENOMEM);
    char* moved = CHECK_CALL(mremap(area, 5 * page, 100 * page, MREMAP_MAYMOVE));
    CHECK(moved != area && moved[0] == 'a' && moved[2 * page] == 'c' && moved[99 * page] == 0);
    CHECK_FAILS(mremap(area, page, 2 * page, MREMAP_MAYMOVE), EFAULT);

    char* place = CHECK_CALL(mmap(NULL, 4 * page, PROT_NONE, anonymous, -1, 0));
    CHECK(mremap(moved, 2 * page, 2 * page, MREMAP_MAYMOVE | MREMAP_FIXED, place + page) == place + page);
    CHECK(place[page] == 'a' && place[2 * page] == 'b');
    CHECK_FAILS(mremap(place + 1, page, page, 0), EINVAL);

    place[page] = 'z';
    CHECK_EQ(madvise(place + page, page, MADV_DONTNEED), 0);
    CHECK_EQ(place[page], 0);
    CHECK_EQ(place[2 * page], 'b');
    CHECK_EQ(madvise(place + page, page, MADV_WILLNEED), 0);
    unsigned char resident[2];
    CHECK_EQ(mincore(place + page, 2 * page, resident), 0);
    CHECK_EQ(resident[1] & 1, 1);
    CHECK_EQ(msync(place + page, page, MS_ASYNC), 0);
    CHECK_EQ(mlock(place + page, page), 0);
    CHECK_EQ(munlock(place + page, page), 0);
    return check_done();
}
