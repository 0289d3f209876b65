// SPDX-License-Identifier: MIT
// SVE with vectors of 32 bytes: active elements one by one, a structure's members in the order of their addresses, whole
// registers by doublewords; nothing for inactive elements and prefetches.
// cpu: neoverse-v1
// counts: blocks=1 insns=30 loads=49 stores=24 calls=1 returns=0
    .arch armv8.2-a+sve
    .bss
    .balign 64
    .global cell
cell:
    .skip 256
    .text
    .global _start
_start:
    adrp x1, cell
    add x1, x1, :lo12:cell
    ptrue p0.b
    ptrue p1.s, vl3
    pfalse p2.b
    index z2.d, #0, #8
    // 3 words, 4 doublewords, 3 words of a byte each; 3, 3
    ld1w {z0.s}, p1/z, [x1]
    ld1d {z0.d}, p0/z, [x1]
    ld1b {z0.s}, p1/z, [x1]
    st1w {z0.s}, p1, [x1]
    st1b {z0.s}, p1, [x1]
    // 3 structures of 2 words; half-words 0, 2 and 4 of 3 registers
    ld2w {z0.s, z1.s}, p1/z, [x1]
    st3h {z0.h, z1.h, z2.h}, p1, [x1]
    index z2.d, #0, #8
    // whole registers: 4 and 4; 1 and 1
    ldr z0, [x1]
    str z0, [x1]
    ldr p3, [x1]
    str p3, [x1]
    // 4 and 4 addresses
    ld1d {z0.d}, p0/z, [x1, z2.d]
    st1w {z0.d}, p0, [x1, z2.d]
    // replicated: 1 word, 16 bytes
    ld1rw {z0.s}, p0/z, [x1]
    ld1rqb {z0.b}, p0/z, [x1]
    // nothing
    ld1w {z0.s}, p2/z, [x1]
    prfb pldl1keep, p0, [x1]
    // 4 and 3
    setffr
    ldff1d {z0.d}, p0/z, [x1, x0]
    ldnf1w {z0.s}, p1/z, [x1]
    mov x0, #0
    mov x8, #94
    svc #0
