// SPDX-License-Identifier: MIT
#include "support/descriptors.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>

namespace armature::support {

namespace detail {
constinit int lowest_hidden = INT_MAX;
}

namespace {

constexpr int kReserved = 64;  // how many descriptors of its own the emulator can hide
// The kernel's table of descriptors is as large as the highest one, 8 bytes each, and fork copies it: with
// limits in the millions the emulator stays below this instead of making every process carry such a table.
constexpr uint64_t kHighest = 1u << 12;

int first = -1;                       // where the emulator's part starts
std::atomic<bool> hidden[kReserved];  // by number, from `first`
std::atomic<int> stray{-1};           // one that could not be moved

}  // namespace

bool detail::is_hidden(int fd) {
    if (fd == stray.load(std::memory_order_relaxed)) return true;
    return fd >= first && fd < first + kReserved && hidden[fd - first].load(std::memory_order_relaxed);
}

uint64_t reserve_descriptors() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
    const uint64_t room_above = limit.rlim_max - limit.rlim_cur;
    const uint64_t start = limit.rlim_cur <= kHighest && room_above >= kReserved
                               ? limit.rlim_cur
                               : std::min<uint64_t>(limit.rlim_cur, kHighest) -
                                     std::min<uint64_t>(kReserved, limit.rlim_cur / 2);
    first = static_cast<int>(start);
    return limit.rlim_cur;
}

int hide_descriptor(int fd) {
    if (first < 0 || fd < 0) return fd;
    rlimit limit{};
    const bool raise = getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
                       limit.rlim_cur < static_cast<uint64_t>(first) + kReserved &&
                       limit.rlim_cur < limit.rlim_max;
    if (raise) {
        rlimit raised = limit;
        raised.rlim_cur = std::min<uint64_t>(limit.rlim_max, static_cast<uint64_t>(first) + kReserved);
        setrlimit(RLIMIT_NOFILE, &raised);
    }
    const int moved = fcntl(fd, F_DUPFD_CLOEXEC, first);
    if (raise) setrlimit(RLIMIT_NOFILE, &limit);
    if (moved >= first && moved < first + kReserved) {
        close(fd);
        hidden[moved - first].store(true, std::memory_order_relaxed);
        detail::lowest_hidden = std::min(detail::lowest_hidden, moved);
        return moved;
    }
    if (moved >= 0) close(moved);
    stray.store(fd, std::memory_order_relaxed);
    detail::lowest_hidden = std::min(detail::lowest_hidden, fd);
    return fd;
}

int next_hidden_descriptor(int from) {
    int next = INT_MAX;
    const int lone = stray.load(std::memory_order_relaxed);
    if (lone >= from) next = lone;
    for (int fd = std::max(from, first); first >= 0 && fd < first + kReserved; fd++) {
        if (hidden[fd - first].load(std::memory_order_relaxed)) return std::min(next, fd);
    }
    return next;
}

void close_hidden_descriptor(int fd) {
    if (fd >= first && fd < first + kReserved) hidden[fd - first].store(false, std::memory_order_relaxed);
    if (fd == stray.load(std::memory_order_relaxed)) stray.store(-1, std::memory_order_relaxed);
    close(fd);
}

// Without printf: its code and tables would be paged in for this alone, at every start.
std::string descriptor_path(int fd) {
    const std::string link = "/proc/self/fd/" + std::to_string(fd);
    char path[PATH_MAX];
    const ssize_t length = readlink(link.c_str(), path, sizeof path);
    return {path, length > 0 ? static_cast<size_t>(length) : 0};
}

}  // namespace armature::support
