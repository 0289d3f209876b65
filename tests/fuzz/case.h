/* SPDX-License-Identifier: MIT */
/* A test case of the instruction fuzzer, in a file that the emulator's side and the guest oracle both map.
 * Plain C. */
#ifndef ARMATURE_TESTS_FUZZ_CASE_H
#define ARMATURE_TESTS_FUZZ_CASE_H

#include <stdint.h>

enum {
    FUZZ_MAX_CODE = 8, /* instructions; a BRK follows them */
    FUZZ_MEMORY = 512, /* bytes that loads and stores hit */
    FUZZ_SLOT = 64,    /* bytes of code region per case, never used twice */
    FUZZ_BATCH = 1024,
    FUZZ_Z_UPPER = 48,
    FUZZ_PREDICATES = 17,
};

/* Guest addresses, the same on every side. */
#define FUZZ_CODE_BASE 0x200000000000ULL
#define FUZZ_CODE_SIZE (4ULL << 20)
#define FUZZ_MEMORY_BASE 0x210000000000ULL
#define FUZZ_LOW_BASE 0x70000000ULL /* for bases of 32 bits */
#define FUZZ_MEMORY_SIZE 0x3000ULL  /* three pages; none before and behind them */
/* Where a case's bytes are from either base: in the middle, or up to the end. */
#define FUZZ_MIDDLE 0x1000ULL
#define FUZZ_EDGE (FUZZ_MEMORY_SIZE - FUZZ_MEMORY)

struct fuzz_state {
    uint64_t x[31];
    uint64_t sp;
    uint64_t v[64];
    uint64_t pc;
    uint32_t nzcv;
    uint32_t fpcr;
    uint32_t fpsr;
    uint32_t signal; /* how it ended: SIGTRAP at a BRK, SIGILL, SIGSEGV, SIGBUS */
    uint64_t fault_address;
    uint8_t memory[FUZZ_MEMORY];
    uint8_t z[32][FUZZ_Z_UPPER]; /* SVE: bytes 16 and up of the vectors */
    uint64_t p[FUZZ_PREDICATES]; /* the last is FFR */
};

struct fuzz_case {
    uint32_t count;
    uint32_t code[FUZZ_MAX_CODE];
    uint32_t loop; /* 1 + counter register if the last two instructions are SUBS and B.NE back to the first,
                      else 0 */
    uint32_t slot;
    uint32_t left_out; /* not for the oracle that is a guest program */
    uint64_t window;   /* address of the bytes that loads and stores hit */
    struct fuzz_state in;
    struct fuzz_state out; /* the oracle's answer */
};

struct fuzz_batch {
    uint32_t count;
    uint32_t done;
    uint32_t vl; /* SVE's vector length in bytes; 0: without SVE */
    uint32_t unused;
    struct fuzz_case cases[FUZZ_BATCH];
};

#endif
