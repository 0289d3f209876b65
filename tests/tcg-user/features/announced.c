/* SPDX-License-Identifier: MIT */
/* A feature is there or not, and everything says the same: AT_HWCAP or AT_HWCAP2, the field of the ID
 * register, /proc/cpuinfo, and an instruction of the feature, which works or is SIGILL. Arguments NAME=0 or
 * NAME=1 say what the processor model must have. */
#include <setjmp.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include "check.h"

static uint64_t isar0, isar1, isar2, pfr0, pfr1, zfr0, mmfr0, mmfr2, pauth, pauth_generic;

#define READ(variable, encoding) __asm__ volatile("mrs %0, " encoding : "=r"(variable))

static const struct feature {
    const char* name;
    int word; /* of AT_HWCAP */
    int bit;
    const uint64_t* id;
    int lsb;
    unsigned value;
    uint32_t instruction; /* x0 = address of 64 bytes, x1 = x3 = 0, x2 = x4 = that address too; 0: none */
} features[] = {
#define ROW(name, word, bit, id, lsb, value, instruction) {name, word, bit, &id, lsb, value, instruction},
#include "features/announced.inc"
#undef ROW
};

static sigjmp_buf refused;

static void on_sigill(int signo) {
    (void)signo;
    siglongjmp(refused, 1);
}

static int works(uint32_t instruction) {
    static uint32_t* code;
    static unsigned char memory[64] __attribute__((aligned(64)));
    if (!code)
        code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    code[0] = instruction;
    code[1] = 0xd65f03c0; /* ret */
    __builtin___clear_cache((char*)code, (char*)(code + 2));
    if (sigsetjmp(refused, 1)) return 0;
    register uint64_t x0 __asm__("x0") = (uint64_t)memory;
    register uint64_t x1 __asm__("x1") = 0;
    register uint64_t x2 __asm__("x2") = (uint64_t)memory;
    register uint64_t x3 __asm__("x3") = 0;
    register uint64_t x4 __asm__("x4") = (uint64_t)memory;
    __asm__ volatile("blr %5"
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4)
                     : "r"(code)
                     : "x30", "v0", "v1", "v2", "v3", "cc", "memory");
    return 1;
}

static char* cpuinfo_features(void) {
    static char line[4096];
    FILE* file = fopen("/proc/cpuinfo", "r");
    while (file && fgets(line, sizeof line, file)) {
        if (strncmp(line, "Features\t:", 10) == 0) break;
    }
    if (file) fclose(file);
    line[strcspn(line, "\n")] = ' ';
    return line;
}

static int in_line(const char* line, const char* name) {
    char word[64];
    snprintf(word, sizeof word, " %s ", name);
    return strstr(line, word) != NULL;
}

int main(int argc, char** argv) {
    const uint64_t words[4] = {0, getauxval(AT_HWCAP), getauxval(AT_HWCAP2), getauxval(29)};
    const char* line = cpuinfo_features();
    signal(SIGILL, on_sigill);
    CHECK(words[1] & HWCAP_CPUID);
    READ(isar0, "s3_0_c0_c6_0");
    READ(isar1, "s3_0_c0_c6_1");
    READ(isar2, "s3_0_c0_c6_2");
    READ(pfr0, "s3_0_c0_c4_0");
    READ(pfr1, "s3_0_c0_c4_1");
    READ(zfr0, "s3_0_c0_c4_4");
    READ(mmfr0, "s3_0_c0_c7_0");
    READ(mmfr2, "s3_0_c0_c7_2");
    /* Of three fields for the algorithms, at most one is not zero. */
    const unsigned addresses[] = {isar1 >> 4 & 15, isar1 >> 8 & 15, isar2 >> 12 & 15};
    const unsigned generic[] = {isar1 >> 24 & 15, isar1 >> 28 & 15, isar2 >> 8 & 15};
    pauth = (addresses[0] != 0) + (addresses[1] != 0) + (addresses[2] != 0);
    pauth_generic = (generic[0] != 0) + (generic[1] != 0) + (generic[2] != 0);
    CHECK(pauth <= 1 && pauth_generic <= 1);
    for (size_t i = 0; i < sizeof features / sizeof *features; i++) {
        const struct feature* f = &features[i];
        const int there = words[f->word] >> f->bit & 1;
        CHECK_ROW(f->name, in_line(line, f->name), there);
        CHECK_ROW(f->name, (*f->id >> f->lsb & 15) >= f->value, there);
        if (f->instruction) CHECK_ROW(f->name, works(f->instruction), there);
        for (int n = 1; n < argc; n++) {
            const size_t length = strlen(f->name);
            if (strncmp(argv[n], f->name, length) == 0 && argv[n][length] == '=')
                CHECK_ROW(f->name, there, atoi(argv[n] + length + 1));
        }
    }
    return check_done();
}
