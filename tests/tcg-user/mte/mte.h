/* SPDX-License-Identifier: MIT */
/* What the tests of allocation tags share. */
#ifndef ARMATURE_TESTS_MTE_H
#define ARMATURE_TESTS_MTE_H

#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "../check.h"

#ifndef PROT_MTE
#define PROT_MTE 0x20
#endif
#ifndef SEGV_MTEAERR
#define SEGV_MTEAERR 8
#define SEGV_MTESERR 9
#endif
#ifndef SA_EXPOSE_TAGBITS
#define SA_EXPOSE_TAGBITS 0x800
#endif
#define TAGS_ALL (0xffffu << PR_MTE_TAG_SHIFT)
#ifdef __ARM_FEATURE_SVE
#define ARCH ".arch armv8.5-a+memtag+sve\n\t"
#else
#define ARCH ".arch armv8.5-a+memtag\n\t"
#endif
#define ASM(text, ...) __asm__ volatile(ARCH text __VA_ARGS__)

static inline void* with_tag(void* pointer, unsigned tag) {
    return (void*)(((uint64_t)pointer & ~(UINT64_C(15) << 56)) | (uint64_t)tag << 56);
}
static inline unsigned tag_of(const void* pointer) {
    return (uint64_t)pointer >> 56 & 15;
}
static inline unsigned load_tag(void* pointer) {
    uint64_t value = 0;
    ASM("ldg %0, [%1]", : "+r"(value) : "r"(pointer) : "memory");
    return value >> 56;
}
static inline void store_tag(void* pointer) {
    ASM("stg %0, [%0]", : : "r"(pointer) : "memory");
}
static inline void* map_tagged(size_t size) {
    return mmap(NULL, size, PROT_READ | PROT_WRITE | PROT_MTE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}
static inline int control(unsigned long bits) {
    return prctl(PR_SET_TAGGED_ADDR_CTRL, PR_TAGGED_ADDR_ENABLE | bits, 0, 0, 0);
}

static sigjmp_buf back;
static siginfo_t fault;

static void on_segv(int signo, siginfo_t* info, void* context) {
    (void)signo;
    (void)context;
    fault = *info;
    siglongjmp(back, 1);
}

static inline void catch_faults(void) {
    struct sigaction action = {.sa_sigaction = on_segv, .sa_flags = SA_SIGINFO | SA_EXPOSE_TAGBITS};
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
}

/* 1 if the statement faults. */
#define FAULTS(statement)              \
    __extension__({                    \
        volatile int faulted = 1;      \
        if (sigsetjmp(back, 1) == 0) { \
            statement;                 \
            faulted = 0;               \
        }                              \
        faulted;                       \
    })

#endif
