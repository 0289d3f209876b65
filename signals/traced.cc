// SPDX-License-Identifier: MIT
// Being traced.
//
// The tracer's emulator really traces this process by the host's ptrace. So the host kernel decides who may
// trace whom, wakes who waits, and tells of clones, execs and ends. But where the host stops a thread its
// guest registers may be anywhere; the guest's tracer must see it only where a guest thread of a real machine
// could stop. There the thread writes all that a tracer may ask for into its TraceBlock and executes a
// breakpoint, at armature_trace_stop. The tracer's emulator knows this stop, shows it to its guest as what
// the block says, and lets every other one go on unseen. Before it lets this one go on it writes its orders
// into the block; a block without an answer means that the tracer has gone.
//
// To ask something of a running thread, the tracer sends it a SIGTRAP, which the emulator never blocks.
#include "signals/traced.h"

#include <linux/ptrace.h>
#include <linux/sched.h>

#include <atomic>
#include <cstdio>
#include <cstring>

#include "guest/features.h"
#include "guest/sve_state.h"
#include "guest/user_access.h"
#include "signals/blocking.h"
#include "signals/frame.h"
#include "signals/host_call.h"
#include "signals/requeue.h"
#include "signals/signals.h"
#include "signals/thread_signals.h"
#include "translator/translator.h"

extern "C" {
void armature_trace_stop(armature::signals::TraceBlock* block);
extern const char armature_trace_stop_end[];
}

namespace armature::signals {
namespace {

using guest::Thread;

constexpr int kTrapBranch = 2;              // TRAP_TRACE
constexpr unsigned kDirectionRegister = 7;  // 0 at the entry of a call, 1 at its exit
constexpr int64_t kExecve = 221;

// What a tracer asked for before the first thread could hear of it.
std::atomic<uint32_t> early_requests;

std::string process_auxv;
std::string process_path;

void fill_sve(const guest::CpuState& cpu, TraceSve* to) {
    *to = {};
    if (!guest::enabled(guest::Feature::SVE)) return;
    to->vl = static_cast<uint8_t>(guest::sve_vl(cpu));
    to->vl_exec = cpu.sve_vl_exec;
    to->inherit = cpu.sve_vl_inherit;
    to->in_use = guest::sve_in_use(cpu);
    if (!to->in_use) return;
    for (unsigned n = 0; n < 32; n++) guest::read_z_upper(cpu, n, to->upper[n], to->vl - 16u);
    memcpy(to->p, cpu.sve.p, sizeof to->p);
    to->ffr = cpu.sve.ffr;
}

void apply_sve(guest::CpuState& cpu, const TraceSve& from) {
    guest::clear_sve(cpu);
    if (from.vl != guest::sve_vl(cpu)) {
        memset(cpu.sve.z, 0, sizeof cpu.sve.z);
        cpu.sve_vl = from.vl;
        translator::change_sve_length(true);
    }
    cpu.sve_vl_exec = from.vl_exec;
    cpu.sve_vl_inherit = from.inherit;
    if (!from.in_use) return;
    for (unsigned n = 0; n < 32; n++) guest::write_z_upper(cpu, n, from.upper[n], from.vl - 16u);
    memcpy(cpu.sve.p, from.p, sizeof cpu.sve.p);
    cpu.sve.ffr = from.ffr;
}

void fill(Thread* thread) {
    const guest::CpuState& cpu = thread->cpu;
    TraceBlock* block = thread->trace;
    memcpy(block->registers.x, cpu.x, sizeof cpu.x);
    block->registers.sp = cpu.sp;
    block->registers.pc = cpu.pc;
    block->registers.pstate = frame_pstate(cpu);
    memcpy(block->vectors.v, cpu.v, sizeof cpu.v);
    block->vectors.fpsr = cpu.read_fpsr();
    block->vectors.fpcr = cpu.fpcr;
    fill_sve(cpu, &block->sve);
    block->tls[0] = cpu.tpidr_el0;
    block->tls[1] = cpu.tpidr2_el0;
    block->mask = state_of(thread)->mask;
    block->auxv = reinterpret_cast<uint64_t>(process_auxv.data());
    block->auxv_size = process_auxv.size();
    block->path = reinterpret_cast<uint64_t>(process_path.data());
    block->path_size = process_path.size();
    block->answered = 0;
    block->changed = 0;
    block->stale_count = 0;
}

void apply_changes(Thread* thread) {
    guest::CpuState& cpu = thread->cpu;
    const TraceBlock* block = thread->trace;
    if (block->changed & kChangedRegisters) {
        memcpy(cpu.x, block->registers.x, sizeof cpu.x);
        cpu.sp = block->registers.sp;
        cpu.pc = block->registers.pc;
        set_frame_pstate(cpu, block->registers.pstate);
    }
    if (block->changed & kChangedVectors) {
        for (unsigned n = 0; n < 32; n++) guest::write_v(cpu, n, &block->vectors.v[n]);
        cpu.write_fpcr(block->vectors.fpcr);
        cpu.write_fpsr(block->vectors.fpsr);
    }
    if (block->changed & kChangedSve) apply_sve(cpu, block->sve);
    if (block->changed & kChangedTls) {
        cpu.tpidr_el0 = block->tls[0];
        cpu.tpidr2_el0 = block->tls[1];
    }
    if (block->stale_count > kTraceRanges) {
        translator::flush_all();
    } else {
        for (uint32_t i = 0; i < block->stale_count; i++)
            translator::invalidate(block->stale[i].begin, block->stale[i].end);
    }
    if (block->changed & kChangedMask) apply_mask(state_of(thread), block->mask);
}

// What the tracer said.
struct Orders {
    TraceCommand command = TraceCommand::Continue;
    bool present = false;  // false: the tracer has gone
    uint32_t signal = 0;
    uint32_t changed = 0;
};

// The block's kind, status, message, number, result and info are filled in.
Orders stop(Thread* thread) {
    TraceBlock* block = thread->trace;
    fill(thread);
    const volatile uint32_t* answered = &block->answered;
    const std::atomic<uint32_t>& requests = state_of(thread)->requests_taken;
    uint32_t before = 0;
    do {
        // A request that is pending just then swallows the breakpoint: the kernel keeps one SIGTRAP.
        before = requests.load();
        armature_trace_stop(block);
    } while (*answered == 0 && requests.load() != before);
    Orders orders;
    if (*answered == 0) {
        stop_tracing(thread);
        return orders;
    }
    orders = {block->command, true, block->signal, block->changed};
    apply_changes(thread);
    translator::set_stepping(orders.command == TraceCommand::Step);
    if (orders.command == TraceCommand::Detach) stop_tracing(thread);
    return orders;
}

void prepare(Thread* thread, TraceKind kind, uint32_t status) {
    TraceBlock* block = thread->trace;
    block->kind = kind;
    block->status = status;
    block->message = 0;
    if (kind != TraceKind::Entry && kind != TraceKind::Exit) block->number = -1;
    memset(&block->info, 0, sizeof block->info);
    block->info.si_signo = SIGTRAP;
    block->info.si_code = static_cast<int>(status);
    block->info.si_pid = thread->tid;
}

void mirror_all(ThreadSignals* state, int traced_more) {
    const std::lock_guard hold(state->dispositions->lock);
    state->dispositions->traced += traced_more;
    for (int signo = 1; signo <= kSignalCount; signo++) mirror_disposition(state->dispositions, signo);
}

bool is_stop_signal(int signo) {
    return signo == SIGSTOP || default_action(signo) == DefaultAction::Stop;
}

void listen(Thread* thread);

// The stop that follows when a stop signal takes effect.
void group_stop(Thread* thread, int signo) {
    prepare(thread, TraceKind::Group,
            static_cast<uint32_t>(signo) | (thread->trace->seized ? PTRACE_EVENT_STOP << 8 : 0));
    if (stop(thread).command == TraceCommand::Listen) listen(thread);
}

// Stays stopped until SIGCONT comes or the tracer interrupts, and tells of that.
void listen(Thread* thread) {
    ThreadSignals* state = state_of(thread);
    set_host_mask(kHostMaskAll);
    const uint64_t wanted = signal_bit(SIGCONT);
    for (;;) {
        if (thread->trace_requests.load() & kTraceInterrupt) break;
        siginfo_t info;
        const int64_t got = host_call(SYS_rt_sigtimedwait, reinterpret_cast<uint64_t>(&wanted),
                                      reinterpret_cast<uint64_t>(&info), 0, kSetSize);
        if (got != SIGCONT) continue;
        return_to_thread(info);
        break;
    }
    thread->trace_requests.fetch_and(~uint32_t{kTraceInterrupt});
    apply_mask(state, state->mask);
    stop_at_event(thread, PTRACE_EVENT_STOP, 0);
}

// A new thread or process that is traced from its beginning.
void first_stop(Thread* thread) {
    if (thread->trace->seized) {
        stop_at_event(thread, PTRACE_EVENT_STOP, 0);
        return;
    }
    siginfo_t info{};
    info.si_signo = SIGSTOP;
    info.si_code = SI_USER;
    if (stop_at_signal(thread, &info) && info.si_signo != SIGSTOP) return_to_thread(info);
}

}  // namespace

void describe_for_tracers(const std::string& auxv, const std::string& path) {
    process_auxv = auxv;
    process_path = path;
}

void start_tracing(Thread* thread, bool seized, uint32_t options) {
    if (thread->trace) return;
    thread->trace = new TraceBlock{};
    thread->trace->seized = seized;
    thread->trace->options = options;
    mirror_all(state_of(thread), 1);
}

void stop_tracing(Thread* thread) {
    if (!thread->trace) return;
    delete thread->trace;
    thread->trace = nullptr;
    mirror_all(state_of(thread), -1);
    translator::set_stepping(false);
}

bool traces_calls(const Thread* thread) {
    return thread->trace && (thread->trace->command == TraceCommand::Syscall ||
                             thread->trace->command == TraceCommand::Emulate);
}

bool is_stepped(const Thread* thread) {
    return thread->trace && thread->trace->command == TraceCommand::Step;
}

bool wants_event(const Thread* thread, unsigned event) {
    return thread->trace && thread->trace->options & 1u << event;
}

void stop_at_event(Thread* thread, unsigned event, uint64_t message) {
    prepare(thread, TraceKind::Event, SIGTRAP | event << 8);
    thread->trace->message = message;
    const Orders orders = stop(thread);
    if (orders.command == TraceCommand::Listen && thread->trace) listen(thread);
}

void stop_at_entry(Thread* thread, int64_t* number) {
    const uint64_t direction = thread->cpu.x[kDirectionRegister];
    const bool emulate = thread->trace->command == TraceCommand::Emulate;
    prepare(thread, TraceKind::Entry, SIGTRAP);
    thread->trace->number = *number;
    thread->cpu.x[kDirectionRegister] = 0;
    const Orders orders = stop(thread);
    if (!(orders.changed & kChangedRegisters) || thread->cpu.x[kDirectionRegister] == 0)
        thread->cpu.x[kDirectionRegister] = direction;
    if (orders.changed & kChangedNumber && thread->trace)
        *number = static_cast<int32_t>(thread->trace->number);
    if (emulate) *number = -1;
}

int64_t stop_at_exit(Thread* thread, int64_t number, int64_t result, bool has_result) {
    guest::CpuState& cpu = thread->cpu;
    const uint64_t direction = cpu.x[kDirectionRegister];
    const uint64_t first = cpu.x[0];
    prepare(thread, TraceKind::Exit, SIGTRAP);
    thread->trace->number = number;
    if (has_result) cpu.x[0] = static_cast<uint64_t>(result);
    thread->trace->result = static_cast<int64_t>(cpu.x[0]);
    cpu.x[kDirectionRegister] = 1;
    const Orders orders = stop(thread);
    if (!(orders.changed & kChangedRegisters) || cpu.x[kDirectionRegister] == 1)
        cpu.x[kDirectionRegister] = direction;
    if (!has_result) return result;
    result = static_cast<int64_t>(cpu.x[0]);
    cpu.x[0] = first;
    return result;
}

int64_t stop_at_filter(Thread* thread, int64_t number, uint64_t message) {
    prepare(thread, TraceKind::Event, SIGTRAP | PTRACE_EVENT_SECCOMP << 8);
    thread->trace->message = message;
    thread->trace->number = number;
    const Orders orders = stop(thread);
    if (orders.changed & kChangedNumber && thread->trace)
        number = static_cast<int32_t>(thread->trace->number);
    return number;
}

void stop_after_step(Thread* thread) {
    siginfo_t info{};
    info.si_signo = SIGTRAP;
    info.si_code = kTrapBranch;
    info.si_addr = reinterpret_cast<void*>(thread->cpu.pc);
    raise_forced(thread, info);
}

bool stop_at_signal(Thread* thread, siginfo_t* info) {
    if (info->si_signo == SIGKILL) return true;
    prepare(thread, TraceKind::Signal, static_cast<uint32_t>(info->si_signo));
    thread->trace->info = *info;
    const Orders orders = stop(thread);
    if (!orders.present) return info->si_signo != SIGSTOP;
    const int signo = static_cast<int>(orders.signal);
    if (signo == 0) return false;
    if (signo != info->si_signo) {
        *info = {};
        info->si_signo = signo;
        info->si_code = SI_USER;
        info->si_pid = static_cast<pid_t>(host_call(SYS_getppid));
    } else if (orders.changed & kChangedInfo && thread->trace) {
        *info = thread->trace->info;
        info->si_signo = signo;
    }
    ThreadSignals* state = state_of(thread);
    if (signo != SIGKILL && state->mask & signal_bit(signo)) {
        return_to_thread(*info);
        return false;
    }
    if (!thread->trace || !is_stop_signal(signo)) return true;
    const uint64_t handler = action_of(state, signo).handler;
    if (handler == kHandlerDefault) group_stop(thread, signo);
    return handler != kHandlerDefault;
}

bool take_trace_request(const siginfo_t* info, ucontext_t* context) {
    if (info->si_code == SI_KERNEL)
        return context->uc_mcontext.gregs[REG_RIP] == reinterpret_cast<greg_t>(armature_trace_stop_end);
    if (info->si_code != SI_QUEUE ||
        reinterpret_cast<uint64_t>(info->si_value.sival_ptr) != kTraceRequestMagic)
        return false;
    Thread* thread = guest::current_thread();
    if (!thread || !thread->signals) {
        early_requests.fetch_or(static_cast<uint32_t>(info->si_errno));
        return true;
    }
    thread->trace_requests.fetch_or(static_cast<uint32_t>(info->si_errno));
    thread->signals->requests_taken.fetch_add(1);
    thread->signals->queue.wake();
    translator::request_exit(thread);
    interrupt_blocking_call(context);
    return true;
}

void adopt_early_requests(Thread* thread) {
    thread->trace_requests.fetch_or(early_requests.exchange(0));
}

void answer_trace_requests(Thread* thread) {
    const uint32_t requests = thread->trace_requests.exchange(0);
    if (requests & (kTraceSeize | kTraceAttach)) start_tracing(thread, requests & kTraceSeize, 0);
    if (!thread->trace) return;
    if (requests & (kTraceAttach | kTraceStopSignal)) {
        siginfo_t info{};
        info.si_signo = SIGSTOP;
        info.si_code = SI_USER;
        if (stop_at_signal(thread, &info) && info.si_signo != SIGSTOP) return_to_thread(info);
    }
    if (requests & kTraceInterrupt && thread->trace) stop_at_event(thread, PTRACE_EVENT_STOP, 0);
}

void announce_clone(Thread* thread, uint64_t flags, uint64_t exit_signal) {
    if (!thread->trace) return;
    unsigned event = PTRACE_EVENT_FORK;
    if (flags & CLONE_VFORK)
        event = PTRACE_EVENT_VFORK;
    else if (exit_signal != SIGCHLD)
        event = PTRACE_EVENT_CLONE;
    if (flags & CLONE_UNTRACED || !wants_event(thread, event)) return;
    prepare(thread, TraceKind::Event, SIGTRAP | event << 8);
    fill(thread);
    thread->trace->expected = event;
}

void clone_is_made(Thread* thread) {
    if (thread->trace) thread->trace->expected = 0;
}

TraceBlock* trace_of_clone(const Thread* parent) {
    if (!parent->trace || !parent->trace->expected) return nullptr;
    auto* block = new TraceBlock{};
    block->options = parent->trace->options;
    block->seized = parent->trace->seized;
    block->command = parent->trace->command;
    return block;
}

void begin_traced_process(Thread* thread, TraceBlock* trace) {
    const bool was_traced = thread->trace != nullptr;
    thread->trace = trace;
    ThreadSignals* state = state_of(thread);
    if (trace || was_traced) mirror_all(state, (trace ? 1 : 0) - state->dispositions->traced);
    if (trace) first_stop(thread);
}

void begin_traced_thread(Thread* thread) {
    mirror_all(state_of(thread), 1);
    first_stop(thread);
}

std::string trace_for_exec(const Thread* thread) {
    const TraceBlock* block = thread->trace;
    char word[64];
    snprintf(word, sizeof word, "%u,%u,%u", block->seized, block->options,
             static_cast<unsigned>(block->command));
    return word;
}

bool adopt_trace(const std::string& word, Thread* thread) {
    unsigned seized = 0;
    unsigned options = 0;
    unsigned command = 0;
    if (sscanf(word.c_str(), "%u,%u,%u", &seized, &options, &command) != 3) return false;
    start_tracing(thread, seized != 0, options);
    thread->trace->command = static_cast<TraceCommand>(command);
    if (wants_event(thread, PTRACE_EVENT_EXEC)) stop_at_event(thread, PTRACE_EVENT_EXEC, 0);
    if (traces_calls(thread)) stop_at_exit(thread, kExecve, 0, true);
    if (thread->trace && !seized && !wants_event(thread, PTRACE_EVENT_EXEC)) {
        siginfo_t info{};
        info.si_signo = SIGTRAP;
        info.si_code = SI_USER;
        info.si_pid = thread->tid;
        raise_forced(thread, info);
    }
    return true;
}

}  // namespace armature::signals
