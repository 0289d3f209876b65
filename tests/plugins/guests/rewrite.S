// SPDX-License-Identifier: MIT
// Self-modifying code: calls a function (nop ret) in writable memory, makes it (ret) and tells the instruction cache,
// calls it again. The mapping is 1 page, made by mmap.
// counts: insns=30 loads=0 stores=2 calls=2 returns=1
    .text
    .global _start
_start:
    mov x0, #0
    mov x1, #4096
    mov x2, #7
    mov x3, #0x22
    mov x4, #-1
    mov x5, #0
    mov x8, #222
    svc #0                   // 8
    mov x9, x0
    movz x1, #0x201f
    movk x1, #0xd503, lsl #16
    movk x1, #0x03c0, lsl #32
    movk x1, #0xd65f, lsl #48
    str x1, [x9]             // 14, 1 store
    dc cvau, x9
    dsb ish
    ic ivau, x9
    isb                      // 18
    blr x9                   // 19; nop ret: 21
    lsr x1, x1, #32
    str w1, [x9]             // 23, 1 store
    ic ivau, x9
    isb
    blr x9                   // 26; ret: 27
    mov x0, #0
    mov x8, #94
    svc #0                   // 30
