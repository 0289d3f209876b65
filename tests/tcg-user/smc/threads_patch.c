/* SPDX-License-Identifier: MIT */
/* One thread rewrites a function while others call it: they see the old or the new value, and the new one
 * soon. */
#include <pthread.h>
#include <sys/mman.h>

#include "check.h"

typedef int Function(void);
static uint32_t* code;
static volatile int stop, seen[3], current;

static void* caller(void* argument) {
    int me = (int)(uintptr_t)argument, wrong = 0, last = 0;
    while (!stop) {
        int before = __atomic_load_n(&current, __ATOMIC_ACQUIRE);
        __asm__ volatile("isb" : : : "memory");
        int value = ((Function*)code)();
        if (value < before - 1 || value < last) wrong++;
        last = value;
        seen[me] = value;
    }
    return (void*)(uintptr_t)wrong;
}

int main(void) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    code =
        CHECK_CALL(mmap(NULL, page, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    code[0] = 0x52800000u;
    code[1] = 0xd65f03c0u;
    __builtin___clear_cache((char*)code, (char*)(code + 2));
    pthread_t threads[3];
    for (uintptr_t i = 0; i < 3; i++) CHECK_EQ(pthread_create(&threads[i], NULL, caller, (void*)i), 0);
    for (int i = 1; i < 300; i++) {
        __atomic_store_n(code, 0x52800000u | (uint32_t)i << 5, __ATOMIC_RELEASE);
        __builtin___clear_cache((char*)code, (char*)(code + 1));
        __atomic_store_n(&current, i, __ATOMIC_RELEASE);
        /* Every thread comes to the new code. */
        for (int t = 0; t < 3; t++) {
            while (seen[t] != i) sched_yield();
        }
    }
    stop = 1;
    for (int i = 0; i < 3; i++) {
        void* wrong;
        CHECK_EQ(pthread_join(threads[i], &wrong), 0);
        CHECK_EQ((uintptr_t)wrong, 0);
    }
    return check_done();
}
