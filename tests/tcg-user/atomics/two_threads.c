/* SPDX-License-Identifier: MIT */
/* Two threads hammer the same words; nothing gets lost. Built with LSE, without it, and with outlined
 * atomics. */
#include <pthread.h>

#include "check.h"

enum { kRounds = 20000 };

static uint64_t sum64, bits_set, largest, swapped_in, swapped_out;
static uint32_t sum32;
static uint16_t sum16[2];
static uint8_t sum8[4];
static int spin_lock, locked_sum, other_sum;

static void* hammer(void* argument) {
    uint64_t me = (uint64_t)argument, swapped = 0;
    for (uint64_t i = 1; i <= kRounds; i++) {
        __atomic_fetch_add(&sum64, i, __ATOMIC_RELAXED);
        __atomic_fetch_sub(&sum32, 3, __ATOMIC_ACQ_REL);
        __atomic_fetch_add(&sum16[me], 1, __ATOMIC_SEQ_CST);
        __atomic_fetch_add(&sum8[1], 1, __ATOMIC_SEQ_CST);
        __atomic_fetch_xor(&sum8[2 + me], (uint8_t)i, __ATOMIC_RELAXED);
        __atomic_fetch_or(&bits_set, UINT64_C(1) << (i % 32 + 32 * me), __ATOMIC_RELAXED);

        uint64_t seen = __atomic_load_n(&largest, __ATOMIC_RELAXED);
        while (seen < i * 2 + me && !__atomic_compare_exchange_n(&largest, &seen, i * 2 + me, 1,
                                                                 __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
        }
        swapped += __atomic_exchange_n(&swapped_in, i, __ATOMIC_ACQ_REL);

        while (__atomic_exchange_n(&spin_lock, 1, __ATOMIC_ACQUIRE)) {
        }
        locked_sum++;
        other_sum += 2;
        __atomic_store_n(&spin_lock, 0, __ATOMIC_RELEASE);
    }
    __atomic_fetch_add(&swapped_out, swapped, __ATOMIC_RELAXED);
    return NULL;
}

int main(void) {
    pthread_t threads[2];
    for (uint64_t i = 0; i < 2; i++) CHECK_EQ(pthread_create(&threads[i], NULL, hammer, (void*)i), 0);
    for (int i = 0; i < 2; i++) CHECK_EQ(pthread_join(threads[i], NULL), 0);
    uint64_t once = (uint64_t)kRounds * (kRounds + 1) / 2;
    uint8_t parity = 0;
    for (uint64_t i = 1; i <= kRounds; i++) parity ^= (uint8_t)i;
    CHECK_EQ(sum64, 2 * once);
    CHECK_EQ(sum32, (uint32_t)(-3 * 2 * kRounds));
    CHECK_EQ(sum16[0], (uint16_t)kRounds);
    CHECK_EQ(sum16[1], (uint16_t)kRounds);
    CHECK_EQ(sum8[0], 0);
    CHECK_EQ(sum8[1], (uint8_t)(2 * kRounds));
    CHECK_EQ(sum8[2], parity);
    CHECK_EQ(sum8[3], parity);
    CHECK_EQ(bits_set, ~UINT64_C(0));
    CHECK_EQ(largest, kRounds * 2 + 1);
    CHECK_EQ(swapped_out + swapped_in, 2 * once);
    CHECK_EQ(locked_sum, 2 * kRounds);
    CHECK_EQ(other_sum, 4 * kRounds);
    return check_done();
}
