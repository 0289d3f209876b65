// SPDX-License-Identifier: MIT
// Gives a signal that a handler has taken back to the host kernel. All async-signal-safe.
#pragma once

#include <signal.h>

namespace armature::signals {

// Was it sent to the process as a whole? The kernel does not tell; queued and timer signals may be either and
// count as the thread's.
bool is_for_process(const siginfo_t& info);

// To the calling thread, with its siginfo.
void return_to_thread(const siginfo_t& info);

// To the process. The first only if the siginfo can be kept; the second loses it if need be, not the signal.
bool try_return_to_process(const siginfo_t& info);
void return_to_process(const siginfo_t& info);

}  // namespace armature::signals
