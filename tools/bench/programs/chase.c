/* SPDX-License-Identifier: MIT */
/* A pointer chase through one megabyte in random order. */
#include <sys/mman.h>

#include "bench.h"

enum { kCount = 1 << 14 };
struct Node {
    struct Node* next;
    uint64_t value, padding[6];
};
static struct Node nodes[kCount] __attribute__((aligned(1 << 21)));
static int order[kCount];

int main(void) {
    /* With huge pages the address translation of the machine does not drown what is measured. */
    madvise(nodes, sizeof nodes, MADV_HUGEPAGE);
    uint32_t state = 5;
    for (int i = 0; i < kCount; i++) order[i] = i, nodes[i].value = (uint64_t)i * 3;
    for (int i = kCount - 1; i > 0; i--) {
        int j = (int)(next_random(&state) % (uint32_t)(i + 1)), t = order[i];
        order[i] = order[j];
        order[j] = t;
    }
    for (int i = 0; i < kCount; i++) nodes[order[i]].next = &nodes[order[(i + 1) % kCount]];
    const struct Node* at = nodes;
    uint64_t sum = 0;
    for (int i = 0; i < 40000000; i++) {
        sum += at->value;
        at = at->next;
    }
    report(mix(sum, at->value));
    return 0;
}
