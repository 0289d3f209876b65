// SPDX-License-Identifier: MIT
// A stop goes through take_status(): it is nothing to tell (the thread goes on), or it is kept as the
// thread's pending event. The first of those becomes event_, all other threads are asked to stop, and when
// the last one stands, poll() hands it out. What else came meanwhile waits for the next resume(). Breakpoints
// and steps that wait are forgotten instead: the thread stands before the breakpoint and will meet it again,
// if it is still there.
#include "tools/armature/gdb/debuggee.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ptrace.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "syscalls/ptrace.h"

namespace armature::tools::gdb {
namespace {

using signals::TraceBlock;
using signals::TraceCommand;
using signals::TraceKind;

constexpr uint32_t kBreakpoint = 0xd4200000;  // BRK #0

bool is_zombie(pid_t process) {
    char name[48];
    snprintf(name, sizeof name, "/proc/%d/stat", process);
    FILE* stat = fopen(name, "re");
    if (!stat) return false;
    char line[512] = "";
    const char* end = fgets(line, sizeof line, stat) ? strrchr(line, ')') : nullptr;
    fclose(stat);
    return end && end[1] == ' ' && end[2] == 'Z';
}

}  // namespace

uint64_t Debuggee::trace_options() {
    return PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC |
           PTRACE_O_TRACEVFORKDONE;
}

Debuggee::~Debuggee() {
    close_memory();
}

std::vector<pid_t> Debuggee::threads() const {
    std::vector<pid_t> ids;
    for (const auto& [id, thread] : threads_) ids.push_back(id);
    return ids;
}

TraceBlock* Debuggee::block(pid_t thread) const {
    const auto found = threads_.find(thread);
    return found != threads_.end() && found->second.stopped ? syscalls::block_of_tracee(thread) : nullptr;
}

// --- Going on and stopping

void Debuggee::go_on(pid_t id, DebuggedThread* thread, int signo) {
    thread->stopped = false;
    TraceCommand command = TraceCommand::Continue;
    if (thread->wanted.step)
        command = TraceCommand::Step;
    else if (catch_calls_)
        command = TraceCommand::Syscall;
    syscalls::resume_tracee(id, command, signo);
}

void Debuggee::start() {
    told_ = false;
    event_ = {};
    interrupt_ = false;
    for (auto& [id, thread] : threads_) {
        if (thread.wanted.go && thread.pending.kind != Event::Kind::None) {
            event_ = std::exchange(thread.pending, {});
            return;  // all stand already
        }
    }
    for (auto& [id, thread] : threads_) {
        if (thread.wanted.go && thread.stopped) go_on(id, &thread, thread.wanted.signal);
    }
}

// A first thread that has ended stays as a zombie until the last one ends, and does not stop any more.
bool Debuggee::all_stopped() {
    const auto first = threads_.find(process_);
    if (first != threads_.end() && !first->second.stopped && is_zombie(process_)) threads_.erase(first);
    return std::all_of(threads_.begin(), threads_.end(),
                       [](const auto& entry) { return entry.second.stopped; });
}

void Debuggee::stop_all() {
    for (auto& [id, thread] : threads_) {
        if (thread.stopped || thread.interrupted) continue;
        thread.interrupted = syscalls::interrupt_tracee(id) == 0;
    }
}

void Debuggee::interrupt() {
    interrupt_ = true;
    stop_all();
}

void Debuggee::tell(const Event& event) {
    if (event_.kind == Event::Kind::None) {
        event_ = event;
        stop_all();
        return;
    }
    if (!event.again) threads_[event.thread].pending = event;
}

bool Debuggee::poll(Event* event) {
    int status = 0;
    pid_t id;
    while ((id = waitpid(-1, &status, __WALL | WNOHANG)) > 0) {
        if (syscalls::filter_wait_status(id, &status)) take_status(id, status);
    }
    if (told_ || (!ended_ && (event_.kind == Event::Kind::None || !all_stopped()))) return false;
    told_ = true;
    *event = event_;
    return true;
}

// --- What happened

void Debuggee::take_status(pid_t id, int status) {
    if (!WIFSTOPPED(status)) {
        take_end(id, status);
    } else if (!threads_.contains(id) && syscalls::process_of_thread(id) != process_) {
        take_child(id);
    } else {
        take_stop(id);
    }
}

void Debuggee::take_end(pid_t id, int status) {
    threads_.erase(id);
    if (id != process_) return;
    ended_ = true;
    told_ = false;
    event_ = {};
    event_.thread = id;
    event_.kind = WIFSIGNALED(status) ? Event::Kind::Killed : Event::Kind::Exited;
    event_.number = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
}

// A process that the program made stands at its beginning. It has the program's breakpoints in its copy of
// the memory; one that shares the memory waits for nothing else than to be let go.
void Debuggee::take_child(pid_t id) {
    char name[48];
    snprintf(name, sizeof name, "/proc/%d/mem", id);
    const int file = open(name, O_RDWR | O_CLOEXEC);
    for (const auto& [address, instruction] : breakpoints_) {
        if (pwrite(file, &instruction, sizeof instruction, static_cast<off_t>(address)) > 0)
            syscalls::wrote_to_tracee(address, sizeof instruction);
    }
    if (file >= 0) close(file);
    syscalls::resume_tracee(id, TraceCommand::Detach, 0);
}

void Debuggee::take_stop(pid_t id) {
    const bool fresh = !threads_.contains(id);
    DebuggedThread& thread = threads_[id];
    thread.stopped = true;
    if (fresh) thread.wanted = {true, false, 0};
    take_event(id, &thread);
}

// The thread stands and its block is there: tells of it, or lets it go on.
void Debuggee::take_event(pid_t id, DebuggedThread* thread) {
    const TraceBlock* block = syscalls::block_of_tracee(id);
    if (!block) return;
    Event event;
    event.thread = id;
    int passed = 0;
    switch (block->kind) {
        case TraceKind::Signal:
            event.number = static_cast<int>(block->status);
            event.breakpoint = event.number == SIGTRAP && breakpoints_.contains(block->registers.pc);
            event.again = event.number == SIGTRAP && block->info.si_code > 0;
            event.real = !event.breakpoint && !(event.again && thread->wanted.step);
            if (!event.breakpoint && passed_.contains(event.number) && !thread->wanted.step)
                passed = event.number;
            else
                event.kind = Event::Kind::Signal;
            break;
        case TraceKind::Entry:
        case TraceKind::Exit:
            if (catch_calls_ && (caught_.empty() || caught_.contains(static_cast<uint64_t>(block->number)))) {
                event.kind = block->kind == TraceKind::Entry ? Event::Kind::CallEntry : Event::Kind::CallExit;
                event.number = static_cast<int>(block->number);
            }
            break;
        case TraceKind::Event:
            switch (block->status >> 8) {
                case PTRACE_EVENT_EXEC:
                    for (auto other = threads_.begin(); other != threads_.end();)
                        other = other->first == id ? std::next(other) : threads_.erase(other);
                    breakpoints_.clear();
                    close_memory();
                    vforks_ = 0;
                    if (!threads_.contains(event_.thread)) event_ = {};
                    if (!began_) {
                        event.kind = Event::Kind::Signal;
                        event.number = SIGTRAP;
                    } else if (report_execs_) {
                        event.kind = Event::Kind::Exec;
                        event.path = path();
                    }
                    began_ = true;
                    break;
                case PTRACE_EVENT_VFORK:
                    if (vforks_++ == 0) put_breakpoints(false);
                    break;
                case PTRACE_EVENT_VFORK_DONE:
                    if (--vforks_ == 0) put_breakpoints(true);
                    break;
                case PTRACE_EVENT_STOP:
                    thread->interrupted = false;
                    if (interrupt_ && event_.kind == Event::Kind::None) {
                        event.kind = Event::Kind::Signal;
                        event.number = SIGINT;
                    }
                    break;
                default:
                    break;
            }
            break;
        default:
            break;
    }
    if (event.kind != Event::Kind::None) {
        tell(event);
    } else if (event_.kind == Event::Kind::None && thread->wanted.go) {
        go_on(id, thread, passed);
    } else if (passed) {
        thread->pending = {
            .kind = Event::Kind::Signal, .thread = id, .number = passed, .real = true, .path = {}};
    }
}

// --- Memory

int Debuggee::memory() {
    if (memory_ >= 0) return memory_;
    char name[48];
    snprintf(name, sizeof name, "/proc/%d/mem", process_);
    memory_ = open(name, O_RDWR | O_CLOEXEC);
    return memory_;
}

void Debuggee::close_memory() {
    if (memory_ >= 0) close(memory_);
    memory_ = -1;
}

bool Debuggee::raw_read(uint64_t address, void* to, size_t size) {
    return pread(memory(), to, size, static_cast<off_t>(address)) == static_cast<ssize_t>(size);
}

bool Debuggee::raw_write(uint64_t address, const void* from, size_t size) {
    if (pwrite(memory(), from, size, static_cast<off_t>(address)) != static_cast<ssize_t>(size)) return false;
    syscalls::wrote_to_tracee(address, size);
    return true;
}

size_t Debuggee::read(uint64_t address, void* to, size_t size) {
    auto* bytes = static_cast<uint8_t*>(to);
    size_t done = 0;
    while (done < size) {
        const ssize_t more = pread(memory(), bytes + done, size - done, static_cast<off_t>(address + done));
        if (more <= 0) break;
        done += static_cast<size_t>(more);
    }
    for (const auto& [at, instruction] : breakpoints_) {
        for (unsigned i = 0; i < sizeof instruction; i++) {
            if (at + i >= address && at + i < address + done)
                bytes[at + i - address] = static_cast<uint8_t>(instruction >> (8 * i));
        }
    }
    return done;
}

bool Debuggee::write(uint64_t address, std::string_view bytes) {
    std::string written(bytes);
    for (auto& [at, instruction] : breakpoints_) {
        for (unsigned i = 0; i < sizeof instruction; i++) {
            if (at + i < address || at + i >= address + bytes.size()) continue;
            const auto byte = static_cast<uint8_t>(bytes[at + i - address]);
            instruction = (instruction & ~(0xffu << (8 * i))) | static_cast<uint32_t>(byte) << (8 * i);
            if (vforks_ == 0) written[at + i - address] = static_cast<char>(kBreakpoint >> (8 * i));
        }
    }
    return raw_write(address, written.data(), written.size());
}

void Debuggee::put_breakpoints(bool in) {
    for (const auto& [address, instruction] : breakpoints_)
        raw_write(address, in ? &kBreakpoint : &instruction, sizeof instruction);
}

bool Debuggee::insert_breakpoint(uint64_t address) {
    if (breakpoints_.contains(address)) return true;
    uint32_t instruction = 0;
    if (address % 4 || !raw_read(address, &instruction, sizeof instruction)) return false;
    if (vforks_ == 0 && !raw_write(address, &kBreakpoint, sizeof kBreakpoint)) return false;
    breakpoints_[address] = instruction;
    return true;
}

bool Debuggee::remove_breakpoint(uint64_t address) {
    const auto found = breakpoints_.find(address);
    if (found == breakpoints_.end()) return true;
    const uint32_t instruction = found->second;
    breakpoints_.erase(found);
    return vforks_ != 0 || raw_write(address, &instruction, sizeof instruction);
}

void Debuggee::remove_breakpoints() {
    put_breakpoints(false);
    breakpoints_.clear();
}

std::string Debuggee::auxv() const {
    std::string auxv;
    std::string path;
    return !threads_.empty() && syscalls::describe_tracee(threads_.begin()->first, &auxv, &path) ? auxv : "";
}

std::string Debuggee::path() const {
    std::string auxv;
    std::string path;
    return !threads_.empty() && syscalls::describe_tracee(threads_.begin()->first, &auxv, &path) ? path : "";
}

void Debuggee::catch_calls(bool on, const std::set<uint64_t>& numbers) {
    catch_calls_ = on;
    caught_ = numbers;
}

void Debuggee::kill() {
    ::kill(process_, SIGKILL);
}

void Debuggee::detach() {
    remove_breakpoints();
    for (auto& [id, thread] : threads_) {
        if (thread.stopped)
            syscalls::resume_tracee(id, TraceCommand::Detach,
                                    thread.pending.real ? thread.pending.number : 0);
    }
    threads_.clear();
}

}  // namespace armature::tools::gdb
