/* SPDX-License-Identifier: MIT */
/* The program break grows, shrinks, comes back zeroed, and refuses nonsense. */
#include <sys/syscall.h>

#include "check.h"

int main(void) {
    uintptr_t start = (uintptr_t)sbrk(0);
    CHECK_EQ((uintptr_t)syscall(SYS_brk, 0), start);
    CHECK_EQ((uintptr_t)syscall(SYS_brk, 1), start);
    char* area = sbrk(1000000);
    CHECK_EQ((uintptr_t)area, start);
    CHECK_EQ((uintptr_t)sbrk(0), start + 1000000);
    for (int i = 0; i < 1000000; i += 1000) CHECK_EQ(area[i], 0);
    memset(area, 'b', 1000000);
    CHECK(sbrk(-900000) != (void*)-1);
    CHECK_EQ((uintptr_t)sbrk(0), start + 100000);
    CHECK_EQ(area[99999], 'b');
    CHECK(sbrk(900000) != (void*)-1);
    CHECK_EQ(area[99999], 'b');
    CHECK_EQ(area[900000], 0);
    CHECK_FAILS(sbrk((intptr_t)1 << 60), ENOMEM);
    CHECK_EQ((uintptr_t)sbrk(0), start + 1000000);
    CHECK_EQ(brk((void*)start), 0);
    CHECK_EQ((uintptr_t)sbrk(0), start);
    return check_done();
}
