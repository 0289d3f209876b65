// SPDX-License-Identifier: MIT
// Sleeping. Relative sleeps are made absolute before they start: what is left of one after a signal is then
// known, and a sleep that goes on (restart_syscall, after a signal that ran no handler) ends when it should
// have.
#include "syscalls/time.h"

#include <errno.h>
#include <linux/futex.h>

#include "guest/user_access.h"
#include "signals/signals.h"
#include "syscalls/call.h"

namespace armature::syscalls {
namespace {

using guest::Thread;

constexpr int64_t kNanoseconds = 1'000'000'000;

thread_local Sleep interrupted;
thread_local bool have_interrupted = false;

uint64_t pointer(const void* p) {
    return reinterpret_cast<uint64_t>(p);
}

timespec time_left(const Sleep& sleep) {
    timespec now{};
    clock_gettime(sleep.clock, &now);
    timespec left{sleep.until.tv_sec - now.tv_sec, sleep.until.tv_nsec - now.tv_nsec};
    if (left.tv_nsec < 0) {
        left.tv_nsec += kNanoseconds;
        left.tv_sec--;
    }
    if (left.tv_sec < 0) left = {};
    return left;
}

int64_t relative_sleep(Thread* thread, clockid_t clock, const timespec& duration, uint64_t remaining) {
    Sleep sleep;
    // Setting the clock does not change how long a relative sleep takes.
    sleep.clock = clock == CLOCK_REALTIME ? CLOCK_MONOTONIC : clock;
    timespec now{};
    if (clock_gettime(sleep.clock, &now) != 0) return -EINVAL;
    sleep.until = after(sleep.clock, duration);
    sleep.remaining = remaining;
    return go_on_sleeping(thread, sleep);
}

}  // namespace

bool is_valid(const timespec& time) {
    return time.tv_sec >= 0 && time.tv_nsec >= 0 && time.tv_nsec < kNanoseconds;
}

timespec after(clockid_t clock, const timespec& duration) {
    timespec end{};
    clock_gettime(clock, &end);
    end.tv_nsec += duration.tv_nsec;
    if (end.tv_nsec >= kNanoseconds) {
        end.tv_nsec -= kNanoseconds;
        end.tv_sec++;
    }
    constexpr time_t kForever = INT64_MAX / kNanoseconds;
    end.tv_sec = duration.tv_sec > kForever - end.tv_sec ? kForever : end.tv_sec + duration.tv_sec;
    return end;
}

int64_t go_on_sleeping(Thread* thread, const Sleep& sleep) {
    int64_t result;
    if (sleep.kind == SleepKind::Futex) {
        result = blocking_call(thread, Restart::Sys, SYS_futex, sleep.futex, sleep.operation, sleep.value,
                               pointer(&sleep.until), 0, FUTEX_BITSET_MATCH_ANY);
    } else {
        result = blocking_call(thread, Restart::Sys, SYS_clock_nanosleep, static_cast<uint64_t>(sleep.clock),
                               TIMER_ABSTIME, pointer(&sleep.until), 0);
    }
    if (result != -signals::kErestartsys) return result;
    if (sleep.remaining && !guest::write_object(sleep.remaining, time_left(sleep))) return -EFAULT;
    interrupted = sleep;
    have_interrupted = true;
    return -signals::kErestartRestartblock;
}

int64_t sys_restart_syscall(Thread* thread, Arguments) {
    if (!have_interrupted) return -EINTR;
    have_interrupted = false;
    const Sleep sleep = interrupted;
    return go_on_sleeping(thread, sleep);
}

int64_t sys_nanosleep(Thread* thread, Arguments a) {
    timespec duration{};
    if (!guest::read_object(&duration, a[0])) return -EFAULT;
    if (!is_valid(duration)) return -EINVAL;
    return relative_sleep(thread, CLOCK_MONOTONIC, duration, a[1]);
}

int64_t sys_clock_nanosleep(Thread* thread, Arguments a) {
    timespec time{};
    if (!guest::read_object(&time, a[2])) return -EFAULT;
    if (!is_valid(time)) return -EINVAL;
    const auto clock = static_cast<clockid_t>(a[0]);
    if (!(a[1] & TIMER_ABSTIME)) return relative_sleep(thread, clock, time, a[3]);
    return blocking_call(thread, Restart::NoHand, SYS_clock_nanosleep, a[0], a[1], a[2], 0);
}

}  // namespace armature::syscalls
