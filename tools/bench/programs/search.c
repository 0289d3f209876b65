/* SPDX-License-Identifier: MIT */
/* Lengths of strings, and where a byte is in them; with SVE by loads that end where the first fault would be.
 */
#include "bench.h"

enum { kCount = 512, kLongest = 700 };
static char text[kCount * (kLongest + 1)];
static const char* strings[kCount];

#ifdef __ARM_FEATURE_SVE
#include <arm_sve.h>
static size_t find(const char* s, char wanted) {
    const svbool_t all = svptrue_b8();
    for (size_t at = 0;; at += svcntb()) {
        svsetffr();
        const svuint8_t bytes = svldff1_u8(all, (const uint8_t*)s + at);
        const svbool_t there = svrdffr();
        if (svptest_last(all, there)) {
            const svbool_t hit =
                svorr_z(all, svcmpeq_n_u8(all, bytes, (uint8_t)wanted), svcmpeq_n_u8(all, bytes, 0));
            if (svptest_any(all, hit)) return at + svcntp_b8(all, svbrkb_z(all, hit));
        } else {
            const svbool_t hit =
                svorr_z(there, svcmpeq_n_u8(there, bytes, (uint8_t)wanted), svcmpeq_n_u8(there, bytes, 0));
            if (svptest_any(there, hit)) return at + svcntp_b8(all, svbrkb_z(there, hit));
            at += svcntp_b8(all, there) - svcntb();
        }
    }
}
#else
static size_t find(const char* s, char wanted) {
    const size_t length = strlen(s);
    const char* found = memchr(s, wanted, length);
    return found ? (size_t)(found - s) : length;
}
#endif

int main(void) {
    uint32_t state = 99;
    char* to = text;
    for (int i = 0; i < kCount; i++) {
        strings[i] = to;
        for (uint32_t left = next_random(&state) % kLongest; left; left--)
            *to++ = (char)('a' + next_random(&state) % 20);
        *to++ = 0;
    }
    uint64_t sum = 0;
    for (int round = 0; round < 2000; round++) {
        for (int i = 0; i < kCount; i++) sum = sum * 31 + find(strings[i], (char)('a' + round % 26));
    }
    report(sum);
    return 0;
}
