/* SPDX-License-Identifier: MIT */
/* What the loader makes of segments: initialised data, bss from within a page, constants that cannot be
 * written, code that cannot, a large aligned object, constructor arrays, RELRO. */
#include <setjmp.h>
#include <signal.h>

#include "check.h"

static int data = 5;
static char bss[300000];
static char tail;
static const int kConstant = 6;
static char big[1 << 16] __attribute__((aligned(65536))) = {1, [65535] = 2};
static int (*const kTable[])(void) = {check_done};
static int constructed;

__attribute__((constructor)) static void construct(void) {
    constructed = data;
}

static sigjmp_buf back;
static void on_fault(int signal) {
    (void)signal;
    siglongjmp(back, 1);
}

static int can_write(const volatile void* at) {
    if (sigsetjmp(back, 1)) return 0;
    *(volatile char*)at = *(const volatile char*)at;
    return 1;
}

int main(void) {
    signal(SIGSEGV, on_fault);
    CHECK_EQ(data, 5);
    CHECK_EQ(constructed, 5);
    for (size_t i = 0; i < sizeof bss; i++) CHECK_EQ(bss[i], 0);
    CHECK_EQ(tail, 0);
    CHECK(big[0] == 1 && big[65535] == 2 && big[1000] == 0 && (uintptr_t)big % 65536 == 0);
    CHECK(can_write(&data) && can_write(bss) && can_write(bss + sizeof bss - 1) && can_write(&big[3]));
    CHECK(!can_write(&kConstant));
    CHECK(!can_write((const volatile void*)(uintptr_t)main));
    CHECK(!can_write(kTable));
    CHECK(!can_write("a string literal"));
    return check_done();
}
