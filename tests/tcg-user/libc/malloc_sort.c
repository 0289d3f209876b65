/* SPDX-License-Identifier: MIT */
/* malloc, realloc and free with checked contents, big blocks, alignment; qsort and bsearch; printf and scanf.
 */
#include <malloc.h>

#include "check.h"

static uint32_t state = 1;
static uint32_t next_random(void) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

static int by_value(const void* a, const void* b) {
    uint32_t x = *(const uint32_t*)a, y = *(const uint32_t*)b;
    return x < y ? -1 : x > y;
}

int main(void) {
    enum { kBlocks = 300 };
    unsigned char* blocks[kBlocks] = {0};
    size_t sizes[kBlocks] = {0};
    for (int round = 0; round < 20000; round++) {
        int at = (int)(next_random() % kBlocks);
        if (blocks[at]) {
            CHECK(blocks[at][0] == (unsigned char)at && blocks[at][sizes[at] - 1] == (unsigned char)at);
            if (round % 3 == 0) {
                size_t old = sizes[at], size = 1 + next_random() % 5000;
                blocks[at] = realloc(blocks[at], size);
                CHECK_EQ(blocks[at][(old < size ? old : size) - 1], (unsigned char)at);
                sizes[at] = size;
                memset(blocks[at], at, size);
                continue;
            }
            free(blocks[at]);
            blocks[at] = NULL;
        } else {
            sizes[at] = 1 + next_random() % (round % 100 == 0 ? 1000000 : 2000);
            blocks[at] = malloc(sizes[at]);
            CHECK_EQ((uintptr_t)blocks[at] % 16, 0);
            memset(blocks[at], at, sizes[at]);
        }
    }
    void* aligned;
    CHECK_EQ(posix_memalign(&aligned, 4096, 100), 0);
    CHECK_EQ((uintptr_t)aligned % 4096, 0);
    uint64_t* zeroed = calloc(100000, 8);
    for (int i = 0; i < 100000; i += 511) CHECK_EQ(zeroed[i], 0);

    static uint32_t numbers[10000];
    for (int i = 0; i < 10000; i++) numbers[i] = next_random();
    qsort(numbers, 10000, 4, by_value);
    for (int i = 1; i < 10000; i++) CHECK(numbers[i - 1] <= numbers[i]);
    CHECK(bsearch(&numbers[1234], numbers, 10000, 4, by_value) != NULL);

    char text[256];
    snprintf(text, sizeof text, "%5d|%-5d|%05d|%+d|%x|%#o|%lld|%c|%10.3s|%p", 42, 42, 42, 42, 255u, 8u, -1LL,
             'c', "string", (void*)0x1234);
    CHECK_STR(text, "   42|42   |00042|+42|ff|010|-1|c|       str|0x1234");
    int a, b;
    double d;
    char word[16];
    CHECK_EQ(sscanf("12 0x1f 2.5e3 word", "%d %i %lf %15s", &a, &b, &d, word), 4);
    CHECK(a == 12 && b == 31 && d == 2500 && strcmp(word, "word") == 0);
    return check_done();
}
