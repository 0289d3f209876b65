/* SPDX-License-Identifier: MIT */
/* The guest side of the instruction fuzzer: runs the cases of a batch file and writes down how each ended.
 *
 * Every case is entered by returning from a signal handler whose frame holds the case's registers, and ends
 * with a signal (at the latest a BRK behind its last instruction), whose frame holds the result. So no
 * register has to be spared for the harness, SP and X30 included. Runs under qemu-aarch64, on hardware, and
 * under Armature itself. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

#include "case.h"

#define BRK 0xd4200000u

static struct fuzz_batch* batch;
static uint32_t next_case;
static ucontext_t at_start; /* what main's own BRK interrupted: restored after the last case */
static int running;

static struct fpsimd_context* fpsimd(ucontext_t* uc) {
    struct _aarch64_ctx* head = (struct _aarch64_ctx*)uc->uc_mcontext.__reserved;
    while (head->magic && head->magic != FPSIMD_MAGIC)
        head = (struct _aarch64_ctx*)((char*)head + head->size);
    return (struct fpsimd_context*)head;
}

/* The record of SVE, if there is one with registers. */
static struct sve_context* sve(ucontext_t* uc) {
    struct _aarch64_ctx* head = (struct _aarch64_ctx*)uc->uc_mcontext.__reserved;
    if (!batch->vl) return 0;
    while (head->magic && head->magic != SVE_MAGIC) head = (struct _aarch64_ctx*)((char*)head + head->size);
    struct sve_context* context = (struct sve_context*)head;
    if (!head->magic || context->vl != batch->vl || head->size < SVE_SIG_CONTEXT_SIZE(batch->vl / 16))
        return 0;
    return context;
}

static void copy_sve(ucontext_t* uc, struct fuzz_state* state, int to_frame) {
    char* context = (char*)sve(uc);
    const unsigned vq = batch->vl / 16, bytes = batch->vl / 8;
    if (!batch->vl) return;
    if (!context) _exit(6);
    for (unsigned i = 0; i < 32; i++) {
        char* z = context + SVE_SIG_ZREG_OFFSET(vq, i);
        if (to_frame) {
            memcpy(z, state->v + 2 * i, 16);
            memcpy(z + 16, state->z[i], batch->vl - 16);
        } else {
            memcpy(state->z[i], z + 16, batch->vl - 16);
        }
    }
    for (unsigned i = 0; i < FUZZ_PREDICATES; i++) {
        char* p = context + (i < 16 ? SVE_SIG_PREG_OFFSET(vq, i) : SVE_SIG_FFR_OFFSET(vq));
        if (to_frame) {
            memcpy(p, &state->p[i], bytes);
        } else {
            memcpy(&state->p[i], p, bytes);
        }
    }
}

static void leave(const ucontext_t* uc, const siginfo_t* info, int signo) {
    struct fuzz_case* c = &batch->cases[next_case - 1];
    const mcontext_t* m = &uc->uc_mcontext;
    const struct fpsimd_context* fp = fpsimd((ucontext_t*)uc);
    memcpy(c->out.x, m->regs, sizeof c->out.x);
    c->out.sp = m->sp;
    memcpy(c->out.v, fp->vregs, sizeof c->out.v);
    c->out.pc = m->pc;
    c->out.nzcv = (uint32_t)m->pstate & 0xf0000000u;
    c->out.fpcr = fp->fpcr;
    c->out.fpsr = fp->fpsr;
    c->out.signal = (uint32_t)signo;
    c->out.fault_address = signo == SIGSEGV || signo == SIGBUS ? (uint64_t)info->si_addr : 0;
    memcpy(c->out.memory, (void*)c->window, FUZZ_MEMORY);
    copy_sve((ucontext_t*)uc, &c->out, 0);
    char* code = (char*)(FUZZ_CODE_BASE + (uint64_t)c->slot * FUZZ_SLOT);
    memset(code, 0, FUZZ_SLOT);
    __builtin___clear_cache(code, code + FUZZ_SLOT);
    batch->done = next_case;
}

static void enter(ucontext_t* uc) {
    struct fuzz_case* c = &batch->cases[next_case++];
    mcontext_t* m = &uc->uc_mcontext;
    struct fpsimd_context* fp = fpsimd(uc);
    uint32_t* code = (uint32_t*)(FUZZ_CODE_BASE + (uint64_t)c->slot * FUZZ_SLOT);
    memcpy(code, c->code, c->count * 4);
    code[c->count] = BRK;
    __builtin___clear_cache((char*)code, (char*)code + FUZZ_SLOT);
    memcpy((void*)c->window, c->in.memory, FUZZ_MEMORY);
    memcpy(m->regs, c->in.x, sizeof c->in.x);
    m->sp = c->in.sp;
    m->pc = (uint64_t)code;
    m->pstate = (m->pstate & ~0xf0000000ull) | c->in.nzcv;
    memcpy(fp->vregs, c->in.v, sizeof c->in.v);
    fp->fpcr = c->in.fpcr;
    fp->fpsr = c->in.fpsr;
    copy_sve(uc, &c->in, 1);
}

static void on_signal(int signo, siginfo_t* info, void* context) {
    ucontext_t* uc = context;
    if (!running) {
        running = 1;
        at_start = *uc;
    } else {
        leave(uc, info, signo);
    }
    while (next_case < batch->count && batch->cases[next_case].left_out) batch->done = ++next_case;
    if (next_case < batch->count) {
        enter(uc);
    } else {
        sigset_t mask = uc->uc_sigmask;
        *uc = at_start;
        uc->uc_sigmask = mask;
        uc->uc_mcontext.pc += 4; /* behind main's BRK */
    }
}

int main(int argc, char** argv) {
    static char alternate[65536];
    if (argc != 2) return 2;
    int fd = open(argv[1], O_RDWR);
    batch = mmap(0, sizeof *batch, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd < 0 || batch == MAP_FAILED) return 3;
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
    if (mmap((void*)FUZZ_CODE_BASE, FUZZ_CODE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC, flags, -1, 0) ==
            MAP_FAILED ||
        mmap((void*)FUZZ_MEMORY_BASE, FUZZ_MEMORY_SIZE, PROT_READ | PROT_WRITE, flags, -1, 0) == MAP_FAILED ||
        mmap((void*)FUZZ_LOW_BASE, FUZZ_MEMORY_SIZE, PROT_READ | PROT_WRITE, flags, -1, 0) == MAP_FAILED) {
        return 4;
    }
    stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
    sigaltstack(&stack, 0);
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    const int signals[] = {SIGTRAP, SIGILL, SIGSEGV, SIGBUS};
    for (unsigned i = 0; i < sizeof signals / sizeof signals[0]; i++) sigaction(signals[i], &action, 0);
    const struct itimerval limit = {
        .it_value = {.tv_sec = 20}};   /* of CPU time: other things may be running */
    setitimer(ITIMER_PROF, &limit, 0); /* a case that never ends is a mistake of the generator */
    __asm__ volatile("brk #0" ::: "memory");
    return batch->done == batch->count ? 0 : 5;
}
