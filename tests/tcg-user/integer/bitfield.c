/* SPDX-License-Identifier: MIT */
/* ubfm, sbfm and bfm, as their extracting (imms >= immr) and inserting (imms < immr) forms. */
#include "check.h"
#include "integer/ops.h"

static uint64_t ones(int count) {
    return count >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << count) - 1;
}

enum Kind { kUnsigned, kSigned, kInsert };

static uint64_t move(enum Kind kind, uint64_t old, uint64_t source, int immr, int imms, int bits) {
    source &= ones(bits);
    old &= ones(bits);
    int width = imms >= immr ? imms - immr + 1 : imms + 1;
    int from = imms >= immr ? immr : 0, to = imms >= immr ? 0 : bits - immr;
    uint64_t field = source >> from & ones(width);
    uint64_t value;
    if (kind == kInsert) {
        value = (old & ~(ones(width) << to)) | field << to;
    } else {
        value = field << to;
        if (kind == kSigned && (field >> (width - 1) & 1) && to + width < 64)
            value |= ~UINT64_C(0) << (to + width);
    }
    return value & ones(bits);
}

/* The destination is an input too, so the old value is given. */
#define RUN_OLD(instruction, old, source)                                          \
    __extension__({                                                                \
        uint64_t run_value = (old);                                                \
        __asm__ volatile(instruction : "+r"(run_value) : "r"((uint64_t)(source))); \
        run_value;                                                                 \
    })

#define TRY(immr, imms)                                                                              \
    CHECK_ROW("ubfm x " #immr " " #imms, RUN_OLD("ubfm %x0, %x1, #" #immr ", #" #imms, old, source), \
              move(kUnsigned, old, source, immr, imms, 64));                                         \
    CHECK_ROW("sbfm x " #immr " " #imms, RUN_OLD("sbfm %x0, %x1, #" #immr ", #" #imms, old, source), \
              move(kSigned, old, source, immr, imms, 64));                                           \
    CHECK_ROW("bfm x " #immr " " #imms, RUN_OLD("bfm %x0, %x1, #" #immr ", #" #imms, old, source),   \
              move(kInsert, old, source, immr, imms, 64));

#define TRY32(immr, imms)                                                                            \
    CHECK_ROW("ubfm w " #immr " " #imms, RUN_OLD("ubfm %w0, %w1, #" #immr ", #" #imms, old, source), \
              move(kUnsigned, old, source, immr, imms, 32));                                         \
    CHECK_ROW("sbfm w " #immr " " #imms, RUN_OLD("sbfm %w0, %w1, #" #immr ", #" #imms, old, source), \
              move(kSigned, old, source, immr, imms, 32));                                           \
    CHECK_ROW("bfm w " #immr " " #imms, RUN_OLD("bfm %w0, %w1, #" #immr ", #" #imms, old, source),   \
              move(kInsert, old, source, immr, imms, 32));

int main(void) {
    for (int i = 0; i < kEdgeCount; i++) {
        for (int j = 0; j < 4; j++) {
            uint64_t source = kEdges[i], old = kEdges[(i * 5 + j * 11) % kEdgeCount];
            TRY(0, 0)
            TRY(0, 7)
            TRY(0, 15)
            TRY(0, 31)
            TRY(0, 63)
            TRY(1, 63)
            TRY(63, 63)
            TRY(63, 62)
            TRY(1, 0)
            TRY(8, 3)
            TRY(32, 31)
            TRY(33, 63)
            TRY(16, 47)
            TRY(60, 59)
            TRY(48, 15)
            TRY32(0, 0)
            TRY32(0, 7)
            TRY32(0, 15)
            TRY32(0, 31)
            TRY32(31, 31)
            TRY32(31, 30)
            TRY32(1, 0)
            TRY32(5, 20)
            TRY32(20, 5)
            TRY32(16, 15)
            TRY32(16, 31)
        }
    }
    return check_done();
}
