// SPDX-License-Identifier: MIT
// Waiting for several descriptors: epoll, whose events x86-64 packs into 12 bytes and AArch64 does not, and
// the calls that wait under a signal mask of their own, which signals/ puts in force atomically.
#include <errno.h>
#include <limits.h>
#include <poll.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include "guest/user_access.h"
#include "signals/signals.h"
#include "support/descriptors.h"
#include "syscalls/call.h"
#include "syscalls/epoll_event.h"

namespace armature::syscalls {
namespace {

using guest::Thread;

// One host call with its own signal mask: the argument `mask_at` is the mask's address, the next its size, or
// (pselect6) `mask_at` is the address of both.
struct Call {
    Thread* thread;
    long number;
    uint64_t a[6];
    int mask_at;
    bool by_reference = false;
};

int64_t make_call(void* argument, const uint64_t* host_mask) {
    const auto* c = static_cast<const Call*>(argument);
    uint64_t a[6];
    for (int i = 0; i < 6; i++) a[i] = c->a[i];
    uint64_t pair[2] = {reinterpret_cast<uint64_t>(host_mask), sizeof *host_mask};
    if (c->by_reference) {
        a[c->mask_at] = host_mask ? reinterpret_cast<uint64_t>(pair) : 0;
    } else {
        a[c->mask_at] = pair[0];
        a[c->mask_at + 1] = pair[1];
    }
    return blocking_call(c->thread, c->number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

int64_t call_with_mask(Call* call, uint64_t mask, uint64_t size) {
    if (mask == 0) return make_call(call, nullptr);
    return signals::with_signal_mask(call->thread, mask, size, make_call, call);
}

// The host has written packed events to the start of the guest's array, which is larger: spread them, the
// last first.
int64_t spread_events(uint64_t array, int64_t count) {
    for (int64_t i = count - 1; i >= 0; i--) {
        HostEpollEvent host;
        if (!guest::read_object(&host, array + static_cast<uint64_t>(i) * sizeof host)) return -EFAULT;
        const GuestEpollEvent event{host.events, 0, host.data};
        if (!guest::write_object(array + static_cast<uint64_t>(i) * sizeof event, event)) return -EFAULT;
    }
    return count;
}

// Is a descriptor of the emulator's among the first `count` of one of the sets?
bool selects_hidden_descriptor(Arguments a) {
    const auto count = static_cast<int>(std::min<int64_t>(static_cast<int32_t>(a[0]), INT_MAX));
    for (int fd = support::next_hidden_descriptor(0); fd < count;
         fd = support::next_hidden_descriptor(fd + 1)) {
        for (int set = 1; set <= 3; set++) {
            uint8_t byte = 0;
            if (a[set] && guest::read_object(&byte, a[set] + static_cast<uint64_t>(fd) / 8) &&
                byte >> fd % 8 & 1)
                return true;
        }
    }
    return false;
}

}  // namespace

int64_t sys_epoll_ctl(Thread*, Arguments a) {
    constexpr int kEpollCtlDel = 2;
    if (static_cast<int>(a[1]) == kEpollCtlDel) return host_call(SYS_epoll_ctl, a[0], a[1], a[2], 0);
    HostEpollEvent host;
    if (!read_epoll_event(&host, a[3])) return -EFAULT;
    return host_call(SYS_epoll_ctl, a[0], a[1], a[2], reinterpret_cast<uint64_t>(&host));
}

int64_t sys_epoll_pwait(Thread* thread, Arguments a) {
    Call call{thread, SYS_epoll_pwait, {a[0], a[1], a[2], a[3], 0, 0}, 4};
    return spread_events(a[1], call_with_mask(&call, a[4], a[5]));
}

int64_t sys_epoll_pwait2(Thread* thread, Arguments a) {
    Call call{thread, SYS_epoll_pwait2, {a[0], a[1], a[2], a[3], 0, 0}, 4};
    return spread_events(a[1], call_with_mask(&call, a[4], a[5]));
}

// The host writes the remaining time back, so making the call again after a signal goes on where it was. For
// the kernel's answer to a descriptor of the emulator's, which is POLLNVAL, that one goes by another number.
int64_t sys_ppoll(Thread* thread, Arguments a) {
    Call call{thread, SYS_ppoll, {a[0], a[1], a[2], 0, 0, 0}, 3};
    const auto count = static_cast<uint32_t>(a[1]);
    std::vector<pollfd> copy;
    pollfd entry;
    for (uint32_t i = 0; i < count; i++) {
        if (!guest::read_object(&entry, a[0] + i * sizeof entry)) break;
        if (!support::is_hidden_descriptor(entry.fd)) continue;
        if (copy.empty()) {
            copy.resize(count);
            if (!guest::read_memory(copy.data(), a[0], count * sizeof entry)) return -EFAULT;
            call.a[0] = reinterpret_cast<uint64_t>(copy.data());
        }
        copy[i].fd = INT_MAX;
    }
    const int64_t result = call_with_mask(&call, a[3], a[4]);
    for (uint32_t i = 0; i < copy.size() && result >= 0; i++) {
        const uint64_t at = a[0] + i * sizeof entry + offsetof(pollfd, revents);
        if (!guest::write_object(at, copy[i].revents)) return -EFAULT;
    }
    return result;
}

int64_t sys_pselect6(Thread* thread, Arguments a) {
    if (selects_hidden_descriptor(a)) return -EBADF;
    struct {
        uint64_t mask;
        uint64_t size;
    } argument{};
    if (a[5] && !guest::read_object(&argument, a[5])) return -EFAULT;
    Call call{thread, SYS_pselect6, {a[0], a[1], a[2], a[3], a[4], 0}, 5, true};
    return call_with_mask(&call, argument.mask, argument.size);
}

// Those before one that names a descriptor of the emulator's are.
int64_t sys_io_submit(Thread*, Arguments a) {
    constexpr uint64_t kDescriptor = 20;  // in struct iocb
    constexpr int64_t kMost = 1 << 20;
    const int64_t count = static_cast<int64_t>(a[1]);
    uint64_t given = a[1];
    for (int64_t i = 0; i < std::min(count, kMost); i++) {
        uint64_t block = 0;
        int32_t fd = 0;
        if (!guest::read_object(&block, a[2] + static_cast<uint64_t>(i) * sizeof block) ||
            !guest::read_object(&fd, block + kDescriptor))
            break;
        if (!support::is_hidden_descriptor(fd)) continue;
        if (i == 0) return -EBADF;
        given = static_cast<uint64_t>(i);
        break;
    }
    return host_call(SYS_io_submit, a[0], given, a[2]);
}

int64_t sys_io_pgetevents(Thread* thread, Arguments a) {
    struct {
        uint64_t mask;
        uint64_t size;
    } argument{};
    if (a[5] && !guest::read_object(&argument, a[5])) return -EFAULT;
    Call call{thread, SYS_io_pgetevents, {a[0], a[1], a[2], a[3], a[4], 0}, 5, true};
    return call_with_mask(&call, argument.mask, argument.size);
}

}  // namespace armature::syscalls
