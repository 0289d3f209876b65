// SPDX-License-Identifier: MIT
// Which calls -strace=... shows. What takes a path or a descriptor is seen from the table's rows; the other
// classes are lists of names.
#include <algorithm>
#include <bitset>
#include <string>
#include <string_view>

#include "syscalls/strace.h"

namespace armature::syscalls {
namespace {

// What was asked for; set once, before the guest runs.
bool json_lines = false;
bool filtered = false;
std::bitset<kRows> shown;

// Classes of calls that their arguments do not tell.
struct ClassRow {
    std::string_view name;
    std::string_view calls;  // between spaces
};
constexpr ClassRow kClasses[] = {
    {"network",
     " socket socketpair bind listen accept accept4 connect getsockname getpeername sendto "
     "recvfrom setsockopt getsockopt shutdown sendmsg recvmsg sendmmsg recvmmsg sendfile "},
    {"process",
     " clone clone3 execve execveat exit exit_group wait4 waitid unshare setns pidfd_open "
     "pidfd_send_signal pidfd_getfd kill tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo "
     "process_mrelease "},
    {"memory",
     " brk mmap munmap mremap mprotect pkey_mprotect madvise process_madvise msync mlock mlock2 "
     "munlock mlockall munlockall mincore mbind get_mempolicy set_mempolicy "
     "set_mempolicy_home_node migrate_pages move_pages shmat shmdt mseal remap_file_pages "
     "memfd_create memfd_secret "},
    {"signal",
     " kill tkill tgkill sigaltstack rt_sigsuspend rt_sigaction rt_sigprocmask rt_sigpending "
     "rt_sigtimedwait rt_sigqueueinfo rt_tgsigqueueinfo rt_sigreturn signalfd4 pidfd_send_signal "
     "restart_syscall "},
    {"ipc",
     " msgget msgctl msgrcv msgsnd semget semctl semtimedop semop shmget shmctl shmat shmdt "
     "mq_open mq_unlink mq_timedsend mq_timedreceive mq_notify mq_getsetattr "},
};

bool has_argument(const Row& row, std::string_view kind) {
    const std::string list = "," + std::string(row.arguments) + ",";
    return list.find("," + std::string(kind) + ",") != std::string::npos;
}

bool is_in_class(const Row& row, std::string_view name) {
    if (name == "file") return has_argument(row, "path");
    if (name == "desc") return has_argument(row, "fd") || has_argument(row, "anyfd");
    for (const ClassRow& known : kClasses) {
        if (known.name == name)
            return known.calls.find(" " + std::string(row.name) + " ") != std::string_view::npos;
    }
    return false;
}

// Adds or removes what one word names. False: it names nothing.
bool choose(std::string_view word, bool on) {
    bool any = false;
    for (int64_t number = 0; number < kRows; number++) {
        const Row* found = row(number);
        if (!found) continue;
        // The calls that AArch64 lacks are meant by the names of those that took their place.
        const bool meant = word.starts_with('%')
                               ? is_in_class(*found, word.substr(1))
                               : word == found->name || std::string(word) + "at" == found->name;
        if (!meant) continue;
        shown.set(static_cast<size_t>(number), on);
        any = true;
    }
    return any;
}

}  // namespace

std::string choose_strace(const std::string& words) {
    std::string_view rest = words;
    while (!rest.empty()) {
        const size_t comma = std::min(rest.find(','), rest.size());
        std::string_view word = rest.substr(0, comma);
        rest.remove_prefix(std::min(comma + 1, rest.size()));
        if (word == "json") {
            json_lines = true;
            continue;
        }
        const bool on = !word.starts_with('!');
        if (!on) word.remove_prefix(1);
        // A list that begins with what not to show means all others.
        if (!filtered && !on) shown.set();
        filtered = true;
        if (!choose(word, on)) return std::string(word);
    }
    return {};
}

bool strace_is_json() {
    return json_lines;
}

bool strace_shows(int64_t number) {
    if (!filtered) return true;
    return number >= 0 && number < kRows && shown[static_cast<size_t>(number)];
}

}  // namespace armature::syscalls
