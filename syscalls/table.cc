// SPDX-License-Identifier: MIT
// The dispatch table, built by the compiler from syscalls.def.
//
// Every row becomes one function: the check of its descriptor arguments against the emulator's own (which
// arguments those are is read off the row at compile time), then the call. Nothing here locks or allocates;
// an unwatched call costs a table load, an indirect call and the host's call.
#include <fcntl.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "guest/observer.h"
#include "guest/options.h"
#include "signals/signals.h"
#include "signals/traced.h"
#include "support/descriptors.h"
#include "support/log.h"
#include "syscalls/call.h"
#include "syscalls/host_numbers.h"
#include "syscalls/seccomp.h"
#include "syscalls/strace.h"
#include "syscalls/syscalls.h"
#include "syscalls/tagged_addresses.h"

namespace armature::syscalls {
namespace {

using guest::Thread;

// Bit i is set if argument i of the row is a descriptor that must not be one of the emulator's.
consteval unsigned descriptor_arguments(std::string_view arguments) {
    unsigned mask = 0;
    unsigned index = 0;
    while (!arguments.empty()) {
        const size_t comma = arguments.find(',');
        const std::string_view word = arguments.substr(0, comma);
        if (word == "fd" || word == "dirfd") mask |= 1u << index;
        if (comma == std::string_view::npos) break;
        arguments.remove_prefix(comma + 1);
        index++;
    }
    return mask;
}

template <unsigned kMask>
inline bool names_hidden_descriptor(Arguments a) {
    bool hidden = false;
    if constexpr (kMask & 1) hidden |= support::is_hidden_descriptor(static_cast<int>(a[0]));
    if constexpr (kMask & 2) hidden |= support::is_hidden_descriptor(static_cast<int>(a[1]));
    if constexpr (kMask & 4) hidden |= support::is_hidden_descriptor(static_cast<int>(a[2]));
    if constexpr (kMask & 8) hidden |= support::is_hidden_descriptor(static_cast<int>(a[3]));
    return hidden;
}

template <long kNumber, unsigned kMask>
int64_t pass(Thread*, Arguments a) {
    if (names_hidden_descriptor<kMask>(a)) return -EBADF;
    return host_call(kNumber, a[0], a[1], a[2], a[3], a[4], a[5]);
}

template <long kNumber, unsigned kMask>
int64_t block(Thread* thread, Arguments a) {
    if (names_hidden_descriptor<kMask>(a)) return -EBADF;
    return blocking_call(thread, kNumber, a[0], a[1], a[2], a[3], a[4], a[5]);
}

template <Handler kHandler, unsigned kMask>
int64_t handle(Thread* thread, Arguments a) {
    if (names_hidden_descriptor<kMask>(a)) return -EBADF;
    return kHandler(thread, a);
}

template <int kError>
int64_t refuse(Thread*, Arguments) {
    return -kError;
}

constexpr std::array<Row, kRows> make_rows() {
    std::array<Row, kRows> rows{};
#define PASS(number, name, arguments, why)         \
    rows[number] = {#name,         arguments, why, \
                    RowKind::Pass, 0,         pass<SYS_##name, descriptor_arguments(arguments)>};
#define BLOCK(number, name, arguments, why)         \
    rows[number] = {#name,          arguments, why, \
                    RowKind::Block, 0,         block<SYS_##name, descriptor_arguments(arguments)>};
#define HANDLE(number, name, arguments, what)         \
    rows[number] = {#name,           arguments, what, \
                    RowKind::Handle, 0,         handle<sys_##name, descriptor_arguments(arguments)>};
#define REFUSE(number, name, arguments, error, reason) \
    rows[number] = {#name, arguments, reason, RowKind::Refuse, error, refuse<error>};
#include "syscalls/syscalls.def"
#undef PASS
#undef BLOCK
#undef HANDLE
#undef REFUSE
    return rows;
}

constexpr std::array<Row, kRows> kTable = make_rows();

// What is refused or unknown is worth a line under -d unimp: it is the first thing to look at when a program
// fails.
void log_refusal(int64_t number, const Row* found) {
    if (!support::log_enabled(support::LogItem::Unimp)) return;
    if (found) {
        support::log_printf("system call %s (%lld) is refused: %s\n", found->name,
                            static_cast<long long>(number), found->note);
    } else {
        support::log_printf("there is no system call %lld\n", static_cast<long long>(number));
    }
}

inline int64_t make_call(Thread* thread, int64_t number, Arguments a) {
    if (static_cast<uint64_t>(number) < static_cast<uint64_t>(kRows)) [[likely]] {
        const Row& found = kTable[static_cast<size_t>(number)];
        if (found.kind != RowKind::None && found.kind != RowKind::Refuse) [[likely]] {
            if (thread->cpu.tag_control & guest::kTagAddressesAllowed) [[unlikely]]
                return call_untagged(thread, number, found, a);
            return found.handler(thread, a);
        }
        if (found.kind == RowKind::Refuse) {
            log_refusal(number, &found);
            return -found.error;
        }
    }
    log_refusal(number, nullptr);
    return -ENOSYS;
}

[[gnu::noinline]] int64_t filtered_call(Thread* thread, int64_t number, Arguments a) {
    uint64_t arguments[8];
    std::copy_n(a, 8, arguments);
    int64_t result = 0;
    return seccomp_admits(thread, &number, arguments, &result) ? make_call(thread, number, arguments)
                                                               : result;
}

inline int64_t call(Thread* thread, int64_t number, Arguments a) {
    if (has_seccomp(thread)) [[unlikely]]
        return filtered_call(thread, number, a);
    return make_call(thread, number, a);
}

inline bool watched() {
    const guest::Observer& o = guest::observer;
    return support::log_enabled(support::LogItem::Strace) || guest::options.strace || o.syscall != nullptr ||
           o.syscall_filter != nullptr || o.syscall_return != nullptr;
}

bool never_returns(int64_t number) {
    return number == 93 || number == 94;  // exit, exit_group
}

int64_t watched_call(Thread* thread, int64_t number, Arguments a) {
    const guest::Observer& o = guest::observer;
    const bool strace =
        (support::log_enabled(support::LogItem::Strace) || guest::options.strace) && strace_shows(number);
    if (o.syscall) o.syscall(thread, number, a);
    StraceLine line;
    if (strace) {
        line.begin(number, a);
        if (never_returns(number)) line.finish_without_result();
    }
    int64_t result = 0;
    if (!(o.syscall_filter && o.syscall_filter(thread, number, a, &result))) result = call(thread, number, a);
    const int64_t shown = result == -kRegistersAreSet ? 0 : result;
    if (strace && !never_returns(number)) line.finish(shown);
    if (o.syscall_return && !never_returns(number)) o.syscall_return(thread, number, shown);
    return result;
}

int64_t plain_call(Thread* thread, int64_t number, Arguments a) {
    return watched() ? watched_call(thread, number, a) : call(thread, number, a);
}

// The tracer may change the number, the arguments and the result.
int64_t traced_call(Thread* thread, int64_t number) {
    if (is_vdso_call(thread->cpu.pc, number)) return plain_call(thread, number, thread->cpu.x);
    bool skipped = false;
    if (signals::traces_calls(thread)) {
        signals::stop_at_entry(thread, &number);
        skipped = number == -1;
    }
    const pid_t caller = thread->tid;
    uint64_t arguments[8];
    std::copy_n(thread->cpu.x, 8, arguments);
    const int64_t result =
        skipped ? static_cast<int64_t>(thread->cpu.x[0]) : plain_call(thread, number, arguments);
    // The child of a fork has not entered the call. A tracer that was told of something during it may want to
    // see its end alone.
    if (thread->exiting || thread->tid != caller || !signals::traces_calls(thread)) return result;
    const bool has_result = result != -kRegistersAreSet;
    return signals::stop_at_exit(thread, number, result, has_result);
}

}  // namespace

const Row* row(int64_t number) {
    if (number < 0 || number >= kRows || !kTable[static_cast<size_t>(number)].name) return nullptr;
    return &kTable[static_cast<size_t>(number)];
}

const char* name(int64_t number) {
    const Row* found = row(number);
    return found ? found->name : nullptr;
}

int64_t dispatch(Thread* thread, int64_t number, const uint64_t arguments[8]) {
    if (thread->trace) [[unlikely]]
        return traced_call(thread, number);
    if (watched()) [[unlikely]]
        return watched_call(thread, number, arguments);
    return call(thread, number, arguments);
}

int64_t blocking_call(Thread* thread, long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
                      uint64_t f) {
    const guest::Observer& o = guest::observer;
    if (o.vcpu_idle) o.vcpu_idle(thread);
    const int64_t result =
        signals::blocking_syscall(number, static_cast<long>(a), static_cast<long>(b), static_cast<long>(c),
                                  static_cast<long>(d), static_cast<long>(e), static_cast<long>(f));
    if (o.vcpu_resume) o.vcpu_resume(thread);
    return result;
}

}  // namespace armature::syscalls
