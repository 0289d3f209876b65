// SPDX-License-Identifier: MIT
// System calls end blocks: getpid (succeeds), close(-1) (fails), 5000 (does not exist: with version 6 and 7 a filter
// answers it), exit_group. Three calls return.
// counts: blocks=4 insns=19 loads=0 stores=0 calls=4 returns=3
    .global _start
_start:
    mov x8, #172
    svc #0
    mov x0, #-1
    mov x8, #57
    svc #0
    mov x0, #1
    mov x1, #2
    mov x2, #3
    mov x3, #4
    mov x4, #5
    mov x5, #6
    mov x6, #7
    mov x7, #8
    mov x8, #5000
    svc #0
    nop
    mov x0, #0
    mov x8, #94
    svc #0
