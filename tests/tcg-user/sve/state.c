/* SPDX-License-Identifier: MIT */
/* SVE's registers across signals, system calls, threads and exec, and the vector length by prctl. */
#include <arm_sve.h>
#include <asm/sigcontext.h>
#include <pthread.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "check.h"

#define LENGTH(status) ((status)&PR_SVE_VL_LEN_MASK)

static volatile int handled;
static unsigned frame_vl, frame_size;

static void on_trap(int signo, siginfo_t* info, void* context) {
    (void)signo, (void)info;
    ucontext_t* uc = context;
    struct _aarch64_ctx* head = (struct _aarch64_ctx*)uc->uc_mcontext.__reserved;
    while (head->magic && head->magic != SVE_MAGIC) head = (struct _aarch64_ctx*)((char*)head + head->size);
    const struct sve_context* sve = (struct sve_context*)head;
    frame_vl = head->magic ? sve->vl : 0;
    frame_size = head->size;
    uc->uc_mcontext.pc += 4;
    __asm__ volatile("mov z3.b, #77\n pfalse p3.b\n wrffr p3.b" ::: "z3", "p3");
    handled++;
}

/* Sum of the bytes of z3, which are all `byte`, behind a signal whose handler changes them. */
static void test_signals(void) {
    struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};
    sigaction(SIGTRAP, &action, NULL);
    uint64_t sum = 0, bits = 0, ffr = 0;
    __asm__ volatile(
        "setffr\n ptrue p4.b\n mov z3.b, #5\n ptrue p3.h\n brk #0\n"
        "uaddv d5, p4, z3.b\n fmov %0, d5\n cntp %1, p4, p3.b\n rdffr p5.b\n cntp %2, p4, p5.b"
        : "=&r"(sum), "=&r"(bits), "=&r"(ffr)
        :
        : "z3", "z5", "p3", "p4", "p5", "memory");
    CHECK_EQ(handled, 1);
    CHECK_EQ(frame_vl, svcntb());
    CHECK_EQ(frame_size, (SVE_SIG_CONTEXT_SIZE(svcntb() / 16) + 15) & ~15u);
    CHECK_EQ(sum, 5 * svcntb());
    CHECK_EQ(bits, svcntb() / 2);
    CHECK_EQ(ffr, svcntb());
    svsetffr();
}

static void* thread_length(void* result) {
    *(long*)result = prctl(PR_SVE_GET_VL);
    return NULL;
}

static void test_lengths(void) {
    const long before = prctl(PR_SVE_GET_VL);
    CHECK_EQ(LENGTH(before), svcntb());
    CHECK_EQ(prctl(PR_SVE_SET_VL, 8), -1);
    CHECK_EQ(prctl(PR_SVE_SET_VL, 16), 16);
    CHECK_EQ(svcntb(), 16);
    long other = 0;
    pthread_t thread;
    pthread_create(&thread, NULL, thread_length, &other);
    pthread_join(thread, NULL);
    CHECK_EQ(other, 16);
    /* As long as there are: no longer than asked for. */
    const long most = prctl(PR_SVE_SET_VL, 8192);
    CHECK_EQ(LENGTH(most), svcntb());
    CHECK_EQ(prctl(PR_SVE_SET_VL, svcntb()), most);
    if (svcntb() > 16) {
        CHECK_EQ(prctl(PR_SVE_SET_VL, (svcntb() - 1) & ~15ul) < most, 1);
        uint64_t sum = 1;
        prctl(PR_SVE_SET_VL, 16);
        __asm__ volatile("mov z7.d, #1" ::: "z7");
        prctl(PR_SVE_SET_VL, most);
        __asm__ volatile("ptrue p4.d\n uaddv d7, p4, z7.d\n fmov %0, d7" : "=r"(sum) : : "z7", "p4");
        CHECK(sum <= 2);
    }
    prctl(PR_SVE_SET_VL, before);
}

static int run(const char* self, const char* length) {
    const pid_t child = fork();
    if (child == 0) {
        execl(self, self, length, NULL);
        _exit(99);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return status;
}

/* An exec gives the default, or what was asked for. */
static void test_exec(const char* self) {
    char word[16];
    const long before = prctl(PR_SVE_GET_VL);
    snprintf(word, sizeof word, "%ld", before);
    prctl(PR_SVE_SET_VL, 16);
    CHECK_EQ(run(self, word), 0);
    CHECK_EQ(prctl(PR_SVE_SET_VL, 16 | PR_SVE_SET_VL_ONEXEC), 16);
    CHECK_EQ(run(self, "16"), 0);
    prctl(PR_SVE_SET_VL, before | PR_SVE_VL_INHERIT);
    CHECK_EQ(prctl(PR_SVE_GET_VL), before | PR_SVE_VL_INHERIT);
    snprintf(word, sizeof word, "%ld", before | PR_SVE_VL_INHERIT);
    CHECK_EQ(run(self, word), 0);
    prctl(PR_SVE_SET_VL, before);
}

int main(int argc, char** argv) {
    if (argc > 1) return prctl(PR_SVE_GET_VL) == atol(argv[1]) ? 0 : 1;
    CHECK(getauxval(AT_HWCAP) & HWCAP_SVE);
    test_signals();
    test_lengths();
    test_exec(argv[0]);
    return check_done();
}
