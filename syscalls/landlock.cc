// SPDX-License-Identifier: MIT
// landlock: the host's, which enforces the guest's rules on the guest's system calls as it would natively. A
// program is executed by executing the emulator and reading the program: whether the program itself may be
// executed is asked for (loader::may_execute), and the emulator needs rules of its own.
//
// So before a ruleset is put in force it gets what its author cannot know of: its subjects may read and
// execute the emulator's executable and the libraries and plugins that it has loaded. Nothing else is added.
// What the emulator read before it has in memory, or open.
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <linux/landlock.h>
#include <unistd.h>

#include "guest/user_access.h"
#include "loader/elf_file.h"
#include "support/descriptors.h"
#include "syscalls/call.h"
#include "syscalls/exec.h"

namespace armature::syscalls {
namespace {

// The kernel takes only rights that the ruleset is about, and does not tell which those are.
void allow(uint64_t ruleset, int fd) {
    constexpr uint64_t kRights[] = {LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE,
                                    LANDLOCK_ACCESS_FS_EXECUTE, LANDLOCK_ACCESS_FS_READ_FILE};
    for (const uint64_t rights : kRights) {
        const landlock_path_beneath_attr rule{rights, fd};
        if (host_call(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH,
                      reinterpret_cast<uint64_t>(&rule), 0) != -EINVAL)
            return;
    }
}

int allow_library(dl_phdr_info* info, size_t, void* argument) {
    if (!info->dlpi_name || info->dlpi_name[0] != '/') return 0;
    const int fd = open(info->dlpi_name, O_PATH | O_CLOEXEC);
    if (fd < 0) return 0;
    allow(*static_cast<const uint64_t*>(argument), fd);
    close(fd);
    return 0;
}

}  // namespace

int64_t sys_landlock_add_rule(guest::Thread*, Arguments a) {
    landlock_path_beneath_attr rule;
    if (a[1] == LANDLOCK_RULE_PATH_BENEATH && guest::read_object(&rule, a[2]) &&
        support::is_hidden_descriptor(rule.parent_fd))
        return -EBADF;
    return host_call(SYS_landlock_add_rule, a[0], a[1], a[2], a[3]);
}

int64_t sys_landlock_restrict_self(guest::Thread*, Arguments a) {
    uint64_t ruleset = a[0];
    allow(ruleset, self_descriptor());
    dl_iterate_phdr(allow_library, &ruleset);
    const int64_t result = host_call(SYS_landlock_restrict_self, ruleset, a[1]);
    if (result == 0) loader::set_landlocked();
    return result;
}

}  // namespace armature::syscalls
