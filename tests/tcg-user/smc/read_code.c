/* SPDX-License-Identifier: MIT */
/* Code comes into memory by read(), by a private file mapping and by memcpy: each runs after the usual
 * maintenance. */
#include <fcntl.h>
#include <sys/mman.h>

#include "check.h"

typedef int Function(int);

int main(void) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint32_t* area =
        CHECK_CALL(mmap(NULL, page, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    int file = CHECK_CALL(open("code", O_RDWR | O_CREAT | O_TRUNC, 0600));
    for (uint32_t i = 0; i < 50; i++) {
        uint32_t code[2] = {0x11000000u | i << 10, 0xd65f03c0u}; /* add w0, w0, #i; ret */
        CHECK_EQ(pwrite(file, code, sizeof code, 0), sizeof code);
        CHECK_EQ(pread(file, area, sizeof code, 0), sizeof code);
        __builtin___clear_cache((char*)area, (char*)(area + 2));
        CHECK_EQ(((Function*)area)(1000), 1000 + i);

        uint32_t* mapped = CHECK_CALL(mmap(NULL, page, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0));
        CHECK_EQ(((Function*)mapped)(2000), 2000 + i);
        CHECK_EQ(munmap(mapped, page), 0);

        uint32_t more[2] = {0x51000000u | i << 10, 0xd65f03c0u}; /* sub w0, w0, #i; ret */
        memcpy(area, more, sizeof more);
        __builtin___clear_cache((char*)area, (char*)(area + 2));
        CHECK_EQ(((Function*)area)(3000), 3000 - i);
    }
    unlink("code");
    return check_done();
}
