/* SPDX-License-Identifier: MIT */
/* NT_ARM_SVE: a tracer sees all registers of SVE, changes them, and changes the vector length. */
#include <arm_sve.h>
#include <asm/ptrace.h>
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static unsigned char set[SVE_PT_SIZE(4, SVE_PT_REGS_SVE)];
static struct user_sve_header* const header = (struct user_sve_header*)set;

static size_t get(pid_t pid) {
    struct iovec range = {set, sizeof set};
    memset(set, 0xee, sizeof set);
    CHECK_CALL(ptrace(PTRACE_GETREGSET, pid, NT_ARM_SVE, &range));
    CHECK_EQ(range.iov_len, header->size);
    return range.iov_len;
}
static long put(pid_t pid, size_t size) {
    struct iovec range = {set, size};
    return ptrace(PTRACE_SETREGSET, pid, NT_ARM_SVE, &range);
}

static void wait_for_trap(pid_t pid) {
    int status = 0;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP, 1);
}
/* Behind the BRK. */
static void go_on(pid_t pid) {
    struct user_pt_regs registers;
    struct iovec range = {&registers, sizeof registers};
    CHECK_CALL(ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &range));
    registers.pc += 4;
    CHECK_CALL(ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &range));
    CHECK_CALL(ptrace(PTRACE_CONT, pid, 0, 0));
}

/* Exits with 0 if it finds what the tracer is to have written. */
static void child(void) {
    uint64_t z = 0, p = 0, f = 0, low = 0;
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    __asm__ volatile("brk #0"); /* nothing of SVE is in use */
    __asm__ volatile(
        "setffr\n\tptrue p2.s\n\tmov z5.b, #7\n\tbrk #0\n\tptrue p7.b\n\tuaddv d0, p7, z5.b\n\tfmov %0, "
        "d0\n\t"
        "cntp %1, p7, p2.b\n\trdffr p6.b\n\tcntp %2, p7, p6.b"
        : "=r"(z), "=r"(p), "=r"(f)
        :
        : "z0", "z5", "p2", "p6", "p7", "memory");
    if (z != 9 * svcntb() || p != svcntb() || f != 8) _exit(1);
    __asm__ volatile(
        "mov z5.b, #3\n\tbrk #0\n\tptrue p7.b\n\tuaddv d0, p7, z5.b\n\tfmov %0, d0\n\tumov %1, v5.d[1]"
        : "=r"(z), "=r"(low)
        :
        : "z0", "z5", "p7", "memory");
    uint64_t length; /* the compiler takes svcntb() for constant */
    __asm__ volatile("rdvl %0, #1" : "=r"(length));
    if (length != 16 || prctl(PR_SVE_GET_VL) != (16 | PR_SVE_VL_INHERIT)) _exit(2);
    _exit(z == 16 * 3 && low == 0x0303030303030303 ? 0 : 3);
}

int main(void) {
    const unsigned vl = (unsigned)svcntb(), vq = vl / 16;
    const pid_t pid = fork();
    if (pid == 0) child();

    wait_for_trap(pid);
    CHECK_EQ(get(pid), SVE_PT_SIZE(vq, SVE_PT_REGS_FPSIMD));
    CHECK_EQ(header->vl, vl);
    CHECK_EQ(header->max_vl, vl);
    CHECK_EQ(header->max_size, SVE_PT_SIZE(vq, SVE_PT_REGS_SVE));
    CHECK_EQ(header->flags & SVE_PT_REGS_MASK, SVE_PT_REGS_FPSIMD);
    go_on(pid);

    wait_for_trap(pid);
    CHECK_EQ(get(pid), SVE_PT_SIZE(vq, SVE_PT_REGS_SVE));
    CHECK_EQ(header->flags & SVE_PT_REGS_MASK, SVE_PT_REGS_SVE);
    unsigned char* z5 = set + SVE_PT_SVE_ZREG_OFFSET(vq, 5);
    for (unsigned i = 0; i < vl; i++) CHECK_ROW("z5", z5[i], 7);
    unsigned char* p2 = set + SVE_PT_SVE_PREG_OFFSET(vq, 2);
    for (unsigned i = 0; i < vl / 8; i++) CHECK_ROW("p2", p2[i], 0x11);
    unsigned char* ffr = set + SVE_PT_SVE_FFR_OFFSET(vq);
    for (unsigned i = 0; i < vl / 8; i++) CHECK_ROW("ffr", ffr[i], 0xff);
    memset(z5, 9, vl);
    memset(p2, 0xff, vl / 8);
    memset(ffr + 1, 0, vl / 8 - 1);
    const size_t size = header->size;
    CHECK_CALL(put(pid, size));
    /* Wrong: a length that is none, a set of another length, a part of a unit. */
    header->vl = 8;
    CHECK_FAILS(put(pid, size), EINVAL);
    header->vl = 8192;
    CHECK_FAILS(put(pid, size), EIO);
    header->vl = (uint16_t)vl;
    CHECK_FAILS(put(pid, size - 1), EINVAL);
    get(pid);
    for (unsigned i = 0; i < vl; i++) CHECK_ROW("new z5", set[SVE_PT_SVE_ZREG_OFFSET(vq, 5) + i], 9);
    go_on(pid);

    /* Another length: what AdvSIMD does not have is lost. */
    wait_for_trap(pid);
    get(pid);
    header->vl = 16;
    header->flags = SVE_PT_VL_INHERIT;
    CHECK_CALL(put(pid, sizeof *header));
    const unsigned flags = vl > 16 ? SVE_PT_REGS_FPSIMD : SVE_PT_REGS_SVE;
    CHECK_EQ(get(pid), SVE_PT_SIZE(1, flags));
    CHECK_EQ(header->vl, 16);
    CHECK_EQ(header->flags, SVE_PT_VL_INHERIT | flags);
    go_on(pid);
    int status = 0;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0);
    return check_done();
}
