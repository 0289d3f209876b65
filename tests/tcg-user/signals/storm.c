/* SPDX-License-Identifier: MIT */
/* Many signals per second while integers, flags and vectors are computed: the results stay right. */
#include <signal.h>
#include <sys/time.h>

#include "check.h"

static volatile int delivered;

/* One shot, set again when it has been handled: however slow the machine, the work goes on in between. */
static void arm(void) {
    struct itimerval timer = {.it_value = {0, 300}};
    setitimer(ITIMER_REAL, &timer, NULL);
}

static void on_alarm(int signal) {
    (void)signal;
    delivered++;
    /* Trample on everything a handler may. */
    double trample = delivered;
    for (int i = 0; i < 10; i++) trample = trample * 1.5 + 1;
    __asm__ volatile(
        "msr nzcv, xzr\n\tmovi v0.16b, #1\n\tmovi v1.16b, #2\n\tmovi v16.16b, #3\n\tmovi v31.16b, #4\n\tmov "
        "x9, #1"
        :
        : "w"(trample)
        : "v0", "v1", "v16", "v31", "x9", "cc");
    if (delivered < 300) arm();
}

static uint64_t work(uint64_t seed) {
    uint64_t a = seed, b = ~seed, carry = 0;
    double x = 1;
    uint64_t vector[2] = {seed, seed + 1};
    __asm__ volatile("ldr q5, [%0]\n\tmovi v6.16b, #3" : : "r"(vector) : "v5", "v6");
    for (int i = 0; i < 20000; i++) {
        __asm__ volatile(
            "adds %0, %0, %1\n\tadcs %1, %1, %2\n\tcset %2, cs\n\teor %0, %0, %1, ror #7\n\tmadd %1, %0, %1, "
            "%2"
            : "+r"(a), "+r"(b), "+r"(carry)
            :
            : "cc");
        x = x * 1.0000001 + 0.25 / (double)(i + 1);
    }
    return a ^ b ^ carry ^ bits_of_double(x);
}

int main(void) {
    uint64_t want = work(12345);
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    CHECK_EQ(sigaction(SIGALRM, &action, NULL), 0);
    arm();
    for (int i = 0; delivered < 300 || i < 20; i++) CHECK_EQ(work(12345), want);
    return check_done();
}
