// SPDX-License-Identifier: MIT
// What the handlers of system calls are made of: their type, the host call beneath, and the names of all of
// them.
#pragma once

#include <errno.h>
#include <sys/syscall.h>

#include <cstdint>

#include "guest/thread.h"

namespace armature::syscalls {

// Arguments are x0-x7 as they stood at the SVC. A handler returns what the kernel would: a result or -errno,
// or one of signals::kErestart* when a signal ended a sleep, or -kRegistersAreSet.
using Arguments = const uint64_t*;
using Handler = int64_t (*)(guest::Thread* thread, Arguments a);

// Of a call that set the guest's registers itself, x0 included, or that was not made and leaves them alone.
inline constexpr int64_t kRegistersAreSet = 517;

// The host's system call, without libc between: -errno on failure.
inline int64_t host_call(long number, uint64_t a = 0, uint64_t b = 0, uint64_t c = 0, uint64_t d = 0,
                         uint64_t e = 0, uint64_t f = 0) {
    register uint64_t r10 asm("r10") = d;
    register uint64_t r8 asm("r8") = e;
    register uint64_t r9 asm("r9") = f;
    int64_t result;
    asm volatile("syscall"
                 : "=a"(result)
                 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                 : "rcx", "r11", "memory");
    return result;
}

// A host call that may sleep; ends early, with -EINTR or one of signals::kErestart*, when the guest gets a
// signal.
int64_t blocking_call(guest::Thread* thread, long number, uint64_t a = 0, uint64_t b = 0, uint64_t c = 0,
                      uint64_t d = 0, uint64_t e = 0, uint64_t f = 0);

// One row of syscalls.def.
enum class RowKind : uint8_t { None, Pass, Block, Handle, Refuse };
struct Row {
    const char* name = nullptr;
    const char* arguments = "";
    const char* note = "";
    RowKind kind = RowKind::None;
    int error = 0;
    Handler handler = nullptr;
};
inline constexpr int64_t kRows = 463;
const Row* row(int64_t number);  // null beyond the table and for numbers AArch64 does not use

// The handlers.
#define PASS(number, name, arguments, why)
#define BLOCK(number, name, arguments, why)
#define HANDLE(number, name, arguments, what) int64_t sys_##name(guest::Thread* thread, Arguments a);
#define REFUSE(number, name, arguments, error, reason)
#include "syscalls/syscalls.def"
#undef PASS
#undef BLOCK
#undef HANDLE
#undef REFUSE

}  // namespace armature::syscalls
