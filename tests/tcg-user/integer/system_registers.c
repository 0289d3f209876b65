/* SPDX-License-Identifier: MIT */
/* System registers that programs may read: cache line sizes, counters, the thread pointer; dc zva, barriers,
 * hints. */
#include "check.h"

#define READ(name)                                       \
    __extension__({                                      \
        uint64_t value;                                  \
        __asm__ volatile("mrs %0, " name : "=r"(value)); \
        value;                                           \
    })

int main(void) {
    uint64_t ctr = READ("ctr_el0");
    CHECK(4 << (ctr & 15) >= 16 && 4 << (ctr & 15) <= 2048);
    CHECK(4 << (ctr >> 16 & 15) >= 16 && 4 << (ctr >> 16 & 15) <= 2048);

    uint64_t dczid = READ("dczid_el0");
    CHECK_EQ(dczid & 16, 0);
    uint64_t block = 4u << (dczid & 15);
    unsigned char* memory = aligned_alloc(block, 3 * block);
    memset(memory, 0xaa, 3 * block);
    __asm__ volatile("dc zva, %0" : : "r"(memory + block + block / 2 + 3) : "memory");
    for (uint64_t i = 0; i < 3 * block; i++) CHECK_EQ(memory[i], i / block == 1 ? 0 : 0xaa);
    __asm__ volatile("dc cvau, %0\n\tdc civac, %0\n\tdc cvac, %0\n\tic ivau, %0\n\tdsb ish\n\tisb"
                     :
                     : "r"(memory)
                     : "memory");

    uint64_t frequency = READ("cntfrq_el0");
    CHECK(frequency >= 1000000 && frequency <= 10000000000u);
    uint64_t first = READ("cntvct_el0");
    for (volatile int i = 0; i < 100000; i++) {
    }
    uint64_t second = READ("cntvct_el0");
    CHECK(second > first);
    CHECK(second - first < 10 * frequency);

    uint64_t thread = READ("tpidr_el0");
    CHECK_EQ(thread, (uint64_t)__builtin_thread_pointer());
    __asm__ volatile("msr tpidr_el0, %0" : : "r"(UINT64_C(0x123456789abcdef0)));
    uint64_t changed = READ("tpidr_el0");
    __asm__ volatile("msr tpidr_el0, %0" : : "r"(thread));
    CHECK_EQ(changed, 0x123456789abcdef0);

    __asm__ volatile("msr nzcv, %0" : : "r"(UINT64_C(0xffffffffffffffff)) : "cc");
    __asm__ volatile(
        "nop\n\tyield\n\thint #7\n\thint #34\n\tdmb ish\n\tdmb ishst\n\tdmb ishld\n\tdsb "
        "sy\n\tisb\n\tsevl\n\twfe");
    free(memory);
    return check_done();
}
