/* SPDX-License-Identifier: MIT */
/* mprotect: faults come exactly where the protection says, data stays, part of a mapping, errors. */
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>

#include "check.h"

static sigjmp_buf back;
static volatile int code;
static void* volatile address;

static void on_fault(int signal, siginfo_t* info, void* context) {
    (void)signal, (void)context;
    code = info->si_code;
    address = info->si_addr;
    siglongjmp(back, 1);
}

static int can_read(char* at) {
    if (sigsetjmp(back, 1)) return 0;
    (void)*(volatile char*)at;
    return 1;
}

static int can_write(char* at) {
    if (sigsetjmp(back, 1)) return 0;
    *(volatile char*)at = 'w';
    return 1;
}

static void refused(char* at, int want_code) {
    CHECK_EQ(code, want_code);
    CHECK_EQ((uintptr_t)address, (uintptr_t)at);
}

int main(void) {
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char* area = CHECK_CALL(mmap(NULL, 4 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    memset(area, 'x', 4 * page);

    CHECK_EQ(mprotect(area + page, 2 * page, PROT_READ), 0);
    CHECK(can_write(area + page - 1) && can_write(area + 3 * page));
    CHECK(can_read(area + page) && can_read(area + 3 * page - 1));
    CHECK(!can_write(area + page));
    refused(area + page, SEGV_ACCERR);
    CHECK(!can_write(area + 3 * page - 1));
    refused(area + 3 * page - 1, SEGV_ACCERR);

    CHECK_EQ(mprotect(area + page, page, PROT_NONE), 0);
    CHECK(!can_read(area + page + 5));
    refused(area + page + 5, SEGV_ACCERR);
    CHECK(!can_write(area + page + 5));
    CHECK(can_read(area + 2 * page));

    CHECK_EQ(mprotect(area, 4 * page, PROT_READ | PROT_WRITE), 0);
    CHECK(can_write(area + page + 5) && area[page] == 'x' && area[page + 5] == 'w');

    /* An access across two pages of which the second refuses it: the address is in the second. */
    CHECK_EQ(mprotect(area + page, page, PROT_NONE), 0);
    if (!sigsetjmp(back, 1)) {
        uint64_t value;
        __asm__ volatile("ldr %0, [%1]" : "=r"(value) : "r"(area + page - 3) : "memory");
        CHECK(!"a load across the edge succeeded");
    }
    CHECK_EQ(code, SEGV_ACCERR);
    CHECK((char*)address >= area + page - 3 && (char*)address <= area + page + 5);

    CHECK_FAILS(mprotect(area + 1, page, PROT_READ), EINVAL);
    CHECK_EQ(munmap(area, 4 * page), 0);
    CHECK_FAILS(mprotect(area, page, PROT_READ), ENOMEM);
    CHECK(!can_read(area));
    refused(area, SEGV_MAPERR);
    CHECK(!can_read((char*)16));
    refused((char*)16, SEGV_MAPERR);
    return check_done();
}
