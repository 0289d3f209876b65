// SPDX-License-Identifier: MIT
// Opening, duplicating and closing files. Open flags are converted here and nowhere else (open_flags.h).
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "guest/address_space.h"
#include "guest/user_access.h"
#include "support/descriptors.h"
#include "syscalls/open_flags.h"
#include "syscalls/open_how.h"
#include "syscalls/path.h"
#include "syscalls/proc_files.h"
#include "syscalls/proc_others.h"

namespace armature::syscalls {
namespace {

using guest::Thread;

uint64_t pointer(const void* p) {
    return reinterpret_cast<uint64_t>(p);
}

// The guest has opened `fd`: files that describe the process become the guest's.
int64_t after_open(Thread* thread, int64_t fd, uint64_t dirfd, uint64_t path, uint64_t host_flags) {
    struct stat file;
    if (fd < 0 || fstat(static_cast<int>(fd), &file) != 0) return fd;
    if (is_emulator_file(file) && !(host_flags & O_NOFOLLOW)) {
        const std::string behind = program_behind_exe_link(dirfd, path);
        if (!behind.empty()) {
            close(static_cast<int>(fd));
            return host_call(SYS_openat, static_cast<uint64_t>(AT_FDCWD), pointer(behind.c_str()),
                             host_flags);
        }
    }
    return may_be_on_proc(file) ? substitute_proc_file(thread, fd, host_flags) : fd;
}

// Of a process's descriptor (pidfd), as the kernel shows it; 0: not one, or not known.
int process_of(uint64_t pidfd) {
    const std::string name = "/proc/thread-self/fdinfo/" + std::to_string(static_cast<int>(pidfd));
    const int fd = open(name.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    const std::string text = read_whole(fd);
    close(fd);
    const size_t at = text.find("\nPid:");
    return at == std::string::npos ? 0 : atoi(text.c_str() + at + 5);
}

}  // namespace

int64_t sys_openat(Thread* thread, Arguments a) {
    const uint64_t flags = to_host_open_flags(static_cast<uint32_t>(a[2]));
    const int64_t in_root = open_in_root(thread, a[1], flags, a[3]);
    if (in_root != kNotInRoot) return in_root;
    return after_open(thread, blocking_call(thread, SYS_openat, a[0], a[1], flags, a[3]), a[0], a[1], flags);
}

int64_t read_open_how(open_how* how, uint64_t address, uint64_t size) {
    if (size < sizeof *how) return -EINVAL;
    if (size > guest::kPageSize) return -E2BIG;
    if (!guest::read_object(how, address)) return -EFAULT;
    for (uint64_t offset = sizeof *how; offset < size; offset++) {
        uint8_t byte = 0;
        if (!guest::read_object(&byte, address + offset)) return -EFAULT;
        if (byte) return -E2BIG;
    }
    how->flags = to_host_open_flags(how->flags);
    return 0;
}

int64_t sys_openat2(Thread* thread, Arguments a) {
    open_how how{};
    const int64_t error = read_open_how(&how, a[2], a[3]);
    if (error) return error;
    if (how.resolve == 0) {
        const int64_t in_root = open_in_root(thread, a[1], how.flags, how.mode);
        if (in_root != kNotInRoot) return in_root;
    }
    const int64_t fd = blocking_call(thread, SYS_openat2, a[0], a[1], pointer(&how), sizeof how);
    return after_open(thread, fd, a[0], a[1], how.flags);
}

int64_t sys_open_by_handle_at(Thread*, Arguments a) {
    return host_call(SYS_open_by_handle_at, a[0], a[1], to_host_open_flags(a[2]));
}

int64_t sys_fanotify_init(Thread*, Arguments a) {
    return host_call(SYS_fanotify_init, a[0], to_host_open_flags(a[1]));
}

int64_t sys_pipe2(Thread*, Arguments a) {
    return host_call(SYS_pipe2, a[0], to_host_open_flags(a[1]));
}

int64_t sys_close(Thread*, Arguments a) {
    if (support::is_hidden_descriptor(static_cast<int>(a[0]))) return -EBADF;
    return host_call(SYS_close, a[0]);
}

int64_t sys_dup3(Thread*, Arguments a) {
    if (support::is_hidden_descriptor(static_cast<int>(a[1]))) return -EBADF;
    return host_call(SYS_dup3, a[0], a[1], a[2]);
}

int64_t sys_pidfd_getfd(Thread*, Arguments a) {
    if (support::is_hidden_descriptor(static_cast<int>(a[1])) && process_of(a[0]) == getpid()) return -EBADF;
    return host_call(SYS_pidfd_getfd, a[0], a[1], a[2]);
}

// The range in pieces, around each descriptor of the emulator's.
int64_t sys_close_range(Thread*, Arguments a) {
    const auto first = static_cast<uint32_t>(a[0]);
    const auto last = static_cast<uint32_t>(a[1]);
    uint64_t flags = a[2];
    if (first > last || (flags & ~uint64_t{CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC})) return -EINVAL;
    uint64_t start = first;
    while (start <= last) {
        const int hidden =
            start > INT_MAX ? INT_MAX : support::next_hidden_descriptor(static_cast<int>(start));
        const bool reaches = static_cast<uint64_t>(hidden) <= last && hidden != INT_MAX;
        const uint64_t end = reaches ? static_cast<uint64_t>(hidden) : uint64_t{last} + 1;
        if (end > start) {
            const int64_t result = host_call(SYS_close_range, start, end - 1, flags);
            if (result < 0) return result;
            flags &= ~uint64_t{CLOSE_RANGE_UNSHARE};
        }
        start = end + (reaches ? 1 : 0);
    }
    return 0;
}

int64_t sys_fcntl(Thread* thread, Arguments a) {
    constexpr int kOfdSetLockWait = 38;
    switch (static_cast<int>(a[1])) {
        case F_GETFL: {
            const int64_t flags = host_call(SYS_fcntl, a[0], F_GETFL);
            return flags < 0 ? flags
                             : static_cast<int64_t>(to_guest_open_flags(static_cast<uint64_t>(flags)));
        }
        case F_SETFL:
            return host_call(SYS_fcntl, a[0], F_SETFL, to_host_open_flags(a[2]));
        case F_SETLKW:
        case kOfdSetLockWait:
            return blocking_call(thread, SYS_fcntl, a[0], a[1], a[2]);
        default:
            return host_call(SYS_fcntl, a[0], a[1], a[2]);
    }
}

namespace {

struct DirectoryEntry {
    uint64_t inode;
    int64_t offset;
    uint16_t size;
    uint8_t type;
};
constexpr uint64_t kNameOffset = 19;

// Is this directory /proc/PID/fd or fdinfo?
bool lists_descriptors(uint64_t fd) {
    struct statfs file_system;
    if (fstatfs(static_cast<int>(fd), &file_system) != 0 || file_system.f_type != PROC_SUPER_MAGIC)
        return false;
    const std::string path = path_of_descriptor(static_cast<int64_t>(fd));
    const std::string_view name = std::string_view(path).substr(path.rfind('/') + 1);
    return name == "fd" || name == "fdinfo";
}

bool names_hidden_descriptor(uint64_t entry, size_t size) {
    char name[16] = {};
    if (!guest::read_memory(name, entry + kNameOffset, std::min(sizeof name - 1, size - kNameOffset)))
        return false;
    int fd = 0;
    for (const char* c = name; *c; c++) {
        if (*c < '0' || *c > '9') return false;
        fd = fd * 10 + (*c - '0');
    }
    return support::is_hidden_descriptor(fd);
}

}  // namespace

int64_t sys_getdents64(Thread* thread, Arguments a) {
    const int64_t total = blocking_call(thread, SYS_getdents64, a[0], a[1], a[2]);
    if (total <= 0 || support::next_hidden_descriptor(0) == INT_MAX || !lists_descriptors(a[0])) return total;
    // Entries that stay are moved down over those that go.
    uint64_t kept = a[1];
    for (uint64_t entry = a[1]; entry < a[1] + static_cast<uint64_t>(total);) {
        DirectoryEntry head;
        if (!guest::read_memory(&head, entry, kNameOffset) || head.size < kNameOffset) return -EFAULT;
        if (!names_hidden_descriptor(entry, head.size)) {
            if (kept != entry)
                memmove(reinterpret_cast<void*>(kept), reinterpret_cast<void*>(entry), head.size);
            kept += head.size;
        }
        entry += head.size;
    }
    return static_cast<int64_t>(kept - a[1]);
}

int64_t sys_readlinkat(Thread* thread, Arguments a) {
    if (have_root()) {
        InRoot below(thread, a[1], false);
        if (below.found()) {
            // By descriptor, the kernel's word for a file that is no link is another than by path.
            const int64_t length = host_call(SYS_readlinkat, below.fd(), pointer(kEmptyPath), a[2], a[3]);
            return length == -ENOENT ? -EINVAL : length;
        }
    }
    char link[PATH_MAX];
    const uint64_t room = std::min<uint64_t>(static_cast<uint32_t>(a[3]), sizeof link);
    if (static_cast<int32_t>(a[3]) <= 0) return -EINVAL;
    const int64_t length = host_call(SYS_readlinkat, a[0], a[1], pointer(link), room);
    if (length <= 0) return length;
    std::string_view target(link, static_cast<size_t>(length));
    struct stat file;
    std::string behind;
    if (fstatat(static_cast<int>(a[0]), reinterpret_cast<const char*>(a[1]), &file, 0) == 0 &&
        is_emulator_file(file))
        behind = program_behind_exe_link(a[0], a[1]);
    if (!behind.empty()) target = std::string_view(behind).substr(0, room);
    return guest::write_memory(a[2], target.data(), target.size()) ? static_cast<int64_t>(target.size())
                                                                   : -EFAULT;
}

}  // namespace armature::syscalls
