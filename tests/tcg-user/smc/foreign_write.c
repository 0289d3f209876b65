/* SPDX-License-Identifier: MIT */
/* Code changed by the kernel on the program's behalf: /proc/self/mem, which may write to read-only code and
 * keeps the caches in step by itself, and process_vm_writev, a pipe, and another process by way of a shared
 * page. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "check.h"

typedef int Function(void);

__attribute__((noinline, aligned(4096))) static int original(void) {
    int value;
    __asm__ volatile("mov %w0, #1" : "=r"(value));
    return value;
}

static uint32_t move_w0(unsigned value) {
    return 0x52800000u | value << 5;
}
static const uint32_t kReturn = 0xd65f03c0;

int main(void) {
    int (*volatile call)(void) = original;
    CHECK_EQ(call(), 1);
    int memory = CHECK_CALL(open("/proc/self/mem", O_RDWR));
    for (unsigned i = 2; i < 50; i++) {
        uint32_t code[2] = {move_w0(i), kReturn};
        CHECK_EQ(pwrite(memory, code, sizeof code, (off_t)(uintptr_t)original), sizeof code);
        CHECK_EQ(call(), i);
        CHECK_EQ(call(), i);
    }

    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint32_t* area =
        CHECK_CALL(mmap(NULL, page, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    Function* function = (Function*)area;
    area[0] = move_w0(7);
    area[1] = kReturn;
    __builtin___clear_cache((char*)area, (char*)(area + 2));
    CHECK_EQ(function(), 7);
    int ends[2];
    CHECK_EQ(pipe(ends), 0);
    for (unsigned i = 0; i < 50; i++) {
        uint32_t code[2] = {move_w0(i), kReturn};
        struct iovec from = {code, sizeof code}, to = {area, sizeof code};
        CHECK_EQ(process_vm_writev(getpid(), &from, 1, &to, 1, 0), sizeof code);
        __builtin___clear_cache((char*)area, (char*)(area + 2));
        CHECK_EQ(function(), i);

        code[0] = move_w0(1000 + i);
        CHECK_EQ(write(ends[1], code, sizeof code), sizeof code);
        CHECK_EQ(read(ends[0], area, sizeof code), sizeof code);
        __builtin___clear_cache((char*)area, (char*)(area + 2));
        CHECK_EQ(function(), 1000 + i);
    }
    for (unsigned i = 0; i < 5; i++) {
        pid_t child = CHECK_CALL(fork());
        if (child == 0) {
            area[0] = move_w0(2000 + i);
            __builtin___clear_cache((char*)area, (char*)(area + 1));
            _exit(0);
        }
        int status;
        CHECK_EQ(waitpid(child, &status, 0), child);
        __builtin___clear_cache((char*)area, (char*)(area + 1));
        CHECK_EQ(function(), 2000 + i);
    }
    return check_done();
}
