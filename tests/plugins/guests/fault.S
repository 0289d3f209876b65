// SPDX-License-Identifier: MIT
// A load faults in mid-block. It was announced (its instruction callback runs before it), but is no access, and what
// follows it in the block is not executed. The handler ends the program.
// counts: blocks=3 insns=16 loads=0 stores=2 calls=2 returns=1
    .text
    .global _start
_start:
    sub sp, sp, #64
    adr x0, handler
    stp x0, xzr, [sp]        // handler, flags: 1 store
    stp xzr, xzr, [sp, #16]  // restorer, mask: 1 store
    mov x0, #11
    mov x1, sp
    mov x2, #0
    mov x3, #8
    mov x8, #134
    svc #0                   // 10 so far
    mov x1, #0
    nop
    ldr x0, [x1]             // 13: the last one before the handler
    nop
    nop
    ldr x0, [sp]
handler:
    mov x0, #0
    mov x8, #94
    svc #0                   // 16
