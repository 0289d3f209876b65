/* SPDX-License-Identifier: MIT */
/* Accesses across the edge of a page behind which they are not allowed, from each byte at which they can
 * begin: SIGSEGV with the first byte behind the edge as the address, all general registers as they were. A
 * store of one register has stored nothing, as here the host's store has not; of one with several accesses
 * the architecture lets those be made that do not fault. What lies behind the edge, and before the access,
 * never changes. Then: guard pages of stacks. */
#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "faults/faults.h"

enum { LOAD, STORE, STORES };

static const struct {
    const char* name;
    uint32_t word; /* base x0, stores x1 and x2 or v0 and v1 */
    unsigned size;
    int kind;
} rows[] = {
    {"strh w1", 0x79000001, 2, STORE},
    {"str w1", 0xb9000001, 4, STORE},
    {"str x1", 0xf9000001, 8, STORE},
    {"stur x1", 0xf8000001, 8, STORE},
    {"str q0", 0x3d800000, 16, STORE},
    {"str x1, [x0], #8", 0xf8008401, 8, STORE},
    {"stp w1, w2", 0x29000801, 8, STORES},
    {"stp x1, x2", 0xa9000801, 16, STORES},
    {"stp x1, x2, [x0], #16", 0xa8810801, 16, STORES},
    {"stnp x1, x2", 0xa8000801, 16, STORES},
    {"stp s0, s1", 0x2d000400, 8, STORES},
    {"stp d0, d1", 0x6d000400, 16, STORES},
    {"stp q0, q1", 0xad000400, 32, STORES},
    {"stp q0, q1, [x0], #32", 0xac810400, 32, STORES},
    {"st1 {v0.16b}", 0x4c007000, 16, STORES},
    {"st1 {v0.16b, v1.16b}", 0x4c00a000, 32, STORES},
    {"st1 {v0.2d, v1.2d}, [x0], #32", 0x4c9fac00, 32, STORES},
    {"st2 {v0.8h, v1.8h}", 0x4c008400, 32, STORES},
    {"st2 {v0.b, v1.b}[3]", 0x0d200c00, 2, STORES},
    {"st2 {v0.d, v1.d}[1], [x0], #16", 0x4dbf8400, 16, STORES},
    {"ldrh w1", 0x79400001, 2, LOAD},
    {"ldr w1", 0xb9400001, 4, LOAD},
    {"ldrsw x1", 0xb9800001, 4, LOAD},
    {"ldr x1, [x0], #8", 0xf8408401, 8, LOAD},
    {"ldr q0", 0x3dc00000, 16, LOAD},
    {"ldp w1, w2", 0x29400801, 8, LOAD},
    {"ldp x1, x2", 0xa9400801, 16, LOAD},
    {"ldp x1, x2, [x0], #16", 0xa8c10801, 16, LOAD},
    {"ldnp x1, x2", 0xa8400801, 16, LOAD},
    {"ldpsw x1, x2", 0x69400801, 8, LOAD},
    {"ldp d0, d1", 0x6d400400, 16, LOAD},
    {"ldp q0, q1, [x0], #32", 0xacc10400, 32, LOAD},
    {"ld1 {v0.16b, v1.16b}", 0x4c40a000, 32, LOAD},
    {"ld1 {v0.2d, v1.2d}, [x0], #32", 0x4cdfac00, 32, LOAD},
    {"ld2 {v0.8h, v1.8h}", 0x4c408400, 32, LOAD},
    {"ld2r {v0.4s, v1.4s}", 0x4d60c800, 8, LOAD},
};

enum { NEW = 0x22, OLD = 0x11 };

/* Everything that can be stored is NEW. */
static void run_new(uint32_t instruction, uint64_t address) {
    memset(&seen, 0, sizeof seen);
    code[0] = 0x4f01e440; /* movi v0.16b, #0x22 */
    code[1] = 0x4f01e441; /* movi v1.16b, #0x22 */
    code[2] = instruction;
    code[3] = 0xd65f03c0; /* ret */
    __builtin___clear_cache((char*)code, (char*)(code + 4));
    if (sigsetjmp(out_of_fault, 1)) return;
    register uint64_t x0 __asm__("x0") = address;
    register uint64_t x1 __asm__("x1") = 0x2222222222222222;
    register uint64_t x2 __asm__("x2") = 0x2222222222222222;
    __asm__ volatile("blr %3" : "+r"(x0), "+r"(x1), "+r"(x2) : "r"(code) : "x30", "v0", "v1", "cc", "memory");
}

static void cross(unsigned char* edge, int code_wanted) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].kind == LOAD && code_wanted == SEGV_ACCERR) continue;
        for (unsigned before = 1; before < rows[i].size; before++) {
            const char* name = rows[i].name;
            unsigned char* const at = edge - before;
            memset(edge - 64, OLD, 64);
            run_new(rows[i].word, (uint64_t)at);
            CHECK_ROW(name, seen.signo, SIGSEGV);
            CHECK_ROW(name, seen.code, code_wanted);
            CHECK_ROW(name, seen.address, (uint64_t)edge);
            CHECK_ROW(name, seen.pc, (uint64_t)(code + 2));
            CHECK_ROW(name, seen.x[0], (uint64_t)at);
            CHECK_ROW(name, seen.x[1], 0x2222222222222222);
            CHECK_ROW(name, seen.x[2], 0x2222222222222222);
            for (unsigned char* byte = edge - 64; byte < edge; byte++) {
                const int may_be_new = rows[i].kind == STORES && byte >= at;
                CHECK_ROW(name, *byte == OLD || (may_be_new && *byte == NEW), 1);
            }
            if (code_wanted != SEGV_ACCERR) continue;
            for (unsigned n = 0; n < 64; n++) CHECK_ROW(name, edge[n], OLD);
        }
    }
}

/* A store exclusive to a page that may only be read: the load is fine. */
static void exclusive_on_read_only(uint64_t address) {
    memset(&seen, 0, sizeof seen);
    code[0] = 0xc85f7c01; /* ldxr x1, [x0] */
    code[1] = 0xc8037c01; /* stxr w3, x1, [x0] */
    code[2] = 0xd65f03c0; /* ret */
    __builtin___clear_cache((char*)code, (char*)(code + 3));
    if (!sigsetjmp(out_of_fault, 1)) {
        register uint64_t x0 __asm__("x0") = address;
        __asm__ volatile("blr %1" : "+r"(x0) : "r"(code) : "x1", "x3", "x30", "memory");
    }
    CHECK_EQ(seen.signo, SIGSEGV);
    CHECK_EQ(seen.code, SEGV_ACCERR);
    CHECK_EQ(seen.address, address);
    CHECK_EQ(seen.pc, (uint64_t)(code + 1));
}

__attribute__((noinline)) static int recurse(int n) {
    volatile char filler[1000];
    filler[0] = (char)n;
    return n == 0 ? 0 : recurse(n - 1) + filler[0];
}

static uint64_t stack_low, stack_guard;

static void on_overflow(int signo, siginfo_t* info, void* context) {
    (void)context;
    const uint64_t at = (uint64_t)info->si_addr;
    _exit(signo == SIGSEGV && at < stack_low && at >= stack_low - stack_guard ? 7 : 8);
}

static void overflow(void) {
    static char alternate[65536];
    stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
    struct sigaction action = {.sa_sigaction = on_overflow, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigaltstack(&stack, NULL);
    sigaction(SIGSEGV, &action, NULL);
    recurse(1 << 30);
}

static void* thread_overflows(void* unused) {
    pthread_attr_t attributes;
    void* low;
    size_t size;
    pthread_getattr_np(pthread_self(), &attributes);
    pthread_attr_getstack(&attributes, &low, &size);
    pthread_attr_getguardsize(&attributes, &size);
    stack_low = (uint64_t)low;
    stack_guard = size;
    overflow();
    return unused;
}

/* The first thread's stack ends at its limit, another's at its guard page. */
static void stacks(void) {
    for (int in_thread = 0; in_thread < 2; in_thread++) {
        const pid_t child = fork();
        if (child == 0) {
            pthread_t thread;
            struct rlimit limit = {1 << 20, 1 << 20};
            if (in_thread) {
                pthread_create(&thread, NULL, thread_overflows, NULL);
                pthread_join(thread, NULL);
            }
            setrlimit(RLIMIT_STACK, &limit);
            stack_low = (uint64_t)&limit;
            stack_guard = 16 << 20;
            overflow();
        }
        int status = 0;
        waitpid(child, &status, 0);
        CHECK_EQ(WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), 7);
    }
}

int main(void) {
    prepare();
    unsigned char* base = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(base, OLD, 4 * PAGE);
    mprotect(base + PAGE, PAGE, PROT_READ);
    munmap(base + 3 * PAGE, PAGE);
    cross(base + PAGE, SEGV_ACCERR);
    cross(base + 3 * PAGE, SEGV_MAPERR);
    exclusive_on_read_only((uint64_t)base + PAGE + 64);
    stacks();
    return check_done();
}
