// SPDX-License-Identifier: MIT
// The five signals of faults when somebody sends them.
//
// The host never blocks them, since translated code raises them; so the host kernel believes that every
// thread takes them, and gives one that is for the process to the first thread. What the guest's masks say is
// therefore done here: it goes on to a thread that lets it in, or waits until one does. As in the kernel one
// of each can wait, in slots that handlers use without a lock.
//
// A thread that changes its mask stores it and then looks at what waits; who has something waiting stores it
// and then looks at the masks. So one of the two sees the other.
#pragma once

#include <signal.h>

#include <cstdint>

#include "guest/thread.h"

namespace armature::signals {

struct ThreadSignals;

// What was sent, not raised, and to whom; or that the thread shall look at what is kept. Marks that the
// sender left are removed (see mark_as_sent).
enum class Sent : uint8_t { No, ToThread, ToProcess, Look };
Sent how_sent(siginfo_t* info);
// The host's handler cannot tell a siginfo of a fault that the guest sends itself from a fault, nor a queued
// signal for a thread from one for the process. The kernel carries a mark through in bytes that no such
// siginfo uses.
void mark_as_sent(siginfo_t* info, Sent how);

// Sent to the process: to another thread that takes it, or kept. False: the caller's thread must soon look
// for them again. Async-signal-safe.
bool send_to_process(const siginfo_t& info);
uint64_t waiting_for_process();                           // the set of those that are kept
bool take_for_process(uint64_t wanted, siginfo_t* info);  // one of them, lowest first
// The thread takes what it now lets in, and finds others for the rest. After each change of its mask.
void look_for_sent(ThreadSignals* state);
void forget_sent();  // in a forked child

}  // namespace armature::signals
