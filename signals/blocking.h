// SPDX-License-Identifier: MIT
// The interruptible system call, as the host handlers see it. See blocking.S.
#pragma once

#include <ucontext.h>

namespace armature::signals {

void prepare_blocking_calls();  // once at start

// Async-signal-safe. A deliverable guest signal has been queued for the thread that was interrupted at
// `context`: if it is about to make a blocking call, or the call is about to be restarted, the call returns
// instead.
void interrupt_blocking_call(ucontext_t* context);

}  // namespace armature::signals
