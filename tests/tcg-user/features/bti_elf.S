/* SPDX-License-Identifier: MIT */
/* A program whose ELF property asks for landing pads calls a function that has none. With an argument that must be SIGILL
 * (and its handler, entered as if called, has one); without, it works. */
    .arch armv8.5-a
    .section .note.gnu.property, "a"
    .balign 8
    .long 4, 16, 5
    .asciz "GNU"
    .long 0xc0000000, 4, 1, 0
    .text
    .global _start
_start:
    ldr x20, [sp]
    mov x0, #4
    adr x1, action
    mov x2, #0
    mov x3, #8
    mov x8, #134
    svc #0
    adr x1, unmarked
    blr x1
    b failed
unmarked:
    cmp x20, #1
    b.ne failed
    b passed
on_sigill:
    bti c
    cmp x20, #2
    b.ne failed
passed:
    mov x0, #1
    adr x1, text
    mov x2, #3
    mov x8, #64
    svc #0
    mov x0, #0
    mov x8, #93
    svc #0
failed:
    mov x0, #1
    mov x8, #93
    svc #0
text:
    .ascii "ok\n"
    .balign 8
action:
    .quad on_sigill, 0, 0, 0
