// SPDX-License-Identifier: MIT
// The host's handlers, masks and dispositions beneath the guest's.
//
// Two handlers. `capture_handler` serves all asynchronous signals: it puts the signal into the thread's
// queue, asks translated code to leave, gets the thread out of a blocking call, and blocks all handled
// signals until the first one has been delivered (see queue.h for why). `fault_handler` serves the five
// signals that faults raise: faults of translated code are the translator's, faults in checked copies of
// guest memory end the copy, and what another process sent is queued.
//
// Dispositions are mirrored: what the guest ignores or leaves at default, the host kernel ignores or does by
// default, so children are reaped, writes to broken pipes fail, terminals stop jobs, and exec inherits, all
// by the kernel.
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "guest/observer.h"
#include "guest/user_access.h"
#include "signals/blocking.h"
#include "signals/host_call.h"
#include "signals/requeue.h"
#include "signals/sent_faults.h"
#include "signals/signals.h"
#include "signals/thread_signals.h"
#include "signals/traced.h"
#include "support/log.h"

extern "C" void armature_host_sigreturn();

namespace armature::signals {
namespace {

constexpr size_t kHostStackSize = 64 << 10;
constexpr size_t kHostStackGuard = 4 << 10;

// The host's C library takes this signal with its first pthread_create (for setuid in all threads, which the
// emulator does not use): it is taken back for the guest, whose C library wants the same.
constexpr int kSetxidSignal = 33;

uint64_t inherited_mask;
bool dispositions_mirrored;
Dispositions process_dispositions;

// Handlers edit the mask that their return puts into force. Only the kernel's 64 bits of it exist.
void set_returning_mask(ucontext_t* context, uint64_t mask) {
    memcpy(&context->uc_sigmask, &mask, sizeof mask);
}

uint64_t returning_mask(const ucontext_t* context) {
    uint64_t mask;
    memcpy(&mask, &context->uc_sigmask, sizeof mask);
    return mask;
}

// Async-signal-safe.
void capture_handler(int signo, siginfo_t* info, void* opaque) {
    auto* context = static_cast<ucontext_t*>(opaque);
    guest::Thread* thread = guest::current_thread();
    if (thread == nullptr || thread->signals == nullptr) {
        // A thread that a plugin made. The signal is for the guest's threads: this one does not take it any
        // more.
        set_returning_mask(context, returning_mask(context) | signal_bit(signo));
        return_to_process(*info);
        return;
    }
    ThreadSignals* state = thread->signals;
    if (state->queue.has_captured()) {
        // Its handler was installed meanwhile by another thread.
        set_returning_mask(context, kHostMaskAll);
        return_to_thread(*info);
        return;
    }
    // What ends or stops the process without a handler keeps doing so.
    const uint64_t captured = state->dispositions->captured.load(std::memory_order_relaxed);
    set_returning_mask(context, returning_mask(context) | captured | signal_bit(signo));
    state->queue.capture(*info);
    translator::request_exit(thread);
    interrupt_blocking_call(context);
}

// Async-signal-safe. Nobody expects this fault: it is the emulator's own. The disposition becomes default,
// and the instruction, executed again, ends the process.
void report_internal_fault(int signo, const siginfo_t* info, const ucontext_t* context) {
    const guest::Thread* thread = guest::current_thread();
    char line[200];
    const int length =
        snprintf(line, sizeof line,
                 "armature: internal error: %s at host address 0x%llx (accessing %p), guest pc 0x%llx\n",
                 signal_name(signo), static_cast<unsigned long long>(context->uc_mcontext.gregs[REG_RIP]),
                 info->si_addr, static_cast<unsigned long long>(thread != nullptr ? thread->cpu.pc : 0));
    if (length > 0) {
        host_call(SYS_write, STDERR_FILENO, reinterpret_cast<uint64_t>(line), static_cast<uint64_t>(length));
    }
    const GuestAction fallback;
    host_call(SYS_rt_sigaction, static_cast<uint64_t>(signo), reinterpret_cast<uint64_t>(&fallback), 0,
              kSetSize);
}

// Async-signal-safe.
void fault_handler(int signo, siginfo_t* info, void* opaque) {
    auto* context = static_cast<ucontext_t*>(opaque);
    if (signo == SIGTRAP && take_trace_request(info, context)) return;
    const Sent sent = how_sent(info);
    if (sent == Sent::No) {
        if (translator::handle_host_fault(signo, info, opaque)) return;
        if (signo == SIGSEGV || signo == SIGBUS) {
            const auto pc = static_cast<uintptr_t>(context->uc_mcontext.gregs[REG_RIP]);
            if (const uintptr_t next = guest::recover_fault(pc)) {
                context->uc_mcontext.gregs[REG_RIP] = static_cast<greg_t>(next);
                return;
            }
        }
        report_internal_fault(signo, info, context);
        return;
    }
    guest::Thread* thread = guest::current_thread();
    if (thread == nullptr || thread->signals == nullptr) {
        // A plugin's thread, or the program has not begun.
        send_to_process(*info);
        return;
    }
    ThreadSignals* state = thread->signals;
    // A vfork child's process is not the one whose threads are listed.
    const bool kept = sent == Sent::ToProcess && state->mask & signal_bit(signo) && state->vforks.empty();
    if (sent == Sent::Look ||
        (kept && (!send_to_process(*info) || state->waits_for.load() & signal_bit(signo)))) {
        state->queue.wake();
    } else if (kept || !state->queue.add_synchronous(*info, state->mask)) {
        return;
    }
    translator::request_exit(thread);
    interrupt_blocking_call(context);
}

using Handler = void (*)(int, siginfo_t*, void*);

void set_host_action(int signo, uint64_t handler, uint64_t child_flags) {
    // x86-64's kernel structure has the same members in the same order as AArch64's.
    GuestAction action;
    action.handler = handler;
    action.flags = child_flags;
    if (handler != kHandlerDefault && handler != kHandlerIgnore) {
        action.flags |= SA_SIGINFO | SA_ONSTACK | SA_RESTART | kFlagRestorer;
        action.restorer = reinterpret_cast<uint64_t>(&armature_host_sigreturn);
        action.mask = kHostMaskAll;
    }
    host_call(SYS_rt_sigaction, static_cast<uint64_t>(signo), reinterpret_cast<uint64_t>(&action), 0,
              kSetSize);
}

void set_host_handler(int signo, Handler handler, uint64_t child_flags) {
    set_host_action(signo, reinterpret_cast<uint64_t>(handler), child_flags);
}

bool kills(int signo) {
    const DefaultAction action = default_action(signo);
    return action == DefaultAction::Terminate || action == DefaultAction::Core;
}

}  // namespace

ThreadSignals* state_of(guest::Thread* thread) {
    return thread->signals;
}

void mirror_disposition(Dispositions* dispositions, int signo) {
    if (signal_bit(signo) & kUnblockable) return;
    if (signal_bit(signo) & kSynchronous) {
        set_host_handler(signo, fault_handler, 0);
        return;
    }
    const GuestAction& action = dispositions->actions[signo];
    const uint64_t child_flags = action.flags & (SA_NOCLDSTOP | SA_NOCLDWAIT);
    const bool handled = action.handler != kHandlerDefault && action.handler != kHandlerIgnore;
    // Plugins must be told of a death by default before it happens.
    const bool announced =
        action.handler == kHandlerDefault && kills(signo) && guest::observer.before_exit != nullptr;
    // A tracer sees even what is ignored; but who ignores SIGCHLD has no zombies.
    const bool shown = dispositions->traced > 0 && !(signo == SIGCHLD && action.handler == kHandlerIgnore);
    if (handled || announced || shown) {
        dispositions->captured.fetch_or(signal_bit(signo), std::memory_order_relaxed);
        set_host_handler(signo, capture_handler, child_flags);
    } else {
        set_host_action(signo, action.handler, child_flags);
        dispositions->captured.fetch_and(~signal_bit(signo), std::memory_order_relaxed);
    }
}

void initialise() {
    prepare_blocking_calls();
    host_call(SYS_rt_sigprocmask, SIG_SETMASK, 0, reinterpret_cast<uint64_t>(&inherited_mask), kSetSize);
    read_inherited_dispositions(&process_dispositions);
    for (int signo = 1; signo <= kSignalCount; signo++) {
        if (signal_bit(signo) & kSynchronous) set_host_handler(signo, fault_handler, 0);
    }
    // Last: what the program before has left pending is kept for the one that begins.
    set_host_mask(host_mask(inherited_mask));
}

ThreadSignals* create_thread_signals(guest::Thread* thread, const guest::Thread* parent) {
    auto* state = new ThreadSignals;
    state->thread = thread;
    state->mask = parent != nullptr ? parent->signals->mask : inherited_mask;
    state->dispositions = parent != nullptr ? parent->signals->dispositions : &process_dispositions;
    return state;
}

void destroy_thread_signals(ThreadSignals* signals) {
    delete signals;
}

void enter_thread(bool open_mask) {
    guest::Thread* thread = guest::current_thread();
    ThreadSignals* state = thread->signals;
    void* memory = mmap(nullptr, kHostStackSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) support::fatal(1, "no memory for a signal stack: raise the memory limit");
    mprotect(memory, kHostStackGuard, PROT_NONE);
    state->host_stack = memory;
    stack_t stack{};
    stack.ss_sp = static_cast<char*>(memory) + kHostStackGuard;
    stack.ss_size = kHostStackSize - kHostStackGuard;
    sigaltstack(&stack, nullptr);
    if (!dispositions_mirrored) {
        // Not earlier: what is mirrored depends on the observer, which plugins set.
        dispositions_mirrored = true;
        for (int signo = 1; guest::observer.before_exit != nullptr && signo <= kSignalCount; signo++) {
            const std::lock_guard hold(state->dispositions->lock);
            mirror_disposition(state->dispositions, signo);
        }
    } else {
        const std::lock_guard hold(state->dispositions->lock);
        mirror_disposition(state->dispositions, kSetxidSignal);
    }
    adopt_early_requests(thread);
    if (open_mask) apply_mask(state, state->mask);
}

void leave_thread() {
    guest::Thread* thread = guest::current_thread();
    ThreadSignals* state = thread->signals;
    set_host_mask(kHostMaskAll);
    if (state->queue.has_captured()) {
        siginfo_t info;
        state->queue.take_captured(&info);
        // Sent to the process: another thread takes it. Sent to this thread: gone with it.
        if (is_for_process(info)) return_to_process(info);
    }
    siginfo_t info;
    while (state->queue.take_synchronous(&info)) {
        if (how_sent(&info) == Sent::ToProcess) send_to_process(info);
    }
    stack_t disabled{};
    disabled.ss_flags = SS_DISABLE;
    sigaltstack(&disabled, nullptr);
    munmap(state->host_stack, kHostStackSize);
    state->host_stack = nullptr;
}

void refresh_queue(ThreadSignals* state) {
    state->queue.refresh(state->mask);
    if (state->vforks.empty()) look_for_sent(state);
    if (state->thread->trace_requests.load(std::memory_order_relaxed)) state->queue.wake();
    if (state->queue.deliverable()) translator::request_exit(state->thread);
}

void apply_mask(ThreadSignals* state, uint64_t mask) {
    // Everything is blocked from here on, so nothing can be captured under the old mask any more.
    if (!state->queue.has_captured()) set_host_mask(kHostMaskAll);
    state->mask = mask & ~kUnblockable;
    const int captured = state->queue.captured();
    if (captured != 0 && state->mask & signal_bit(captured)) {
        siginfo_t info;
        state->queue.take_captured(&info);
        if (!is_for_process(info) || !try_return_to_process(info)) return_to_thread(info);
    }
    refresh_queue(state);
    if (!state->queue.has_captured()) set_host_mask(host_mask(state->mask));
}

}  // namespace armature::signals
