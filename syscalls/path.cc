// SPDX-License-Identifier: MIT
// The root that -L names: absolute paths that exist below it are meant there, others on the host.
//
// As with qemu-aarch64's -L this holds for calls that look (open, stat, access, readlink, exec, ...), not for
// those that make, rename or remove names. Unlike it, the lookup happens as if the root were /, by openat2's
// RESOLVE_IN_ROOT: an absolute symbolic link such as /etc/alternatives/awk leads to the root's file, not to
// the host's. The kernel's own file systems (/proc, /sys, /dev) are always the host's. Without -L none of
// this costs anything.
#include "syscalls/path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "guest/options.h"
#include "guest/user_access.h"
#include "loader/loader.h"
#include "support/descriptors.h"

namespace armature::syscalls {
namespace {

using guest::Thread;

int root_fd = -1;

uint64_t pointer(const void* p) {
    return reinterpret_cast<uint64_t>(p);
}

bool is_kernel_file_system(const char* path) {
    for (const char* name : {"/proc", "/sys", "/dev"}) {
        const size_t length = strlen(name);
        if (strncmp(path, name, length) == 0 && (path[length] == 0 || path[length] == '/')) return true;
    }
    return false;
}

// True if the path is one to look for under the root.
bool is_candidate(uint64_t path) {
    if (root_fd < 0) return false;
    char start[8] = {};
    for (size_t i = 0; i < sizeof start - 1; i++) {
        if (!guest::read_object(&start[i], path + i) || start[i] == 0) break;
    }
    return start[0] == '/' && !is_kernel_file_system(start);
}

// Without openat2 (Linux before 5.6, some sandboxes): the path is resolved link by link, and then opened.
int64_t open_resolved(Thread* thread, uint64_t path, uint64_t flags, uint64_t mode) {
    std::string given;
    const int error = guest::read_string(&given, path, PATH_MAX);
    if (error) return error;
    const std::string below = loader::resolve_in_root(given, !(flags & O_NOFOLLOW));
    if (below == given) return -ENOENT;
    return blocking_call(thread, SYS_openat, static_cast<uint64_t>(AT_FDCWD), pointer(below.c_str()), flags,
                         mode);
}

int64_t open_below(Thread* thread, uint64_t path, uint64_t flags, uint64_t mode) {
    constexpr int kTries = 32;
    open_how how{};
    how.flags = flags;
    how.mode = mode;
    how.resolve = RESOLVE_IN_ROOT;
    const uint64_t root = static_cast<uint64_t>(root_fd);
    int64_t fd = -EAGAIN;
    // EAGAIN: a rename raced with "..", or a non-blocking open cannot be had now.
    for (int i = 0; fd == -EAGAIN && i < kTries; i++) {
        // What only looks at names does not sleep; an interruption must not look like an absent file.
        fd = flags & O_PATH ? host_call(SYS_openat2, root, path, pointer(&how), sizeof how)
                            : blocking_call(thread, SYS_openat2, root, path, pointer(&how), sizeof how);
    }
    return fd == -ENOSYS ? open_resolved(thread, path, flags, mode) : fd;
}

bool is_absent(int64_t result) {
    return result == -ENOENT || result == -ENOTDIR;
}

// The host call `number`; `below_root` instead if the path is under the root, with a name of that file.
int64_t on_path(Thread* thread, long number, long below_root, Arguments a, bool follow) {
    if (have_root()) {
        InRoot below(thread, a[0], follow);
        if (below.found()) return host_call(below_root, pointer(below.name()), a[1], a[2], a[3], a[4], a[5]);
    }
    return host_call(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

}  // namespace

void open_root() {
    if (guest::options.root.empty() || guest::options.root == "/") return;
    const int fd = open(guest::options.root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) root_fd = support::hide_descriptor(fd);
}

void forget_root() {
    if (root_fd >= 0) support::close_hidden_descriptor(root_fd);
    root_fd = -1;
}

bool have_root() {
    return root_fd >= 0;
}

int64_t open_in_root(Thread* thread, uint64_t path, uint64_t flags, uint64_t mode) {
    if (!is_candidate(path)) return kNotInRoot;
    // openat2 is strict where openat ignores what it does not know.
    // O_SYNC holds O_DSYNC, O_TMPFILE holds O_DIRECTORY, and O_LARGEFILE is implied.
    constexpr uint64_t kKnown = O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK |
                                O_ASYNC | O_DIRECT | O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_SYNC | O_PATH |
                                O_TMPFILE;
    flags &= kKnown;
    if (flags & O_PATH) flags &= O_PATH | O_CLOEXEC | O_DIRECTORY | O_NOFOLLOW;
    const bool creates = (flags & O_CREAT) != 0;
    if (creates && (flags & O_EXCL)) {
        const int64_t fd = open_below(thread, path, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
        if (fd < 0) return kNotInRoot;
        close(static_cast<int>(fd));
        return -EEXIST;
    }
    const bool temporary = (flags & O_TMPFILE) == O_TMPFILE;
    const int64_t fd =
        open_below(thread, path, flags & ~static_cast<uint64_t>(O_CREAT), temporary ? mode & 07777 : 0);
    return is_absent(fd) ? kNotInRoot : fd;
}

InRoot::InRoot(Thread* thread, uint64_t path, bool follow) : fd_(-1) {
    if (!is_candidate(path)) return;
    fd_ = open_below(thread, path, O_PATH | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW), 0);
}

InRoot::~InRoot() {
    if (fd_ >= 0) close(static_cast<int>(fd_));
}

const char* InRoot::name() {
    snprintf(name_, sizeof name_, "/proc/thread-self/fd/%d", static_cast<int>(fd_));
    return name_;
}

std::string path_of_descriptor(int64_t fd) {
    char name[40];
    char target[4096];
    snprintf(name, sizeof name, "/proc/thread-self/fd/%d", static_cast<int>(fd));
    const ssize_t length = readlink(name, target, sizeof target);
    return length > 0 ? std::string(target, static_cast<size_t>(length)) : std::string();
}

int64_t sys_chroot(Thread*, Arguments a) {
    const int64_t result = host_call(SYS_chroot, a[0]);
    if (result == 0) forget_root();
    return result;
}

int64_t sys_pivot_root(Thread*, Arguments a) {
    const int64_t result = host_call(SYS_pivot_root, a[0], a[1]);
    if (result == 0) forget_root();
    return result;
}

// The host's directory if there is one: what the guest then creates by a relative name must be where it would
// be by its absolute name, which is the host's.
int64_t sys_chdir(Thread* thread, Arguments a) {
    const int64_t result = host_call(SYS_chdir, a[0]);
    if (!is_absent(result) || !have_root()) return result;
    InRoot below(thread, a[0], true);
    return below.found() ? host_call(SYS_fchdir, below.fd()) : result;
}

int64_t sys_faccessat(Thread* thread, Arguments a) {
    if (have_root()) {
        InRoot below(thread, a[1], true);
        if (below.found())
            return host_call(SYS_faccessat2, below.fd(), pointer(kEmptyPath), a[2], AT_EMPTY_PATH);
    }
    return host_call(SYS_faccessat, a[0], a[1], a[2]);
}

int64_t sys_faccessat2(Thread* thread, Arguments a) {
    if (have_root()) {
        InRoot below(thread, a[1], !(a[3] & AT_SYMLINK_NOFOLLOW));
        if (below.found())
            return host_call(SYS_faccessat2, below.fd(), pointer(kEmptyPath), a[2], a[3] | AT_EMPTY_PATH);
    }
    return host_call(SYS_faccessat2, a[0], a[1], a[2], a[3]);
}

int64_t sys_statfs(Thread* thread, Arguments a) {
    if (have_root()) {
        InRoot below(thread, a[0], true);
        if (below.found()) return host_call(SYS_fstatfs, below.fd(), a[1]);
    }
    return host_call(SYS_statfs, a[0], a[1]);
}

int64_t sys_inotify_add_watch(Thread* thread, Arguments a) {
    constexpr uint64_t kDontFollow = 0x02000000;  // IN_DONT_FOLLOW
    if (have_root()) {
        InRoot below(thread, a[1], !(a[2] & kDontFollow));
        if (below.found())
            return host_call(SYS_inotify_add_watch, a[0], pointer(below.name()), a[2] & ~kDontFollow);
    }
    return host_call(SYS_inotify_add_watch, a[0], a[1], a[2]);
}

// A last symbolic link that is not to be followed is held open itself, and its name under /proc/self/fd leads
// to it.
int64_t sys_setxattr(Thread* thread, Arguments a) {
    return on_path(thread, SYS_setxattr, SYS_setxattr, a, true);
}

int64_t sys_getxattr(Thread* thread, Arguments a) {
    return on_path(thread, SYS_getxattr, SYS_getxattr, a, true);
}

int64_t sys_listxattr(Thread* thread, Arguments a) {
    return on_path(thread, SYS_listxattr, SYS_listxattr, a, true);
}

int64_t sys_removexattr(Thread* thread, Arguments a) {
    return on_path(thread, SYS_removexattr, SYS_removexattr, a, true);
}

int64_t sys_lsetxattr(Thread* thread, Arguments a) {
    return on_path(thread, SYS_lsetxattr, SYS_setxattr, a, false);
}

int64_t sys_lgetxattr(Thread* thread, Arguments a) {
    return on_path(thread, SYS_lgetxattr, SYS_getxattr, a, false);
}

int64_t sys_llistxattr(Thread* thread, Arguments a) {
    return on_path(thread, SYS_llistxattr, SYS_listxattr, a, false);
}

int64_t sys_lremovexattr(Thread* thread, Arguments a) {
    return on_path(thread, SYS_lremovexattr, SYS_removexattr, a, false);
}

}  // namespace armature::syscalls
