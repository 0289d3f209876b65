/* SPDX-License-Identifier: MIT */
/* Clocks by the vdso and by system call agree and run forward; sleeping; times; CPU clocks. */
#define _GNU_SOURCE
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>

#include "check.h"

static int64_t nanoseconds(const struct timespec* time) {
    return time->tv_sec * INT64_C(1000000000) + time->tv_nsec;
}

int main(void) {
    static const clockid_t kClocks[] = {
        CLOCK_REALTIME, CLOCK_MONOTONIC,        CLOCK_MONOTONIC_RAW,      CLOCK_REALTIME_COARSE,
        CLOCK_BOOTTIME, CLOCK_MONOTONIC_COARSE, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID};
    for (unsigned i = 0; i < sizeof kClocks / sizeof kClocks[0]; i++) {
        struct timespec a, b, c, resolution;
        CHECK_EQ(clock_gettime(kClocks[i], &a), 0);
        CHECK_EQ(syscall(SYS_clock_gettime, kClocks[i], &b), 0);
        CHECK_EQ(clock_gettime(kClocks[i], &c), 0);
        CHECK(a.tv_nsec >= 0 && a.tv_nsec < 1000000000);
        CHECK(nanoseconds(&a) <= nanoseconds(&b) && nanoseconds(&b) <= nanoseconds(&c));
        CHECK(nanoseconds(&c) - nanoseconds(&a) < 1000000000);
        CHECK_EQ(clock_getres(kClocks[i], &resolution), 0);
        CHECK(resolution.tv_sec == 0 && resolution.tv_nsec > 0 && resolution.tv_nsec <= 10000000);
    }
    CHECK_FAILS(syscall(SYS_clock_gettime, 77, NULL), EINVAL);

    struct timeval day;
    struct timespec now;
    CHECK_EQ(gettimeofday(&day, NULL), 0);
    CHECK_EQ(clock_gettime(CLOCK_REALTIME, &now), 0);
    CHECK(now.tv_sec - day.tv_sec <= 1 && time(NULL) - day.tv_sec <= 1);

    struct timespec before, after, request = {0, 20000000};
    clock_gettime(CLOCK_MONOTONIC, &before);
    CHECK_EQ(nanosleep(&request, NULL), 0);
    clock_gettime(CLOCK_MONOTONIC, &after);
    CHECK(nanoseconds(&after) - nanoseconds(&before) >= 20000000);
    request = after;
    request.tv_nsec += 10000000;
    if (request.tv_nsec >= 1000000000) request.tv_nsec -= 1000000000, request.tv_sec++;
    CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &request, NULL), 0);
    clock_gettime(CLOCK_MONOTONIC, &after);
    CHECK(nanoseconds(&after) >= nanoseconds(&request));
    request.tv_nsec = 1000000000;
    CHECK_FAILS(nanosleep(&request, NULL), EINVAL);

    struct timespec cpu_before, cpu_after;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu_before);
    for (volatile int i = 0; i < 5000000; i++) {
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu_after);
    CHECK(nanoseconds(&cpu_after) > nanoseconds(&cpu_before));
    struct tms ticks;
    CHECK(times(&ticks) != (clock_t)-1);
    struct rusage usage;
    CHECK_EQ(getrusage(RUSAGE_SELF, &usage), 0);
    CHECK(usage.ru_utime.tv_sec * 1000000 + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec > 0);
    /* Many calls in a row never step back. */
    int64_t last = 0;
    for (int i = 0; i < 20000; i++) {
        clock_gettime(CLOCK_MONOTONIC, &now);
        CHECK(nanoseconds(&now) >= last);
        last = nanoseconds(&now);
    }
    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    tzset();
    time_t moment = 1700000000;
    char text[64];
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %Z", localtime(&moment));
    CHECK_STR(text, "2023-11-14 23:13:20 CET");
    return check_done();
}
