// SPDX-License-Identifier: MIT
// As loop.S at first, at the same addresses, but it leaves the loop after 4 rounds and takes another way.
// counts: insns=28 loads=0 stores=0 calls=1 returns=0
    .global _start
_start:
    mov x0, #4
1:
    subs x0, x0, #1
    b.ne 1b
    mov x0, #0
    mov x8, #94
    b 2f
2:
    b 3f
3:
    b 4f
4:
    b 5f
5:
    b 6f
6:
    mov x1, #3
7:
    subs x1, x1, #1
    b.ne 7b
    nop
    nop
    nop
    nop
    svc #0
