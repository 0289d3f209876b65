/* SPDX-License-Identifier: MIT */
/* Memory order between two threads: store buffering under stlr/ldar and under dmb ish must never show 0, 0;
 * message passing under release/acquire must never show the flag without the data. */
#include <pthread.h>

#include "check.h"

enum { kRounds = 30000 };

static struct { uint64_t value __attribute__((aligned(128))); } x, y, seen[2], turn[2];
static int kind;

static void meet(int me, uint64_t round) {
    __atomic_store_n(&turn[me].value, round, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&turn[!me].value, __ATOMIC_SEQ_CST) < round) {
    }
}

static void one_round(int me) {
    uint64_t *mine = me ? &y.value : &x.value, *other = me ? &x.value : &y.value, got, one = 1;
    if (kind == 0) {
        __asm__ volatile("stlr %1, [%2]\n\tldar %0, [%3]"
                         : "=&r"(got)
                         : "r"(one), "r"(mine), "r"(other)
                         : "memory");
    } else if (kind == 1) {
        __asm__ volatile("str %1, [%2]\n\tdmb ish\n\tldr %0, [%3]"
                         : "=&r"(got)
                         : "r"(one), "r"(mine), "r"(other)
                         : "memory");
    } else {
        got = 1;
        if (me == 0) {
            __asm__ volatile("str %0, [%1]\n\tstlr %0, [%2]"
                             :
                             : "r"(one), "r"(&x.value), "r"(&y.value)
                             : "memory");
        } else {
            uint64_t flag, data;
            __asm__ volatile("ldar %0, [%2]\n\tldr %1, [%3]"
                             : "=&r"(flag), "=&r"(data)
                             : "r"(&y.value), "r"(&x.value)
                             : "memory");
            got = data >= flag;
        }
    }
    seen[me].value = got;
}

static void* partner(void* argument) {
    (void)argument;
    for (uint64_t round = 1; round <= kRounds; round++) {
        meet(1, 2 * round - 1);
        one_round(1);
        meet(1, 2 * round);
    }
    return NULL;
}

int main(void) {
    for (kind = 0; kind < 3; kind++) {
        pthread_t thread;
        uint64_t forbidden = 0;
        turn[0].value = turn[1].value = 0;
        CHECK_EQ(pthread_create(&thread, NULL, partner, NULL), 0);
        for (uint64_t round = 1; round <= kRounds; round++) {
            x.value = y.value = 0;
            meet(0, 2 * round - 1);
            one_round(0);
            meet(0, 2 * round);
            if (kind < 2 ? seen[0].value == 0 && seen[1].value == 0 : !seen[1].value) forbidden++;
        }
        pthread_join(thread, NULL);
        CHECK_ROW(kind == 0 ? "stlr/ldar" : kind == 1 ? "dmb ish" : "message passing", forbidden, 0);
    }
    return check_done();
}
