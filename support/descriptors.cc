// SPDX-License-Identifier: MIT
#include "support/descriptors.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

namespace armature::support {
namespace {

constexpr uint64_t kReserved = 64;
// The kernel's table of descriptors is as large as the highest one, 8 bytes each: with limits in the millions
// the emulator stays below this instead of making every process carry such a table.
constexpr uint64_t kHighest = 1u << 16;

constinit int first_hidden = -1;

}  // namespace

uint64_t reserve_descriptors() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
    const uint64_t guest_limit = limit.rlim_cur;
    if (guest_limit < kHighest) {
        rlimit raised = limit;
        raised.rlim_cur = std::min<uint64_t>(limit.rlim_max, guest_limit + kReserved);
        if (raised.rlim_cur > guest_limit && setrlimit(RLIMIT_NOFILE, &raised) == 0) {
            first_hidden = static_cast<int>(guest_limit);
            return guest_limit;
        }
    }
    first_hidden = static_cast<int>(std::min(guest_limit, kHighest) - std::min(kReserved, guest_limit / 2));
    return guest_limit;
}

int hide_descriptor(int fd) {
    if (first_hidden < 0 || fd < 0) return fd;
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, first_hidden);
    if (moved < 0) return fd;
    close(fd);
    return moved;
}

bool is_hidden_descriptor(int fd) {
    return first_hidden >= 0 && fd >= first_hidden && fd < first_hidden + static_cast<int>(kReserved);
}

}  // namespace armature::support
