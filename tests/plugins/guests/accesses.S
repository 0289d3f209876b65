// SPDX-License-Identifier: MIT
// Every size and form of plain loads and stores. Pairs of general registers are one access, pairs of vector registers
// two; LD1 and ST1 come in pieces of 8 bytes, LD2-4 and ST2-4 element by element.
// counts: blocks=1 insns=48 loads=51 stores=46 calls=1 returns=0
    .macro exit
    mov x0, #0
    mov x8, #94
    svc #0
    .endm
    .bss
    .balign 64
cell:
    .skip 256
    .text
    .global _start
_start:
    adrp x1, cell
    add x1, x1, :lo12:cell
    // 8 loads and 5 stores, one access each
    ldrb w0, [x1]
    ldrh w0, [x1, #2]
    ldr w0, [x1, #4]
    ldr x0, [x1, #8]
    ldrsb x0, [x1]
    ldrsh w0, [x1]
    ldrsw x0, [x1]
    ldur x0, [x1, #1]
    strb w0, [x1]
    strh w0, [x1, #2]
    str w0, [x1, #4]
    str xzr, [x1, #8]
    stur x0, [x1, #17]
    // 5 loads and 5 stores of vector registers, one access each
    ldr b0, [x1]
    ldr h0, [x1]
    ldr s0, [x1]
    ldr d0, [x1]
    ldr q0, [x1]
    str b0, [x1]
    str h0, [x1]
    str s0, [x1]
    str d0, [x1]
    str q0, [x1]
    // pairs: 3 loads, 2 stores, one access each; of vector registers 2 loads, 2 stores
    ldp w2, w3, [x1]
    ldp x2, x3, [x1]
    ldpsw x2, x3, [x1]
    stp w2, w3, [x1]
    stp x2, x3, [x1]
    ldp q0, q1, [x1]
    stp d0, d1, [x1]
    // ldar, stlr: one each
    ldar x2, [x1]
    stlr x2, [x1]
    // 16 bytes in pieces of 8: 2 each; two registers: 4 each
    ld1 {v0.16b}, [x1]
    st1 {v0.16b}, [x1]
    ld1 {v0.2d, v1.2d}, [x1]
    st1 {v0.2d, v1.2d}, [x1]
    // 2 registers of 4 words: 8 each; 4 registers of 4 half-words: 16 each; one lane: 1; replicated: 1
    ld2 {v0.4s, v1.4s}, [x1]
    st2 {v0.4s, v1.4s}, [x1]
    ld4 {v0.4h, v1.4h, v2.4h, v3.4h}, [x1]
    st4 {v0.4h, v1.4h, v2.4h, v3.4h}, [x1]
    ld1 {v0.s}[1], [x1]
    st1 {v0.h}[3], [x1]
    ld1r {v0.2d}, [x1]
    exit
