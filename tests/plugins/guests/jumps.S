// SPDX-License-Identifier: MIT
// Asks the setpc plugin (or a plugin like it) to move the program counter: from an instruction, from a memory access and
// from a system call. Every way not taken ends with status 1. Without the plugin, it ends well at once.
// counts: calls=2
    .text
    .global _start
_start:
    mov x0, #1
    adr x1, 1f
    adr x2, 2f
    mov x3, #0
    mov x8, #4096
    svc #0
    cbnz x0, good            // no plugin: ENOSYS
1:
    b bad
2:
    mov x0, #1
    mov x1, #0
    adr x2, 3f
    adr x3, word
    mov x8, #4096
    svc #0
    adr x3, word
    ldr w4, [x3]
    b bad
3:
    mov x0, #0
    adr x1, good
    mov x8, #4096
    svc #0
bad:
    mov x0, #1
    mov x8, #94
    svc #0
good:
    mov x0, #0
    mov x8, #94
    svc #0
    .balign 4
word:
    .word 7
