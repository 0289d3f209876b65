/* SPDX-License-Identifier: MIT */
/* Code that is rewritten in place: after the cache maintenance the new code runs, thousands of times. */
#include <sys/mman.h>

#include "check.h"

typedef int Function(void);

/* mov w0, #value; ret */
static void emit(uint32_t* code, unsigned value) {
    code[0] = 0x52800000u | value << 5;
    code[1] = 0xd65f03c0u;
    __builtin___clear_cache((char*)code, (char*)(code + 2));
}

static int call_many(Function* function, int times) {
    int sum = 0;
    for (int i = 0; i < times; i++) sum += function();
    return sum;
}

int main(void) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint32_t* code = CHECK_CALL(
        mmap(NULL, 2 * page, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    Function* function = (Function*)code;
    for (unsigned i = 0; i < 2000; i++) {
        emit(code, i);
        CHECK_EQ(function(), i);
    }
    /* Hot first, so that it sits in whatever the translator keeps for hot code. */
    for (unsigned i = 0; i < 20; i++) {
        emit(code, i);
        CHECK_EQ(call_many(function, 20000), (int)(20000 * i));
    }
    /* Two functions in one page; only one changes. */
    emit(code, 1);
    emit(code + 64, 2);
    for (unsigned i = 0; i < 200; i++) {
        emit(code + 64, i);
        CHECK_EQ(function(), 1);
        CHECK_EQ(((Function*)(code + 64))(), i);
    }
    /* Code that crosses the page, changed on the far side. */
    uint32_t* edge = code + page / 4 - 1;
    emit(edge, 5);
    CHECK_EQ(((Function*)edge)(), 5);
    edge[1] = 0x11000400; /* add w0, w0, #1 */
    edge[2] = 0xd65f03c0;
    __builtin___clear_cache((char*)(edge + 1), (char*)(edge + 3));
    CHECK_EQ(((Function*)edge)(), 6);

    /* Code that rewrites an instruction ahead of itself, in the same straight line. */
    uint32_t* p = code + 256;
    p[0] = 0xb9000022; /* str w2, [x1] */
    p[1] = 0xd50b7b21; /* dc cvau, x1 */
    p[2] = 0xd5033b9f; /* dsb ish */
    p[3] = 0xd50b7521; /* ic ivau, x1 */
    p[4] = 0xd5033b9f; /* dsb ish */
    p[5] = 0xd5033fdf; /* isb */
    p[6] = 0x52800000; /* mov w0, #0: the one that is rewritten */
    p[7] = 0xd65f03c0;
    __builtin___clear_cache((char*)p, (char*)(p + 8));
    int (*patch)(int, uint32_t*, uint32_t) = (int (*)(int, uint32_t*, uint32_t))p;
    for (uint32_t i = 0; i < 500; i++) CHECK_EQ(patch(0, p + 6, 0x52800000u | i << 5), i);

    /* A direct branch between two generated functions survives the change of its target. */
    uint32_t *caller = code + 512, *callee = code + 600;
    caller[0] = 0x14000000u | (uint32_t)(callee - caller); /* b callee */
    __builtin___clear_cache((char*)caller, (char*)(caller + 1));
    for (unsigned i = 0; i < 300; i++) {
        emit(callee, i);
        CHECK_EQ(((Function*)caller)(), i);
        CHECK_EQ(((Function*)caller)(), i);
    }
    return check_done();
}
