/* SPDX-License-Identifier: MIT */
/* movz, movn, movk, writes of 32 bits, and the zero register as source and destination. */
#include "check.h"
#include "integer/ops.h"

int main(void) {
    CHECK_EQ(VALUE("movz %x0, #0xbeef, lsl #48", 0, 0), 0xbeef000000000000);
    CHECK_EQ(VALUE("movz %w0, #0xbeef, lsl #16", 0, 0), 0xbeef0000);
    CHECK_EQ(VALUE("movn %x0, #0", 0, 0), ~UINT64_C(0));
    CHECK_EQ(VALUE("movn %w0, #0", 0, 0), 0xffffffff);
    CHECK_EQ(VALUE("movn %x0, #0x1234, lsl #32", 0, 0), 0xffffedcbffffffff);
    CHECK_EQ(VALUE("movn %w0, #0xffff, lsl #16", 0, 0), 0x0000ffff);
    CHECK_EQ(VALUE("movk %x0, #0x1234, lsl #16", 0, 0), 0xffffffff1234ffff);
    CHECK_EQ(VALUE("movk %w0, #0x1234, lsl #16", 0, 0), 0x1234ffff);
    CHECK_EQ(VALUE("movk %w0, #0", 0, 0), 0xffff0000);
    CHECK_EQ(VALUE("mov %x0, #0x1111\n\tmovk %x0, #0x2222, lsl #16\n\tmovk %x0, #0x3333, lsl #32\n\t"
                   "movk %x0, #0x4444, lsl #48",
                   0, 0),
             0x4444333322221111);
    CHECK_EQ(VALUE("mov %w0, %w3", 0xfedcba9876543210, 0), 0x76543210);
    CHECK_EQ(VALUE("mov %x0, xzr", 0, 0), 0);
    CHECK_EQ(VALUE("mov %w0, wzr", 0, 0), 0);
    CHECK_EQ(VALUE("add xzr, %x3, %x4\n\tmov %x0, xzr", 5, 6), 0);
    CHECK_EQ(VALUE("orr %x0, xzr, #0xaaaaaaaaaaaaaaaa", 0, 0), 0xaaaaaaaaaaaaaaaa);
    CHECK_EQ(VALUE("orr %w0, wzr, #0xe0000001", 0, 0), 0xe0000001);

    /* SP, not XZR, where the manual says so. */
    uint64_t sp, copy;
    __asm__ volatile("mov %0, sp\n\tadd %1, sp, #0" : "=r"(sp), "=r"(copy));
    CHECK_EQ(sp, copy);
    CHECK_EQ(sp & 15, 0);
    __asm__ volatile(
        "mov x9, sp\n\tsub sp, sp, #4096\n\tand sp, x9, #0xffffffffffffff00\n\tmov %0, sp\n\tmov sp, "
        "x9\n\tmov %1, x9"
        : "=r"(copy), "=r"(sp)
        :
        : "x9", "memory");
    CHECK_EQ(copy, sp & ~UINT64_C(255));
    return check_done();
}
