// SPDX-License-Identifier: MIT
// Stopping all vCPUs at a point where none executes translated code.
//
// A thread is "inside" from the moment it commits to run translated code until it is back in the runtime.
// Whoever wants the exclusive right raises a flag, asks every thread to leave, and waits until none is
// inside; threads that want in wait until the flag is down. A system call that blocks is outside, so nobody
// waits for it.
#pragma once

#include "translator/runtime/runtime.h"

namespace armature::translator::runtime {

// Sets inside; waits first if somebody has or wants the exclusive right.
void enter_inside(ThreadRuntime& runtime);
// Clears inside, and runs work that was queued by run_exclusive from callbacks.
void leave_inside(ThreadRuntime& runtime);

// The calling thread must not be inside. Runs fn with no thread inside.
void exclusively(void (*fn)(void*), void* argument);

void reset_exclusive_after_fork();

}  // namespace armature::translator::runtime
