/* SPDX-License-Identifier: MIT */
/* SIGSEGV: code, address, PC, the saved registers and (with CHECK_ESR) the syndrome record of loads, stores
 * and jumps that fault. */
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "check.h"

#ifdef CHECK_ESR
enum { kCheckEsr = 1 };
#else
enum { kCheckEsr = 0 };
#endif

static sigjmp_buf back;
static volatile int code, number;
static volatile uint64_t address, pc, fault_address, esr;

static uint64_t find_esr(const ucontext_t* context) {
    const unsigned char* record = context->uc_mcontext.__reserved;
    for (;;) {
        uint32_t magic, size;
        memcpy(&magic, record, 4);
        memcpy(&size, record + 4, 4);
        if (magic == 0 || size == 0) return 0;
        if (magic == 0x45535201) {
            uint64_t value;
            memcpy(&value, record + 8, 8);
            return value;
        }
        record += size;
    }
}

static void on_fault(int signal, siginfo_t* info, void* opaque) {
    ucontext_t* context = opaque;
    number = signal;
    code = info->si_code;
    address = (uint64_t)info->si_addr;
    pc = context->uc_mcontext.pc;
    fault_address = context->uc_mcontext.fault_address;
    esr = find_esr(context);
    siglongjmp(back, 1);
}

#define FAULTS(want_code, want_address, is_write, ...)                                                  \
    do {                                                                                                \
        number = 0;                                                                                     \
        if (sigsetjmp(back, 1) == 0) {                                                                  \
            __VA_ARGS__;                                                                                \
            CHECK(!"no fault: " #__VA_ARGS__);                                                          \
        } else {                                                                                        \
            CHECK_ROW(#__VA_ARGS__ " signal", number, SIGSEGV);                                         \
            CHECK_ROW(#__VA_ARGS__ " code", code, want_code);                                           \
            CHECK_ROW(#__VA_ARGS__ " si_addr", address, (uint64_t)(want_address));                      \
            CHECK_ROW(#__VA_ARGS__ " fault_address", fault_address, (uint64_t)(want_address));          \
            if (kCheckEsr && is_write >= 0) CHECK_ROW(#__VA_ARGS__ " esr", esr >> 26, 0x24);            \
            if (kCheckEsr && is_write >= 0) CHECK_ROW(#__VA_ARGS__ " esr.wnr", esr >> 6 & 1, is_write); \
        }                                                                                               \
    } while (0)

#define RUN(text, value) __asm__ volatile(text : : "r"((uint64_t)(value)) : "x9", "x10", "v0", "v1", "memory")

int main(void) {
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    CHECK_EQ(sigaction(SIGSEGV, &action, NULL), 0);
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char* read_only = CHECK_CALL(mmap(NULL, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    char* nothing = CHECK_CALL(mmap(NULL, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

    FAULTS(SEGV_MAPERR, 0, 0, RUN("ldr x9, [%0]", 0));
    FAULTS(SEGV_MAPERR, 8, 1, RUN("str x9, [%0, #8]", 0));
    FAULTS(SEGV_MAPERR, 0x1234, 0, RUN("ldrb w9, [%0]", 0x1234));
    FAULTS(SEGV_MAPERR, 0x800, 1, RUN("strh w9, [%0, #-256]", 0x900));
    FAULTS(SEGV_ACCERR, read_only + 16, 1, RUN("str x9, [%0]", read_only + 16));
    FAULTS(SEGV_ACCERR, read_only + 32, 1, RUN("stp x9, x10, [%0]", read_only + 32));
    FAULTS(SEGV_ACCERR, read_only + 64, 1, RUN("str q0, [%0]", read_only + 64));
    FAULTS(SEGV_ACCERR, read_only + 3, 1, RUN("strb w9, [%0]", read_only + 3));
    FAULTS(SEGV_ACCERR, nothing + 40, 0, RUN("ldr x9, [%0]", nothing + 40));
    FAULTS(SEGV_ACCERR, nothing, 0, RUN("ld1 {v0.16b, v1.16b}, [%0]", nothing));
    FAULTS(SEGV_ACCERR, nothing + 8, 0, RUN("ldar x9, [%0]", nothing + 8));
    FAULTS(SEGV_ACCERR, nothing + 8, 0, RUN("ldxr x9, [%0]", nothing + 8));
    FAULTS(SEGV_ACCERR, read_only + 8, 1, RUN("ldxr x9, [%0]\n\tstxr w10, x9, [%0]", read_only + 8));
    FAULTS(SEGV_ACCERR, read_only, 1, RUN("dc zva, %0", read_only));
    /* A jump: the address is where the jump went, and so is the PC. */
    FAULTS(SEGV_ACCERR, nothing, -1, RUN("blr %0", nothing));
    CHECK_EQ(pc, (uint64_t)nothing);
    FAULTS(SEGV_ACCERR, read_only, -1, RUN("br %0", read_only));
    CHECK_EQ(pc, (uint64_t)read_only);
    FAULTS(SEGV_MAPERR, 0, -1, RUN("br %0", 0));
    CHECK_EQ(pc, 0);
    /* Below the program: no heap and no mapping can be there. */
    FAULTS(SEGV_MAPERR, 0x300000, -1, RUN("ret %0", 0x300000));
    CHECK_EQ(pc, 0x300000);
    return check_done();
}
