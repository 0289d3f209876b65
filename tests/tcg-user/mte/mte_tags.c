/* SPDX-License-Identifier: MIT */
/* Allocation tags: what each instruction stores and loads, where there are none, and what becomes of them
 * when memory is moved, given back, protected, inherited. */
#include <sys/wait.h>

#include "mte.h"

#define PAGE 4096

static char* memory; /* four pages with tags */

static void check_tags(const char* what, char* from, const unsigned char* tags, unsigned count) {
    for (unsigned i = 0; i < count; i++) CHECK_ROW(what, load_tag(from + i * 16), tags[i]);
}

#define EXPECT(what, ...)                                      \
    do {                                                       \
        static const unsigned char expected[] = {__VA_ARGS__}; \
        check_tags(what, memory, expected, sizeof expected);   \
        for (unsigned i = 0; i < 64; i++) {                    \
            char* zero = memory + i * 16;                      \
            ASM("stg %0, [%0]", : : "r"(zero) : "memory");     \
        }                                                      \
    } while (0)

static void blocks(void) { /* of 64 bytes */
    memset(memory, 0x55, 256);
    ASM("dc gva, %0", : : "r"(with_tag(memory + 70, 7)) : "memory");
    CHECK_EQ(memory[64], 0x55);
    EXPECT("dc gva", 0, 0, 0, 0, 7, 7, 7, 7, 0);
    ASM("dc gzva, %0", : : "r"(with_tag(memory + 127, 8)) : "memory");
    CHECK(memory[63] == 0x55 && memory[64] == 0 && memory[127] == 0 && memory[128] == 0x55);
    EXPECT("dc gzva", 0, 0, 0, 0, 8, 8, 8, 8, 0);
}

static void stores(void) {
    char* p = memory;
    void* nine = with_tag(p, 9);
    ASM("stg %0, [%1, #16]", : : "r"(nine), "r"(p) : "memory");
    EXPECT("stg offset", 0, 9, 0);
    p = memory + 64;
    ASM("stg %1, [%0, #-32]!", : "+r"(p) : "r"(nine) : "memory");
    CHECK_EQ(p, memory + 32);
    EXPECT("stg negative", 0, 0, 9, 0);
    p = memory + 64;
    ASM("stg %1, [%0], #48", : "+r"(p) : "r"(nine) : "memory");
    CHECK_EQ(p, memory + 112);
    EXPECT("stg post", 0, 0, 0, 0, 9, 0, 0);
    ASM("stg %1, [%0, #-112]!", : "+r"(p) : "r"(nine) : "memory");
    CHECK_EQ(p, memory);
    EXPECT("stg pre", 9, 0);
    ASM("st2g %1, [%0, #16]", : : "r"(p), "r"(nine) : "memory");
    EXPECT("st2g", 0, 9, 9, 0);
    ASM("st2g %1, [%0], #16", : "+r"(p) : "r"(nine) : "memory");
    ASM("st2g %1, [%0, #32]!", : "+r"(p) : "r"(with_tag(p, 3)) : "memory");
    CHECK_EQ(p, memory + 48);
    EXPECT("st2g post, pre", 9, 9, 0, 3, 3, 0);
    memset(memory, 0x55, 256);
    p = memory;
    ASM("stzg %1, [%0], #32", : "+r"(p) : "r"(nine) : "memory");
    ASM("stz2g %1, [%0, #16]!", : "+r"(p) : "r"(nine) : "memory");
    ASM("stzg %1, [%0, #48]", : : "r"(p), "r"(nine) : "memory");
    CHECK_EQ(p, memory + 48);
    for (unsigned i = 0; i < 8; i++)
        CHECK_EQ(*(uint64_t*)(memory + i * 16),
                 i == 0 || i == 3 || i == 4 || i == 6 ? 0 : 0x5555555555555555);
    EXPECT("stzg, stz2g", 9, 0, 0, 9, 9, 0, 9, 0);
    p = with_tag(memory, 5);
    ASM("stgp %1, %2, [%0], #32", : "+r"(p) : "r"(UINT64_C(11)), "r"(UINT64_C(22)) : "memory");
    ASM("stgp %1, xzr, [%0, #16]!", : "+r"(p) : "r"(UINT64_C(33)) : "memory");
    ASM("stgp xzr, %1, [%0, #-16]", : : "r"(p), "r"(UINT64_C(44)) : "memory");
    CHECK_EQ(p, with_tag(memory + 48, 5));
    const uint64_t* words = (uint64_t*)memory;
    CHECK(words[0] == 11 && words[1] == 22 && words[6] == 33 && words[7] == 0 && words[4] == 0 &&
          words[5] == 44);
    EXPECT("stgp", 5, 0, 5, 5, 0);
    uint64_t block;
    ASM("mrs %0, dczid_el0", : "=r"(block));
    if (block == 4) blocks();
    /* SP as base and as the tag, on a stack of our own. */
    uint64_t result = 7;
    ASM("mov x9, sp\n\tmov sp, %1\n\tstg sp, [sp, #16]\n\tst2g %2, [sp], #32\n\tldg %0, [sp, #-16]\n\tmov "
        "sp, x9",
        : "+r"(result)
        : "r"(with_tag(memory, 6)), "r"(nine)
        : "x9", "memory");
    CHECK_EQ(result, UINT64_C(0x0900000000000007));
    EXPECT("sp", 9, 9, 0);
    /* LDG takes the granule of any address in it, and leaves the other bits of its register. */
    ASM("stg %0, [%0]", : : "r"(with_tag(memory + 16, 12)) : "memory");
    result = UINT64_MAX;
    ASM("ldg %0, [%1, #16]", : "+r"(result) : "r"(memory + 9));
    CHECK_EQ(result, UINT64_C(0xfcffffffffffffff));
    EXPECT("ldg", 0, 12, 0);
}

/* Both features: memory and its tags are set together. */
static void set_with_tags(void) {
    memset(memory, 0x55, 256);
    uint64_t to = (uint64_t)with_tag(memory + 16, 4), size = 48;
    ASM("mov x9, %0\n\tmov x10, %1\n\tmov x11, #0x77\n\t"
        ".inst 0x1dcb0549\n\t.inst 0x1dcb4549\n\t.inst 0x1dcb8549\n\tmov %0, x9\n\tmov %1, x10",
        : "+r"(to), "+r"(size)
        :
        : "x9", "x10", "x11", "memory", "cc");
    CHECK_EQ(to, (uint64_t)with_tag(memory + 64, 4));
    CHECK_EQ(size, 0);
    for (unsigned i = 0; i < 96; i++) CHECK_EQ(memory[i], i >= 16 && i < 64 ? 0x77 : 0x55);
    EXPECT("setg", 0, 4, 4, 4, 0);
    CHECK_EQ(FAULTS(ASM("mov x9, %0\n\tmov x10, #24\n\t.inst 0x1dcb0549",
                        :
                        : "r"(memory)
                        : "x9", "x10", "memory", "cc")),
             1);
    CHECK_EQ(fault.si_code, BUS_ADRALN);
}

static void refused(void) {
    CHECK_EQ(FAULTS(ASM("stg %0, [%0]", : : "r"(memory + 8) : "memory")), 1);
    CHECK_EQ(fault.si_code, BUS_ADRALN);
    CHECK_EQ(FAULTS(ASM("stgp xzr, xzr, [%0]", : : "r"(memory + 8) : "memory")), 1);
    CHECK_EQ(fault.si_code, BUS_ADRALN);
    CHECK_EQ(FAULTS(load_tag((void*)0x10000)), 1);
    CHECK_EQ(fault.si_code, SEGV_MAPERR);
    mprotect(memory + PAGE, PAGE, PROT_READ);
    CHECK_EQ(FAULTS(store_tag(with_tag(memory + PAGE, 1))), 1);
    CHECK_EQ(fault.si_code, SEGV_ACCERR);
    CHECK_EQ(FAULTS(ASM("st2g %0, [%0]", : : "r"(with_tag(memory + PAGE - 16, 1)) : "memory")), 1);
    CHECK_EQ(fault.si_code, SEGV_ACCERR);
    CHECK_EQ(load_tag(memory + PAGE), 0);
    store_tag(memory + PAGE - 16);
    mprotect(memory + PAGE, PAGE, PROT_READ | PROT_WRITE);
    /* LDGM, STGM and STZGM are not for user mode. */
    struct sigaction action = {.sa_sigaction = on_segv, .sa_flags = SA_SIGINFO};
    sigaction(SIGILL, &action, NULL);
    CHECK_EQ(FAULTS(__asm__ volatile("mov x0, %0\n\t.inst 0xd9e00001" : : "r"(memory) : "x0", "x1")), 1);
    CHECK_EQ(FAULTS(__asm__ volatile("mov x0, %0\n\t.inst 0xd9a00001" : : "r"(memory) : "x0", "x1")), 1);
    CHECK_EQ(FAULTS(__asm__ volatile("mov x0, %0\n\t.inst 0xd9200001" : : "r"(memory) : "x0", "x1")), 1);
}

static void without_tags(void) {
    char* plain = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    store_tag(with_tag(plain, 3));
    CHECK_EQ(load_tag(plain), 0);
    *(volatile char*)with_tag(plain, 9) = 1; /* not checked */
    CHECK_CALL(mprotect(plain, PAGE, PROT_READ | PROT_WRITE | PROT_MTE));
    CHECK_EQ(load_tag(plain), 0);
    store_tag(with_tag(plain, 3));
    CHECK_EQ(load_tag(plain), 3);
    CHECK_CALL(mprotect(plain, PAGE, PROT_READ | PROT_WRITE)); /* the flag stays, and so do the tags */
    CHECK_EQ(load_tag(plain), 3);
    store_tag(with_tag(plain, 4));
    CHECK_EQ(load_tag(plain), 4);
    munmap(plain, PAGE);
}

static void life(int on_oracle) {
    for (unsigned i = 0; i < 4; i++) store_tag(with_tag(memory + i * PAGE, 1 + i));
    if (!on_oracle) { /* which keeps tags only where they are */
        char* moved = mremap(memory, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE);
        CHECK(moved != MAP_FAILED);
        memory = moved;
        for (unsigned i = 0; i < 8; i++) CHECK_EQ(load_tag(memory + i * PAGE), i < 4 ? 1 + i : 0);
        char* other = map_tagged(8 * PAGE);
        store_tag(with_tag(other + 5 * PAGE, 13));
        CHECK(mremap(memory, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, other + 2 * PAGE) ==
              other + 2 * PAGE);
        for (unsigned i = 0; i < 8; i++) CHECK_EQ(load_tag(other + i * PAGE), i >= 2 && i < 6 ? i - 1 : 0);
        munmap(memory + 4 * PAGE, 4 * PAGE);
        memory = map_tagged(4 * PAGE);
        for (unsigned i = 0; i < 4; i++) CHECK_EQ(load_tag(memory + i * PAGE), 0);
        for (unsigned i = 0; i < 4; i++) store_tag(with_tag(memory + i * PAGE, 1 + i));
        munmap(other, 8 * PAGE);
    }
    const pid_t child = fork();
    if (child == 0) {
        for (unsigned i = 0; i < 4; i++) CHECK_EQ(load_tag(memory + i * PAGE), 1 + i);
        store_tag(with_tag(memory, 14));
        CHECK_EQ(load_tag(memory), 14);
        _exit(check_failures != 0);
    }
    int status = 0;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
    CHECK_EQ(load_tag(memory), 1);
    CHECK_CALL(munmap(memory + PAGE, PAGE));
    CHECK(mmap(memory + PAGE, PAGE, PROT_READ | PROT_WRITE | PROT_MTE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == memory + PAGE);
    CHECK_EQ(load_tag(memory + PAGE), 0);
    CHECK_EQ(load_tag(memory + 2 * PAGE), 3);
    if (!on_oracle) {
        CHECK_CALL(madvise(memory + 2 * PAGE, PAGE, MADV_DONTNEED));
        CHECK_EQ(load_tag(memory + 2 * PAGE), 0);
        CHECK_EQ(load_tag(memory + 3 * PAGE), 4);
    }
}

/* The heap, large areas, files: only memory can have tags. */
static void kinds(void) {
    char* heap = sbrk(0);
    heap = (char*)(((uint64_t)heap + PAGE - 1) & -PAGE);
    CHECK(sbrk(heap + 4 * PAGE - (char*)sbrk(0)) != (void*)-1);
    CHECK_CALL(mprotect(heap, 2 * PAGE, PROT_READ | PROT_WRITE | PROT_MTE));
    store_tag(with_tag(heap + PAGE, 2));
    store_tag(with_tag(heap + 2 * PAGE, 2));
    CHECK_EQ(load_tag(heap + PAGE), 2);
    CHECK_EQ(load_tag(heap + 2 * PAGE), 0);
    const size_t size = UINT64_C(1) << 34;
    char* large = mmap(NULL, size, PROT_READ | PROT_WRITE | PROT_MTE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(large != MAP_FAILED);
    for (size_t at = 0; at < size; at += size / 8) {
        CHECK_EQ(load_tag(large + at), 0);
        store_tag(with_tag(large + at, 11));
        CHECK_EQ(load_tag(large + at), 11);
    }
    CHECK_CALL(munmap(large, size));
    FILE* file = fopen("mte.tmp", "w+");
    if (ftruncate(fileno(file), PAGE) == 0) {
        CHECK(mmap(NULL, PAGE, PROT_READ | PROT_MTE, MAP_PRIVATE, fileno(file), 0) == MAP_FAILED);
        CHECK_EQ(errno, EINVAL);
    }
    fclose(file);
    unlink("mte.tmp");
    /* VmFlags says which mappings have tags. */
    FILE* smaps = fopen("/proc/self/smaps", "r");
    char line[512];
    int found = 0;
    uint64_t begin = 0, end = 0;
    while (fgets(line, sizeof line, smaps)) {
        uint64_t from, to;
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2) begin = from, end = to;
        if (strncmp(line, "VmFlags:", 8) == 0 && begin <= (uint64_t)memory && (uint64_t)memory < end)
            found = strstr(line, " mt") ? 1 : 2;
    }
    fclose(smaps);
    CHECK_EQ(found, 1);
}

int main(int argc, char** argv) {
    const int on_oracle = argc > 1 && strcmp(argv[1], "oracle") == 0;
    catch_faults();
    memory = map_tagged(4 * PAGE);
    CHECK(memory != MAP_FAILED);
    CHECK_EQ(control(TAGS_ALL), 0);
    stores();
    if (!on_oracle) set_with_tags();
    refused();
    without_tags();
    life(on_oracle);
    if (!on_oracle) kinds();
    return check_done();
}
