/* SPDX-License-Identifier: MIT */
/* Carries that travel: 256-bit sums and differences by adds/adcs/adcs/adcs and subs/sbcs..., across a branch
 * too. */
#include "check.h"

struct Wide {
    uint64_t limb[4];
};

static struct Wide add(struct Wide a, struct Wide b, uint64_t* carry) {
    struct Wide sum;
    __asm__(
        "adds %0, %5, %9\n\tadcs %1, %6, %10\n\tb 1f\n1:\tadcs %2, %7, %11\n\tadcs %3, %8, %12\n\tcset %4, cs"
        : "=&r"(sum.limb[0]), "=&r"(sum.limb[1]), "=&r"(sum.limb[2]), "=&r"(sum.limb[3]), "=&r"(*carry)
        : "r"(a.limb[0]), "r"(a.limb[1]), "r"(a.limb[2]), "r"(a.limb[3]), "r"(b.limb[0]), "r"(b.limb[1]),
          "r"(b.limb[2]), "r"(b.limb[3])
        : "cc");
    return sum;
}

static struct Wide subtract(struct Wide a, struct Wide b, uint64_t* no_borrow) {
    struct Wide rest;
    __asm__(
        "subs %0, %5, %9\n\tsbcs %1, %6, %10\n\tcbz xzr, 1f\n\tnop\n1:\tsbcs %2, %7, %11\n\tsbcs %3, %8, "
        "%12\n\t"
        "cset %4, cs"
        : "=&r"(rest.limb[0]), "=&r"(rest.limb[1]), "=&r"(rest.limb[2]), "=&r"(rest.limb[3]),
          "=&r"(*no_borrow)
        : "r"(a.limb[0]), "r"(a.limb[1]), "r"(a.limb[2]), "r"(a.limb[3]), "r"(b.limb[0]), "r"(b.limb[1]),
          "r"(b.limb[2]), "r"(b.limb[3])
        : "cc");
    return rest;
}

static uint64_t next_random(uint64_t* state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    uint64_t value = *state;
    return (value >> 60) == 0 ? ~UINT64_C(0) : (value >> 60) == 1 ? 0 : value ^ value >> 29;
}

int main(void) {
    uint64_t state = 1;
    for (int round = 0; round < 2000; round++) {
        struct Wide a, b;
        for (int i = 0; i < 4; i++) a.limb[i] = next_random(&state);
        for (int i = 0; i < 4; i++) b.limb[i] = round % 5 == 0 ? a.limb[i] : next_random(&state);
        uint64_t carry, no_borrow;
        struct Wide sum = add(a, b, &carry), rest = subtract(a, b, &no_borrow);
        unsigned __int128 up = 0;
        uint64_t borrow = 0;
        for (int i = 0; i < 4; i++) {
            up += (unsigned __int128)a.limb[i] + b.limb[i];
            CHECK_EQ(sum.limb[i], (uint64_t)up);
            up >>= 64;
            unsigned __int128 down = (unsigned __int128)a.limb[i] - b.limb[i] - borrow;
            CHECK_EQ(rest.limb[i], (uint64_t)down);
            borrow = (uint64_t)(down >> 64) & 1;
        }
        CHECK_EQ(carry, (uint64_t)up);
        CHECK_EQ(no_borrow, !borrow);
    }
    return check_done();
}
