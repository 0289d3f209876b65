// SPDX-License-Identifier: MIT
// Calls "mov x0, #10; ret" twice, then ends with status 0: something for a plugin to replace when the block is entered.
// counts: blocks=7 insns=14 loads=0 stores=0 calls=1 returns=0
    .text
    .global _start
_start:
    mov x1, #2
1:
    bl set
    subs x1, x1, #1
    b.ne 1b
    mov x8, #94
    mov x0, #0
    svc #0
set:
    mov x0, #10
    ret
