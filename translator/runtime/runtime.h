// SPDX-License-Identifier: MIT
// The per-thread half of the translator, and the few functions that its parts share.
//
// Translated code runs on a fiber (Boost.Context), a context of its own. Its rsp points into the call stack,
// a small guarded area that holds nothing but (guest return address, host return address) pairs, which make
// guest returns host returns; the C++ that translated code calls runs on the fiber's ordinary stack. Leaving
// for the CPU loop (a system call, a fault, a request) switches to the loop's context; coming back switches
// to the fiber, which goes on at cpu.pc with its call stack intact. The call stack is a prediction only: it
// may be emptied at any time.
#pragma once

#include <atomic>
#include <boost/context/protected_fixedsize_stack.hpp>
#include <cstdint>

#include "translator/runtime/code_cache.h"
#include "translator/translator.h"

namespace armature::translator {

class ThreadRuntime {
  public:
    explicit ThreadRuntime(guest::Thread* owner);
    ~ThreadRuntime();
    ThreadRuntime(const ThreadRuntime&) = delete;
    ThreadRuntime& operator=(const ThreadRuntime&) = delete;

    guest::Thread* thread;
    x64::CodeBuffer* buffer;
    support::Arena arena;
    x64::JumpCacheEntry* jump_cache;

    void* fiber = nullptr;  // fcontext of the suspended fiber
    void* loop = nullptr;   // fcontext of the suspended CPU loop
    boost::context::protected_fixedsize_stack allocator;
    boost::context::stack_context stack;  // of the fiber's C++
    uint8_t* call_stack = nullptr;        // mapping; its lowest page is the guard
    uint64_t call_stack_base = 0;         // rsp with an empty call stack
    ThreadRuntime* next = nullptr;        // list of all, see for_each_runtime
    bool stepping = false;                // leave at the next block
    uint64_t generation = 0;              // of the code cache that the call stack's host addresses belong to

    // True while the thread may execute translated code: see exclusive.h.
    std::atomic<bool> inside{false};

    Exit fault;  // filled by the fault handler for ExitCode kExitFault
};

namespace runtime {

inline constexpr size_t kCallStackSize = 64u << 10;  // 4096 pairs; deeper recursion empties it and goes on

inline ThreadRuntime& of(guest::CpuState* cpu) {
    return *static_cast<ThreadRuntime*>(cpu->dispatcher);
}

// pipeline.cc: translates the block at `address` and publishes it; null if that needs the exclusive right
// first (the buffer is full). Unfetchable code gives a block that leaves with a fault.
TranslatedBlock* translate(ThreadRuntime& runtime, uint64_t address);
// pipeline.cc: the block's intermediate code, without what plugins want. Empty if the code cannot be fetched.
ir::Block lift_plain(ThreadRuntime& runtime, uint64_t address);

// dispatcher.cc
void for_each_runtime(void (*fn)(ThreadRuntime&, void*), void* argument);  // a leaf lock is held
void clear_jump_caches();
void forget_in_jump_caches(uint64_t address);
void flush_exclusively(void*);  // for exclusively(): drops all translations and tells the hooks
void refresh_call_stacks();     // the thunks have changed

// flag_liveness.cc: may the guest's NZCV be read before they are overwritten, when control goes on at
// `address`?
bool flags_live_at(uint64_t address, uint64_t same_page_as);

// trace.cc: what -d in_asm, op, out_asm print.
void trace_guest_code(const ir::Block& block);
void trace_ir(const ir::Block& block, bool optimised);
void trace_host_code(const ir::Block& block, const x64::CompiledCode& code, const uint8_t* at);
void trace_execution(const guest::CpuState& cpu, const TranslatedBlock& block);
bool in_debug_filter(uint64_t address);

extern std::atomic<bool> parallel;  // see become_parallel
extern bool registers_watched;      // a plugin's callbacks look at registers: NZCV are exact everywhere
extern bool tag_checks;  // a thread has asked for tag checks (MTE): translations make them from now on
extern bool tags_seen;   // an address with a tag in the top byte was used: translations mask from now on
extern std::atomic<bool> status_wanted;  // code that reads or writes FPSR was translated
extern bool exact_status;                // ...or FPCR.FZ was set: translations keep FPSR exact from now on
extern std::atomic<bool> sve_wanted;     // an instruction of SVE was translated
extern bool sve_lengths_differ;          // between threads
extern bool sve_seen;  // ...and so translations note what clears the upper parts of Z registers
extern std::atomic<bool> stack_misaligned;  // SP was no multiple of 16: translations check it from now on
extern Statistics totals;

}  // namespace runtime
}  // namespace armature::translator
