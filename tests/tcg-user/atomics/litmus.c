/* SPDX-License-Identifier: MIT */
/* Litmus tests with two threads: what the memory model forbids must never be seen.
 *
 *     litmus [ITERATIONS [SHAPE]]        a table of the shapes whose name contains SHAPE
 *     litmus --long [SHAPE]              the same with 10^8 iterations of each, as proof
 *
 * Both threads walk over a batch of separate locations and wait for each other at every 16th: in between they
 * drift apart by a few instructions, this way and that, which shows as much as waiting at each and takes a
 * tenth of the time.
 * Shapes marked "allowed" show how often a relaxed outcome that the model permits is seen: they tell that the
 * others are put to the test. */
#include <pthread.h>
#include <sched.h>
#include <sys/auxv.h>

#include "check.h"

enum { BATCH = 1024, GROUP = 16 };

struct line {
    uint64_t x[2] __attribute__((aligned(64)));
    uint64_t y[2] __attribute__((aligned(64)));
    uint64_t z __attribute__((aligned(64)));
};
struct seen {
    uint64_t a, b, c, d;
};

static struct line lines[BATCH];
static struct seen results[2][BATCH];

#define ASM(text, ...) __asm__ volatile(".arch armv8.4-a\n\t" text __VA_ARGS__)
#define ONE "r"(UINT64_C(1))
#define X "r"(line->x)
#define Y "r"(line->y)

/* Store to one, load from the other: the second thread with x and y exchanged. */
#define STORE_LOAD(name, text)                                                                          \
    static void name##_0(struct line* line, struct seen* s) {                                           \
        ASM(text, : "=&r"(s->a) : "r"(UINT64_C(1)), "r"(line->x), "r"(line->y) : "memory", "x9", "cc"); \
    }                                                                                                   \
    static void name##_1(struct line* line, struct seen* s) {                                           \
        ASM(text, : "=&r"(s->a) : "r"(UINT64_C(1)), "r"(line->y), "r"(line->x) : "memory", "x9", "cc"); \
    }
STORE_LOAD(sb_release, "stlr %1, [%2]\n\tldar %0, [%3]")
STORE_LOAD(sb_dmb, "str %1, [%2]\n\tdmb ish\n\tldr %0, [%3]")
STORE_LOAD(sb_dsb, "str %1, [%2]\n\tdsb sy\n\tldr %0, [%3]")
STORE_LOAD(sb_swpal, "swpal %1, x9, [%2]\n\tldar %0, [%3]")
STORE_LOAD(sb_ldaddal, "ldaddal %1, x9, [%2]\n\tldar %0, [%3]")
STORE_LOAD(sb_casal, "mov x9, #0\n\tcasal x9, %1, [%2]\n\tldar %0, [%3]")
STORE_LOAD(sb_plain, "str %1, [%2]\n\tldr %0, [%3]")
STORE_LOAD(sb_dmbst, "str %1, [%2]\n\tdmb ishst\n\tldr %0, [%3]")
STORE_LOAD(sb_ldapr, "stlr %1, [%2]\n\tldapr %0, [%3]")
STORE_LOAD(sb_ldadd, "ldadd %1, x9, [%2]\n\tldr %0, [%3]")

static int both_zero(const struct line* line, const struct seen* a, const struct seen* b) {
    (void)line;
    return a->a == 0 && b->a == 0;
}

/* Load one, store to the other. */
#define LOAD_STORE(name, text)                                                              \
    static void name##_0(struct line* line, struct seen* s) {                               \
        ASM(text, : "=&r"(s->a) : "r"(UINT64_C(1)), "r"(line->x), "r"(line->y) : "memory"); \
    }                                                                                       \
    static void name##_1(struct line* line, struct seen* s) {                               \
        ASM(text, : "=&r"(s->a) : "r"(UINT64_C(1)), "r"(line->y), "r"(line->x) : "memory"); \
    }
LOAD_STORE(lb_release, "ldr %0, [%2]\n\tstlr %1, [%3]")
LOAD_STORE(lb_acquire, "ldar %0, [%2]\n\tstr %1, [%3]")
LOAD_STORE(lb_dmb, "ldr %0, [%2]\n\tdmb ishld\n\tstr %1, [%3]")
LOAD_STORE(lb_ldapr, "ldapr %0, [%2]\n\tstr %1, [%3]")

static int both_one(const struct line* line, const struct seen* a, const struct seen* b) {
    (void)line;
    return a->a == 1 && b->a == 1;
}

/* Message passing: data in x, flag in y. */
#define SENDER(name, text)                                \
    static void name(struct line* line, struct seen* s) { \
        (void)s;                                          \
        ASM(text, : : ONE, X, Y : "memory", "x9", "cc");  \
    }
#define RECEIVER(name, text)                                                 \
    static void name(struct line* line, struct seen* s) {                    \
        ASM(text, : "=&r"(s->a), "=&r"(s->b) : X, Y : "memory", "x9", "cc"); \
    }
SENDER(send_release, "str %0, [%1]\n\tstlr %0, [%2]")
SENDER(send_dmb, "str %0, [%1]\n\tdmb ishst\n\tstr %0, [%2]")
SENDER(send_swpl, "str %0, [%1]\n\tswpl %0, x9, [%2]")
SENDER(send_stlxr, "str %0, [%1]\n1:\tldxr x9, [%2]\n\tstlxr w9, %0, [%2]\n\tcbnz w9, 1b")
RECEIVER(receive_acquire, "ldar %0, [%3]\n\tldr %1, [%2]")
RECEIVER(receive_ldapr, "ldapr %0, [%3]\n\tldr %1, [%2]")
RECEIVER(receive_dmb, "ldr %0, [%3]\n\tdmb ishld\n\tldr %1, [%2]")
RECEIVER(receive_ldadda, "ldadda xzr, %0, [%3]\n\tldr %1, [%2]")
RECEIVER(receive_address, "ldr %0, [%3]\n\teor x9, %0, %0\n\tldr %1, [%2, x9]")

static int flag_without_data(const struct line* line, const struct seen* a, const struct seen* b) {
    (void)line;
    (void)a;
    return b->a == 1 && b->b == 0;
}

/* Two readings of one location by one thread. */
static void write_x(struct line* line, struct seen* s) {
    (void)s;
    __atomic_store_n(&line->x[0], 1, __ATOMIC_RELAXED);
}
RECEIVER(read_twice, "ldr %0, [%2]\n\tldr %1, [%2]\n\tadd x9, %3, #0")

static int backwards(const struct line* line, const struct seen* a, const struct seen* b) {
    (void)line;
    (void)a;
    return b->a == 1 && b->b == 0;
}

/* 16 bytes at once. */
SENDER(store_casp,
       "mov x4, #0\n\tmov x5, #0\n\tmov x6, %0\n\tmov x7, %0\n\tcasp x4, x5, x6, x7, [%1]\n\tadd x9, %2, #0")
static void store_stxp(struct line* line, struct seen* s) {
    (void)s;
    ASM("1:\tldxp x9, x10, [%1]\n\tstxp w9, %0, %0, [%1]\n\tcbnz w9, 1b", : : ONE, X : "memory", "x9", "x10");
}
static void store_stp(struct line* line, struct seen* s) {
    (void)s;
    ASM("stp %0, %0, [%1]", : : ONE, X : "memory");
}
static void load_casp(struct line* line, struct seen* s) {
    ASM("mov x4, #0\n\tmov x5, #0\n\tcasp x4, x5, x4, x5, [%2]\n\tmov %0, x4\n\tmov %1, x5",
        : "=&r"(s->a), "=&r"(s->b)
        : X
        : "memory", "x4", "x5");
}
static void load_ldxp(struct line* line, struct seen* s) {
    ASM("1:\tldxp %0, %1, [%2]\n\tstxp w9, %0, %1, [%2]\n\tcbnz w9, 1b",
        : "=&r"(s->a), "=&r"(s->b)
        : X
        : "memory", "x9");
}
static void load_ldp(struct line* line, struct seen* s) {
    ASM("ldp %0, %1, [%2]", : "=&r"(s->a), "=&r"(s->b) : X : "memory");
}

static int torn(const struct line* line, const struct seen* a, const struct seen* b) {
    (void)line;
    (void)a;
    return b->a != b->b;
}

/* Both add one to x; nothing may be lost. */
static void add_exclusive(struct line* line, struct seen* s) {
    (void)s;
    ASM("1:\tldxr x9, [%0]\n\tadd x9, x9, #1\n\tstxr w10, x9, [%0]\n\tcbnz w10, 1b",
        :
        : X
        : "memory", "x9", "x10");
}
static void add_lse(struct line* line, struct seen* s) {
    (void)s;
    ASM("stadd %0, [%1]", : : ONE, X : "memory");
}

static int lost(const struct line* line, const struct seen* a, const struct seen* b) {
    (void)a;
    (void)b;
    return line->x[0] != 2;
}

/* x goes from 0 to 1 and back between a load exclusive and its store: the store must fail. y tells that it
 * had not begun, z that it was over. */
static void change_and_restore(struct line* line, struct seen* s) {
    (void)s;
    ASM("stlr %0, [%2]\n\tstlr %0, [%1]\n\tstlr xzr, [%1]\n\tstlr %0, [%3]",
        :
        : ONE, X, Y, "r"(&line->z)
        : "memory");
}
static void exclusive_over(struct line* line, struct seen* s) {
    ASM("ldaxr %0, [%4]\n\tldar %1, [%5]\n\tmov x9, #20\n1:\tsub x9, x9, #1\n\tcbnz x9, 1b\n\tldar %2, "
        "[%6]\n\t"
        "stxr %w3, %4, [%4]",
        : "=&r"(s->a), "=&r"(s->b), "=&r"(s->c), "=&r"(s->d)
        : X, Y, "r"(&line->z)
        : "memory", "x9");
}

static int stored_all_the_same(const struct line* line, const struct seen* a, const struct seen* b) {
    (void)line;
    (void)a;
    return b->b == 0 && b->c == 1 && (uint32_t)b->d == 0;
}

enum { FORBIDDEN, ALLOWED, FORBIDDEN_WITH_LSE2, KNOWN };

static const struct shape {
    const char* name;
    void (*first)(struct line*, struct seen*);
    void (*second)(struct line*, struct seen*);
    int (*outcome)(const struct line*, const struct seen*, const struct seen*);
    int kind;
} shapes[] = {
    {"SB stlr; ldar", sb_release_0, sb_release_1, both_zero, FORBIDDEN},
    {"SB dmb ish", sb_dmb_0, sb_dmb_1, both_zero, FORBIDDEN},
    {"SB dsb sy", sb_dsb_0, sb_dsb_1, both_zero, FORBIDDEN},
    {"SB swpal; ldar", sb_swpal_0, sb_swpal_1, both_zero, FORBIDDEN},
    {"SB ldaddal; ldar", sb_ldaddal_0, sb_ldaddal_1, both_zero, FORBIDDEN},
    {"SB casal; ldar", sb_casal_0, sb_casal_1, both_zero, FORBIDDEN},
    {"SB str; ldr", sb_plain_0, sb_plain_1, both_zero, ALLOWED},
    {"SB dmb ishst", sb_dmbst_0, sb_dmbst_1, both_zero, ALLOWED},
    {"SB stlr; ldapr", sb_ldapr_0, sb_ldapr_1, both_zero, ALLOWED},
    {"SB ldadd; ldr", sb_ldadd_0, sb_ldadd_1, both_zero, ALLOWED},
    {"LB ldr; stlr", lb_release_0, lb_release_1, both_one, FORBIDDEN},
    {"LB ldar; str", lb_acquire_0, lb_acquire_1, both_one, FORBIDDEN},
    {"LB dmb ishld", lb_dmb_0, lb_dmb_1, both_one, FORBIDDEN},
    {"LB ldapr; str", lb_ldapr_0, lb_ldapr_1, both_one, FORBIDDEN},
    {"MP stlr, ldar", send_release, receive_acquire, flag_without_data, FORBIDDEN},
    {"MP stlr, ldapr", send_release, receive_ldapr, flag_without_data, FORBIDDEN},
    {"MP dmb ishst, dmb ishld", send_dmb, receive_dmb, flag_without_data, FORBIDDEN},
    {"MP dmb ishst, address", send_dmb, receive_address, flag_without_data, FORBIDDEN},
    {"MP swpl, ldadda", send_swpl, receive_ldadda, flag_without_data, FORBIDDEN},
    {"MP stlxr, ldar", send_stlxr, receive_acquire, flag_without_data, FORBIDDEN},
    {"CoRR", write_x, read_twice, backwards, FORBIDDEN},
    {"16 bytes casp, casp", store_casp, load_casp, torn, FORBIDDEN},
    {"16 bytes stxp, ldxp", store_stxp, load_ldxp, torn, FORBIDDEN},
    {"16 bytes casp, ldxp", store_casp, load_ldxp, torn, FORBIDDEN},
    {"16 bytes stp, ldp", store_stp, load_ldp, torn, FORBIDDEN_WITH_LSE2},
    {"count ldxr, stxr", add_exclusive, add_exclusive, lost, FORBIDDEN},
    {"count stadd", add_lse, add_lse, lost, FORBIDDEN},
    {"count ldxr, stxr, stadd", add_exclusive, add_lse, lost, FORBIDDEN},
    {"ABA ldaxr, stxr", change_and_restore, exclusive_over, stored_all_the_same, KNOWN},
};

static const struct shape* present;
static uint64_t rounds;
static uint64_t turn[2][16] __attribute__((aligned(128)));

/* Waits until the other thread has come as far; both then go on within a few nanoseconds. No order beyond
 * that. */
static void meet(int me, uint64_t step) {
    __atomic_store_n(&turn[me][0], step, __ATOMIC_RELAXED);
    for (unsigned spins = 0; __atomic_load_n(&turn[!me][0], __ATOMIC_RELAXED) < step; spins++) {
        if (spins > 500) sched_yield();
    }
}

/* Between rounds one thread clears the lines and looks at the results: these two are barriers. */
static void walk(int me, uint64_t round) {
    void (*const step)(struct line*, struct seen*) = me ? present->second : present->first;
    const uint64_t first = round * (BATCH + 2);
    meet(me, first);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    for (unsigned i = 0; i < BATCH; i++) {
        if (i % GROUP == 0) meet(me, first + 1 + i);
        step(&lines[i], &results[me][i]);
    }
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    meet(me, first + BATCH + 1);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void* partner(void* unused) {
    (void)unused;
    for (uint64_t round = 1; round <= rounds; round++) walk(1, round);
    return NULL;
}

static uint64_t count_outcomes(const struct shape* shape, uint64_t iterations) {
    uint64_t count = 0;
    pthread_t thread;
    present = shape;
    rounds = (iterations + BATCH - 1) / BATCH;
    turn[0][0] = turn[1][0] = 0;
    CHECK_EQ(pthread_create(&thread, NULL, partner, NULL), 0);
    for (uint64_t round = 1; round <= rounds; round++) {
        memset(lines, 0, sizeof lines);
        walk(0, round);
        for (unsigned i = 0; i < BATCH; i++)
            count += shape->outcome(&lines[i], &results[0][i], &results[1][i]) != 0;
    }
    pthread_join(thread, NULL);
    return count;
}

int main(int argc, char** argv) {
    const int is_long = argc > 1 && strcmp(argv[1], "--long") == 0;
    const uint64_t iterations = is_long ? 100000000 : argc > 1 ? strtoull(argv[1], NULL, 0) : BATCH;
    const char* only = argc > 2 ? argv[2] : "";
    const int has_lse2 = getauxval(AT_HWCAP) >> 25 & 1;
    static const char* const words[] = {"forbidden", "allowed", "allowed", "known"};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const struct shape* shape = &shapes[i];
        if (!strstr(shape->name, only)) continue;
        const uint64_t count = count_outcomes(shape, iterations);
        const int kind = shape->kind == FORBIDDEN_WITH_LSE2 && has_lse2 ? FORBIDDEN : shape->kind;
        if (argc > 1) {
            printf("%-24s %9s %10llu times in %llu\n", shape->name, words[kind], (unsigned long long)count,
                   (unsigned long long)(rounds * BATCH));
            fflush(stdout);
        }
        if (kind == FORBIDDEN) CHECK_ROW(shape->name, count, 0);
    }
    return check_done();
}
