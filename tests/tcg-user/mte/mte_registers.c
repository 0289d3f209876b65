/* SPDX-License-Identifier: MIT */
/* The tag instructions that only compute, by their definition in Arm's manual, and PSTATE.TCO. */
#include "mte.h"

static unsigned excluded;

static unsigned next_tag(unsigned tag, unsigned steps) {
    if (excluded == 0xffff) return 0;
    if (steps == 0)
        while (excluded >> tag & 1) tag = (tag + 1) & 15;
    for (; steps; steps--) {
        do tag = (tag + 1) & 15;
        while (excluded >> tag & 1);
    }
    return tag;
}

#define ADDG_ROW(op, sign, offset, steps)                                                      \
    do {                                                                                       \
        uint64_t got;                                                                          \
        ASM(op " %0, %1, #" #offset ", #" #steps, : "=r"(got) : "r"(value));                   \
        const uint64_t sum = value sign offset;                                                \
        const uint64_t expected =                                                              \
            (sum & ~(UINT64_C(15) << 56)) | (uint64_t)next_tag(value >> 56 & 15, steps) << 56; \
        CHECK_EQ(got, expected);                                                               \
    } while (0)

static void arithmetic(void) {
    static const unsigned includes[] = {0xffff, 0xfffe, 0x8001, 0x0000, 0x0100, 0x5555};
    static const uint64_t values[] = {0,          0x0f00123456789ab0, 0x0700ffffffffffff,
                                      UINT64_MAX, 0x8a00000000000010, 0x0100000000000000};
    for (unsigned i = 0; i < sizeof includes / sizeof *includes; i++) {
        excluded = ~includes[i] & 0xffff;
        CHECK_EQ(control((unsigned long)includes[i] << PR_MTE_TAG_SHIFT), 0);
        for (unsigned n = 0; n < sizeof values / sizeof *values; n++) {
            const uint64_t value = values[n];
            ADDG_ROW("addg", +, 0, 0);
            ADDG_ROW("addg", +, 16, 1);
            ADDG_ROW("addg", +, 1008, 15);
            ADDG_ROW("addg", +, 512, 7);
            ADDG_ROW("subg", -, 0, 0);
            ADDG_ROW("subg", -, 16, 1);
            ADDG_ROW("subg", -, 1008, 15);
            for (unsigned k = 0; k < 64; k++) {
                uint64_t got, more = k & 1 ? UINT64_C(0x00ff) << (k % 9) : 0;
                ASM("irg %0, %1, %2", : "=r"(got) : "r"(value), "r"(more));
                CHECK_EQ(got & ~(UINT64_C(15) << 56), value & ~(UINT64_C(15) << 56));
                const unsigned all = (excluded | more) & 0xffff, tag = got >> 56 & 15;
                CHECK(all == 0xffff ? tag == 0 : !(all >> tag & 1));
            }
        }
    }
    /* Every tag that may be chosen is, sooner or later. */
    CHECK_EQ(control(TAGS_ALL), 0);
    unsigned seen = 0;
    for (unsigned k = 0; k < 2000; k++) {
        uint64_t got;
        ASM("irg %0, %1", : "=r"(got) : "r"(UINT64_C(0)));
        seen |= 1u << (got >> 56 & 15);
    }
    CHECK_EQ(seen, 0xffff);
    uint64_t on_stack;
    ASM("irg %0, sp", : "=r"(on_stack));
    CHECK((on_stack & ~(UINT64_C(15) << 56)) != 0);
}

static void masks_and_differences(void) {
    uint64_t got, flags;
    ASM("gmi %0, %1, %2", : "=r"(got) : "r"(UINT64_C(0x0500000000001000)), "r"(UINT64_C(0x1001)));
    CHECK_EQ(got, 0x1021);
    ASM("gmi %0, %1, xzr", : "=r"(got) : "r"(UINT64_C(0xff00000000001000)));
    CHECK_EQ(got, 0x8000);
    ASM("subp %0, %1, %2",
        : "=r"(got)
        : "r"(UINT64_C(0x0500000000001000)), "r"(UINT64_C(0x0a00000000000ff0)));
    CHECK_EQ(got, 0x10);
    ASM("subp %0, %1, %2", : "=r"(got) : "r"(UINT64_C(0x0080000000000000)), "r"(UINT64_C(1)));
    CHECK_EQ(got, UINT64_C(0xff7fffffffffffff));
    static const struct {
        uint64_t left, right;
        unsigned nzcv;
    } rows[] = {
        {0x0500000000001000, 0x0a00000000001000, 6},
        {0x0000000000000001, 0xff00000000000002, 8},
        {0x0080000000000000, 0x007fffffffffffff, 10},
        {0x0000000000000000, 0x0080000000000000, 0},
        {2, 1, 2},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        ASM("subps %0, %2, %3\n\tmrs %1, nzcv",
            : "=&r"(got), "=r"(flags)
            : "r"(rows[i].left), "r"(rows[i].right)
            : "cc");
        CHECK_EQ(flags >> 28, rows[i].nzcv);
    }
}

static void override(void) {
    uint64_t value;
    ASM("mrs %0, tco", : "=r"(value));
    CHECK_EQ(value, 0);
    ASM("msr tco, #1\n\tmrs %0, tco\n\tmsr tco, #0", : "=r"(value));
    CHECK_EQ(value, 1 << 25);
    ASM("msr tco, %1\n\tmrs %0, tco", : "=r"(value) : "r"(UINT64_MAX));
    CHECK_EQ(value, 1 << 25);
    ASM("msr tco, %1\n\tmrs %0, tco", : "=r"(value) : "r"(UINT64_C(0)));
    CHECK_EQ(value, 0);
}

int main(void) {
    CHECK_EQ(prctl(PR_GET_TAGGED_ADDR_CTRL, 0, 0, 0, 0), 0);
    CHECK_FAILS(prctl(PR_SET_TAGGED_ADDR_CTRL, 1 << 20, 0, 0, 0), EINVAL);
    CHECK_FAILS(prctl(PR_SET_TAGGED_ADDR_CTRL, 1, 1, 0, 0), EINVAL);
    arithmetic();
    masks_and_differences();
    override();
    CHECK_EQ(control(PR_MTE_TCF_SYNC | 0x1234 << PR_MTE_TAG_SHIFT), 0);
    CHECK_EQ(prctl(PR_GET_TAGGED_ADDR_CTRL, 0, 0, 0, 0),
             PR_TAGGED_ADDR_ENABLE | PR_MTE_TCF_SYNC | 0x1234 << PR_MTE_TAG_SHIFT);
    return check_done();
}
