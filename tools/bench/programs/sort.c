/* SPDX-License-Identifier: MIT */
/* Sorting: a merge sort that compares by call-back, and a heap sort. */
#include "bench.h"

enum { kCount = 200000 };
static uint32_t numbers[kCount];

static int compare(const void* a, const void* b) {
    uint32_t x = *(const uint32_t*)a, y = *(const uint32_t*)b;
    return (x > y) - (x < y);
}

static void sift(uint32_t* heap, int from, int count) {
    uint32_t value = heap[from];
    for (int child; (child = 2 * from + 1) < count; from = child) {
        if (child + 1 < count && heap[child + 1] > heap[child]) child++;
        if (heap[child] <= value) break;
        heap[from] = heap[child];
    }
    heap[from] = value;
}

static uint32_t spare[kCount];
static void merge_sort(uint32_t* a, int count, int (*less)(const void*, const void*)) {
    if (count < 2) return;
    int half = count / 2;
    merge_sort(a, half, less);
    merge_sort(a + half, count - half, less);
    memcpy(spare, a, (size_t)half * sizeof *a);
    for (int i = 0, j = half, k = 0; i < half; k++) {
        if (j < count && less(&a[j], &spare[i]) < 0) {
            a[k] = a[j++];
        } else {
            a[k] = spare[i++];
        }
    }
}

int main(void) {
    uint64_t sum = 0;
    uint32_t state = 99;
    for (int round = 0; round < 8; round++) {
        for (int i = 0; i < kCount; i++) numbers[i] = next_random(&state);
        if (round % 2) {
            merge_sort(numbers, kCount, compare);
        } else {
            for (int i = kCount / 2; i-- > 0;) sift(numbers, i, kCount);
            for (int i = kCount - 1; i > 0; i--) {
                uint32_t t = numbers[0];
                numbers[0] = numbers[i];
                numbers[i] = t;
                sift(numbers, 0, i);
            }
        }
        for (int i = 1; i < kCount; i++) {
            if (numbers[i - 1] > numbers[i]) return 1;
        }
        for (int i = 0; i < kCount; i += 1000) sum = mix(sum, numbers[i]);
    }
    report(sum);
    return 0;
}
