// SPDX-License-Identifier: MIT
// A load faults in mid-block, between accesses, and the handler goes on behind it, which makes the rest of the block a
// block of its own. Then the program sends itself a signal. Handlers return through two instructions of the vdso.
// counts: blocks=12 insns=41 loads=4 stores=4
    .text
    .global _start
_start:
    adr x1, action           // SIGSEGV
    mov x0, #11
    mov x2, #0
    mov x3, #8
    mov x8, #134
    svc #0                   // 6 instructions, 1 block
    mov x0, #10              // SIGUSR1
    mov x8, #134
    svc #0                   // 9, 2
    adrp x1, cell
    add x1, x1, :lo12:cell
    mov x2, #0
    ldr x3, [x1]             // 1 load
    add x3, x3, #1
    stp x3, x3, [x1]         // 1 store
    ldr x4, [x2]             // faults: 16 instructions, 3 blocks
    ldr x5, [x1]             // behind the handler's 6 instructions in 2 blocks, 1 load, 1 store, and the return's 2
    str x5, [x1]
    mov x8, #172
    svc #0                   // getpid: 28, 7 blocks, 3 loads, 3 stores
    mov x1, #10
    mov x8, #129
    svc #0                   // kill: 31, 8; the handler's 5 in 2 blocks, 1 load, 1 store; the return's 2: 38, 11
    mov x0, #0
    mov x8, #94
    svc #0                   // 41, 12
handler:
    ldr x3, [x2, #440]       // pc, in the frame
    cmp x0, #11
    b.ne 1f
    add x3, x3, #4
1:
    str x3, [x2, #440]
    ret

    .balign 8
action:
    .quad handler
    .quad 0x4                // SA_SIGINFO
    .quad 0
    .quad 0
    .bss
    .balign 16
cell:
    .skip 16
