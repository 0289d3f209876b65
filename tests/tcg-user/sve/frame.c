/* SPDX-License-Identifier: MIT */
/* The record of SVE in a signal frame: a handler sees all of Z, P and FFR in it, and what it writes is in
 * force after it. V registers come from the record of AdvSIMD. A record of another vector length is refused;
 * one without registers drops what AdvSIMD does not have. */
#include <arm_sve.h>
#include <asm/sigcontext.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "check.h"

static enum { LOOK, CHANGE, SHRINK, WRONG_LENGTH } plan;
static unsigned vl, records;

static struct _aarch64_ctx* record(ucontext_t* uc, uint32_t magic) {
    struct _aarch64_ctx* head = (struct _aarch64_ctx*)uc->uc_mcontext.__reserved;
    while (head->magic && head->magic != magic) head = (struct _aarch64_ctx*)((char*)head + head->size);
    return head->magic ? head : NULL;
}

static void on_trap(int signo, siginfo_t* info, void* context) {
    (void)signo, (void)info;
    ucontext_t* uc = context;
    uc->uc_mcontext.pc += 4;
    struct fpsimd_context* simd = (struct fpsimd_context*)record(uc, FPSIMD_MAGIC);
    struct sve_context* sve = (struct sve_context*)record(uc, SVE_MAGIC);
    if (!simd || !sve) return;
    records++;
    const unsigned vq = vl / 16;
    unsigned char* const base = (unsigned char*)sve;
    CHECK_EQ(sve->vl, vl);
    if (plan == WRONG_LENGTH) sve->vl = (uint16_t)(vl + 16);
    for (unsigned n = 0; n < 32; n++) {
        unsigned char* z = base + SVE_SIG_ZREG_OFFSET(vq, n);
        for (unsigned i = 0; i < vl && plan == LOOK; i++) CHECK_ROW("z", z[i], (unsigned char)(n * 7 + 1));
        if (plan != LOOK) CHECK_ROW("v", (unsigned char)simd->vregs[n], z[0]);
        if (plan == CHANGE) memset(z, (int)(n + 100), vl);
        if (plan == CHANGE) memset(&simd->vregs[n], (int)(n + 50), 16);
    }
    for (unsigned n = 0; n < 16; n++) {
        unsigned char* p = base + SVE_SIG_PREG_OFFSET(vq, n);
        for (unsigned i = 0; i < vl / 8 && plan == LOOK; i++) CHECK_ROW("p", p[i], (n & 1 ? 0x11 : 0xff));
        if (plan == CHANGE) memset(p, n & 1 ? 0xff : 0x55, vl / 8);
    }
    unsigned char* ffr = base + SVE_SIG_FFR_OFFSET(vq);
    for (unsigned i = 0; i < vl / 8 && plan == LOOK; i++) CHECK_ROW("ffr", ffr[i], 0xff);
    if (plan == CHANGE) memset(ffr + 1, 0, vl / 8 - 1);
    if (plan == SHRINK) { /* then it is the last record */
        sve->head.size = sizeof *sve;
        memset(sve + 1, 0, sizeof(struct _aarch64_ctx));
    }
}

struct all {
    unsigned char z[32][64], p[17][8];
} __attribute__((aligned(16)));

#define EACH(M) \
    M(0)        \
    M(1) M(2) M(3) M(4) M(5) M(6) M(7) M(8) M(9) M(10) M(11) M(12) M(13) M(14) M(15)
#define EACH_UPPER(M) \
    M(16)             \
    M(17) M(18) M(19) M(20) M(21) M(22) M(23) M(24) M(25) M(26) M(27) M(28) M(29) M(30) M(31)
#define SET_Z(n) "mov z" #n ".b, #(" #n "*7+1)&127 - (" #n "*7+1)&128\n\t"
#define SET_P(n) "ptrue p" #n ".b\n\t"
#define SET_ODD(n) "ptrue p" #n ".s\n\t"
#define GET_Z(n) "str z" #n ", [x9]\n\tadd x9, x9, #64\n\t"
#define GET_P(n) "str p" #n ", [x9]\n\tadd x9, x9, #8\n\t"
#define CLOBBER(n) "z" #n,
#define CLOBBER_P(n) "p" #n,

/* Fills all registers, is interrupted, and stores them. */
static struct all run(void) {
    struct all after;
    memset(&after, 0, sizeof after);
    __asm__ volatile(
        "setffr\n\t" EACH(SET_Z) EACH_UPPER(SET_Z) EACH(SET_P) "ptrue p1.s\n\tptrue p3.s\n\tptrue p5.s\n\tptrue "
        "p7.s\n\tptrue p9.s\n\tptrue p11.s\n\tptrue p13.s\n\tptrue p15.s\n\t"
        "mov x9, %0\n\tbrk #0\n\t" EACH(GET_Z) EACH_UPPER(GET_Z) EACH(GET_P) "rdffr p0.b\n\tstr p0, [x9]"
        :
        : "r"(&after)
        : EACH(CLOBBER) EACH_UPPER(CLOBBER) EACH(CLOBBER_P) "x9", "memory");
    return after;
}

int main(void) {
    vl = (unsigned)svcntb();
    struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};
    sigaction(SIGTRAP, &action, NULL);

    plan = LOOK;
    struct all after = run();
    for (unsigned n = 0; n < 32; n++)
        for (unsigned i = 0; i < vl; i++) CHECK_ROW("kept z", after.z[n][i], (unsigned char)(n * 7 + 1));
    for (unsigned n = 0; n < 17; n++)
        for (unsigned i = 0; i < vl / 8; i++) CHECK_ROW("kept p", after.p[n][i], n & 1 ? 0x11 : 0xff);

    plan = CHANGE;
    after = run();
    for (unsigned n = 0; n < 32; n++)
        for (unsigned i = 0; i < vl; i++) CHECK_ROW("new z", after.z[n][i], n + (i < 16 ? 50 : 100));
    for (unsigned n = 0; n < 16; n++)
        for (unsigned i = 0; i < vl / 8; i++) CHECK_ROW("new p", after.p[n][i], n & 1 ? 0xff : 0x55);
    for (unsigned i = 0; i < vl / 8; i++) CHECK_ROW("new ffr", after.p[16][i], i ? 0 : 0xff);

    plan = SHRINK;
    after = run();
    for (unsigned n = 0; n < 32; n++)
        for (unsigned i = 0; i < vl; i++)
            CHECK_ROW("v alone", after.z[n][i], i < 16 ? (unsigned char)(n * 7 + 1) : 0);
    CHECK_EQ(records, 3);

    const pid_t child = fork();
    if (child == 0) {
        plan = WRONG_LENGTH;
        run();
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    CHECK_EQ(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, 1);
    return check_done();
}
