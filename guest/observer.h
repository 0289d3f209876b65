// SPDX-License-Identifier: MIT
// What the plugin host wants to know of the guest's life, as one table of function pointers. The layers below
// call it without knowing who listens; a null pointer costs one test. Set once, before the guest runs.
#pragma once

#include <cstdint>

#include "guest/cpu_state.h"

namespace armature::guest {

struct Thread;

enum class Discontinuity { Interrupt, Exception, HostCall };

struct Observer {
    void (*vcpu_init)(Thread*) = nullptr;  // on the new thread, before its first instruction
    void (*vcpu_exit)(Thread*) = nullptr;
    void (*vcpu_idle)(Thread*) = nullptr;  // about to block in a system call
    void (*vcpu_resume)(Thread*) = nullptr;
    void (*syscall)(Thread*, int64_t number, const uint64_t arguments[8]) = nullptr;
    // True: the call is not made and *result is its result.
    bool (*syscall_filter)(Thread*, int64_t number, const uint64_t arguments[8], int64_t* result) = nullptr;
    void (*syscall_return)(Thread*, int64_t number, int64_t result) = nullptr;
    void (*discontinuity)(Thread*, Discontinuity kind, uint64_t from_pc, uint64_t to_pc) = nullptr;
    void (*before_exit)() = nullptr;  // exit_group, fatal signal: runs atexit callbacks once, flushes stdio
    void (*before_exec)() = nullptr;  // an exec that is known to be about to succeed
    void (*exec_failed)() = nullptr;  // ...and did not after all
    void (*before_fork)() = nullptr;
    void (*after_fork)(bool child) = nullptr;
};

extern Observer observer;

}  // namespace armature::guest
