// SPDX-License-Identifier: MIT
// ptrace between emulated processes: the tracer's part. signals/traced.cc has the other, and the idea.
//
// A tracee is traced by the host's ptrace from the thread that the guest traces it from. Its stops come out
// of the host's wait calls (wait.cc), which ask here: a stop at armature_trace_stop, or at a clone that the
// tracee announced, is the guest's, and the block that the tracee left is read; all others are ended at once.
// Requests work on the copy of the block, which is written back, with the orders, when the guest lets the
// tracee go on.
#include "syscalls/ptrace.h"

#include <elf.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/ptrace.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

#include <algorithm>
#include <atomic>
#include <cinttypes>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <map>

#include "guest/features.h"
#include "guest/user_access.h"
#include "signals/traced.h"
#include "support/log.h"
#include "syscalls/call.h"
#include "syscalls/proc_files.h"
#include "syscalls/process.h"
#include "syscalls/ptrace_sve.h"

namespace armature::syscalls {
namespace {

using guest::Thread;
using signals::TraceBlock;
using signals::TraceCommand;
using signals::TraceKind;

constexpr uint64_t kOptions = 0xff | PTRACE_O_EXITKILL;
// Those that the host obeys; it always tells of an exec.
constexpr uint64_t kHostOptions = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
                                  PTRACE_O_TRACEVFORKDONE | PTRACE_O_EXITKILL;
constexpr int kSystemCallTrap = SIGTRAP | 0x80;
constexpr unsigned kNtArmTls = 0x401, kNtArmHwBreak = 0x402, kNtArmHwWatch = 0x403, kNtArmSystemCall = 0x404,
                   kNtArmSve = 0x405, kNtArmPacMask = 0x406;

struct Tracee {
    bool stopped = false;  // where the guest sees it
    bool hidden = false;   // made by the emulator for itself
    uint64_t address = 0;  // of the block in the tracee; 0: not known yet
    uint64_t options = 0;  // PTRACE_O_* as the guest wants them
    bool seized = false;
    uint32_t requests = 0;  // signals::TraceRequest, not yet handed over
    uint64_t exec_message = 0;
    TraceBlock block{};
};

// Guarded by table_lock().
std::map<pid_t, Tracee>& tracees() {
    static auto* map = new std::map<pid_t, Tracee>;
    return *map;
}
std::atomic<bool> any_tracees{false};

uint64_t word(int64_t value) {
    return static_cast<uint64_t>(value);
}
uint64_t pointer(const void* p) {
    return reinterpret_cast<uint64_t>(p);
}

int64_t host_ptrace(int request, pid_t pid, uint64_t address = 0, uint64_t data = 0) {
    return host_call(SYS_ptrace, word(request), word(pid), address, data);
}

bool copy_from_tracee(pid_t pid, uint64_t address, void* to, size_t size) {
    const iovec here{to, size};
    const iovec there{reinterpret_cast<void*>(address), size};
    return host_call(SYS_process_vm_readv, word(pid), pointer(&here), 1, pointer(&there), 1) ==
           static_cast<int64_t>(size);
}

bool copy_to_tracee(pid_t pid, uint64_t address, void* from, size_t size) {
    const iovec here{from, size};
    const iovec there{reinterpret_cast<void*>(address), size};
    return host_call(SYS_process_vm_writev, word(pid), pointer(&here), 1, pointer(&there), 1) ==
           static_cast<int64_t>(size);
}

uint64_t host_options(const Tracee& tracee) {
    return PTRACE_O_TRACEEXEC | (tracee.options & kHostOptions);
}

Tracee& add(pid_t pid) {
    any_tracees.store(true, std::memory_order_relaxed);
    return tracees()[pid];
}

Tracee* find(pid_t pid) {
    const auto found = tracees().find(pid);
    return found == tracees().end() ? nullptr : &found->second;
}

// --- Stops

void go_on_unseen(pid_t pid, int signo = 0) {
    host_ptrace(PTRACE_CONT, pid, 0, word(signo));
}

int wait_status(const Tracee& tracee) {
    uint32_t stop = tracee.block.status;
    const bool is_call = tracee.block.kind == TraceKind::Entry || tracee.block.kind == TraceKind::Exit;
    if (is_call && tracee.options & PTRACE_O_TRACESYSGOOD) stop = kSystemCallTrap;
    return static_cast<int>(stop << 8 | 0x7f);
}

bool show(pid_t pid, Tracee* tracee, int* status) {
    if (!copy_from_tracee(pid, tracee->address, &tracee->block, sizeof tracee->block)) {
        go_on_unseen(pid);
        return false;
    }
    tracee->stopped = true;
    if (tracee->block.status >> 8 == PTRACE_EVENT_EXEC) tracee->block.message = tracee->exec_message;
    tracee->seized = tracee->block.seized != 0;
    *status = wait_status(*tracee);
    return true;
}

// At armature_trace_stop?
bool is_guest_stop(pid_t pid, Tracee* tracee) {
    user_regs_struct registers;
    if (host_ptrace(PTRACE_GETREGS, pid, 0, pointer(&registers)) != 0 ||
        registers.rax != signals::kTraceStopMagic)
        return false;
    siginfo_t info;
    if (host_ptrace(PTRACE_GETSIGINFO, pid, 0, pointer(&info)) != 0 || info.si_code != SI_KERNEL)
        return false;
    tracee->address = registers.rdi;
    return true;
}

// The process that a thread belongs to; 0 if that does not run in this emulator.
pid_t emulated_process_of(pid_t tid) {
    char name[48];
    snprintf(name, sizeof name, "/proc/%d/exe", tid);
    struct stat file;
    if (stat(name, &file) != 0 || !is_emulator_file(file)) return 0;
    return process_of_thread(tid);
}

// Has the emulator there come so far that a request does not end it?
bool takes_requests(pid_t pid) {
    uint64_t caught = 0;
    char name[48];
    snprintf(name, sizeof name, "/proc/%d/status", pid);
    if (FILE* status = fopen(name, "re")) {
        char line[256];
        while (fgets(line, sizeof line, status) && sscanf(line, "SigCgt: %" SCNx64, &caught) != 1) {
        }
        fclose(status);
    }
    return caught >> (SIGTRAP - 1) & 1;
}

int64_t send_request(pid_t pid, Tracee* tracee, uint32_t request) {
    const pid_t process = emulated_process_of(pid);
    if (process == 0) return -ESRCH;
    tracee->requests |= request;
    siginfo_t info{};
    info.si_signo = SIGTRAP;
    info.si_code = SI_QUEUE;
    info.si_value.sival_ptr = reinterpret_cast<void*>(signals::kTraceRequestMagic);
    return host_call(SYS_rt_tgsigqueueinfo, word(process), word(pid), SIGTRAP, pointer(&info));
}

// Lets a tracee go on to where it can take requests, and then stops it again for them. In the first moments
// after an exec it must not be stopped for that: it would never get on. If it stops for another reason, this
// begins anew with that.
void go_on_until_ready(pid_t pid, Tracee* tracee) {
    go_on_unseen(pid);
    for (int round = 0; round < 1000 && !takes_requests(pid); round++) {
        siginfo_t event{};
        host_call(SYS_waitid, P_PID, word(pid), pointer(&event),
                  WSTOPPED | WEXITED | WNOHANG | WNOWAIT | __WALL);
        if (event.si_pid) return;
        const timespec moment{0, 500000};
        nanosleep(&moment, nullptr);
    }
    send_request(pid, tracee, 0);
}

// Turns the signal by which the host has stopped the tracee into one that asks it for something.
void hand_over_requests(pid_t pid, Tracee* tracee) {
    if (!takes_requests(pid)) {
        go_on_until_ready(pid, tracee);
        return;
    }
    siginfo_t info{};
    info.si_signo = SIGTRAP;
    info.si_code = SI_QUEUE;
    info.si_errno = static_cast<int>(tracee->requests);
    info.si_value.sival_ptr = reinterpret_cast<void*>(signals::kTraceRequestMagic);
    tracee->requests = 0;
    host_ptrace(PTRACE_SETSIGINFO, pid, 0, pointer(&info));
    go_on_unseen(pid, SIGTRAP);
}

bool signal_stop(pid_t pid, Tracee* tracee, int signo, int* status) {
    if (signo == SIGTRAP && is_guest_stop(pid, tracee)) {
        host_ptrace(PTRACE_SETOPTIONS, pid, 0, host_options(*tracee));
        return show(pid, tracee, status);
    }
    siginfo_t info{};
    if (host_ptrace(PTRACE_GETSIGINFO, pid, 0, pointer(&info)) != 0) {
        go_on_unseen(pid);  // a stop of all its threads
        return false;
    }
    const bool from_kernel = info.si_code == SI_USER && (info.si_pid == 0 || info.si_pid == pid);
    if (signo == SIGTRAP && info.si_code == SI_QUEUE &&
        pointer(info.si_value.sival_ptr) == signals::kTraceRequestMagic) {
        tracee->requests |= static_cast<uint32_t>(info.si_errno);  // it was blocked when it was handed over
        hand_over_requests(pid, tracee);
    } else if (signo == SIGTRAP && from_kernel && !tracee->address) {
        go_on_unseen(pid);  // the end of an exec; the new program will stop by itself
    } else if (signo == SIGSTOP && info.si_code == SI_USER && info.si_pid == 0) {
        go_on_unseen(pid);  // the first of a new process; it will stop by itself
    } else if (signo == SIGSTOP) {
        tracee->requests |= signals::kTraceStopSignal;
        hand_over_requests(pid, tracee);
    } else {
        go_on_unseen(pid, signo);
    }
    return false;
}

bool event_stop(pid_t pid, Tracee* tracee, unsigned event, int* status) {
    uint64_t message = 0;
    host_ptrace(PTRACE_GETEVENTMSG, pid, 0, pointer(&message));
    if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE) {
        Tracee& child = add(static_cast<pid_t>(message));
        tracee = find(pid);
        child.options = tracee->options;
        child.seized = tracee->seized;
        uint32_t expected = 0;
        if (tracee->address)
            copy_from_tracee(pid, tracee->address + offsetof(TraceBlock, expected), &expected,
                             sizeof expected);
        if (expected == event && show(pid, tracee, status)) {
            tracee->block.message = message;
            return true;
        }
        child.hidden = true;
    } else if (event == PTRACE_EVENT_VFORK_DONE && tracee->address && show(pid, tracee, status)) {
        tracee->block.kind = TraceKind::Event;
        tracee->block.status = SIGTRAP | PTRACE_EVENT_VFORK_DONE << 8;
        tracee->block.message = message;
        *status = wait_status(*tracee);
        return true;
    } else if (event == PTRACE_EVENT_EXEC) {
        if (static_cast<pid_t>(message) != pid) {
            // Another thread has taken the first one's place.
            if (const Tracee* former = find(static_cast<pid_t>(message))) *tracee = *former;
            tracees().erase(static_cast<pid_t>(message));
        }
        tracee->exec_message = message;
        tracee->address = 0;
    }
    if (event == PTRACE_EVENT_EXEC && tracee->requests)
        go_on_until_ready(pid, tracee);
    else if (!tracee->stopped)
        go_on_unseen(pid);
    return false;
}

// --- Going on

int64_t go_on(pid_t pid, Tracee* tracee, TraceCommand command, uint64_t signo) {
    if (signo > 64) return -EIO;
    TraceBlock& block = tracee->block;
    block.answered = 1;
    block.command = command;
    block.signal = static_cast<uint32_t>(signo);
    block.options = static_cast<uint32_t>(tracee->options);
    block.seized = tracee->seized;
    if (!copy_to_tracee(pid, tracee->address, &block, sizeof block)) return -ESRCH;
    tracee->stopped = false;
    const bool detach = command == TraceCommand::Detach;
    // One that was sent while the tracee was about to stop is not pending: the kernel keeps one SIGTRAP.
    if (tracee->requests && !detach) send_request(pid, tracee, 0);
    const int64_t result = host_ptrace(detach ? PTRACE_DETACH : PTRACE_CONT, pid);
    if (detach) tracees().erase(pid);
    return result;
}

int64_t attach(pid_t pid, bool seize, uint64_t address, uint64_t options) {
    if (seize && (address || options & ~kOptions)) return -EIO;
    struct stat file;
    char name[48];
    snprintf(name, sizeof name, "/proc/%d/exe", pid);
    if (kill(pid, 0) == 0 && emulated_process_of(pid) == 0 && stat(name, &file) == 0) return -EPERM;
    Tracee fresh;
    fresh.seized = seize;
    fresh.options = seize ? options : 0;
    const int64_t result = host_ptrace(PTRACE_SEIZE, pid, 0, host_options(fresh));
    if (result < 0) return result;
    Tracee& tracee = add(pid);
    tracee = fresh;
    return send_request(pid, &tracee, seize ? signals::kTraceSeize : signals::kTraceAttach);
}

// --- What a stopped thread shows

struct RegisterSet {
    void* data = nullptr;
    size_t size = 0;
    size_t unit = 1;
    uint32_t changed = 0;  // 0: read only
};

struct DebugState {
    uint32_t information = 0x0600;  // debug architecture 8, no slots
    uint32_t padding = 0;
};
struct PacMasks {
    uint64_t data = 0x007f000000000000;
    uint64_t code = 0x007f000000000000;
};

int64_t register_set(Tracee* tracee, uint64_t type, uint64_t vector, bool write) {
    TraceBlock& block = tracee->block;
    DebugState debug;
    PacMasks masks;
    auto number = static_cast<int32_t>(block.number);
    RegisterSet set;
    switch (type) {
        case NT_PRSTATUS:
            set = {&block.registers, sizeof block.registers, 8, signals::kChangedRegisters};
            break;
        case NT_PRFPREG:
            set = {&block.vectors, sizeof block.vectors, 4, signals::kChangedVectors};
            break;
        case kNtArmTls:
            set = {block.tls, 8, 8, signals::kChangedTls};
            break;
        case kNtArmHwBreak:
        case kNtArmHwWatch:
            set = {&debug, sizeof debug, 4, 0};
            break;
        case kNtArmSystemCall:
            set = {&number, sizeof number, 4, signals::kChangedNumber};
            break;
        case kNtArmSve:
            return sve_register_set(&block, vector, write);
        case kNtArmPacMask:
            if (!guest::enabled(guest::Feature::PAuth)) return -EINVAL;
            set = {&masks, sizeof masks, 8, 0};
            break;
        default:
            return -EINVAL;
    }
    iovec range;
    if (!guest::read_object(&range, vector)) return -EFAULT;
    if (range.iov_len % set.unit) return -EINVAL;
    if (write && !set.changed) return -EINVAL;
    range.iov_len = std::min(range.iov_len, set.size);
    const uint64_t buffer = pointer(range.iov_base);
    if (write ? !guest::read_memory(set.data, buffer, range.iov_len)
              : !guest::write_memory(buffer, set.data, range.iov_len))
        return -EFAULT;
    if (write) block.changed |= set.changed;
    if (write && type == kNtArmSystemCall) block.number = number;
    if (write && type == NT_PRFPREG) drop_sve_registers(&block);
    return guest::write_object(vector, range) ? 0 : -EFAULT;
}

int64_t signal_information(Tracee* tracee, uint64_t address, bool write) {
    TraceBlock& block = tracee->block;
    if (block.kind == TraceKind::Group && !tracee->seized) return -EINVAL;
    if (write) {
        if (!guest::read_object(&block.info, address)) return -EFAULT;
        block.changed |= signals::kChangedInfo;
        return 0;
    }
    siginfo_t info = block.info;
    const bool is_call = block.kind == TraceKind::Entry || block.kind == TraceKind::Exit;
    if (is_call && tracee->options & PTRACE_O_TRACESYSGOOD) info.si_code = kSystemCallTrap;
    return guest::write_object(address, info) ? 0 : -EFAULT;
}

int64_t signal_mask(Tracee* tracee, uint64_t size, uint64_t address, bool write) {
    if (size != sizeof tracee->block.mask) return -EINVAL;
    if (!write) return guest::write_object(address, tracee->block.mask) ? 0 : -EFAULT;
    if (!guest::read_object(&tracee->block.mask, address)) return -EFAULT;
    tracee->block.changed |= signals::kChangedMask;
    return 0;
}

int64_t call_information(const Tracee& tracee, uint64_t size, uint64_t address) {
    const TraceBlock& block = tracee.block;
    ptrace_syscall_info info{};
    info.arch = AUDIT_ARCH_AARCH64;
    info.instruction_pointer = block.registers.pc;
    info.stack_pointer = block.registers.sp;
    size_t known = offsetof(ptrace_syscall_info, entry);
    if (block.kind == TraceKind::Entry) {
        info.op = PTRACE_SYSCALL_INFO_ENTRY;
        info.entry.nr = word(block.number);
        std::copy_n(block.registers.x, 6, info.entry.args);
        known = offsetof(ptrace_syscall_info, entry) + sizeof info.entry;
    } else if (block.kind == TraceKind::Event && block.status >> 8 == PTRACE_EVENT_SECCOMP) {
        info.op = PTRACE_SYSCALL_INFO_SECCOMP;
        info.seccomp.nr = word(block.number);
        std::copy_n(block.registers.x, 6, info.seccomp.args);
        info.seccomp.ret_data = static_cast<uint32_t>(block.message);
        known = offsetof(ptrace_syscall_info, seccomp.ret_data) + sizeof info.seccomp.ret_data;
    } else if (block.kind == TraceKind::Exit) {
        constexpr int64_t kMostErrno = 4095;
        info.op = PTRACE_SYSCALL_INFO_EXIT;
        info.exit.rval = static_cast<int64_t>(block.registers.x[0]);
        info.exit.is_error = info.exit.rval < 0 && info.exit.rval >= -kMostErrno;
        known = offsetof(ptrace_syscall_info, exit.is_error) + 1;
    }
    if (!guest::write_memory(address, &info, std::min<size_t>(size, known))) return -EFAULT;
    return static_cast<int64_t>(known);
}

void note_stale_code(Tracee* tracee, uint64_t begin, uint64_t end) {
    TraceBlock& block = tracee->block;
    if (block.stale_count < signals::kTraceRanges) block.stale[block.stale_count] = {begin, end};
    block.stale_count++;
}

int64_t on_stopped(int64_t request, pid_t pid, Tracee* tracee, uint64_t address, uint64_t data) {
    switch (request) {
        case PTRACE_PEEKTEXT:
        case PTRACE_PEEKDATA:
            return host_ptrace(PTRACE_PEEKDATA, pid, address, data);
        case PTRACE_POKETEXT:
        case PTRACE_POKEDATA:
            note_stale_code(tracee, address, address + sizeof data);
            return host_ptrace(PTRACE_POKEDATA, pid, address, data);
        case PTRACE_GETREGSET:
        case PTRACE_SETREGSET:
            return register_set(tracee, address, data, request == PTRACE_SETREGSET);
        case PTRACE_GETSIGINFO:
        case PTRACE_SETSIGINFO:
            return signal_information(tracee, data, request == PTRACE_SETSIGINFO);
        case PTRACE_GETSIGMASK:
        case PTRACE_SETSIGMASK:
            return signal_mask(tracee, address, data, request == PTRACE_SETSIGMASK);
        case PTRACE_GETEVENTMSG:
            return guest::write_object(data, tracee->block.message) ? 0 : -EFAULT;
        case PTRACE_GET_SYSCALL_INFO:
            return call_information(*tracee, address, data);
        case PTRACE_SETOPTIONS:
            if (data & ~kOptions) return -EINVAL;
            tracee->options = data;
            return host_ptrace(PTRACE_SETOPTIONS, pid, 0, host_options(*tracee));
        case PTRACE_CONT:
            return go_on(pid, tracee, TraceCommand::Continue, data);
        case PTRACE_SYSCALL:
            return go_on(pid, tracee, TraceCommand::Syscall, data);
        case PTRACE_SYSEMU:
            return go_on(pid, tracee, TraceCommand::Emulate, data);
        case PTRACE_SINGLESTEP:
            return go_on(pid, tracee, TraceCommand::Step, data);
        case PTRACE_DETACH:
            return go_on(pid, tracee, TraceCommand::Detach, data);
        case PTRACE_LISTEN:
            if (!tracee->seized || tracee->block.status >> 8 != PTRACE_EVENT_STOP) return -EIO;
            return go_on(pid, tracee, TraceCommand::Listen, 0);
        default:
            if (support::log_enabled(support::LogItem::Unimp))
                support::log_printf("ptrace request %#llx is not known\n",
                                    static_cast<unsigned long long>(request));
            return -EIO;
    }
}

}  // namespace

bool filter_wait_status(pid_t pid, int* status) {
    if (!WIFSTOPPED(*status)) {
        if (WIFCONTINUED(*status) || !has_tracees()) return true;
        const std::lock_guard hold(table_lock());
        const Tracee* tracee = find(pid);
        const bool hidden = tracee && tracee->hidden;
        tracees().erase(pid);
        return !hidden;
    }
    const std::lock_guard hold(table_lock());
    Tracee* tracee = find(pid);
    const auto event = static_cast<unsigned>(*status) >> 16;
    if (!tracee) {
        // Traced, by PTRACE_TRACEME or as another tracee's child, or a child that a signal has stopped?
        if (host_ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEEXEC) != 0) return true;
        tracee = &add(pid);
    }
    if (tracee->stopped) {  // seen before, without being taken
        *status = wait_status(*tracee);
        return true;
    }
    if (event == PTRACE_EVENT_STOP) {
        go_on_unseen(pid);
        return false;
    }
    if (event) return event_stop(pid, tracee, event, status);
    return signal_stop(pid, tracee, WSTOPSIG(*status), status);
}

pid_t process_of_thread(pid_t tid) {
    char name[48];
    snprintf(name, sizeof name, "/proc/%d/status", tid);
    FILE* status = fopen(name, "re");
    if (!status) return 0;
    char line[256];
    int process = 0;
    while (fgets(line, sizeof line, status) && sscanf(line, "Tgid: %d", &process) != 1) {
    }
    fclose(status);
    return process;
}

bool has_tracees() {
    return any_tracees.load(std::memory_order_relaxed);
}

void wrote_to_tracee(uint64_t address, uint64_t size) {
    const std::lock_guard hold(table_lock());
    for (auto& [pid, tracee] : tracees()) {
        if (tracee.stopped) note_stale_code(&tracee, address, address + size);
    }
}

bool describe_tracee(pid_t pid, std::string* auxv, std::string* path) {
    const std::lock_guard hold(table_lock());
    const Tracee* tracee = find(pid);
    constexpr uint64_t kMost = 64 << 10;
    if (!tracee || !tracee->address || tracee->block.auxv_size > kMost || tracee->block.path_size > kMost)
        return false;
    auxv->resize(tracee->block.auxv_size);
    path->resize(tracee->block.path_size);
    return copy_from_tracee(pid, tracee->block.auxv, auxv->data(), auxv->size()) &&
           copy_from_tracee(pid, tracee->block.path, path->data(), path->size());
}

void forget_tracees() {
    tracees().clear();
    any_tracees.store(false);
}

int64_t seize_emulator(pid_t pid, uint64_t options) {
    note_emulator_file();
    Tracee fresh;
    fresh.seized = true;
    fresh.options = options;
    const int64_t result = host_ptrace(PTRACE_SEIZE, pid, 0, host_options(fresh));
    if (result < 0) return result;
    const std::lock_guard hold(table_lock());
    add(pid) = fresh;
    return 0;
}

std::string seized_word(uint64_t options) {
    return "1," + std::to_string(options) + ",0";
}

signals::TraceBlock* block_of_tracee(pid_t pid) {
    const std::lock_guard hold(table_lock());
    Tracee* tracee = find(pid);
    return tracee && tracee->stopped ? &tracee->block : nullptr;
}

int64_t resume_tracee(pid_t pid, TraceCommand command, int signo) {
    const std::lock_guard hold(table_lock());
    Tracee* tracee = find(pid);
    return tracee && tracee->stopped ? go_on(pid, tracee, command, word(signo)) : -ESRCH;
}

int64_t interrupt_tracee(pid_t pid) {
    const std::lock_guard hold(table_lock());
    Tracee* tracee = find(pid);
    return tracee ? send_request(pid, tracee, signals::kTraceInterrupt) : -ESRCH;
}

int64_t sys_ptrace(Thread* thread, Arguments a) {
    const auto request = static_cast<int64_t>(a[0]);
    const auto pid = static_cast<pid_t>(a[1]);
    if (request == PTRACE_TRACEME) {
        const int64_t result = host_ptrace(PTRACE_TRACEME, 0);
        if (result == 0) signals::start_tracing(thread, false, 0);
        return result;
    }
    const std::lock_guard hold(table_lock());
    if (request == PTRACE_ATTACH || request == PTRACE_SEIZE)
        return attach(pid, request == PTRACE_SEIZE, a[2], a[3]);
    Tracee* tracee = find(pid);
    if (!tracee || tracee->hidden) return -ESRCH;
    if (request == PTRACE_KILL) return host_call(SYS_kill, a[1], SIGKILL);
    if (request == PTRACE_INTERRUPT)
        return tracee->seized ? send_request(pid, tracee, signals::kTraceInterrupt) : -EIO;
    if (!tracee->stopped) return -ESRCH;
    return on_stopped(request, pid, tracee, a[2], a[3]);
}

}  // namespace armature::syscalls
