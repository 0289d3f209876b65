// SPDX-License-Identifier: MIT
// One thread keeps changing a function that others run and translate: after IC IVAU and ISB nobody may find
// what was there before, also not from a translation that was being made meanwhile.
#include <pthread.h>
#include <stdint.h>
#include <sys/mman.h>

#include "../check.h"

enum { kChanges = 20000, kReaders = 3 };

typedef uint32_t (*Function)(void);
static uint32_t* code;
static volatile int stop;

static void put(uint32_t value) {
    code[0] = 0x52800000 | (value & 0xffff) << 5; /* mov w0, #value */
    code[1] = 0xd65f03c0;                         /* ret */
    __builtin___clear_cache((char*)code, (char*)(code + 2));
}

static void* reader(void* unused) {
    uint32_t last = 0;
    while (!stop) {
        const uint32_t value = ((Function)(uintptr_t)code)();
        if (value < last) return "an older value";
        last = value;
        __asm__ volatile("isb");
    }
    return unused;
}

int main(void) {
    code =
        CHECK_CALL(mmap(NULL, 65536, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    put(0);
    pthread_t threads[kReaders];
    for (int i = 0; i < kReaders; i++) CHECK_EQ(pthread_create(&threads[i], NULL, reader, NULL), 0);
    uint32_t stale = 0;
    for (uint32_t i = 1; i < kChanges; i++) {
        put(i);
        if (((Function)(uintptr_t)code)() != i) stale++;
    }
    CHECK_EQ(stale, 0);
    stop = 1;
    for (int i = 0; i < kReaders; i++) {
        void* result = NULL;
        pthread_join(threads[i], &result);
        CHECK_EQ(result, NULL);
    }
    return check_done();
}
