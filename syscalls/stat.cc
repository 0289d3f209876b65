// SPDX-License-Identifier: MIT
// struct stat: AArch64 has the generic layout, x86-64 one of its own. statx has one layout everywhere.
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "guest/user_access.h"
#include "syscalls/path.h"
#include "syscalls/proc_files.h"
#include "syscalls/proc_others.h"

namespace armature::syscalls {
namespace {

using guest::Thread;

struct GuestStat {
    uint64_t dev;
    uint64_t ino;
    uint32_t mode;
    uint32_t nlink;
    uint32_t uid;
    uint32_t gid;
    uint64_t rdev;
    uint64_t pad1;
    int64_t size;
    int32_t blksize;
    int32_t pad2;
    int64_t blocks;
    int64_t atime;
    uint64_t atime_nsec;
    int64_t mtime;
    uint64_t mtime_nsec;
    int64_t ctime;
    uint64_t ctime_nsec;
    uint32_t unused[2];
};
static_assert(sizeof(GuestStat) == 128);

int64_t write_stat(uint64_t to, const struct stat& host) {
    GuestStat guest{};
    guest.dev = host.st_dev;
    guest.ino = host.st_ino;
    guest.mode = host.st_mode;
    guest.nlink = static_cast<uint32_t>(host.st_nlink);
    guest.uid = host.st_uid;
    guest.gid = host.st_gid;
    guest.rdev = host.st_rdev;
    guest.size = host.st_size;
    guest.blksize = static_cast<int32_t>(host.st_blksize);
    guest.blocks = host.st_blocks;
    guest.atime = host.st_atim.tv_sec;
    guest.atime_nsec = static_cast<uint64_t>(host.st_atim.tv_nsec);
    guest.mtime = host.st_mtim.tv_sec;
    guest.mtime_nsec = static_cast<uint64_t>(host.st_mtim.tv_nsec);
    guest.ctime = host.st_ctim.tv_sec;
    guest.ctime_nsec = static_cast<uint64_t>(host.st_ctim.tv_nsec);
    return guest::write_object(to, guest) ? 0 : -EFAULT;
}

uint64_t pointer(const void* p) {
    return reinterpret_cast<uint64_t>(p);
}

}  // namespace

int64_t sys_fstat(Thread*, Arguments a) {
    struct stat file;
    const int64_t result = host_call(SYS_fstat, a[0], pointer(&file));
    return result < 0 ? result : write_stat(a[1], file);
}

int64_t sys_newfstatat(Thread* thread, Arguments a) {
    struct stat file;
    int64_t result;
    const bool follow = !(a[3] & AT_SYMLINK_NOFOLLOW);
    if (have_root()) {
        InRoot below(thread, a[1], follow);
        if (below.found()) {
            result = host_call(SYS_newfstatat, below.fd(), pointer(kEmptyPath), pointer(&file),
                               a[3] | AT_EMPTY_PATH);
            return result < 0 ? result : write_stat(a[2], file);
        }
    }
    result = host_call(SYS_newfstatat, a[0], a[1], pointer(&file), a[3]);
    if (result < 0) return result;
    if (is_emulator_file(file) && follow) {
        const std::string behind = program_behind_exe_link(a[0], a[1]);
        if (!behind.empty())
            result = host_call(SYS_newfstatat, static_cast<uint64_t>(AT_FDCWD), pointer(behind.c_str()),
                               pointer(&file), 0);
        if (result < 0) return result;
    }
    return write_stat(a[2], file);
}

int64_t sys_statx(Thread* thread, Arguments a) {
    if (have_root()) {
        InRoot below(thread, a[1], !(a[2] & AT_SYMLINK_NOFOLLOW));
        if (below.found())
            return host_call(SYS_statx, below.fd(), pointer(kEmptyPath), a[2] | AT_EMPTY_PATH, a[3], a[4]);
    }
    const int64_t result = host_call(SYS_statx, a[0], a[1], a[2], a[3], a[4]);
    if (result < 0 || a[2] & AT_SYMLINK_NOFOLLOW) return result;
    struct statx found;
    if (!guest::read_object(&found, a[4])) return -EFAULT;
    struct stat file {};
    file.st_dev = makedev(found.stx_dev_major, found.stx_dev_minor);
    file.st_ino = found.stx_ino;
    if (!is_emulator_file(file)) return result;
    const std::string behind = program_behind_exe_link(a[0], a[1]);
    if (behind.empty()) return result;
    return host_call(SYS_statx, static_cast<uint64_t>(AT_FDCWD), pointer(behind.c_str()), a[2], a[3], a[4]);
}

}  // namespace armature::syscalls
