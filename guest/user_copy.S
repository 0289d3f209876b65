/* SPDX-License-Identifier: MIT */
/*
 * The loops that touch guest memory on behalf of the emulator. Every instruction between armature_user_begin and
 * armature_user_end may fault; the host's signal handler then goes on at armature_user_fault (see recover_fault), which
 * returns failure. So these functions keep nothing on the stack and nothing in callee-saved registers, and use neither
 * rsp nor rbp as a base (a non-canonical address there would be #SS, not #GP).
 *
 * Objects of 2, 4 and 8 bytes are moved by one instruction: the guest's other threads never see half of one.
 */
    .text
    .globl armature_user_begin, armature_user_end, armature_user_fault
    .globl armature_user_copy, armature_user_length

/* long armature_user_copy(void* to [rdi], const void* from [rsi], size_t size [rdx]): 0, or -1 at a fault. */
    .type armature_user_copy, @function
    .p2align 4
armature_user_begin:
armature_user_copy:
    .cfi_startproc
    cmpq $8, %rdx
    je 8f
    cmpq $4, %rdx
    je 4f
    cmpq $2, %rdx
    je 6f
    cmpq $512, %rdx
    jae 9f
1:  subq $8, %rdx
    jb 2f
    movq (%rsi), %rax
    movq %rax, (%rdi)
    addq $8, %rsi
    addq $8, %rdi
    jmp 1b
2:  addq $8, %rdx
    jz 5f
3:  movb (%rsi), %al
    movb %al, (%rdi)
    incq %rsi
    incq %rdi
    decq %rdx
    jnz 3b
5:  xorl %eax, %eax
    ret
4:  movl (%rsi), %eax
    movl %eax, (%rdi)
    xorl %eax, %eax
    ret
6:  movw (%rsi), %ax
    movw %ax, (%rdi)
    xorl %eax, %eax
    ret
8:  movq (%rsi), %rax
    movq %rax, (%rdi)
    xorl %eax, %eax
    ret
9:  movq %rdx, %rcx
    rep movsb
    xorl %eax, %eax
    ret
    .cfi_endproc
    .size armature_user_copy, . - armature_user_copy

/* long armature_user_length(const char* text [rdi], size_t limit [rsi]): bytes before the NUL, `limit` if there is
   none among them, or -1 at a fault. */
    .type armature_user_length, @function
    .p2align 4
armature_user_length:
    .cfi_startproc
    xorl %eax, %eax
1:  cmpq %rsi, %rax
    jae 2f
    cmpb $0, (%rdi,%rax)
    je 2f
    incq %rax
    jmp 1b
2:  ret
    .cfi_endproc
    .size armature_user_length, . - armature_user_length
armature_user_end:

    .type armature_user_fault, @function
armature_user_fault:
    .cfi_startproc
    movq $-1, %rax
    ret
    .cfi_endproc
    .size armature_user_fault, . - armature_user_fault

    .section .note.GNU-stack,"",@progbits
