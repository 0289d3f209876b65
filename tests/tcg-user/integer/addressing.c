/* SPDX-License-Identifier: MIT */
/* Loads and stores of every size and extension in every addressing mode, with write-back and unaligned. */
#include "check.h"

static unsigned char memory[512] __attribute__((aligned(64)));

static void fill(void) {
    for (int i = 0; i < 512; i++) memory[i] = (unsigned char)(i * 37 + 0x83);
}

static uint64_t peek(int at, int bytes) {
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++) value |= (uint64_t)memory[at + i] << (8 * i);
    return value;
}

/* A load whose base is %1 (updated if the mode says so) and whose index, if any, is %2. */
#define LOAD(text, start, index, expected, moved)                                               \
    do {                                                                                        \
        uint64_t value = ~UINT64_C(0);                                                          \
        unsigned char* base = memory + (start);                                                 \
        __asm__ volatile(text : "+&r"(value), "+&r"(base) : "r"((uint64_t)(index)) : "memory"); \
        CHECK_ROW(text, value, (expected));                                                     \
        CHECK_ROW(text " base", base - memory, (start) + (moved));                              \
    } while (0)

#define STORE(text, start, index, at, bytes, moved)                                             \
    do {                                                                                        \
        fill();                                                                                 \
        uint64_t value = UINT64_C(0x1122334455667788);                                          \
        uint64_t before = peek((at)-8, 8), after = peek((at) + (bytes), 8);                     \
        unsigned char* base = memory + (start);                                                 \
        __asm__ volatile(text : "+&r"(value), "+&r"(base) : "r"((uint64_t)(index)) : "memory"); \
        CHECK_ROW(text, peek(at, bytes), value&(~UINT64_C(0) >> (64 - 8 * (bytes))));           \
        CHECK_ROW(text " before", peek((at)-8, 8), before);                                     \
        CHECK_ROW(text " after", peek((at) + (bytes), 8), after);                               \
        CHECK_ROW(text " base", base - memory, (start) + (moved));                              \
    } while (0)

int main(void) {
    fill();
    LOAD("ldr %x0, [%1]", 64, 0, peek(64, 8), 0);
    LOAD("ldr %w0, [%1, #4]", 64, 0, peek(68, 4), 0);
    LOAD("ldrh %w0, [%1, #6]", 64, 0, peek(70, 2), 0);
    LOAD("ldrb %w0, [%1, #15]", 64, 0, peek(79, 1), 0);
    LOAD("ldrsb %x0, [%1, #1]", 64, 0, (uint64_t)(int64_t)(int8_t)peek(65, 1), 0);
    LOAD("ldrsb %w0, [%1, #2]", 64, 0, (uint32_t)(int8_t)peek(66, 1), 0);
    LOAD("ldrsh %x0, [%1, #4]", 64, 0, (uint64_t)(int64_t)(int16_t)peek(68, 2), 0);
    LOAD("ldrsh %w0, [%1, #8]", 64, 0, (uint32_t)(int16_t)peek(72, 2), 0);
    LOAD("ldrsw %x0, [%1, #12]", 64, 0, (uint64_t)(int64_t)(int32_t)peek(76, 4), 0);
    LOAD("ldur %x0, [%1, #-7]", 64, 0, peek(57, 8), 0);
    LOAD("ldur %w0, [%1, #255]", 64, 0, peek(319, 4), 0);
    LOAD("ldursw %x0, [%1, #-3]", 64, 0, (uint64_t)(int64_t)(int32_t)peek(61, 4), 0);
    LOAD("ldr %x0, [%1], #16", 64, 0, peek(64, 8), 16);
    LOAD("ldr %x0, [%1], #-256", 300, 0, peek(300, 8), -256);
    LOAD("ldr %w0, [%1, #-9]!", 64, 0, peek(55, 4), -9);
    LOAD("ldrsb %x0, [%1, #255]!", 64, 0, (uint64_t)(int64_t)(int8_t)peek(319, 1), 255);
    LOAD("ldrh %w0, [%1], #1", 65, 0, peek(65, 2), 1);
    LOAD("ldr %x0, [%1, %2]", 64, 9, peek(73, 8), 0);
    LOAD("ldr %x0, [%1, %2, lsl #3]", 64, 3, peek(88, 8), 0);
    LOAD("ldr %w0, [%1, %2, lsl #2]", 64, -2, peek(56, 4), 0);
    LOAD("ldr %x0, [%1, %w2, sxtw]", 64, 0xfffffffe, peek(62, 8), 0);
    LOAD("ldr %x0, [%1, %w2, sxtw #3]", 64, 0x7ffffffffffffff, peek(56, 8), 0);
    LOAD("ldr %x0, [%1, %w2, uxtw #3]", 64, 0xffffffff00000002, peek(80, 8), 0);
    LOAD("ldrb %w0, [%1, %w2, uxtw]", 64, 0xffffffff00000011, peek(81, 1), 0);
    LOAD("ldrsh %x0, [%1, %2, sxtx #1]", 64, -5, (uint64_t)(int64_t)(int16_t)peek(54, 2), 0);
    LOAD("ldtr %x0, [%1, #3]", 64, 0, peek(67, 8), 0);
    LOAD("ldtrsw %x0, [%1, #-4]", 64, 0, (uint64_t)(int64_t)(int32_t)peek(60, 4), 0);
    LOAD("prfm pldl1keep, [%1, #64]\n\tldr %x0, [%1]", 64, 0, peek(64, 8), 0);
    for (int i = 0; i < 16; i++) LOAD("ldr %x0, [%1]", 64 + i, 0, peek(64 + i, 8), 0);

    STORE("str %x0, [%1]", 64, 0, 64, 8, 0);
    STORE("str %w0, [%1, #8]", 64, 0, 72, 4, 0);
    STORE("strh %w0, [%1, #8]", 64, 0, 72, 2, 0);
    STORE("strb %w0, [%1, #3]", 64, 0, 67, 1, 0);
    STORE("stur %x0, [%1, #-5]", 64, 0, 59, 8, 0);
    STORE("sturh %w0, [%1, #-5]", 64, 0, 59, 2, 0);
    STORE("str %x0, [%1, #-16]!", 64, 0, 48, 8, -16);
    STORE("str %x0, [%1], #255", 64, 0, 64, 8, 255);
    STORE("strb %w0, [%1], #1", 64, 0, 64, 1, 1);
    STORE("strh %w0, [%1, #2]!", 64, 0, 66, 2, 2);
    STORE("str %x0, [%1, %2, lsl #3]", 64, -3, 40, 8, 0);
    STORE("str %w0, [%1, %w2, sxtw #2]", 64, 0xffffffff, 60, 4, 0);
    STORE("sttr %w0, [%1, #1]", 64, 0, 65, 4, 0);

    fill();
    __asm__ volatile("str xzr, [%0]\n\tstr wzr, [%0, #16]\n\tstrb wzr, [%0, #32]"
                     :
                     : "r"(memory + 64)
                     : "memory");
    CHECK_EQ(peek(64, 8), 0);
    CHECK_EQ(peek(80, 4), 0);
    CHECK_EQ(peek(96, 1), 0);
    CHECK_EQ(memory[84], (84 * 37 + 0x83) & 0xff);

    /* A base that is also loaded, without write-back. */
    uint64_t chain[2] = {0, 0x5555};
    chain[0] = (uint64_t)&chain[1];
    uint64_t* pointer = chain;
    __asm__ volatile("ldr %0, [%0]\n\tldr %0, [%0]" : "+r"(pointer) : : "memory");
    CHECK_EQ((uint64_t)pointer, 0x5555);
    return check_done();
}
