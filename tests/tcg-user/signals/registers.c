/* SPDX-License-Identifier: MIT */
/* The whole register file at a fault, as the handler sees it, and as it is after the handler has changed it:
 * general registers, SP, PC, flags, vectors, FPSR and FPCR. The faulting load's base register is not yet
 * updated. */
#include <signal.h>
#include <ucontext.h>

#include "check.h"

extern void fault_with(const uint64_t in[33], uint64_t out[33], const void* vectors_in, void* vectors_out);
extern char fault_here[], fault_after[];

static uint64_t in[33], out[33], vectors_in[64], vectors_out[64], sp_seen;
static int faults;

static struct fpsimd_context* find_fpsimd(ucontext_t* context) {
    unsigned char* record = context->uc_mcontext.__reserved;
    for (;;) {
        struct _aarch64_ctx* head = (struct _aarch64_ctx*)record;
        if (head->magic == FPSIMD_MAGIC) return (struct fpsimd_context*)record;
        if (head->magic == 0) return NULL;
        record += head->size;
    }
}

static void on_fault(int signal, siginfo_t* info, void* opaque) {
    ucontext_t* context = opaque;
    mcontext_t* machine = &context->uc_mcontext;
    faults++;
    CHECK_EQ(signal, SIGSEGV);
    CHECK_EQ((uint64_t)info->si_addr, in[27]);
    CHECK_EQ(machine->pc, (uint64_t)fault_here);
    CHECK_EQ(machine->pstate & 0xf0000000, in[32]);
    CHECK_EQ(machine->sp & 15, 0);
    sp_seen = machine->sp;
    for (int i = 0; i < 31; i++) CHECK_EQ(machine->regs[i], in[i]);
    struct fpsimd_context* fp = find_fpsimd(context);
    CHECK(fp != NULL);
    CHECK_EQ(fp->head.size, sizeof *fp);
    CHECK(memcmp(fp->vregs, vectors_in, sizeof vectors_in) == 0);
    CHECK_EQ(fp->fpsr & 0x9f, 0x11);
    CHECK_EQ(fp->fpcr, 0x00800000);

    /* Changes that must be seen after the return. */
    for (int i = 0; i < 31; i++) machine->regs[i] = in[i] ^ 0xffff;
    machine->pc = (uint64_t)fault_after;
    machine->pstate = (machine->pstate & ~UINT64_C(0xf0000000)) | 0x50000000;
    for (int i = 0; i < 32; i++) fp->vregs[i] = ~fp->vregs[i];
    fp->fpsr = 0x08000002;
    fp->fpcr = 0x00400000;
}

int main(void) {
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    CHECK_EQ(sigaction(SIGSEGV, &action, NULL), 0);
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < 31; i++) in[i] = UINT64_C(0x0123456789abcdef) * (uint64_t)(i + 1 + round);
        for (int i = 0; i < 64; i++) vectors_in[i] = UINT64_C(0x9e3779b97f4a7c15) * (uint64_t)(i + 3 + round);
        in[27] = 0x100 + 8 * (uint64_t)round;
        in[32] = (uint64_t)(round * 5 % 16) << 28;
        __asm__ volatile("msr fpcr, %0\n\tmsr fpsr, %1" : : "r"(UINT64_C(0x00800000)), "r"(UINT64_C(0x11)));
        fault_with(in, out, vectors_in, vectors_out);
        uint64_t fpsr, fpcr;
        __asm__ volatile("mrs %0, fpcr\n\tmrs %1, fpsr\n\tmsr fpcr, xzr" : "=r"(fpcr), "=r"(fpsr));
        CHECK_EQ(fpcr, 0x00400000);
        CHECK_EQ(fpsr, 0x08000002);
        CHECK_EQ(faults, round + 1);
        for (int i = 0; i < 31; i++) CHECK_EQ(out[i], in[i] ^ 0xffff);
        CHECK_EQ(out[31], sp_seen);
        CHECK_EQ(out[32], 0x50000000);
        for (int i = 0; i < 64; i++) CHECK_EQ(vectors_out[i], ~vectors_in[i]);
    }
    return check_done();
}
