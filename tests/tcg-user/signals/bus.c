/* SPDX-License-Identifier: MIT */
/* SIGBUS: beyond the end of a mapped file, a misaligned PC, misaligned exclusives and SP. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "check.h"

static sigjmp_buf back;
static volatile int number, code;
static volatile uint64_t address, pc;

static void on_fault(int signal, siginfo_t* info, void* context) {
    number = signal;
    code = info->si_code;
    address = (uint64_t)info->si_addr;
    pc = ((ucontext_t*)context)->uc_mcontext.pc;
    siglongjmp(back, 1);
}

int main(void) {
    static char handler_stack[65536];
    stack_t stack = {.ss_sp = handler_stack, .ss_size = sizeof handler_stack};
    CHECK_EQ(sigaltstack(&stack, NULL), 0);
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    CHECK_EQ(sigaction(SIGBUS, &action, NULL), 0);
    CHECK_EQ(sigaction(SIGSEGV, &action, NULL), 0);

    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    int file = CHECK_CALL(open("short", O_RDWR | O_CREAT | O_TRUNC, 0600));
    CHECK_EQ(ftruncate(file, 100), 0);
    volatile char* mapped = CHECK_CALL(mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
    CHECK_EQ(mapped[99] | mapped[page - 1], 0);
    for (int is_write = 0; is_write < 2; is_write++) {
        number = 0;
        if (sigsetjmp(back, 1) == 0) {
            if (is_write) {
                mapped[page + 10] = 1;
            } else {
                (void)mapped[page + 10];
            }
        }
        CHECK_EQ(number, SIGBUS);
        CHECK_EQ(code, BUS_ADRERR);
        CHECK_EQ(address, (uint64_t)(mapped + page + 10));
    }

    static const uint32_t kReturn[2] __attribute__((aligned(4))) = {0xd65f03c0, 0xd65f03c0};
    number = 0;
    uint64_t target = (uint64_t)kReturn + 2;
    if (sigsetjmp(back, 1) == 0) __asm__ volatile("br %0" : : "r"(target));
    CHECK_EQ(number, SIGBUS);
    CHECK_EQ(code, BUS_ADRALN);
    CHECK_EQ(address, target);
    CHECK_EQ(pc, target);

    static uint64_t cell[4] __attribute__((aligned(16)));
    number = 0;
    if (sigsetjmp(back, 1) == 0) __asm__ volatile("ldxr x9, [%0]" : : "r"((char*)cell + 1) : "x9", "memory");
    CHECK_EQ(number, SIGBUS);
    CHECK_EQ(code, BUS_ADRALN);
    CHECK_EQ(address, (uint64_t)cell + 1);
    unlink("short");
    return check_done();
}
