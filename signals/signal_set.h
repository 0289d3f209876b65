// SPDX-License-Identifier: MIT
// Signal sets as the kernel has them (64 bits, signal n is bit n-1), and what every signal does by default.
#pragma once

#include <signal.h>

#include <cstdint>

namespace armature::signals {

inline constexpr int kSignalCount = 64;

constexpr uint64_t signal_bit(int signo) {
    return uint64_t{1} << (signo - 1);
}

inline constexpr uint64_t kUnblockable = signal_bit(SIGKILL) | signal_bit(SIGSTOP);

// The host raises these for faults in translated code, so the host's mask never has them; the guest's mask of
// them is kept in software (see queue.h).
inline constexpr uint64_t kSynchronous =
    signal_bit(SIGSEGV) | signal_bit(SIGBUS) | signal_bit(SIGILL) | signal_bit(SIGFPE) | signal_bit(SIGTRAP);

// What the host's mask is for a guest's mask, and the host's mask that holds everything back.
constexpr uint64_t host_mask(uint64_t guest_mask) {
    return guest_mask & ~kSynchronous;
}
inline constexpr uint64_t kHostMaskAll = host_mask(~uint64_t{0});

enum class DefaultAction : uint8_t { Terminate, Core, Ignore, Stop };

DefaultAction default_action(int signo);
const char* signal_name(int signo);  // "SIGSEGV"; real-time signals "SIGRT<n>"

}  // namespace armature::signals
