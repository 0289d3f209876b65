// SPDX-License-Identifier: MIT
// For the documentation's example: calls a function twice, stores 1234 at the start of its data (0x500000, if the page
// can be had), and ends with getuid's low byte as status if that is 42, else with 0.
// counts: calls=3 returns=2
    .text
    .global _start
_start:
    mov x0, #0x500000
    mov x1, #4096
    mov x2, #3
    mov x3, #0x32            // MAP_PRIVATE MAP_FIXED MAP_ANONYMOUS
    mov x4, #-1
    mov x5, #0
    mov x8, #222
    svc #0
    mov x19, x0
    bl function
    mov w1, #1234
    str w1, [x19]
    bl function
    mov x8, #174
    svc #0
    cmp x0, #42
    csel x0, x0, xzr, eq
    mov x8, #94
    svc #0
function:
    stp x29, x30, [sp, #-16]!
    ldp x29, x30, [sp], #16
    ret
