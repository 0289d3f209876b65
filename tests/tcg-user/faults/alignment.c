/* SPDX-License-Identifier: MIT */
/* Exclusive, ordered and atomic accesses must be aligned to their size, or with FEAT_LSE2 lie within 16
 * aligned bytes: else SIGBUS, BUS_ADRALN, the address, and nothing has happened. Plain accesses may be
 * anywhere. */
#include <sys/auxv.h>

#include "faults/faults.h"

static const struct {
    const char* name;
    uint32_t word; /* base x0 */
    unsigned size; /* 0: any address will do */
} rows[] = {
    {"ldxrh w1", 0x485f7c01, 2},
    {"ldxr w1", 0x885f7c01, 4},
    {"ldxr x1", 0xc85f7c01, 8},
    {"ldaxr x1", 0xc85ffc01, 8},
    {"ldxp w1, w2", 0x887f0801, 8},
    {"ldxp x1, x2", 0xc87f0801, 16},
    {"ldaxp x1, x2", 0xc87f8801, 16},
    {"stxr w3, w1", 0x88037c01, 4},
    {"stlxr w3, x1", 0xc803fc01, 8},
    {"stxp w3, x1, x2", 0xc8230801, 16},
    {"ldarb w1", 0x08dffc01, 1},
    {"ldarh w1", 0x48dffc01, 2},
    {"ldar w1", 0x88dffc01, 4},
    {"ldar x1", 0xc8dffc01, 8},
    {"stlrb w1", 0x089ffc01, 1},
    {"stlrh w1", 0x489ffc01, 2},
    {"stlr w1", 0x889ffc01, 4},
    {"stlr x1", 0xc89ffc01, 8},
    {"ldlar x1", 0xc8df7c01, 8},
    {"stllr w1", 0x889f7c01, 4},
    {"ldaprh w1", 0x78bfc001, 2},
    {"ldapr x1", 0xf8bfc001, 8},
    {"ldapur w1", 0x99400001, 4},
    {"ldapursw x1", 0x99800001, 4},
    {"stlur x1", 0xd9000001, 8},
    {"ldaddh w1, w2", 0x78210002, 2},
    {"ldadd x1, x2", 0xf8210002, 8},
    {"ldaddb w1, w2", 0x38210002, 1},
    {"ldsmaxal w1, w2", 0xb8e14002, 4},
    {"swp x1, x2", 0xf8218002, 8},
    {"cash w1, w2", 0x48a17c02, 2},
    {"casal x1, x2", 0xc8e1fc02, 8},
    {"casp w2, w3, w4, w5", 0x08227c04, 8},
    {"casp x2, x3, x4, x5", 0x48227c04, 16},
    {"stg x0", 0xd9200800, 16},
    {"stzg x0", 0xd9600800, 16},
    {"st2g x0", 0xd9a00800, 16},
    {"stgp x1, x2", 0x69000801, 16},
    {"ldg x1", 0xd9600001, 0},
    {"ldr x1", 0xf9400001, 0},
    {"str w1", 0xb9000001, 0},
    {"ldp x1, x2", 0xa9400801, 0},
    {"stp x1, x2", 0xa9000801, 0},
    {"ldr q1", 0x3dc00001, 0},
    {"ldnp x1, x2", 0xa8400801, 0},
};

static int needs_mte(uint32_t word) {
    return (word & 0xff200000) == 0xd9200000 || (word & 0xffc00000) == 0x69000000;
}

int main(void) {
    static unsigned char memory[128] __attribute__((aligned(128)));
    const int lse2 = getauxval(AT_HWCAP) >> 25 & 1, mte = getauxval(AT_HWCAP2) >> 18 & 1;
    prepare();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (needs_mte(rows[i].word) && !mte) continue;
        for (unsigned offset = 0; offset < 40; offset++) {
            const unsigned size = rows[i].size;
            const int refused = size && (lse2 ? offset % 16 + size > 16 : offset % size != 0);
            memset(memory, 0x77, sizeof memory);
            const uint64_t address = (uint64_t)memory + 16 + offset;
            run(rows[i].word, address);
            CHECK_ROW(rows[i].name, seen.signo, refused ? SIGBUS : 0);
            if (!refused || !seen.signo) continue;
            CHECK_ROW(rows[i].name, seen.code, BUS_ADRALN);
            CHECK_ROW(rows[i].name, seen.address, address);
            check_nothing_happened(rows[i].name, address);
            for (unsigned n = 0; n < sizeof memory; n++) CHECK_ROW(rows[i].name, memory[n], 0x77);
        }
    }
    return check_done();
}
