// SPDX-License-Identifier: MIT
// C++ exceptions: deep unwinding with destructors, rethrow, nested, from threads, across a signal frame, and
// terminate.
#include <pthread.h>
#include <signal.h>

#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "check.h"

static int alive;

struct Counted {
    Counted() { alive++; }
    Counted(const Counted&) { alive++; }
    ~Counted() { alive--; }
    std::string text = "a string long enough to be on the heap, surely";
};

__attribute__((noinline)) static int dive(int depth, int kind) {
    Counted here;
    if (depth == 0) {
        if (kind == 0) throw 42;
        if (kind == 1) throw std::runtime_error("deep");
        if (kind == 2) throw Counted();
        return 1;
    }
    int result = dive(depth - 1, kind);
    return result + (int)here.text.size();
}

static int catch_kind(int depth, int kind) {
    try {
        return dive(depth, kind) > 0 ? 0 : -1;
    } catch (int value) {
        return value;
    } catch (const std::exception& error) {
        return std::string(error.what()) == "deep" ? 7 : -2;
    } catch (const Counted& object) {
        return object.text.size() > 10 ? 8 : -3;
    }
}

static void on_signal(int number) {
    throw number;
}

// A synchronous fault turned into an exception; needs unwinding through the signal frame.
__attribute__((noinline)) static void poke(volatile int* address) {
    Counted here;
    *address = 1;
}

int main() {
    for (int i = 0; i < 200; i++) {
        CHECK_EQ(catch_kind(50, 0), 42);
        CHECK_EQ(catch_kind(50, 1), 7);
        CHECK_EQ(catch_kind(50, 2), 8);
        CHECK_EQ(catch_kind(50, 3), 0);
        CHECK_EQ(alive, 0);
    }

    int order = 0;
    try {
        try {
            throw std::logic_error("inner");
        } catch (...) {
            order = order * 10 + 1;
            try {
                std::throw_with_nested(std::runtime_error("outer"));
            } catch (const std::exception& error) {
                order = order * 10 + 2;
                try {
                    std::rethrow_if_nested(error);
                } catch (const std::logic_error&) {
                    order = order * 10 + 3;
                }
                throw;
            }
        }
    } catch (const std::runtime_error&) {
        order = order * 10 + 4;
    }
    CHECK_EQ(order, 1234);
    CHECK_EQ(std::uncaught_exceptions(), 0);

    std::vector<std::thread> threads;
    std::vector<int> caught(8);
    for (int i = 0; i < 8; i++) {
        threads.emplace_back([i, &caught] {
            for (int round = 0; round < 100; round++) {
                try {
                    throw i * 1000 + round;
                } catch (int value) {
                    caught[(size_t)i] += value - i * 1000;
                }
            }
        });
    }
    for (auto& thread : threads) thread.join();
    for (int sum : caught) CHECK_EQ(sum, 4950);

    std::exception_ptr carried;
    std::thread([&] {
        try {
            throw std::out_of_range("from another thread");
        } catch (...) {
            carried = std::current_exception();
        }
    }).join();
    try {
        std::rethrow_exception(carried);
    } catch (const std::out_of_range& error) {
        CHECK_STR(error.what(), "from another thread");
    }

    struct sigaction action = {};
    action.sa_handler = on_signal;
    action.sa_flags = SA_NODEFER;
    CHECK_EQ(sigaction(SIGSEGV, &action, nullptr), 0);
    for (int i = 0; i < 50; i++) {
        int got = 0;
        try {
            poke((volatile int*)16);
        } catch (int number) {
            got = number;
        }
        CHECK_EQ(got, SIGSEGV);
        CHECK_EQ(alive, 0);
    }
    return check_done();
}
