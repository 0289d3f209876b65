/* SPDX-License-Identifier: MIT */
/* A stack pointer that is no multiple of 16 may be computed with, but every access through it is SIGBUS,
 * BUS_ADRALN, with the stack pointer as the address; also when a signal handler's frame or a new thread
 * brought it. */
#include "faults/faults.h"

static unsigned char stack[4 * PAGE] __attribute__((aligned(64)));
static unsigned char alternate[4 * PAGE] __attribute__((aligned(64)));

/* Runs the instruction with sp = address and x1 = 0x1111 in between. */
static void run_on(uint32_t instruction, uint64_t address) {
    memset(&seen, 0, sizeof seen);
    code[0] = 0x910003e5; /* mov x5, sp */
    code[1] = 0x9100001f; /* mov sp, x0 */
    code[2] = instruction;
    code[3] = 0x910003e0; /* mov x0, sp */
    code[4] = 0x910000bf; /* mov sp, x5 */
    code[5] = 0xd65f03c0; /* ret */
    __builtin___clear_cache((char*)code, (char*)(code + 6));
    if (sigsetjmp(out_of_fault, 1)) return;
    register uint64_t x0 __asm__("x0") = address;
    register uint64_t x1 __asm__("x1") = 0x1111;
    __asm__ volatile("blr %2" : "+r"(x0), "+r"(x1) : "r"(code) : "x2", "x5", "x30", "v0", "cc", "memory");
}

static const struct {
    const char* name;
    uint32_t word;
    int refused;
} rows[] = {
    {"nop", 0xd503201f, 0},
    {"add x2, sp, #1", 0x910007e2, 0},
    {"ldr x1, [sp]", 0xf94003e1, 1},
    {"str x1, [sp, #8]", 0xf90007e1, 1},
    {"ldrb w1, [sp, #3]", 0x39400fe1, 1},
    {"stp x1, x2, [sp, #-16]!", 0xa9bf0be1, 1},
    {"ldp x1, x2, [sp], #16", 0xa8c10be1, 1},
    {"str q0, [sp]", 0x3d8003e0, 1},
    {"ldr x1, [sp, x1]", 0xf8616be1, 1},
    {"ldadd x1, x2, [sp]", 0xf82103e2, 1},
    {"ldxr x1, [sp]", 0xc85f7fe1, 1},
    {"ld1 {v0.16b}, [sp]", 0x4c4073e0, 1},
    {"ldar x1, [sp]", 0xc8dfffe1, 1},
};

int main(void) {
    prepare();
    stack_t other = {.ss_sp = alternate, .ss_size = sizeof alternate};
    sigaltstack(&other, NULL);
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigaction(SIGBUS, &action, NULL);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            for (unsigned offset = 0; offset <= 16; offset += 4) {
                const uint64_t sp = (uint64_t)stack + 2 * PAGE + offset;
                run_on(rows[i].word, sp);
                const int refused = rows[i].refused && offset % 16;
                CHECK_ROW(rows[i].name, seen.signo, refused ? SIGBUS : 0);
                if (!refused || !seen.signo) continue;
                CHECK_ROW(rows[i].name, seen.code, BUS_ADRALN);
                CHECK_ROW(rows[i].name, seen.address, sp);
                CHECK_ROW(rows[i].name, seen.pc, (uint64_t)&code[2]);
                CHECK_ROW(rows[i].name, seen.x[1], 0x1111);
            }
        }
    }
    return check_done();
}
