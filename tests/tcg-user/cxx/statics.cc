// SPDX-License-Identifier: MIT
// Constructors before main in order, destructors after it in reverse, atexit between, statics in functions,
// ifuncs.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

struct Tracer {
    explicit Tracer(const char* n) : name(n) { std::printf("+%s\n", name); }
    ~Tracer() { std::printf("-%s\n", name); }
    const char* name;
};

static Tracer first("first");
static Tracer second("second");

__attribute__((constructor(101))) static void early() {
    std::printf("early\n");
}
__attribute__((destructor)) static void late() {
    std::printf("late\n");
}

static Tracer& local() {
    static Tracer tracer("local");
    return tracer;
}

static int chosen() {
    return 5;
}
extern "C" int (*resolve_choice())() {
    return chosen;
}
extern "C" int choice() __attribute__((ifunc("resolve_choice")));

int main() {
    std::printf("main\n");
    std::atexit([] { std::printf("atexit\n"); });
    local();
    local();
    std::printf("choice %d\n", choice());
    return 3;
}
