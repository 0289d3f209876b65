// SPDX-License-Identifier: MIT
// The tracing side of ptrace, see ptrace.cc. Internal to syscalls/.
#pragma once

#include <cstdint>
#include <string>

#include "guest/thread.h"
#include "signals/trace_block.h"

namespace armature::syscalls {

// `status` is what the host's wait gave for `pid`. False: nothing that concerns the guest, and a stopped
// thread goes on already. Else *status is what the guest is to see.
bool filter_wait_status(pid_t pid, int* status);

// The guest wrote to the memory of a process by its descriptor or id: code there may be stale.
bool has_tracees();
void wrote_to_tracee(uint64_t address, uint64_t size);

// The guest's auxiliary vector and path of a traced process or thread; false if it is none.
bool describe_tracee(pid_t pid, std::string* auxv, std::string* path);

void forget_tracees();  // in the child of a fork

// For a tracer that is no guest: the server of -g. Its wait statuses go through filter_wait_status() too.
// seize: the emulator `pid` has not loaded its program yet; that will stop, at PTRACE_EVENT_EXEC, if it is
// given seized_word(options) for signals::adopt_trace(). Results are 0 or -errno.
int64_t seize_emulator(pid_t pid, uint64_t options);
std::string seized_word(uint64_t options);
pid_t process_of_thread(pid_t tid);               // 0 if it is not there
signals::TraceBlock* block_of_tracee(pid_t pid);  // what a stopped thread shows, to be changed; null: it runs
int64_t resume_tracee(pid_t pid, signals::TraceCommand command, int signo);
int64_t interrupt_tracee(pid_t pid);

}  // namespace armature::syscalls
