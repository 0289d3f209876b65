/* SPDX-License-Identifier: MIT */
/* Every condition under every value of the flags, through b.cond, cset and csel. */
#include "check.h"

static int condition_holds(int condition, unsigned nzcv) {
    int n = nzcv >> 3 & 1, z = nzcv >> 2 & 1, c = nzcv >> 1 & 1, v = nzcv & 1;
    int holds;
    switch (condition >> 1) {
        case 0:
            holds = z;
            break;
        case 1:
            holds = c;
            break;
        case 2:
            holds = n;
            break;
        case 3:
            holds = v;
            break;
        case 4:
            holds = c && !z;
            break;
        case 5:
            holds = n == v;
            break;
        case 6:
            holds = n == v && !z;
            break;
        default:
            return 1;
    }
    return (condition & 1) ? !holds : holds;
}

#define TRY(number, name)                                                                          \
    for (uint64_t flags = 0; flags < 16; flags++) {                                                \
        uint64_t set, selected, branched = 1;                                                      \
        uint64_t want = (uint64_t)condition_holds(number, (unsigned)flags);                        \
        __asm__ volatile("msr nzcv, %3\n\tcsel %1, %4, xzr, " name "\n\tcsinc %0, xzr, xzr, " name \
                         "\n\tb." name " 1f\n\tmov %2, #0\n1:"                                     \
                         : "=&r"(set), "=&r"(selected), "+&r"(branched)                            \
                         : "r"(flags << 28), "r"(UINT64_C(0x123456789))                            \
                         : "cc");                                                                  \
        CHECK_ROW("csinc " name, set, !want);                                                      \
        CHECK_ROW("csel " name, selected, want ? UINT64_C(0x123456789) : 0);                       \
        CHECK_ROW("b." name, branched, want);                                                      \
    }

int main(void) {
    TRY(0, "eq")
    TRY(1, "ne")
    TRY(2, "cs")
    TRY(3, "cc")
    TRY(4, "mi")
    TRY(5, "pl")
    TRY(6, "vs")
    TRY(7, "vc")
    TRY(8, "hi")
    TRY(9, "ls")
    TRY(10, "ge")
    TRY(11, "lt")
    TRY(12, "gt")
    TRY(13, "le")
    TRY(14, "al")
    TRY(15, "nv")
    return check_done();
}
