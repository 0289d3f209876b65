/* SPDX-License-Identifier: MIT */
/* dlopen of a library beside the program: symbols, data, its thread-local variables, callbacks, unload and
 * reload. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>

#include "check.h"

static void* library;

static int times_three(int value) {
    return value * 3;
}

static void* in_thread(void* argument) {
    (void)argument;
    int (*per_thread)(void) = (int (*)(void))dlsym(library, "library_per_thread");
    int first = per_thread();
    return (void*)(uintptr_t)(first * 100 + per_thread());
}

static int count_objects(struct dl_phdr_info* info, size_t size, void* count) {
    (void)info, (void)size;
    ++*(int*)count;
    return 0;
}

int main(void) {
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 32);
    path[length > 0 ? length : 0] = 0;
    strcpy(strrchr(path, '/') + 1, "guest_library");
    for (int round = 0; round < 30; round++) {
        library = dlopen(path, round % 2 ? RTLD_NOW : RTLD_LAZY);
        CHECK(library != NULL);
        if (library == NULL) {
            puts(dlerror());
            return check_done();
        }
        int (*loaded)(void) = (int (*)(void))dlsym(library, "library_loaded");
        int (*add)(int, int) = (int (*)(int, int))dlsym(library, "library_add");
        int (*call)(int (*)(int), int) = (int (*)(int (*)(int), int))dlsym(library, "library_call");
        int (*per_thread)(void) = (int (*)(void))dlsym(library, "library_per_thread");
        int (*set_errno)(int) = (int (*)(int))dlsym(library, "library_errno");
        double (*scale)(double) = (double (*)(double))dlsym(library, "library_scale");
        int* number = dlsym(library, "shared_number");
        CHECK_EQ(loaded(), 1);
        CHECK_EQ(*number, 100);
        CHECK_EQ(add(1, 2), 103);
        *number = 7;
        CHECK_EQ(add(1, 2), 10);
        CHECK_EQ(call(times_three, 5), 16);
        CHECK_EQ(per_thread(), 10);
        CHECK_EQ(per_thread(), 11);
        CHECK_EQ(set_errno(ENOTTY), ENOTTY);
        CHECK_EQ(errno, ENOTTY);
        CHECK(scale(2) == 5);
        pthread_t thread;
        void* result;
        CHECK_EQ(pthread_create(&thread, NULL, in_thread, NULL), 0);
        CHECK_EQ(pthread_join(thread, &result), 0);
        CHECK_EQ((uintptr_t)result, 1011);
        Dl_info info;
        CHECK(dladdr((void*)(uintptr_t)add, &info) != 0);
        CHECK_STR(info.dli_sname, "library_add");
        CHECK(dlsym(library, "no_such_symbol") == NULL && dlerror() != NULL);
        CHECK_EQ(dlclose(library), 0);
    }
    CHECK(dlopen("./no-such-library.so", RTLD_NOW) == NULL);
    int objects = 0;
    dl_iterate_phdr(count_objects, &objects);
    CHECK(objects >= 3);
    CHECK(dlsym(RTLD_DEFAULT, "printf") != NULL);
    return check_done();
}
