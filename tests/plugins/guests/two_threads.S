// SPDX-License-Identifier: MIT
// Two threads at the same time in the same loop, 100000 rounds of 3 instructions each with a load and a store; counters
// of each vCPU must lose nothing. The loop's block runs 99999 times in each thread, its first round belongs to the block
// before. The first thread then waits by a futex until the second is gone, once or more often if a wake-up is spurious,
// so only the accesses are exact.
// counts: loads=200001+ stores=200000
    .bss
    .balign 64
first_cell:
    .skip 64
second_cell:
    .skip 64
alive:
    .skip 64
    .balign 16
    .skip 65536
stack_top:
    .text
    .global _start
_start:
    adrp x19, alive
    add x19, x19, :lo12:alive
    mov w0, #1
    movz x0, #0x0f00
    movk x0, #0x0035, lsl #16    // VM FS FILES SIGHAND THREAD SYSVSEM, PARENT_SETTID CHILD_CLEARTID
    adrp x1, stack_top
    add x1, x1, :lo12:stack_top
    mov x2, x19
    mov x3, #0
    mov x4, x19
    mov x8, #220
    svc #0
    adrp x1, first_cell
    add x1, x1, :lo12:first_cell
    cbnz x0, parent
    add x1, x1, #64
    bl work
    mov x0, #0
    mov x8, #93
    svc #0
parent:
    bl work
wait:
    ldr w2, [x19]
    cbz w2, done
    mov x0, x19
    mov x1, #0
    mov x3, #0
    mov x8, #98
    svc #0
    b wait
done:
    mov x0, #0
    mov x8, #94
    svc #0
work:
    movz w3, #0x86a0
    movk w3, #1, lsl #16
1:
    ldr x2, [x1]
    str x3, [x1]
    subs w3, w3, #1
    b.ne 1b
    ret
