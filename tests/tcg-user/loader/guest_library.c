/* SPDX-License-Identifier: MIT */
/* The library that loader/dlopen loads. */
#include <errno.h>

static _Thread_local int per_thread = 10;
static int loaded;
int shared_number = 100;

__attribute__((constructor)) static void on_load(void) {
    loaded = 1;
}

int library_loaded(void) {
    return loaded;
}
int library_add(int a, int b) {
    return a + b + shared_number;
}
int library_per_thread(void) {
    return per_thread++;
}
int library_errno(int value) {
    errno = value;
    return errno;
}
double library_scale(double value) {
    return value * 2.5;
}
int library_call(int (*back)(int), int value) {
    return back(value) + 1;
}
