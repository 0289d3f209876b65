// SPDX-License-Identifier: MIT
// Sleeping with a timeout that outlasts interruptions. Internal to syscalls/.
#pragma once

#include <time.h>

#include <cstdint>

#include "guest/thread.h"

namespace armature::syscalls {

enum class SleepKind { Clock, Futex };

// A sleep by its end, so that it can go on after a signal for which no handler ran (the kernel's restart
// block).
struct Sleep {
    SleepKind kind = SleepKind::Clock;
    clockid_t clock = CLOCK_MONOTONIC;
    timespec until{};
    uint64_t remaining = 0;  // Clock: where the guest wants the rest of the time, or 0
    uint64_t futex = 0;      // Futex: the word and what is expected in it
    uint32_t operation = 0;
    uint32_t value = 0;
};

bool is_valid(const timespec& time);
timespec after(clockid_t clock, const timespec& duration);  // now + duration

// Sleeps until the end. Interrupted: remembers the sleep for restart_syscall and returns
// -kErestartRestartblock.
int64_t go_on_sleeping(guest::Thread* thread, const Sleep& sleep);

}  // namespace armature::syscalls
