/* SPDX-License-Identifier: MIT */
/* All 32 vector registers and all 31 general ones hold their own values across a call, a loop and a system call.
 * Without a library: exits 0 and prints "ok", or exits with the number of the first register that is wrong. */
    .text
    .global _start

_start:
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    mov w0, #(\n * 3 + 1)
    dup v\n\().16b, w0
    .endr
    mov x9, #1000
1:  bl nothing
    subs x9, x9, #1
    b.ne 1b
    mov x8, #172 /* getpid */
    svc #0

    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    mov w0, #(\n + 1)
    umov w1, v\n\().b[0]
    cmp w1, #((\n * 3 + 1) & 0xff)
    b.ne fail
    umov w1, v\n\().b[15]
    cmp w1, #((\n * 3 + 1) & 0xff)
    b.ne fail
    .endr

    .irp n, 1,2,3,4,5,6,7,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
    mov x\n, #(\n * 1000)
    movk x\n, #\n, lsl #48
    .endr
    mov x8, #172
    svc #0
    .irp n, 1,2,3,4,5,6,7,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
    mov x0, #(\n * 1000)
    movk x0, #\n, lsl #48
    cmp x0, x\n
    mov w0, #(64 + \n)
    b.ne fail
    .endr
    /* The flags survive a system call, too. */
    mov x0, #0xa0000000
    msr nzcv, x0
    mov x8, #172
    svc #0
    mrs x1, nzcv
    mov x2, #0xa0000000
    cmp x1, x2
    mov w0, #100
    b.ne fail

    mov x0, #1
    adr x1, text
    mov x2, #3
    mov x8, #64
    svc #0
    mov x0, #0
fail:
    mov x8, #94
    svc #0
nothing:
    ret
text:
    .ascii "ok\n"
