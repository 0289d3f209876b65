/* SPDX-License-Identifier: MIT */
/* WHILERW and WHILEWR: how many elements may be worked on together, given two addresses. */
#include <arm_sve.h>

#include "check.h"

/* As many as the addresses are elements apart; less than one apart is together, and then there is no
 * conflict. A write behind a read is none either. */
#define POINTERS(type, bits, lanes)                                                               \
    for (int64_t distance = -130; distance <= 130; distance++) {                                  \
        const type* const from = (const type*)(uintptr_t)0x10000;                                 \
        const type* const to = (const type*)(uintptr_t)(0x10000 + distance);                      \
        const int64_t apart = (distance < 0 ? -distance : distance) / (int64_t)sizeof(type);      \
        const int64_t within = apart == 0 || apart > (int64_t)(lanes) ? (int64_t)(lanes) : apart; \
        const svbool_t all = svptrue_b##bits();                                                   \
        CHECK_ROW("whilerw " #type, svcntp_b##bits(all, svwhilerw(from, to)), within);            \
        CHECK_ROW("whilewr " #type, svcntp_b##bits(all, svwhilewr(from, to)),                     \
                  distance <= 0 ? (lanes) : (uint64_t)within);                                    \
    }

int main(void) {
    POINTERS(uint8_t, 8, svcntb())
    POINTERS(uint16_t, 16, svcnth())
    POINTERS(uint32_t, 32, svcntw())
    POINTERS(uint64_t, 64, svcntd())
    return check_done();
}
