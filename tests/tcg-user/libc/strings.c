/* SPDX-License-Identifier: MIT */
/* The C library's string functions at every alignment and length, next to a page that must not be touched. */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "check.h"

int main(void) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char* area = CHECK_CALL(mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    CHECK_EQ(mprotect(area + 2 * page, page, PROT_NONE), 0);
    char *end = area + 2 * page, *other = area + 512;
    for (size_t length = 0; length < 200; length++) {
        char* text = end - length - 1;
        memset(text, 'a', length);
        text[length] = 0;
        CHECK_EQ(strlen(text), length);
        CHECK_EQ(strnlen(text, length + 1), length);
        CHECK(strchr(text, 'b') == NULL && strchr(text, 0) == text + length);
        CHECK(memchr(text, 0, length + 1) == text + length);
        CHECK(strrchr(text, 'a') == (length ? text + length - 1 : NULL));
        CHECK(rawmemchr(text, 0) == text + length);
        for (size_t shift = 0; shift < 17; shift += 3) {
            strcpy(other + shift, text);
            CHECK_EQ(strcmp(other + shift, text), 0);
            CHECK_EQ(memcmp(other + shift, text, length + 1), 0);
            if (length > 0) {
                other[shift + length - 1] = 'b';
                CHECK(strcmp(other + shift, text) > 0 && strncmp(text, other + shift, length) < 0);
                CHECK(memcmp(text, other + shift, length) < 0);
                CHECK_EQ(strncmp(text, other + shift, length - 1), 0);
                CHECK(strchr(other + shift, 'b') == other + shift + length - 1);
                CHECK_EQ(strspn(other + shift, "a"), length - 1);
                CHECK_EQ(strcspn(other + shift, "b"), length - 1);
                CHECK(strstr(other + shift, "b") == other + shift + length - 1);
            }
            memmove(other + shift + 5, other + shift, length + 1);
            memmove(other + shift + 2, other + shift + 5, length + 1);
            CHECK_EQ(strlen(other + shift + 2), length);
            memset(other + shift, 0x11, length);
            for (size_t i = 0; i < length; i++) CHECK_EQ(other[shift + i], 0x11);
        }
    }
    for (size_t length = 200; length < 20000; length = length * 3 + 7) {
        char *from = malloc(length), *to = malloc(length);
        for (size_t i = 0; i < length; i++) from[i] = (char)(i * 31);
        memcpy(to, from, length);
        CHECK_EQ(memcmp(to, from, length), 0);
        memmove(to + 1, to, length - 1);
        CHECK_EQ(memcmp(to + 1, from, length - 1), 0);
        memmove(to, to + 1, length - 1);
        CHECK_EQ(memcmp(to, from, length - 1), 0);
        free(from);
        free(to);
    }
    CHECK_EQ(strtol("-0x7fffffff", NULL, 16), -0x7fffffff);
    CHECK_EQ(strtoull("18446744073709551615", NULL, 10), UINT64_MAX);
    char line[64] = "one,two,,three", *state;
    CHECK_STR(strtok_r(line, ",", &state), "one");
    CHECK_STR(strtok_r(NULL, ",", &state), "two");
    CHECK_STR(strtok_r(NULL, ",", &state), "three");
    CHECK_STR(strerror(ENOENT), "No such file or directory");
    return check_done();
}
