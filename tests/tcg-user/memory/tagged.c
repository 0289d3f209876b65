/* SPDX-License-Identifier: MIT */
/* Top-byte-ignore: loads and stores of every kind through pointers with a tag, alone and mixed with plain
 * ones in one loop; the address of a fault has no tag. */
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>

#include "check.h"

static uint64_t cells[64] __attribute__((aligned(64)));

static void* tagged(void* pointer, uint64_t tag) {
    return (void*)((uint64_t)pointer | tag << 56);
}

static sigjmp_buf back;
static volatile uint64_t address;
static void on_fault(int signal, siginfo_t* info, void* context) {
    (void)signal, (void)context;
    address = (uint64_t)info->si_addr;
    siglongjmp(back, 1);
}

__attribute__((noinline)) static uint64_t sum(volatile uint64_t* words, int count) {
    uint64_t total = 0;
    for (int i = 0; i < count; i++) total += words[i];
    return total;
}

int main(void) {
    for (int i = 0; i < 64; i++) cells[i] = (uint64_t)i * 3;
    uint64_t want = sum(cells, 64);
    for (int i = 0; i < 1000; i++) CHECK_EQ(sum(cells, 64), want);
    for (uint64_t tag = 0; tag < 256; tag += 15) {
        CHECK_EQ(sum(tagged(cells, tag), 64), want);
        CHECK_EQ(sum(cells, 64), want);
    }
    uint64_t *words = tagged(cells, 0xa5), a, b;
    __asm__ volatile("ldp %0, %1, [%2, #16]" : "=&r"(a), "=&r"(b) : "r"(words) : "memory");
    CHECK_EQ(a, 6);
    CHECK_EQ(b, 9);
    __asm__ volatile("stp %0, %1, [%2]" : : "r"(UINT64_C(100)), "r"(UINT64_C(200)), "r"(words) : "memory");
    CHECK_EQ(cells[0], 100);
    CHECK_EQ(cells[1], 200);
    __asm__ volatile("ldr q0, [%0]\n\tstr q0, [%0, #32]" : : "r"(words) : "v0", "memory");
    CHECK_EQ(cells[5], 200);
    __asm__ volatile("ld1 {v0.2d, v1.2d}, [%0]\n\tst2 {v0.d, v1.d}[1], [%1]"
                     :
                     : "r"(words), "r"(words + 8)
                     : "v0", "v1", "memory");
    CHECK_EQ(cells[8], 200);
    CHECK_EQ(cells[9], 9);
    CHECK_EQ(__atomic_fetch_add(words, 5, __ATOMIC_SEQ_CST), 100);
    CHECK_EQ(cells[0], 105);
    __asm__ volatile("ldaxr %0, [%2]\n\tadd %0, %0, #1\n\tstlxr %w1, %0, [%2]"
                     : "=&r"(a), "=&r"(b)
                     : "r"(words)
                     : "memory");
    CHECK_EQ(b & 1, 0);
    CHECK_EQ(cells[0], 106);
    __asm__ volatile("stlr %0, [%1]\n\tprfm pldl1keep, [%1]" : : "r"(UINT64_C(7)), "r"(words) : "memory");
    CHECK_EQ(cells[0], 7);
    __asm__ volatile("dc zva, %0" : : "r"(words) : "memory");
    CHECK_EQ(cells[0] | cells[1], 0);
    /* Write-back keeps the tag. */
    uint64_t* at = words;
    __asm__ volatile("ldr %0, [%1], #8" : "=&r"(a), "+r"(at) : : "memory");
    CHECK_EQ((uint64_t)at, (uint64_t)words + 8);

    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    CHECK_EQ(sigaction(SIGSEGV, &action, NULL), 0);
    char* nothing = CHECK_CALL(mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (sigsetjmp(back, 1) == 0) {
        *(volatile char*)tagged(nothing + 5, 0x42) = 1;
        CHECK(!"no fault");
    }
    CHECK_EQ(address, (uint64_t)nothing + 5);
    return check_done();
}
