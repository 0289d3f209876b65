/* SPDX-License-Identifier: MIT */
/* What a JIT does with mappings: write then protect, map other code at the same place, two views of one page,
 * unmap. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>

#include "check.h"

typedef int Function(void);

static void emit(uint32_t* code, unsigned value) {
    code[0] = 0x52800000u | value << 5;
    code[1] = 0xd65f03c0u;
}

static sigjmp_buf back;
static volatile int code_of_fault;
static volatile uintptr_t address_of_fault;
static void on_fault(int signal, siginfo_t* info, void* context) {
    (void)signal, (void)context;
    code_of_fault = info->si_code;
    address_of_fault = (uintptr_t)info->si_addr;
    siglongjmp(back, 1);
}

int main(void) {
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint32_t* code = CHECK_CALL(mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    for (unsigned i = 0; i < 100; i++) {
        CHECK_EQ(mprotect(code, page, PROT_READ | PROT_WRITE), 0);
        emit(code, i);
        CHECK_EQ(mprotect(code, page, PROT_READ | PROT_EXEC), 0);
        __builtin___clear_cache((char*)code, (char*)(code + 2));
        CHECK_EQ(((Function*)code)(), i);
    }
    /* New mappings at the same address, without any cache maintenance: the memory never held this code
     * before. */
    for (unsigned i = 0; i < 100; i++) {
        uint32_t* fresh = mmap(code, page, PROT_READ | PROT_WRITE | PROT_EXEC,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        CHECK(fresh == code);
        emit(code, 100 + i);
        __builtin___clear_cache((char*)code, (char*)(code + 2));
        CHECK_EQ(((Function*)code)(), 100 + i);
        CHECK_EQ(munmap(code, page), 0);
    }
    /* Two views: written through one, run through the other, flushed through either. */
    int memory = CHECK_CALL(memfd_create("code", 0));
    CHECK_EQ(ftruncate(memory, (off_t)page), 0);
    uint32_t* writable = CHECK_CALL(mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0));
    uint32_t* runnable = CHECK_CALL(mmap(NULL, page, PROT_READ | PROT_EXEC, MAP_SHARED, memory, 0));
    for (unsigned i = 0; i < 100; i++) {
        emit(writable, i);
        __builtin___clear_cache((char*)(i % 2 ? runnable : writable),
                                (char*)((i % 2 ? runnable : writable) + 2));
        if (i % 2 == 0) __builtin___clear_cache((char*)runnable, (char*)(runnable + 2));
        CHECK_EQ(((Function*)runnable)(), i);
    }
    /* Not executable, and then not there: a fault at the function's first instruction. */
    CHECK_EQ(mprotect(runnable, page, PROT_READ), 0);
    if (sigsetjmp(back, 1) == 0) {
        ((Function*)runnable)();
        CHECK(!"ran code without permission");
    }
    CHECK_EQ(code_of_fault, SEGV_ACCERR);
    CHECK_EQ(address_of_fault, (uintptr_t)runnable);
    CHECK_EQ(munmap(runnable, page), 0);
    if (sigsetjmp(back, 1) == 0) {
        ((Function*)runnable)();
        CHECK(!"ran code that is not there");
    }
    CHECK_EQ(code_of_fault, SEGV_MAPERR);
    CHECK_EQ(address_of_fault, (uintptr_t)runnable);
    return check_done();
}
