// SPDX-License-Identifier: MIT
// seccomp, evaluated here and not given to the host (but for listeners, see seccomp_notify.cc): a filter
// speaks of AArch64's numbers and of the guest's program counter, and the emulator makes other calls than its
// guest.
//
// As in the kernel, filters are a tree that grows at its leaves: each is immutable and points at the one that
// was in force before it, and a thread holds its leaf. So threads share what they have in common, and handing
// a thread's filters to another (TSYNC) is the exchange of one pointer, possible while the other runs: what
// it had is among the ancestors of what it gets. Strict mode is a leaf of its own.
//
// The vdso's functions are system calls here, which they are not on a real machine: those pass unasked.
#include "syscalls/seccomp.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/prctl.h>
#include <linux/ptrace.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "guest/address_space.h"
#include "guest/user_access.h"
#include "signals/signals.h"
#include "signals/traced.h"
#include "syscalls/bpf.h"
#include "syscalls/proc_files.h"
#include "syscalls/process.h"
#include "syscalls/syscalls.h"

namespace armature::syscalls {

struct SeccompFilter {
    std::atomic<unsigned> holders{1};  // threads whose leaf it is, and filters that follow it
    SeccompFilter* parent = nullptr;
    BpfProgram program;  // empty: strict mode
    bool has_listener = false;
};

namespace {

using guest::Thread;

constexpr uint32_t kMostErrno = 4095;
constexpr uint32_t kHasListener = 1u << 31;
constexpr int kSysSeccomp = 1;  // SYS_SECCOMP, which the C library has not
constexpr size_t kMostInstructions = (1 << 18) / sizeof(sock_filter);  // over all filters of a thread
constexpr size_t kFilterCost = 4;                                      // that each counts besides its own
constexpr uint64_t kListenerFlags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
constexpr uint64_t kKnownFlags = SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_LOG |
                                 SECCOMP_FILTER_FLAG_SPEC_ALLOW | SECCOMP_FILTER_FLAG_TSYNC_ESRCH |
                                 kListenerFlags;

// What strict mode lets through: read, write, exit, rt_sigreturn.
constexpr int64_t kStrictCalls[] = {63, 64, 93, kRtSigreturn};
// The calls that functions of the vdso are made of: clock_gettime, clock_getres, gettimeofday.
constexpr int64_t kVdsoCalls[] = {113, 114, 169};

template <size_t kSize>
bool contains(const int64_t (&list)[kSize], int64_t number) {
    for (const int64_t entry : list) {
        if (entry == number) return true;
    }
    return false;
}

bool is_strict(const SeccompFilter* leaf) {
    return leaf != nullptr && leaf->program.empty();
}

SeccompFilter* leaf_of(const Thread* thread) {
    return thread->seccomp.load(std::memory_order_acquire);
}

SeccompFilter* hold(SeccompFilter* filter) {
    if (filter) filter->holders.fetch_add(1, std::memory_order_relaxed);
    return filter;
}

void drop(SeccompFilter* filter) {
    while (filter && filter->holders.fetch_sub(1, std::memory_order_acq_rel) == 1) {
        SeccompFilter* parent = filter->parent;
        delete filter;
        filter = parent;
    }
}

// The thread's own hold on its former leaf goes over to the new one, which follows it.
void append(Thread* thread, SeccompFilter* filter) {
    filter->parent = leaf_of(thread);
    thread->seccomp.store(filter, std::memory_order_release);
}

bool is_ancestor(const SeccompFilter* ancestor, const SeccompFilter* filter) {
    if (ancestor == nullptr) return true;
    for (; filter; filter = filter->parent) {
        if (filter == ancestor) return true;
    }
    return false;
}

// --- Evaluation

struct Answer {
    uint32_t value = SECCOMP_RET_ALLOW;
    const SeccompFilter* from = nullptr;  // null: nobody objects
    uint32_t action() const { return value & SECCOMP_RET_ACTION_FULL; }
    uint32_t data() const { return value & SECCOMP_RET_DATA; }
};

// The strictest answer of all filters; actions are ordered as signed numbers.
Answer evaluate(const SeccompFilter* leaf, const seccomp_data& data) {
    Answer answer;
    for (; leaf; leaf = leaf->parent) {
        const uint32_t one = bpf_run(leaf->program, data);
        if (static_cast<int32_t>(one & SECCOMP_RET_ACTION_FULL) < static_cast<int32_t>(answer.action()))
            answer = {one, leaf};
    }
    return answer;
}

void kill_process(int signo) {
    signals::die_by_signal(signo, true);
}

void kill_thread(Thread* thread, int signo) {
    if (in_vfork_child() || guest::live_threads() == 1) kill_process(signo);
    thread->exit_status = 128 + signo;
    thread->exiting = true;
}

void raise_trap(Thread* thread, int64_t number, const Answer& answer) {
    siginfo_t info{};
    info.si_signo = SIGSYS;
    info.si_code = kSysSeccomp;
    info.si_errno = static_cast<int>(answer.data());
    info.si_call_addr = reinterpret_cast<void*>(thread->cpu.pc);
    info.si_syscall = static_cast<int>(number);
    info.si_arch = AUDIT_ARCH_AARCH64;
    signals::raise_forced(thread, info);
}

void catch_up_with_tsync(Thread* thread) {
    if (thread->owes_no_new_privs.exchange(false, std::memory_order_relaxed))
        host_call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1);
}

// --- Installation

bool may_install(Thread* thread) {
    catch_up_with_tsync(thread);
    if (host_call(SYS_prctl, PR_GET_NO_NEW_PRIVS) == 1) return true;
    __user_cap_header_struct head{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {};
    if (host_call(SYS_capget, reinterpret_cast<uint64_t>(&head), reinterpret_cast<uint64_t>(sets)) != 0)
        return false;
    return sets[CAP_TO_INDEX(CAP_SYS_ADMIN)].effective & CAP_TO_MASK(CAP_SYS_ADMIN);
}

int64_t read_program(Thread* thread, uint64_t address, BpfProgram* program) {
    sock_fprog head;
    if (!guest::read_object(&head, address)) return -EFAULT;
    if (head.len == 0 || head.len > BPF_MAXINSNS) return -EINVAL;
    if (!may_install(thread)) return -EACCES;
    program->resize(head.len);
    if (!guest::read_memory(program->data(), reinterpret_cast<uint64_t>(head.filter),
                            head.len * sizeof(sock_filter)))
        return -EFAULT;
    return bpf_is_valid(*program) ? 0 : -EINVAL;
}

bool is_too_long(const SeccompFilter* leaf, size_t added) {
    size_t total = added;
    for (; leaf; leaf = leaf->parent) total += leaf->program.size() + kFilterCost;
    return total > kMostInstructions;
}

struct Synchronisation {
    Thread* caller;
    SeccompFilter* leaf;
    pid_t refuses;  // a thread that has filters of its own
};

void look_for_refusal(Thread* thread, void* argument) {
    auto* all = static_cast<Synchronisation*>(argument);
    SeccompFilter* leaf = leaf_of(thread);
    if (thread != all->caller && !all->refuses && (is_strict(leaf) || !is_ancestor(leaf, all->leaf)))
        all->refuses = thread->tid;
}

void synchronise(Thread* thread, void* argument) {
    auto* all = static_cast<Synchronisation*>(argument);
    if (thread == all->caller) return;
    if (host_call(SYS_prctl, PR_GET_NO_NEW_PRIVS) == 1)
        thread->owes_no_new_privs.store(true, std::memory_order_relaxed);
    drop(thread->seccomp.exchange(hold(all->leaf), std::memory_order_acq_rel));
}

bool has_listener(const SeccompFilter* leaf) {
    for (; leaf; leaf = leaf->parent) {
        if (leaf->has_listener) return true;
    }
    return false;
}

bool goes_together(uint64_t flags) {
    const bool listens = flags & SECCOMP_FILTER_FLAG_NEW_LISTENER;
    if (flags & SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV && !listens) return false;
    // Both would be the result: a thread's id and a descriptor.
    return !listens || !(flags & SECCOMP_FILTER_FLAG_TSYNC) || flags & SECCOMP_FILTER_FLAG_TSYNC_ESRCH;
}

int64_t set_filter(Thread* thread, uint64_t flags, uint64_t program) {
    if (flags & ~kKnownFlags || !goes_together(flags)) return -EINVAL;
    auto filter = std::make_unique<SeccompFilter>();
    const int64_t error = read_program(thread, program, &filter->program);
    if (error) return error;
    if (is_strict(leaf_of(thread))) return -EINVAL;
    if (is_too_long(leaf_of(thread), filter->program.size())) return -ENOMEM;
    filter->has_listener = flags & SECCOMP_FILTER_FLAG_NEW_LISTENER;
    // The others of a vfork child's list are its parent's.
    const bool for_all = flags & SECCOMP_FILTER_FLAG_TSYNC && !in_vfork_child();
    Synchronisation all{thread, leaf_of(thread), 0};
    if (for_all) guest::for_each_thread(look_for_refusal, &all);
    if (all.refuses) return flags & SECCOMP_FILTER_FLAG_TSYNC_ESRCH ? -ESRCH : all.refuses;
    int64_t listener = 0;
    if (filter->has_listener) listener = install_listener(flags & kListenerFlags);
    if (listener < 0) return listener;
    append(thread, filter.release());
    if (!for_all) return listener;
    all.leaf = leaf_of(thread);
    if (has_listener(all.leaf)) spread_listener();
    guest::for_each_thread(synchronise, &all);
    return listener;
}

int64_t set_strict(Thread* thread) {
    if (leaf_of(thread)) return is_strict(leaf_of(thread)) ? 0 : -EINVAL;
    append(thread, new SeccompFilter);
    return 0;
}

int64_t action_available(uint64_t flags, uint64_t address) {
    uint32_t action = 0;
    if (flags) return -EINVAL;
    if (!guest::read_object(&action, address)) return -EFAULT;
    switch (action) {
        case SECCOMP_RET_KILL_PROCESS:
        case SECCOMP_RET_KILL_THREAD:
        case SECCOMP_RET_TRAP:
        case SECCOMP_RET_ERRNO:
        case SECCOMP_RET_USER_NOTIF:
        case SECCOMP_RET_TRACE:
        case SECCOMP_RET_LOG:
        case SECCOMP_RET_ALLOW:
            return 0;
        default:
            return -EOPNOTSUPP;
    }
}

int64_t notification_sizes(uint64_t flags, uint64_t address) {
    if (flags) return -EINVAL;
    const seccomp_notif_sizes sizes{sizeof(seccomp_notif), sizeof(seccomp_notif_resp), sizeof(seccomp_data)};
    return guest::write_object(address, sizes) ? 0 : -EFAULT;
}

}  // namespace

bool is_vdso_call(uint64_t pc, int64_t number) {
    return pc - program().vdso < guest::kPageSize && contains(kVdsoCalls, number);
}

bool seccomp_admits(Thread* thread, int64_t* number, uint64_t a[8], int64_t* result) {
    catch_up_with_tsync(thread);
    const uint64_t pc = thread->cpu.pc;
    if (is_vdso_call(pc, *number)) return true;
    const SeccompFilter* leaf = leaf_of(thread);
    *result = -kRegistersAreSet;
    if (is_strict(leaf)) {
        if (contains(kStrictCalls, *number)) return true;
        kill_thread(thread, SIGKILL);
        return false;
    }
    for (bool traced = false;; traced = true) {
        const seccomp_data data{
            static_cast<int>(*number), AUDIT_ARCH_AARCH64, pc, {a[0], a[1], a[2], a[3], a[4], a[5]}};
        const Answer answer = evaluate(leaf, data);
        switch (answer.action()) {
            case SECCOMP_RET_ALLOW:
            case SECCOMP_RET_LOG:
                return true;
            case SECCOMP_RET_ERRNO:
                *result = -static_cast<int64_t>(std::min(answer.data(), kMostErrno));
                return false;
            case SECCOMP_RET_TRAP:
                raise_trap(thread, *number, answer);
                return false;
            case SECCOMP_RET_TRACE:
                if (traced) return true;
                *result = -ENOSYS;
                if (!signals::wants_event(thread, PTRACE_EVENT_SECCOMP)) return false;
                *number = signals::stop_at_filter(thread, *number, answer.data());
                *result = static_cast<int64_t>(thread->cpu.x[0]);
                if (*number < 0 || thread->exiting) return false;
                std::copy_n(thread->cpu.x, 8, a);
                break;  // what it is now is looked at again
            case SECCOMP_RET_USER_NOTIF:
                *result = -ENOSYS;
                return answer.from->has_listener && ask_listener(thread, *number, a, result);
            case SECCOMP_RET_KILL_THREAD:
                kill_thread(thread, SIGSYS);
                return false;
            default:
                kill_process(SIGSYS);
                return false;
        }
    }
}

void inherit_seccomp(Thread* thread, Thread* parent) {
    guest::lock_threads();
    drop(thread->seccomp.exchange(hold(leaf_of(parent)), std::memory_order_acq_rel));
    thread->owes_no_new_privs.store(parent->owes_no_new_privs.load());
    guest::unlock_threads();
}

void drop_seccomp(Thread* thread) {
    drop(thread->seccomp.exchange(nullptr, std::memory_order_acq_rel));
}

SeccompFilter* hold_seccomp(Thread* thread) {
    return hold(leaf_of(thread));
}

void restore_seccomp(Thread* thread, SeccompFilter* held) {
    drop(thread->seccomp.exchange(held, std::memory_order_acq_rel));
}

int64_t prctl_seccomp(Thread* thread, uint64_t mode, uint64_t program) {
    if (mode == SECCOMP_MODE_STRICT) return set_strict(thread);
    return mode == SECCOMP_MODE_FILTER ? set_filter(thread, 0, program) : -EINVAL;
}

int64_t seccomp_mode(const Thread* thread) {
    const SeccompFilter* leaf = leaf_of(thread);
    if (!leaf) return host_call(SYS_prctl, PR_GET_SECCOMP);
    return is_strict(leaf) ? SECCOMP_MODE_STRICT : SECCOMP_MODE_FILTER;
}

SeccompStatus seccomp_status(pid_t tid) {
    struct Search {
        pid_t tid;
        SeccompStatus status;
    } search{tid, {}};
    guest::for_each_thread(
        [](Thread* thread, void* argument) {
            auto* wanted = static_cast<Search*>(argument);
            const SeccompFilter* leaf = leaf_of(thread);
            if (thread->tid != wanted->tid || !leaf) return;
            wanted->status.mode = is_strict(leaf) ? SECCOMP_MODE_STRICT : SECCOMP_MODE_FILTER;
            for (; leaf && !is_strict(leaf); leaf = leaf->parent) wanted->status.filters++;
        },
        &search);
    return search.status;
}

// In writing: for each filter, the oldest first, the number of its instructions, with a bit for its listener,
// and they themselves.
int64_t write_seccomp_for_exec(const Thread* thread) {
    std::vector<const SeccompFilter*> filters;
    for (const SeccompFilter* filter = leaf_of(thread); filter; filter = filter->parent)
        filters.push_back(filter);
    if (filters.empty()) return -1;
    const int64_t fd = host_call(SYS_memfd_create, reinterpret_cast<uint64_t>("filters"), MFD_CLOEXEC);
    if (fd < 0) return fd;
    std::string text;
    for (auto filter = filters.rbegin(); filter != filters.rend(); ++filter) {
        const BpfProgram& program = (*filter)->program;
        const auto length = static_cast<uint32_t>(program.size());
        const uint32_t head = length | ((*filter)->has_listener ? kHasListener : 0);
        text.append(reinterpret_cast<const char*>(&head), sizeof head);
        text.append(reinterpret_cast<const char*>(program.data()), length * sizeof(sock_filter));
    }
    const int64_t written = host_call(SYS_pwrite64, static_cast<uint64_t>(fd),
                                      reinterpret_cast<uint64_t>(text.data()), text.size(), 0);
    if (written == static_cast<int64_t>(text.size())) return fd;
    host_call(SYS_close, static_cast<uint64_t>(fd));
    return written < 0 ? written : -ENOMEM;
}

bool adopt_seccomp(int fd, Thread* thread) {
    const std::string text = read_whole(fd);
    close(fd);
    size_t at = 0;
    while (at < text.size()) {
        uint32_t length = 0;
        if (text.size() - at < sizeof length) return false;
        memcpy(&length, text.data() + at, sizeof length);
        at += sizeof length;
        const bool listens = length & kHasListener;
        length &= ~kHasListener;
        if (length > BPF_MAXINSNS || (text.size() - at) / sizeof(sock_filter) < length) return false;
        auto filter = std::make_unique<SeccompFilter>();
        filter->has_listener = listens;
        filter->program.resize(length);
        memcpy(filter->program.data(), text.data() + at, length * sizeof(sock_filter));
        at += length * sizeof(sock_filter);
        if (!bpf_is_valid(filter->program)) return false;
        append(thread, filter.release());
    }
    return at > 0;
}

int64_t sys_seccomp(Thread* thread, Arguments a) {
    const uint64_t flags = static_cast<uint32_t>(a[1]);
    switch (static_cast<uint32_t>(a[0])) {
        case SECCOMP_SET_MODE_STRICT:
            return flags || a[2] ? -EINVAL : set_strict(thread);
        case SECCOMP_SET_MODE_FILTER:
            return set_filter(thread, flags, a[2]);
        case SECCOMP_GET_ACTION_AVAIL:
            return action_available(flags, a[2]);
        case SECCOMP_GET_NOTIF_SIZES:
            return notification_sizes(flags, a[2]);
        default:
            return -EINVAL;
    }
}

}  // namespace armature::syscalls
