/* SPDX-License-Identifier: MIT */
/* The C library's string functions on short and long strings. */
#include "bench.h"

int main(void) {
    static char line[256][300], copy[4096];
    uint32_t state = 11;
    for (int i = 0; i < 256; i++) {
        int length = (int)(next_random(&state) % 290);
        for (int j = 0; j < length; j++) line[i][j] = (char)('a' + next_random(&state) % 26);
    }
    uint64_t sum = 0;
    for (int round = 0; round < 8000; round++) {
        for (int i = 0; i < 256; i++) {
            const char* s = line[i];
            size_t length = strlen(s);
            memcpy(copy + round % 16, s, length + 1);
            const char *found = memchr(copy, 'q', length + 1), *last = strrchr(s, 'e');
            sum += length + (found ? (uint64_t)(found - copy) : 1000) + (last ? (uint64_t)(last - s) : 7);
            sum += strcmp(s, line[(i + round) & 255]) < 0;
            sum += (uint64_t)(memcmp(s, line[i ^ 1], 40) > 0) * 3;
        }
    }
    report(sum);
    return 0;
}
