// SPDX-License-Identifier: MIT
// A loop. The first round belongs to the entry's block (mov subs b.ne), the other nine are blocks of two instructions
// of their own, and the way out is one of three: 11 blocks, 3 + 9 * 2 + 3 instructions.
// counts: blocks=11 insns=24 loads=0 stores=0 calls=1 returns=0
    .global _start
_start:
    mov x0, #10
1:
    subs x0, x0, #1
    b.ne 1b
    mov x0, #0
    mov x8, #94
    svc #0
