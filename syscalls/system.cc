// SPDX-License-Identifier: MIT
// What the guest learns of the system, and what it sets for the process as a whole.
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/utsname.h>

#include <algorithm>
#include <atomic>
#include <string>

#include "guest/options.h"
#include "guest/user_access.h"
#include "signals/traced.h"
#include "syscalls/call.h"
#include "syscalls/exec.h"
#include "syscalls/limits.h"
#include "syscalls/path.h"
#include "syscalls/proc_files.h"
#include "syscalls/syscalls.h"

namespace armature::syscalls {
namespace {

using guest::Thread;

// Kept for the guest, never given to the host: they change how the host maps memory for everyone in the
// process.
constexpr uint32_t kGuestOnly = READ_IMPLIES_EXEC | MMAP_PAGE_ZERO | ADDR_COMPAT_LAYOUT | ADDR_LIMIT_32BIT |
                                ADDR_LIMIT_3GB | SHORT_INODE | WHOLE_SECONDS | STICKY_TIMEOUTS;
constexpr uint32_t kQuery = 0xffffffff;
std::atomic<uint32_t> guest_personality{0};

// What was executed: for a script the script, not its interpreter.
std::string executed_name(const ProgramInfo& program) {
    const std::string& auxv = program.auxv;
    for (size_t at = 0; at + 16 <= auxv.size(); at += 16) {
        uint64_t entry[2];
        memcpy(entry, auxv.data() + at, sizeof entry);
        std::string name;
        if (entry[0] == AT_EXECFN && guest::read_string(&name, entry[1], PATH_MAX) == 0) return name;
    }
    return program.path;
}

void set_field(char (&field)[_UTSNAME_LENGTH], const std::string& text) {
    memset(field, 0, sizeof field);
    memcpy(field, text.data(), std::min(text.size(), sizeof field - 1));
}

}  // namespace

void initialise(const ProgramInfo& program) {
    set_program(program);
    signals::describe_for_tracers(program.auxv, program.path);
    open_self();
    open_root();
    read_limits();
    restore_descriptor_limit();
    // The kernel named the process after the emulator (or after a descriptor of it).
    const std::string path = executed_name(program);
    const std::string name = path.substr(path.rfind('/') + 1);
    host_call(SYS_prctl, PR_SET_NAME, reinterpret_cast<uint64_t>(name.c_str()));
}

int64_t sys_uname(Thread*, Arguments a) {
    utsname name{};
    const int64_t result = host_call(SYS_uname, reinterpret_cast<uint64_t>(&name));
    if (result < 0) return result;
    constexpr uint32_t kPer32Bit = 8;  // PER_LINUX32
    set_field(name.machine, (guest_personality.load() & 0xff) == kPer32Bit ? "armv8l" : "aarch64");
    if (!guest::options.uname_release.empty()) set_field(name.release, guest::options.uname_release);
    return guest::write_object(a[0], name) ? 0 : -EFAULT;
}

int64_t sys_personality(Thread*, Arguments a) {
    const auto wanted = static_cast<uint32_t>(a[0]);
    const int64_t host = host_call(SYS_personality, kQuery);
    if (host < 0) return host;
    const uint32_t kept = guest_personality.load();
    const int64_t old = (host & ~int64_t{0xff}) | kept;
    if (wanted == kQuery) return old;
    guest_personality.store(wanted & (kGuestOnly | 0xff));
    const int64_t result = host_call(SYS_personality, wanted & ~(kGuestOnly | 0xff));
    return result < 0 ? result : old;
}

}  // namespace armature::syscalls
