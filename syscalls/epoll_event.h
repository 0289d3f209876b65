// SPDX-License-Identifier: MIT
// struct epoll_event: x86-64 packs it into 12 bytes, AArch64 does not.
#pragma once

#include <cstdint>

#include "guest/user_access.h"

namespace armature::syscalls {

struct GuestEpollEvent {
    uint32_t events;
    uint32_t pad;
    uint64_t data;
};
struct __attribute__((packed)) HostEpollEvent {
    uint32_t events;
    uint64_t data;
};
static_assert(sizeof(GuestEpollEvent) == 16 && sizeof(HostEpollEvent) == 12);

// False: EFAULT.
inline bool read_epoll_event(HostEpollEvent* to, uint64_t address) {
    GuestEpollEvent event;
    if (!guest::read_object(&event, address)) return false;
    *to = {event.events, event.data};
    return true;
}

}  // namespace armature::syscalls
