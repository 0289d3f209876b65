/* SPDX-License-Identifier: MIT */
/*
 * int64_t armature_blocking_call(const std::atomic<uint32_t>* pending, const uint64_t arguments[7]);
 *
 * Makes a host system call (arguments[0] is its number) unless a guest signal is pending. The labels tell the host
 * handlers (host_handlers.cc) where a thread stands that a signal hits here:
 *
 *   from _begin up to _instruction   the call has not been made, and the test may already be behind: go to _not_made
 *   at _instruction, RCX = _end      the kernel has wound the call back in order to restart it: go to _interrupted
 *   at _end                          the call has its result; -EINTR is one
 *
 * SYSCALL leaves the address of the next instruction in RCX, which is what tells the second case from the first.
 */
    .intel_syntax noprefix
    .text
    .globl armature_blocking_call, armature_blocking_begin, armature_blocking_instruction, armature_blocking_end
    .globl armature_blocking_not_made, armature_blocking_interrupted
    .hidden armature_blocking_call, armature_blocking_begin, armature_blocking_instruction, armature_blocking_end
    .hidden armature_blocking_not_made, armature_blocking_interrupted
    .type armature_blocking_call, @function
    .p2align 4
armature_blocking_call:
    .cfi_startproc
    mov r11, rdi
    mov rax, [rsi]
    mov rdi, [rsi + 8]
    mov rdx, [rsi + 24]
    mov r10, [rsi + 32]
    mov r8, [rsi + 40]
    mov r9, [rsi + 48]
    mov rsi, [rsi + 16]
    xor ecx, ecx
armature_blocking_begin:
    cmp dword ptr [r11], 0
    jne armature_blocking_not_made
armature_blocking_instruction:
    syscall
armature_blocking_end:
    ret
armature_blocking_not_made:
    mov rax, -513               /* ERESTARTNOINTR: make the call after the handler */
    ret
armature_blocking_interrupted:
    mov rax, -512               /* ERESTARTSYS: SA_RESTART decides */
    ret
    .cfi_endproc
    .size armature_blocking_call, . - armature_blocking_call

/* Does SYSCALL put the next instruction's address into RCX? Not on processors with FRED event delivery. */
    .globl armature_syscall_marks_rcx
    .hidden armature_syscall_marks_rcx
    .type armature_syscall_marks_rcx, @function
    .p2align 4
armature_syscall_marks_rcx:
    .cfi_startproc
    mov eax, 39                 /* getpid */
    xor ecx, ecx
    syscall
    xor eax, eax
    test rcx, rcx
    setne al
    ret
    .cfi_endproc
    .size armature_syscall_marks_rcx, . - armature_syscall_marks_rcx

/* What host handlers return to: SA_RESTORER. */
    .globl armature_host_sigreturn
    .hidden armature_host_sigreturn
    .type armature_host_sigreturn, @function
    .p2align 4
    nop
armature_host_sigreturn:
    mov rax, 15                 /* rt_sigreturn */
    syscall
    .size armature_host_sigreturn, . - armature_host_sigreturn

    .section .note.GNU-stack, "", @progbits
