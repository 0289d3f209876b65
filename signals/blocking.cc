// SPDX-License-Identifier: MIT
// Blocking system calls that guest signals interrupt, without a gap.
//
// A test of "is a signal pending?" followed by the call has a gap between the two: a signal that arrives in
// it would wait until the call returns by itself. The stub in blocking.S has its gap at known addresses, so
// the handler moves a thread that it finds there out of it.
//
// All host handlers are installed with SA_RESTART. So a call that the kernel may restart is wound back to its
// SYSCALL instruction before the handler runs, and the handler finds it there: the stub then returns
// -ERESTARTSYS, and the guest's own SA_RESTART decides. A call that must not be restarted when a handler runs
// (poll, nanosleep, a socket with a time-out, ...) returns -EINTR by itself. Which call belongs where is the
// host kernel's business alone.
#include "signals/blocking.h"

#include <atomic>

#include "signals/signals.h"
#include "signals/thread_signals.h"

extern "C" {
int64_t armature_blocking_call(const std::atomic<uint32_t>* pending, const uint64_t arguments[7]);
uint64_t armature_syscall_marks_rcx();
extern const char armature_blocking_begin[];
extern const char armature_blocking_instruction[];
extern const char armature_blocking_end[];
extern const char armature_blocking_not_made[];
extern const char armature_blocking_interrupted[];
}

namespace armature::signals {
namespace {

bool syscall_marks_rcx;

uint64_t address_of(const char* label) {
    return reinterpret_cast<uint64_t>(label);
}

}  // namespace

void prepare_blocking_calls() {
    syscall_marks_rcx = armature_syscall_marks_rcx() != 0;
}

void interrupt_blocking_call(ucontext_t* context) {
    greg_t* registers = context->uc_mcontext.gregs;
    const uint64_t pc = static_cast<uint64_t>(registers[REG_RIP]);
    if (pc < address_of(armature_blocking_begin) || pc > address_of(armature_blocking_instruction)) return;
    // Without the mark a call that has just not been made counts as interrupted: EINTR, which is never wrong.
    const bool wound_back = pc == address_of(armature_blocking_instruction) &&
                            (!syscall_marks_rcx ||
                             static_cast<uint64_t>(registers[REG_RCX]) == address_of(armature_blocking_end));
    registers[REG_RIP] = static_cast<greg_t>(
        address_of(wound_back ? armature_blocking_interrupted : armature_blocking_not_made));
}

int64_t blocking_syscall(long number, long a, long b, long c, long d, long e, long f) {
    const long words[7] = {number, a, b, c, d, e, f};
    uint64_t arguments[7];
    for (int i = 0; i < 7; i++) arguments[i] = static_cast<uint64_t>(words[i]);
    return armature_blocking_call(state_of(guest::current_thread())->queue.flag(), arguments);
}

}  // namespace armature::signals
