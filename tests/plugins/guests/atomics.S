// SPDX-License-Identifier: MIT
// Exclusives and single-instruction atomics. A store-exclusive that stores is a read and a write, one that fails is no
// access; an atomic read-modify-write is a read and a write, also when CAS does not find what it looks for.
// counts: blocks=1 insns=23 loads=12 stores=8 calls=1 returns=0
    .bss
    .balign 64
cell:
    .skip 64
    .text
    .global _start
_start:
    adrp x1, cell
    add x1, x1, :lo12:cell
    mov x5, #7
    ldxr x0, [x1]            // 1 load
    stxr w2, x5, [x1]        // stores: 1 load, 1 store
    stxr w2, x5, [x1]        // fails, the monitor is open: nothing
    ldaxr w0, [x1]           // 1 load
    clrex
    stlxr w2, w5, [x1]       // fails: nothing
    ldxp x2, x3, [x1]        // 1 load of 16 bytes
    stxp w4, x2, x3, [x1]    // 1 load, 1 store
    ldadd x5, x0, [x1]       // 1 + 1
    swpal w5, w0, [x1]       // 1 + 1
    ldclrb w5, w0, [x1]      // 1 + 1
    stset x5, [x1]           // 1 + 1
    mov x6, #99
    cas x6, x5, [x1]         // compares unequal: 1 + 1
    mov x6, #0
    casa x6, x5, [x1, #0]    // 1 + 1
    ldxrb w0, [x1]           // 1 load
    mov x0, #0
    mov x8, #94
    svc #0
