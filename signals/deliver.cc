// SPDX-License-Identifier: MIT
// From a queued signal to the guest's handler, or to its end.
#include <unistd.h>

#include <cerrno>

#include "guest/address_space.h"
#include "guest/observer.h"
#include "signals/frame.h"
#include "signals/requeue.h"
#include "signals/signals.h"
#include "signals/thread_signals.h"
#include "signals/traced.h"
#include "support/log.h"

namespace armature::signals {
namespace {

// The system call that the signals interrupted, if one did.
class InterruptedCall {
  public:
    InterruptedCall(guest::Thread* thread, int64_t* result, uint64_t restart_pc)
        : cpu_(&thread->cpu), result_(result), restart_pc_(restart_pc) {
        if (result == nullptr) return;
        undecided_ = is_restart_code(*result);
        // A stop for the tracer, too, ends the host's call; the guest's goes on unless a handler runs.
        if (*result == -EINTR && (thread->trace || thread->trace_requests.load())) undecided_ = true;
        if (undecided_)
            cpu_->pc = restart_pc;  // so tracers see it, as in the kernel
        else
            cpu_->x[0] = static_cast<uint64_t>(*result);
    }

    static bool is_restart_code(int64_t result) {
        return result == -kErestartsys || result == -kErestartnointr || result == -kErestartnohand ||
               result == -kErestartRestartblock;
    }

    // A handler is about to run: the first one decides.
    void handler_runs(uint64_t action_flags) {
        if (!undecided_) return;
        const bool again =
            *result_ == -kErestartnointr || (*result_ == -kErestartsys && action_flags & SA_RESTART);
        undecided_ = false;
        if (again || cpu_->pc != restart_pc_) return;
        *result_ = -EINTR;
        cpu_->x[0] = static_cast<uint64_t>(int64_t{-EINTR});
        cpu_->pc = restart_pc_ + 4;
    }

  private:
    guest::CpuState* cpu_;
    int64_t* result_;
    uint64_t restart_pc_;
    bool undecided_ = false;
};

bool is_fault(const siginfo_t& info) {
    return signal_bit(info.si_signo) & kSynchronous && info.si_code > 0 && info.si_code != SI_KERNEL;
}

void log_delivery(const ThreadSignals* state, const siginfo_t& info, const GuestAction& action) {
    if (support::log_enabled(support::LogItem::Strace)) {
        if (is_fault(info)) {
            support::log_printf("--- %s {si_signo=%s, si_code=%d, si_addr=%p} ---\n",
                                signal_name(info.si_signo), signal_name(info.si_signo), info.si_code,
                                info.si_addr);
        } else {
            support::log_printf("--- %s {si_signo=%s, si_code=%d, si_pid=%d, si_uid=%u} ---\n",
                                signal_name(info.si_signo), signal_name(info.si_signo), info.si_code,
                                info.si_pid, info.si_uid);
        }
    }
    if (support::log_enabled(support::LogItem::Int)) {
        support::log_printf("signal: thread %d %s code %d at pc 0x%llx -> %s 0x%llx\n", state->thread->tid,
                            signal_name(info.si_signo), info.si_code,
                            static_cast<unsigned long long>(state->thread->cpu.pc),
                            action.handler == kHandlerDefault  ? "default"
                            : action.handler == kHandlerIgnore ? "ignored"
                                                               : "handler",
                            static_cast<unsigned long long>(action.handler));
    }
}

void take_default_action(const siginfo_t& info) {
    switch (default_action(info.si_signo)) {
        case DefaultAction::Ignore:
            break;
        case DefaultAction::Stop:
            // The disposition became default after the capture: the host stops the process, by its rules for
            // orphaned process groups, as soon as the mask opens.
            return_to_thread(info);
            break;
        case DefaultAction::Terminate:
            die_by_signal(info.si_signo, false);
        case DefaultAction::Core:
            die_by_signal(info.si_signo, true);
    }
}

siginfo_t kernel_signal(int signo) {
    siginfo_t info{};
    info.si_signo = signo;
    info.si_code = SI_KERNEL;
    return info;
}

siginfo_t fault_signal(int signo, int code, uint64_t address) {
    siginfo_t info{};
    info.si_signo = signo;
    info.si_code = code;
    info.si_addr = reinterpret_cast<void*>(address);
    return info;
}

void deliver(ThreadSignals* state, siginfo_t info, guest::Discontinuity kind, InterruptedCall* call) {
    guest::Thread* thread = state->thread;
    if (thread->trace && !stop_at_signal(thread, &info)) return;
    const GuestAction action = action_for_delivery(state, info.si_signo);
    log_delivery(state, info, action);
    if (action.handler == kHandlerIgnore) return;
    if (action.handler == kHandlerDefault) {
        take_default_action(info);
        return;
    }
    if (call != nullptr) call->handler_runs(action.flags);
    if (is_fault(info) && !(action.flags & kFlagExposeTagBits)) {
        info.si_addr = reinterpret_cast<void*>(untagged(reinterpret_cast<uint64_t>(info.si_addr)));
    }
    const uint64_t from_pc = thread->cpu.pc;
    const uint64_t mask_to_save = state->restore_mask ? state->saved_mask : state->mask;
    if (!push_frame(state, action, info, mask_to_save)) {
        if (support::log_enabled(support::LogItem::Int)) {
            support::log_printf("signal: thread %d: no frame for %s on the stack at 0x%llx\n", thread->tid,
                                signal_name(info.si_signo), static_cast<unsigned long long>(thread->cpu.sp));
        }
        force_signal(thread, kernel_signal(SIGSEGV), info.si_signo == SIGSEGV);
        return;
    }
    state->restore_mask = false;
    state->mask |= action.mask;
    if (!(action.flags & SA_NODEFER)) state->mask |= signal_bit(info.si_signo);
    if (state->alt_stack.flags & kAutodisarm) state->alt_stack = AltStack{};
    thread->cpu.exclusive_address = ~uint64_t{0};
    if (guest::observer.discontinuity != nullptr) {
        guest::observer.discontinuity(thread, kind, from_pc, thread->cpu.pc);
    }
}

// Everything that can be delivered now: each frame goes on top of the one before, as the kernel does it. At
// the end the host's mask is the guest's, and nothing is queued.
void deliver_all(ThreadSignals* state, InterruptedCall* call) {
    for (;;) {
        siginfo_t info;
        while (state->queue.take(state->mask, &info) != 0) {
            deliver(state, info, guest::Discontinuity::Interrupt, call);
        }
        const uint64_t mask = state->restore_mask ? state->saved_mask : state->mask;
        state->restore_mask = false;
        apply_mask(state, mask);
        if (!state->queue.deliverable() || state->thread->trace_requests.load()) return;
    }
}

// An access failed its tag check some time ago. Unlike other faults this is no reason to end a program that
// ignores or blocks the signal.
void report_tag_fault(ThreadSignals* state, InterruptedCall* call) {
    constexpr int kSegvMteAerr = 8;
    state->thread->cpu.tag_control &= ~guest::kTagFaultPending;
    const siginfo_t info = fault_signal(SIGSEGV, kSegvMteAerr, 0);
    if (state->mask & signal_bit(SIGSEGV)) {
        return_to_thread(info);
    } else {
        deliver(state, info, guest::Discontinuity::Interrupt, call);
    }
}

}  // namespace

void deliver_pending(guest::Thread* thread, int64_t* syscall_result, uint64_t restart_pc) {
    ThreadSignals* state = thread->signals;
    InterruptedCall call(thread, syscall_result, restart_pc);
    // Before the test: a handler that runs after it asks again.
    thread->cpu.exit_request.store(0, std::memory_order_relaxed);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if (thread->cpu.tag_control & guest::kTagFaultPending) report_tag_fault(state, &call);
    do {
        if (thread->trace_requests.load(std::memory_order_relaxed)) answer_trace_requests(thread);
        if (state->queue.deliverable() || state->restore_mask) deliver_all(state, &call);
    } while (thread->trace_requests.load(std::memory_order_relaxed));
}

void force_signal(guest::Thread* thread, const siginfo_t& info, bool fatal) {
    ThreadSignals* state = thread->signals;
    const uint64_t bit = signal_bit(info.si_signo);
    const bool blocked = state->mask & bit;
    if (fatal || blocked || action_of(state, info.si_signo).handler == kHandlerIgnore) {
        reset_to_default(state, info.si_signo);
        state->mask &= ~bit;
    }
    deliver(state, info, guest::Discontinuity::Exception, nullptr);
}

void deliver_fault(guest::Thread* thread, const translator::Exit& exit) {
    ThreadSignals* state = thread->signals;
    siginfo_t info{};
    switch (exit.reason) {
        case translator::ExitReason::Undefined:
            state->fault_address = 0;
            state->fault_code = 0;
            info = fault_signal(SIGILL, exit.si_code ? exit.si_code : ILL_ILLOPC, thread->cpu.pc);
            break;
        case translator::ExitReason::Breakpoint:
            info = fault_signal(SIGTRAP, TRAP_BRKPT, thread->cpu.pc);
            break;
        default:
            state->fault_address = untagged(exit.fault_address);
            state->fault_code = exit.esr;
            info = fault_signal(exit.signo, exit.si_code, exit.fault_address);
            break;
    }
    force_signal(thread, info, false);
    deliver_all(state, nullptr);
}

void raise_forced(guest::Thread* thread, const siginfo_t& info) {
    force_signal(thread, info, false);
}

void sys_rt_sigreturn(guest::Thread* thread) {
    ThreadSignals* state = thread->signals;
    if (state->queue.deliverable()) {
        // It came before the return: its frame goes on top, and the return is made after it.
        thread->cpu.pc -= 4;
        return;
    }
    uint64_t mask = state->mask;
    const bool good = pop_frame(state, &mask);
    apply_mask(state, mask);
    thread->cpu.exclusive_address = ~uint64_t{0};
    if (!good) {
        guest::Mapping mapping;
        const bool mapped = guest::AddressSpace::instance().find(thread->cpu.sp, &mapping);
        state->fault_address = 0;
        state->fault_code = 0;
        force_signal(thread, fault_signal(SIGSEGV, mapped ? SEGV_ACCERR : SEGV_MAPERR, thread->cpu.sp),
                     false);
    }
}

}  // namespace armature::signals
