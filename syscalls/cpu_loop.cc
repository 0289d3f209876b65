// SPDX-License-Identifier: MIT
// The loop that every guest thread lives in: run translated code until it needs something, see to it, go on.
//
// The order after a system call is the kernel's: the result goes to x0, then pending signals are delivered,
// and a call that a signal interrupted is either finished with EINTR or made again, which is decided where
// the handler is known (signals::deliver_pending). x0 keeps the first argument until then, so that making a
// call again is a matter of the program counter alone.
#include "guest/observer.h"
#include "guest/sve_state.h"
#include "guest/user_access.h"
#include "signals/signals.h"
#include "signals/traced.h"
#include "support/log.h"
#include "syscalls/call.h"
#include "syscalls/process.h"
#include "syscalls/syscalls.h"
#include "translator/translator.h"

namespace armature::syscalls {
namespace {

using guest::CpuState;
using guest::Thread;

constexpr uint64_t kInstructionSize = 4;

// One of signals::kErestart*, or kRegistersAreSet, which follows them.
bool is_special(int64_t result) {
    return result <= -signals::kErestartsys && result >= -kRegistersAreSet;
}
static_assert(kRegistersAreSet == signals::kErestartRestartblock + 1);

inline bool signal_pending(const CpuState& cpu) {
    return cpu.exit_request.load(std::memory_order_relaxed) != 0;
}

void system_call(Thread* thread) {
    CpuState& cpu = thread->cpu;
    const uint64_t arguments[8] = {cpu.x[0], cpu.x[1], cpu.x[2], cpu.x[3],
                                   cpu.x[4], cpu.x[5], cpu.x[6], cpu.x[7]};
    const auto number = static_cast<int32_t>(cpu.x[8]);  // the kernel looks at 32 bits
    guest::clear_sve(cpu);
    const uint64_t svc = cpu.pc - kInstructionSize;
    if (cpu.tag_control & guest::kTagFaultPending) [[unlikely]] {
        cpu.pc = svc;  // the call is made after the signal
        return signals::deliver_pending(thread, nullptr, 0);
    }
    int64_t result = dispatch(thread, number, arguments);
    if (thread->exiting) return;
    if (guest::observer.discontinuity) {
        guest::observer.discontinuity(thread, guest::Discontinuity::HostCall, svc, cpu.pc);
    }
    if (signal_pending(cpu) || is_special(result)) [[unlikely]] {
        if (result != -kRegistersAreSet)
            signals::deliver_pending(thread, &result, svc);
        else if (signal_pending(cpu))
            signals::deliver_pending(thread, nullptr, 0);
        return;
    }
    cpu.x[0] = static_cast<uint64_t>(result);
}

// Worth a line under -d unimp: an encoding that nobody defined, or one that the translator does not know.
void log_undefined(const CpuState& cpu) {
    uint32_t encoding = 0;
    if (!support::log_enabled(support::LogItem::Unimp) || !guest::read_object(&encoding, cpu.pc)) return;
    support::log_printf("undefined instruction at 0x%lx: encoding 0x%08x\n", cpu.pc, encoding);
}

}  // namespace

void run_until_exit(Thread* thread) {
    while (!thread->exiting) {
        const bool stepping = signals::is_stepped(thread);
        const uint64_t from = thread->cpu.pc;
        const translator::Exit exit = stepping ? translator::step(thread) : translator::run(thread);
        const bool stepped = stepping && (exit.reason == translator::ExitReason::Syscall ||
                                          (exit.reason == translator::ExitReason::Interrupted &&
                                           (thread->cpu.pc != from || !signal_pending(thread->cpu))));
        switch (exit.reason) {
            case translator::ExitReason::Syscall:
                system_call(thread);
                break;
            case translator::ExitReason::Undefined:
                log_undefined(thread->cpu);
                [[fallthrough]];
            case translator::ExitReason::Breakpoint:
            case translator::ExitReason::Fault:
                signals::deliver_fault(thread, exit);
                break;
            case translator::ExitReason::Interrupted:
                signals::deliver_pending(thread, nullptr, 0);
                break;
        }
        if (stepped && !thread->exiting && signals::is_stepped(thread)) [[unlikely]]
            signals::stop_after_step(thread);
    }
}

void cpu_loop(Thread* thread) {
    if (guest::observer.vcpu_init) guest::observer.vcpu_init(thread);
    run_until_exit(thread);
    end_thread(thread);
}

}  // namespace armature::syscalls
