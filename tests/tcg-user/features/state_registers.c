/* SPDX-License-Identifier: MIT */
/* Random numbers, the self-synchronised counter, DIT and SSBS: read, written, kept over a signal, per thread.
 */
#include <pthread.h>
#include <signal.h>
#include <ucontext.h>

#include "check.h"

#define PREFIX ".arch armv8.5-a+rng\n\t"
#define READ(name)                                              \
    __extension__({                                             \
        uint64_t value;                                         \
        __asm__ volatile(PREFIX "mrs %0, " name : "=r"(value)); \
        value;                                                  \
    })
#define DIT (UINT64_C(1) << 24)
#define SSBS (UINT64_C(1) << 12)

static uint64_t in_frame;

static void on_signal(int signo, siginfo_t* info, void* context) {
    (void)signo;
    (void)info;
    ucontext_t* uc = context;
    in_frame = uc->uc_mcontext.pstate & (DIT | SSBS);
    uc->uc_mcontext.pstate ^= SSBS;
}

static void* in_thread(void* unused) {
    (void)unused;
    __asm__ volatile(PREFIX "msr dit, #0");
    return (void*)READ("dit");
}

int main(void) {
    uint64_t flags, number, all = 0, same = 0, previous = 0;
    for (int i = 0; i < 100; i++) {
        __asm__ volatile(PREFIX "msr nzcv, %2\n\tmrs %0, rndr\n\tmrs %1, nzcv"
                         : "=&r"(number), "=r"(flags)
                         : "r"(UINT64_C(0xf0000000))
                         : "cc");
        CHECK_EQ(flags, 0);
        all |= number;
        same += number == previous;
        previous = number;
    }
    CHECK_EQ(all, UINT64_MAX);
    CHECK_EQ(same, 0);
    CHECK(READ("rndrrs") != READ("rndrrs"));

    const uint64_t before = READ("cntvct_el0"), now = READ("s3_3_c14_c0_6"), after = READ("cntvct_el0");
    CHECK(before <= now && now <= after);
    __asm__ volatile(".inst 0xd5031000 | 3, 0xd5031020 | 4"); /* wfet x3; wfit x4 */

    __asm__ volatile(PREFIX "msr dit, #1");
    CHECK_EQ(READ("dit"), DIT);
    __asm__ volatile(PREFIX "msr dit, %0\n\tmsr ssbs, %0" : : "r"(UINT64_C(0)));
    CHECK_EQ(READ("dit"), 0);
    CHECK_EQ(READ("ssbs"), 0);
    __asm__ volatile(PREFIX "msr ssbs, #1\n\tmsr dit, %0" : : "r"(UINT64_MAX));
    CHECK_EQ(READ("dit"), DIT);
    CHECK_EQ(READ("ssbs"), SSBS);

    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    CHECK_EQ(in_frame, DIT | SSBS);
    CHECK_EQ(READ("ssbs"), 0);
    CHECK_EQ(READ("dit"), DIT);

    pthread_t thread;
    void* result;
    pthread_create(&thread, NULL, in_thread, NULL);
    pthread_join(thread, &result);
    CHECK_EQ((uint64_t)result, 0);
    CHECK_EQ(READ("dit"), DIT);
    return check_done();
}
