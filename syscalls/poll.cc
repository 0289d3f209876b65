// SPDX-License-Identifier: MIT
// Waiting for several descriptors: epoll, whose events x86-64 packs into 12 bytes and AArch64 does not, and
// the calls that wait under a signal mask of their own, which signals/ puts in force atomically.
#include <errno.h>

#include "guest/user_access.h"
#include "signals/signals.h"
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

// The host writes the remaining time back, so making the call again after a signal goes on where it was.
int64_t sys_ppoll(Thread* thread, Arguments a) {
    Call call{thread, SYS_ppoll, {a[0], a[1], a[2], 0, 0, 0}, 3};
    return call_with_mask(&call, a[3], a[4]);
}

int64_t sys_pselect6(Thread* thread, Arguments a) {
    struct {
        uint64_t mask;
        uint64_t size;
    } argument{};
    if (a[5] && !guest::read_object(&argument, a[5])) return -EFAULT;
    Call call{thread, SYS_pselect6, {a[0], a[1], a[2], a[3], a[4], 0}, 5, true};
    return call_with_mask(&call, argument.mask, argument.size);
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
