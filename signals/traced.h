// SPDX-License-Identifier: MIT
// The traced side of ptrace: where a guest thread stops, and what it does as its tracer says. See traced.cc.
#pragma once

#include <ucontext.h>

#include <string>

#include "guest/thread.h"
#include "signals/trace_block.h"

namespace armature::signals {

// Where every traced process has its auxiliary vector and its path; once, at start.
void describe_for_tracers(const std::string& auxv, const std::string& path);

void start_tracing(guest::Thread* thread, bool seized, uint32_t options);
void stop_tracing(guest::Thread* thread);

bool traces_calls(const guest::Thread* thread);
bool is_stepped(const guest::Thread* thread);
bool wants_event(const guest::Thread* thread, unsigned event);

// Stops at an event with its message; the thread may not be traced any more afterwards.
void stop_at_event(guest::Thread* thread, unsigned event, uint64_t message);

// Around a system call of a thread of which traces_calls() is true. At the entry *number becomes -1 if the
// call is not to be made. The exit returns the result; without one before, the registers have it.
void stop_at_entry(guest::Thread* thread, int64_t* number);
int64_t stop_at_exit(guest::Thread* thread, int64_t number, int64_t result, bool has_result);

// Where a seccomp filter asks the tracer (PTRACE_EVENT_SECCOMP): the number of the call that is to be made
// instead, which may be -1. Its arguments are in the registers.
int64_t stop_at_filter(guest::Thread* thread, int64_t number, uint64_t message);

// After an instruction of a thread of which is_stepped() was true.
void stop_after_step(guest::Thread* thread);

// A signal that is about to be delivered. False: the tracer has swallowed it, or the thread has stopped by
// it.
bool stop_at_signal(guest::Thread* thread, siginfo_t* info);

// A SIGTRAP of the host. True if it was the stop itself, or a tracer that asks for something:
// async-signal-safe. And doing what it asked for.
bool take_trace_request(const siginfo_t* info, ucontext_t* context);
void adopt_early_requests(guest::Thread* thread);  // those that came before the first thread
void answer_trace_requests(guest::Thread* thread);

// Around a clone, whatever it makes: whether the tracer is to follow. The child starts with a block that is
// made in between, or without one, and stops if it has one.
void announce_clone(guest::Thread* parent, uint64_t flags, uint64_t exit_signal);
TraceBlock* trace_of_clone(const guest::Thread* parent);
void clone_is_made(guest::Thread* parent);
void begin_traced_process(guest::Thread* thread, TraceBlock* trace);  // thread->trace is its parent's
void begin_traced_thread(guest::Thread* thread);                      // thread->trace is its own

// How an exec hands over that the thread is traced, as one word, and the new program's first stops.
std::string trace_for_exec(const guest::Thread* thread);
bool adopt_trace(const std::string& word, guest::Thread* thread);

}  // namespace armature::signals
