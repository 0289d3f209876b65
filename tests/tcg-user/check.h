/* SPDX-License-Identifier: MIT */
/* What every guest program checks itself with.
 *
 * A program states facts with the CHECK macros and ends with `return check_done();`. A fact that does not
 * hold prints one line that says where and what differed; the program goes on, so that one run shows
 * everything that is wrong, and exits with status 1. When all facts hold it prints "ok" and nothing else.
 */
#ifndef TESTS_TCG_USER_CHECK_H
#define TESTS_TCG_USER_CHECK_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int check_failures;

__attribute__((noinline, unused)) static void check_failed(const char* file, int line, const char* what) {
    if (++check_failures <= 40) printf("%s:%d: failed: %s\n", file, line, what);
}

__attribute__((noinline, unused)) static void check_differs(const char* file, int line, const char* what,
                                                            unsigned long long got, unsigned long long want) {
    if (++check_failures <= 40) {
        printf("%s:%d: %s: got 0x%llx, want 0x%llx\n", file, line, what, got, want);
    }
}

#define CHECK(condition)                                                \
    do {                                                                \
        if (!(condition)) check_failed(__FILE__, __LINE__, #condition); \
    } while (0)

/* Integers (and anything that converts to one) are compared as 64 bits. */
#define CHECK_EQ(got, want)                                                                          \
    do {                                                                                             \
        unsigned long long check_got = (unsigned long long)(got);                                    \
        unsigned long long check_want = (unsigned long long)(want);                                  \
        if (check_got != check_want) check_differs(__FILE__, __LINE__, #got, check_got, check_want); \
    } while (0)

/* The same with a name that is only known at run time: the row of a table, usually. */
#define CHECK_ROW(name, got, want)                                                                   \
    do {                                                                                             \
        unsigned long long check_got = (unsigned long long)(got);                                    \
        unsigned long long check_want = (unsigned long long)(want);                                  \
        if (check_got != check_want) check_differs(__FILE__, __LINE__, name, check_got, check_want); \
    } while (0)

#define CHECK_STR(got, want)                                                                                 \
    do {                                                                                                     \
        const char* check_got = (got);                                                                       \
        const char* check_want = (want);                                                                     \
        if (strcmp(check_got, check_want) != 0) {                                                            \
            check_failures++;                                                                                \
            printf("%s:%d: %s: got \"%s\", want \"%s\"\n", __FILE__, __LINE__, #got, check_got, check_want); \
        }                                                                                                    \
    } while (0)

/* A call that must not return -1; its value is the value of the expression. */
#define CHECK_CALL(call)                                                                            \
    __extension__({                                                                                 \
        __typeof__(call) check_result = (call);                                                     \
        if (check_result == (__typeof__(check_result))-1) {                                         \
            check_failures++;                                                                       \
            printf("%s:%d: %s: errno %d, %s\n", __FILE__, __LINE__, #call, errno, strerror(errno)); \
        }                                                                                           \
        check_result;                                                                               \
    })

/* A call that must fail with a given errno. */
#define CHECK_FAILS(call, error)                         \
    do {                                                 \
        errno = 0;                                       \
        long check_result_of = (long)(call);             \
        int check_errno = errno;                         \
        CHECK_ROW(#call, check_result_of, (long)-1);     \
        CHECK_ROW(#call " errno", check_errno, (error)); \
    } while (0)

/* The bits of a float or a double, for comparisons that tell -0 from 0 and one NaN from another. */
__attribute__((unused)) static inline uint64_t bits_of_double(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

__attribute__((unused)) static inline uint32_t bits_of_float(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

__attribute__((unused)) static inline double double_of_bits(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

__attribute__((unused)) static inline float float_of_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

__attribute__((unused)) static int check_done(void) {
    if (check_failures != 0) {
        printf("%d checks failed\n", check_failures);
        return 1;
    }
    puts("ok");
    return 0;
}

#endif
