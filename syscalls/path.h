// SPDX-License-Identifier: MIT
// Looking up the guest's paths. Internal to syscalls/.
#pragma once

#include <cstdint>
#include <string>

#include "syscalls/call.h"

namespace armature::syscalls {

// At start: opens the root that -L names, if there is one.
void open_root();
// After chroot or pivot_root the root's path means something else, or nothing.
void forget_root();
bool have_root();

// Tries `path` (a guest address) under the root, as if that were /: absolute symbolic links stay inside.
// `flags` are the host's. Returns a descriptor, -errno, or kNotInRoot if the path is relative, or not there,
// or there is no root.
inline constexpr int64_t kNotInRoot = -4096;
int64_t open_in_root(guest::Thread* thread, uint64_t path, uint64_t flags, uint64_t mode);

// A path under the root, held open (O_PATH) while it is used.
class InRoot {
  public:
    InRoot(guest::Thread* thread, uint64_t path, bool follow);
    ~InRoot();
    InRoot(const InRoot&) = delete;
    InRoot& operator=(const InRoot&) = delete;

    bool found() const { return fd_ >= 0; }
    uint64_t fd() const { return static_cast<uint64_t>(fd_); }
    // A name of the file itself, for calls that take only paths. Follows it once.
    const char* name();

  private:
    int64_t fd_;
    char name_[40];
};

inline constexpr char kEmptyPath[] = "";

// What a descriptor was opened as: the target of /proc/thread-self/fd/N (the first thread, which
// /proc/self means, may have ended). Empty if it is not known.
std::string path_of_descriptor(int64_t fd);

}  // namespace armature::syscalls
