// SPDX-License-Identifier: MIT
// Arguments that are structures. All are read with checked accesses: a bad pointer prints as an address.
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>

#include <algorithm>

#include "syscalls/strace_values.h"

namespace armature::syscalls::strace {
namespace {

using Word = unsigned long long;

// "[a, b, ...]" of `count` elements; the address if one cannot be read.
template <typename T, typename Print>
std::string array(const Value& v, uint64_t count, Print print_one) {
    std::string text = "[";
    for (uint64_t i = 0; i < count; i++) {
        if (i == kMostItems) return text + ", ...]";
        T item;
        if (!v.read_object(&item, v.value + i * sizeof item)) return print_pointer(v);
        if (i) text += ", ";
        text += print_one(item);
    }
    return text + "]";
}

std::string time_text(const timespec& time) {
    return print("{tv_sec=%lld, tv_nsec=%ld}", static_cast<long long>(time.tv_sec), time.tv_nsec);
}
std::string time_text(const timeval& time) {
    return print("{tv_sec=%lld, tv_usec=%ld}", static_cast<long long>(time.tv_sec), time.tv_usec);
}

// S_IFREG|0644
std::string mode_text(uint32_t mode) {
    std::string text = print_enum("filetype", mode & S_IFMT);
    return text + print("|0%o", mode & ~static_cast<uint32_t>(S_IFMT));
}

std::string one_part(const Value& v, const iovec& part, bool contents, uint64_t most) {
    const auto base = reinterpret_cast<uint64_t>(part.iov_base);
    const std::string text = contents ? print_bytes(v, base, std::min<uint64_t>(part.iov_len, most))
                                      : print("0x%llx", static_cast<Word>(base));
    return "{iov_base=" + text + print(", iov_len=%zu}", part.iov_len);
}

// `total`: how many bytes of the parts are contents (the result, for input from outside).
std::string parts_text(const Value& v, uint64_t count, uint64_t total) {
    return array<iovec>(v, count, [&](const iovec& part) {
        std::string text = one_part(v, part, true, total);
        total -= std::min<uint64_t>(part.iov_len, total);
        return text;
    });
}

std::string address_text(const Value& v, size_t size) {
    sockaddr_un path{};
    size = std::min(size, sizeof path);
    if (v.value == 0 || size < sizeof(sa_family_t) || !v.read(&path, v.value, size)) return print_pointer(v);
    char text[INET6_ADDRSTRLEN] = "";
    if (path.sun_family == AF_UNIX) {
        std::string_view name(path.sun_path, size - sizeof(sa_family_t));
        if (!name.empty() && name[0] != 0) name = name.substr(0, name.find('\0'));
        return "{AF_UNIX, " + quote(name, false) + "}";
    }
    if (path.sun_family == AF_INET && size >= sizeof(sockaddr_in)) {
        sockaddr_in address;
        memcpy(&address, &path, sizeof address);
        inet_ntop(AF_INET, &address.sin_addr, text, sizeof text);
        return print("{AF_INET, %s:%u}", text, ntohs(address.sin_port));
    }
    if (path.sun_family == AF_INET6 && size >= sizeof(sockaddr_in6)) {
        sockaddr_in6 address;
        memcpy(&address, &path, sizeof address);
        inet_ntop(AF_INET6, &address.sin6_addr, text, sizeof text);
        return print("{AF_INET6, [%s]:%u}", text, ntohs(address.sin6_port));
    }
    return "{" + print_enum("family", path.sun_family) + ", ...}";
}

// `received`: the bytes that came, or all that are sent.
std::string message_text(const Value& v, uint64_t bytes) {
    msghdr message;
    if (!v.read_object(&message)) return print_pointer(v);
    std::string text = "{msg_name=";
    text += address_text(v.at(reinterpret_cast<uint64_t>(message.msg_name)), message.msg_namelen);
    text += ", msg_iov=";
    text += parts_text(v.at(reinterpret_cast<uint64_t>(message.msg_iov)), message.msg_iovlen, bytes);
    return text + print(", msg_controllen=%zu, msg_flags=0x%x}", message.msg_controllen,
                        static_cast<unsigned>(message.msg_flags));
}

struct GuestEpollEvent {
    uint32_t events;
    uint32_t pad;
    uint64_t data;
};
std::string epoll_text(const GuestEpollEvent& event) {
    return "{events=" + print_flags("epoll", event.events) +
           print(", data=0x%llx}", static_cast<Word>(event.data));
}

template <typename Interval>
std::string interval_text(const Value& v) {
    Interval timer;
    if (!v.read_object(&timer)) return print_pointer(v);
    return "{it_interval=" + time_text(timer.it_interval) + ", it_value=" + time_text(timer.it_value) + "}";
}

std::string strings_text(const Value& v) {
    std::string text = "[";
    for (size_t i = 0;; i++) {
        uint64_t word = 0;
        if (!v.read_object(&word, v.value + i * sizeof word)) return print_pointer(v);
        if (word == 0) return text + "]";
        if (i == kMostItems) return text + ", ...]";
        if (i) text += ", ";
        text += print_string(v.at(word));
    }
}

}  // namespace

std::string print_timespec(const Value& v) {
    timespec time;
    return v.read_object(&time) ? time_text(time) : print_pointer(v);
}

std::string print_timespec_pair(const Value& v) {
    if (v.value == 0) return "NULL";
    return array<timespec>(v, 2, [](const timespec& time) {
        if (time.tv_nsec == UTIME_NOW) return std::string("UTIME_NOW");
        if (time.tv_nsec == UTIME_OMIT) return std::string("UTIME_OMIT");
        return time_text(time);
    });
}

std::string print_timeval(const Value& v) {
    timeval time;
    return v.read_object(&time) ? time_text(time) : print_pointer(v);
}

std::string print_itimerval(const Value& v) {
    return interval_text<itimerval>(v);
}

std::string print_itimerspec(const Value& v) {
    return interval_text<itimerspec>(v);
}

// AArch64's struct stat: the mode is at 16, the size at 48.
std::string print_stat(const Value& v) {
    uint32_t mode = 0;
    int64_t size = 0;
    if (!v.read_object(&mode, v.value + 16) || !v.read_object(&size, v.value + 48)) return print_pointer(v);
    return "{st_mode=" + mode_text(mode) + print(", st_size=%lld, ...}", static_cast<long long>(size));
}

std::string print_statx(const Value& v) {
    struct statx file;
    if (!v.read_object(&file)) return print_pointer(v);
    return print("{stx_mask=0x%x, stx_mode=", file.stx_mask) + mode_text(file.stx_mode) +
           print(", stx_size=%llu, ...}", static_cast<Word>(file.stx_size));
}

std::string print_statfs(const Value& v) {
    struct statfs system;
    if (!v.read_object(&system)) return print_pointer(v);
    return print("{f_type=0x%llx, f_bsize=%lld, f_blocks=%llu, f_bfree=%llu, ...}",
                 static_cast<Word>(system.f_type), static_cast<long long>(system.f_bsize),
                 static_cast<Word>(system.f_blocks), static_cast<Word>(system.f_bfree));
}

std::string print_iovec(const Value& v) {
    return parts_text(v, v.next(), UINT64_MAX);
}

std::string print_received_iovec(const Value& v) {
    return parts_text(v, v.next(), static_cast<uint64_t>(v.result));
}

std::string print_message(const Value& v) {
    return message_text(v, UINT64_MAX);
}

std::string print_received_message(const Value& v) {
    return message_text(v, static_cast<uint64_t>(v.result));
}

std::string print_sockaddr(const Value& v) {
    return address_text(v, static_cast<uint32_t>(v.next()));
}

// The next argument is the address of the length.
std::string print_received_sockaddr(const Value& v) {
    uint32_t size = 0;
    return v.read_object(&size, v.next()) ? address_text(v, size) : print_pointer(v);
}

std::string print_pollfds(const Value& v) {
    return array<pollfd>(v, static_cast<uint32_t>(v.next()), [](const pollfd& item) {
        return print("{fd=%d, events=", item.fd) + print_flags("poll", static_cast<uint16_t>(item.events)) +
               ", revents=" + print_flags("poll", static_cast<uint16_t>(item.revents)) + "}";
    });
}

std::string print_argv(const Value& v) {
    return v.value == 0 ? "NULL" : strings_text(v);
}

// Long and mostly the same: only how many there are.
std::string print_environment(const Value& v) {
    uint64_t count = 0;
    for (uint64_t word = 1; word != 0; count++) {
        if (!v.read_object(&word, v.value + count * sizeof word)) return print_pointer(v);
    }
    return print("0x%llx /* %llu variables */", static_cast<Word>(v.value), static_cast<Word>(count - 1));
}

std::string print_wait_status(const Value& v) {
    int status = 0;
    if (v.result <= 0 || !v.read_object(&status)) return print_pointer(v);
    if (WIFEXITED(status)) return print("[exited %d]", WEXITSTATUS(status));
    if (WIFSTOPPED(status))
        return "[stopped by " + signal_name(static_cast<uint64_t>(WSTOPSIG(status))) + "]";
    if (WIFSIGNALED(status))
        return "[killed by " + signal_name(static_cast<uint64_t>(WTERMSIG(status))) + "]";
    return print("[0x%x]", static_cast<unsigned>(status));
}

std::string print_signal_info(const Value& v) {
    siginfo_t info;
    if (!v.read_object(&info)) return print_pointer(v);
    return "{si_signo=" + signal_name(static_cast<uint64_t>(info.si_signo)) +
           print(", si_code=%d, si_pid=%d, si_uid=%u, ...}", info.si_code, info.si_pid, info.si_uid);
}

// AArch64's struct: handler, flags, restorer, mask.
std::string print_sigaction(const Value& v) {
    struct {
        uint64_t handler, flags, restorer;
    } action;
    if (!v.read_object(&action)) return print_pointer(v);
    std::string handler = print("0x%llx", static_cast<Word>(action.handler));
    if (action.handler == 0) handler = "SIG_DFL";
    if (action.handler == 1) handler = "SIG_IGN";
    return "{sa_handler=" + handler + ", sa_mask=" + print_signal_set(v.at(v.value + sizeof action)) +
           ", sa_flags=" + print_flags("sigaction", static_cast<uint32_t>(action.flags)) + "}";
}

std::string print_fd_pair(const Value& v) {
    int pair[2];
    if (!v.read_object(&pair)) return print_pointer(v);
    return print("[%d, %d]", pair[0], pair[1]);
}

std::string print_int_cell(const Value& v) {
    int cell = 0;
    return v.read_object(&cell) ? print("[%d]", cell) : print_pointer(v);
}

std::string print_epoll_event(const Value& v) {
    GuestEpollEvent event;
    return v.read_object(&event) ? epoll_text(event) : print_pointer(v);
}

std::string print_epoll_events(const Value& v) {
    return array<GuestEpollEvent>(v, static_cast<uint64_t>(v.result), epoll_text);
}

std::string print_rlimit(const Value& v) {
    rlimit limit;
    if (!v.read_object(&limit)) return print_pointer(v);
    const auto one = [](rlim_t value) {
        return value == RLIM_INFINITY ? std::string("RLIM_INFINITY") : std::to_string(value);
    };
    return "{rlim_cur=" + one(limit.rlim_cur) + ", rlim_max=" + one(limit.rlim_max) + "}";
}

std::string print_rusage(const Value& v) {
    rusage usage;
    if (!v.read_object(&usage)) return print_pointer(v);
    return "{ru_utime=" + time_text(usage.ru_utime) + ", ru_stime=" + time_text(usage.ru_stime) + ", ...}";
}

std::string print_sysinfo(const Value& v) {
    struct sysinfo info;
    if (!v.read_object(&info)) return print_pointer(v);
    return print("{uptime=%lld, totalram=%llu, freeram=%llu, procs=%u, ...}",
                 static_cast<long long>(info.uptime), static_cast<Word>(info.totalram),
                 static_cast<Word>(info.freeram), static_cast<unsigned>(info.procs));
}

std::string print_utsname(const Value& v) {
    utsname name;
    if (!v.read_object(&name)) return print_pointer(v);
    const auto field = [](const char* text, size_t size) {
        return quote({text, strnlen(text, size)}, false);
    };
    return "{sysname=" + field(name.sysname, sizeof name.sysname) +
           ", nodename=" + field(name.nodename, sizeof name.nodename) +
           ", release=" + field(name.release, sizeof name.release) +
           ", machine=" + field(name.machine, sizeof name.machine) + ", ...}";
}

std::string print_sched_param(const Value& v) {
    sched_param parameters;
    return v.read_object(&parameters) ? print("[%d]", parameters.sched_priority) : print_pointer(v);
}

std::string print_clone_arguments(const Value& v) {
    uint64_t words[8];  // flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls
    if (!v.read_object(&words)) return print_pointer(v);
    return "{flags=" + print_flags("clone", words[0]) + ", exit_signal=" + signal_name(words[4]) +
           print(", stack=0x%llx, stack_size=0x%llx, tls=0x%llx, ...}", static_cast<Word>(words[5]),
                 static_cast<Word>(words[6]), static_cast<Word>(words[7]));
}

std::string print_uring_parameters(const Value& v) {
    io_uring_params p;
    if (!v.read_object(&p)) return print_pointer(v);
    return "{flags=" + print_flags("uring_setup", p.flags) +
           print(", sq_entries=%u, cq_entries=%u, features=0x%x}", p.sq_entries, p.cq_entries, p.features);
}

std::string print_open_how(const Value& v) {
    uint64_t how[3];
    if (!v.read_object(&how)) return print_pointer(v);
    return "{flags=" + print_flags("open", how[0]) + print(", mode=0%llo", static_cast<Word>(how[1])) +
           print(", resolve=0x%llx}", static_cast<Word>(how[2]));
}

}  // namespace armature::syscalls::strace
