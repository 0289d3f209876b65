// SPDX-License-Identifier: MIT
// Host system calls without glibc: glibc keeps signals 32 and 33 for itself and refuses to block or handle
// them, but they are the guest's. Async-signal-safe, errno is not touched; results are -errno.
#pragma once

#include <signal.h>
#include <sys/syscall.h>

#include <cstdint>

namespace armature::signals {

inline int64_t host_call(long number, uint64_t a = 0, uint64_t b = 0, uint64_t c = 0, uint64_t d = 0) {
    int64_t result = number;
    register uint64_t r10 asm("r10") = d;
    asm volatile("syscall" : "+a"(result) : "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
    return result;
}

inline constexpr uint64_t kSetSize = sizeof(uint64_t);

// Replaces the calling host thread's mask; the old one is returned.
inline uint64_t set_host_mask(uint64_t mask) {
    uint64_t old = 0;
    host_call(SYS_rt_sigprocmask, SIG_SETMASK, reinterpret_cast<uint64_t>(&mask),
              reinterpret_cast<uint64_t>(&old), kSetSize);
    return old;
}

}  // namespace armature::signals
