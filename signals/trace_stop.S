/* SPDX-License-Identifier: MIT */
/*
 * void armature_trace_stop(TraceBlock* block);
 *
 * Stops for the tracer, which knows the place by RAX and finds the block by RDI. Without a tracer the handler of SIGTRAP
 * finds the thread at _end and lets it go on.
 */
    .intel_syntax noprefix
    .text
    .globl armature_trace_stop, armature_trace_stop_end
    .hidden armature_trace_stop, armature_trace_stop_end
    .type armature_trace_stop, @function
    .p2align 4
armature_trace_stop:
    .cfi_startproc
    movabs rax, 0x41524d5452414345  /* kTraceStopMagic */
    int3
armature_trace_stop_end:
    ret
    .cfi_endproc
    .size armature_trace_stop, . - armature_trace_stop

    .section .note.GNU-stack, "", @progbits
