// SPDX-License-Identifier: MIT
// The translator as the rest of the house sees it: give it a thread, it runs guest code until something
// happens that is not translation's business, and says what.
//
// Each guest thread has a ThreadRuntime: a fiber (Boost.Context) on a guard-paged stack on which translated
// code runs, the private compile buffer, and the per-thread jump cache. Translated code is shared by all
// threads.
#pragma once

#include <signal.h>

#include <cstdint>

#include "guest/thread.h"

namespace armature::translator {

enum class ExitReason : uint32_t {
    Syscall,      // SVC #imm; pc is the next instruction; exit argument = imm
    Undefined,    // undefined or disabled instruction at pc: SIGILL, si_code or ILL_ILLOPC
    Breakpoint,   // BRK #imm at pc: SIGTRAP, TRAP_BRKPT
    Fault,        // memory access or fetch at pc faulted: signo, si_code, fault_address
    Interrupted,  // exit_request was seen; pc is where to go on
};

struct Exit {
    ExitReason reason;
    uint32_t immediate = 0;  // SVC, BRK
    int signo = 0;           // Fault: SIGSEGV or SIGBUS
    int si_code = 0;
    uint64_t fault_address = 0;
    uint64_t esr = 0;  // exception syndrome as arm64 Linux puts it into the esr_context
};

// As run(), but leaves after one instruction: Interrupted. Between set_stepping(true) and
// set_stepping(false), which drop all translations: those of one instruction each are slow.
Exit step(guest::Thread* thread);
void set_stepping(bool on);

// Once, before the first thread. Reads guest::options (tb size, nochain, one instruction per block, host
// features).
void initialise();

ThreadRuntime* create_thread_runtime(guest::Thread* thread);
void destroy_thread_runtime(ThreadRuntime* runtime);

// Runs the calling thread's guest code from cpu.pc. All of cpu is up to date when it returns.
Exit run(guest::Thread* thread);

// Async-signal-safe, for the host's SIGSEGV/SIGBUS/SIGFPE/SIGILL/SIGTRAP handler: if the host program counter
// lies in translated code (or in a guest memory access of a helper), arranges that the fault becomes an Exit
// (rebuilding cpu from the host registers) or is resolved (call stack refill, address tags), and returns
// true: just return from the handler. False: not ours.
bool handle_host_fault(int signo, siginfo_t* info, void* ucontext);

// Async-signal-safe: is the host program counter inside translated code or its thunks?
bool in_translated_code(uintptr_t host_pc);

// Makes the thread leave translated code soon. Async-signal-safe, callable from any thread.
inline void request_exit(guest::Thread* thread) {
    thread->cpu.exit_request.store(1, std::memory_order_relaxed);
}

// Translations of guest code in [begin, end) are stale (also through other mappings of the same pages).
void invalidate(uint64_t begin, uint64_t end);
// Code in [begin, end) counts as not yet run, so that it is interpreted when it runs next. For tests.
void forget_visits(uint64_t begin, uint64_t end);
// Drops every translation; waits for no thread: running threads leave at their next poll.
void flush_all();

// From now on somebody else may see the guest's memory at the same time: a second thread, or a process
// through shared memory. Before that, atomic operations are translated without locks. Call before it happens.
void become_parallel();

// A thread turns on tag checks (MTE) of its accesses: from now on translations have them, for all threads.
void start_tag_checks();

// A thread has another vector length of SVE than before. Translations have the length of all threads built
// in; if this one's is not, or is not for long, they do without.
void change_sve_length(bool others_differ);

// Stop the world: runs fn while no vCPU executes translated code (the caller's own thread counts as stopped).
// Used to complete plugin reset/uninstall. May be called from any thread, also from plugin callbacks: then it
// runs as soon as all vCPUs (this one included) have left translated code.
void run_exclusive(void (*fn)(void*), void* argument);

void before_fork();
void after_fork(bool child);

// Of instructions and blocks translated so far, for -d and the benches.
struct Statistics {
    uint64_t blocks = 0;
    uint64_t instructions = 0;
    uint64_t host_bytes = 0;
    uint64_t flushes = 0;
};
Statistics statistics();

}  // namespace armature::translator
