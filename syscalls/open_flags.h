// SPDX-License-Identifier: MIT
// The four open flags that have other numbers on AArch64 than on x86-64. All other bits are the same.
#pragma once

#include <fcntl.h>

#include <cstdint>

namespace armature::syscalls {

struct OpenFlagRow {
    uint64_t guest;
    uint64_t host;
    const char* name;
};

inline constexpr OpenFlagRow kOpenFlags[] = {
    {040000, 0200000, "O_DIRECTORY"},
    {0100000, 0400000, "O_NOFOLLOW"},
    {0200000, 040000, "O_DIRECT"},
    {0400000, 0100000, "O_LARGEFILE"},
};

constexpr uint64_t to_host_open_flags(uint64_t guest) {
    uint64_t host = guest & ~uint64_t{0740000};
    for (const OpenFlagRow& row : kOpenFlags) {
        if (guest & row.guest) host |= row.host;
    }
    return host;
}

constexpr uint64_t to_guest_open_flags(uint64_t host) {
    uint64_t guest = host & ~uint64_t{0740000};
    for (const OpenFlagRow& row : kOpenFlags) {
        if (host & row.host) guest |= row.guest;
    }
    return guest;
}

static_assert(to_guest_open_flags(to_host_open_flags(0777777)) == 0777777);

}  // namespace armature::syscalls
