/* SPDX-License-Identifier: MIT */
/* void fault_with(const uint64_t in[33], uint64_t out[33], const void *vectors_in, void *vectors_out)
 *
 * Loads x0-x30 and the flags from in[0..30] and in[32], v0-v31 from vectors_in, faults on a load from address in[27]
 * (= x27) at the label fault_here, and, when the handler has continued at fault_after, stores everything to `out`. */
    .text
    .global fault_with, fault_here, fault_after
    .balign 4
fault_with:
    stp x29, x30, [sp, #-176]!
    stp x19, x20, [sp, #16]
    stp x21, x22, [sp, #32]
    stp x23, x24, [sp, #48]
    stp x25, x26, [sp, #64]
    stp x27, x28, [sp, #80]
    stp d8, d9, [sp, #96]
    stp d10, d11, [sp, #112]
    stp d12, d13, [sp, #128]
    stp d14, d15, [sp, #144]
    stp x1, x3, [sp, #160]
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    ldr q\n, [x2, #(16 * \n)]
    .endr
    ldr x1, [x0, #256]
    msr nzcv, x1
    .irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
    ldr x\n, [x0, #(8 * \n)]
    .endr
    ldr x0, [x0]
fault_here:
    ldr x5, [x27], #8
fault_after:
    stp x0, x1, [sp, #-16]!
    ldr x1, [sp, #176]
    .irp n, 2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
    str x\n, [x1, #(8 * \n)]
    .endr
    mrs x2, nzcv
    str x2, [x1, #256]
    ldr x3, [sp, #184]
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    str q\n, [x3, #(16 * \n)]
    .endr
    mov x3, x1
    ldp x0, x1, [sp], #16
    stp x0, x1, [x3]
    add x2, sp, #0
    str x2, [x3, #248]
    ldp x19, x20, [sp, #16]
    ldp x21, x22, [sp, #32]
    ldp x23, x24, [sp, #48]
    ldp x25, x26, [sp, #64]
    ldp x27, x28, [sp, #80]
    ldp d8, d9, [sp, #96]
    ldp d10, d11, [sp, #112]
    ldp d12, d13, [sp, #128]
    ldp d14, d15, [sp, #144]
    ldp x29, x30, [sp], #176
    ret
    .section .note.GNU-stack, "", %progbits
