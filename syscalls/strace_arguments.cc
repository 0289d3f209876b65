// SPDX-License-Identifier: MIT
// Printing arguments for strace. All structures are read with checked accesses: a bad pointer prints as an
// address.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "guest/user_access.h"
#include "syscalls/strace.h"

namespace armature::syscalls {
namespace {

constexpr size_t kMostText = 32;   // characters of a buffer
constexpr size_t kMostItems = 16;  // elements of an array

struct Value {
    uint64_t value;
    Arguments a;
    unsigned index;
    int64_t result;
    uint64_t next() const { return a[index + 1]; }
};

template <typename... Words>
std::string print(const char* format, Words... words) {
    char text[128];
    snprintf(text, sizeof text, format, words...);
    return text;
}

std::string print_int(const Value& v) {
    return std::to_string(static_cast<int32_t>(v.value));
}
std::string print_uint(const Value& v) {
    return std::to_string(static_cast<uint32_t>(v.value));
}
std::string print_long(const Value& v) {
    return std::to_string(static_cast<int64_t>(v.value));
}
std::string print_size(const Value& v) {
    return std::to_string(v.value);
}
std::string print_hex(const Value& v) {
    return print("0x%llx", static_cast<unsigned long long>(v.value));
}
std::string print_pointer(const Value& v) {
    return v.value ? print_hex(v) : "NULL";
}
std::string print_octal(const Value& v) {
    return print("%#o", static_cast<unsigned>(v.value));
}
std::string print_dirfd(const Value& v) {
    return static_cast<int>(v.value) == AT_FDCWD ? "AT_FDCWD" : print_int(v);
}

std::string quote(std::string_view bytes, bool cut) {
    std::string text = "\"";
    for (const char c : bytes) {
        switch (c) {
            case '\n':
                text += "\\n";
                break;
            case '\t':
                text += "\\t";
                break;
            case '\r':
                text += "\\r";
                break;
            case '"':
            case '\\':
                text += '\\';
                text += c;
                break;
            default:
                if (c >= ' ' && c < 127)
                    text += c;
                else
                    text += print("\\%o", static_cast<unsigned>(static_cast<unsigned char>(c)));
        }
    }
    return text + (cut ? "\"..." : "\"");
}

std::string print_string(const Value& v) {
    std::string text;
    if (v.value == 0 || guest::read_string(&text, v.value, 4096) != 0) return print_pointer(v);
    return quote(text, false);
}

std::string print_bytes(uint64_t address, uint64_t size) {
    char bytes[kMostText];
    const size_t shown = std::min<uint64_t>(size, sizeof bytes);
    if (!guest::read_memory(bytes, address, shown))
        return print("0x%llx", static_cast<unsigned long long>(address));
    return quote({bytes, shown}, shown < size);
}

std::string print_input_buffer(const Value& v) {
    return print_bytes(v.value, v.next());
}
std::string print_output_buffer(const Value& v) {
    return print_bytes(v.value, static_cast<uint64_t>(v.result));
}
std::string print_result_string(const Value& v) {
    uint64_t size = static_cast<uint64_t>(v.result);
    if (size > 0) {
        char last = 0;
        if (guest::read_object(&last, v.value + size - 1) && last == 0) size--;  // getcwd counts the end
    }
    char bytes[4096];
    const size_t shown = std::min<uint64_t>(size, sizeof bytes);
    if (!guest::read_memory(bytes, v.value, shown)) return print_pointer(v);
    return quote({bytes, shown}, false);
}

std::string signal_name(uint64_t signo) {
    const char* name = signo < 32 ? sigabbrev_np(static_cast<int>(signo)) : nullptr;
    if (name) return std::string("SIG") + name;
    return signo >= 32 && signo <= 64 ? "SIGRT_" + std::to_string(signo - 32) : std::to_string(signo);
}
std::string print_signal(const Value& v) {
    return signal_name(static_cast<uint32_t>(v.value));
}
std::string print_signal_set(const Value& v) {
    uint64_t set = 0;
    if (v.value == 0 || !guest::read_object(&set, v.value)) return print_pointer(v);
    const bool inverted = __builtin_popcountll(set) > 32;
    if (inverted) set = ~set;
    std::string text = inverted ? "~[" : "[";
    for (unsigned signo = 1; signo <= 64; signo++) {
        if (!(set >> (signo - 1) & 1)) continue;
        if (text.back() != '[') text += ' ';
        text += signal_name(signo);
    }
    return text + "]";
}

std::string print_timespec(const Value& v) {
    timespec time;
    if (v.value == 0 || !guest::read_object(&time, v.value)) return print_pointer(v);
    return print("{tv_sec=%lld, tv_nsec=%ld}", static_cast<long long>(time.tv_sec), time.tv_nsec);
}

// AArch64's struct stat: the mode is at 16, the size at 48.
std::string print_stat(const Value& v) {
    uint32_t mode = 0;
    int64_t size = 0;
    if (!guest::read_object(&mode, v.value + 16) || !guest::read_object(&size, v.value + 48))
        return print_pointer(v);
    return print("{st_mode=0%o, st_size=%lld, ...}", mode, static_cast<long long>(size));
}

std::string print_iovec(const Value& v) {
    std::string text = "[";
    const uint64_t count = v.next();
    for (uint64_t i = 0; i < count; i++) {
        if (i == kMostItems) return text + ", ...]";
        iovec part;
        if (!guest::read_object(&part, v.value + i * sizeof part)) return print_pointer(v);
        if (i) text += ", ";
        text += print("{0x%llx, %zu}", reinterpret_cast<unsigned long long>(part.iov_base), part.iov_len);
    }
    return text + "]";
}

std::string print_sockaddr(const Value& v) {
    const size_t size = std::min<uint64_t>(static_cast<uint32_t>(v.next()), sizeof(sockaddr_un));
    sockaddr_un path{};
    if (v.value == 0 || size < sizeof(sa_family_t) || !guest::read_memory(&path, v.value, size))
        return print_pointer(v);
    char text[INET6_ADDRSTRLEN] = "";
    if (path.sun_family == AF_UNIX) {
        const size_t length = size - sizeof(sa_family_t);
        std::string_view name(path.sun_path, length);
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
    return print("{family=%u, ...}", static_cast<unsigned>(path.sun_family));
}

std::string print_pollfds(const Value& v) {
    std::string text = "[";
    const auto count = static_cast<uint32_t>(v.next());
    for (uint32_t i = 0; i < count; i++) {
        if (i == kMostItems) return text + ", ...]";
        pollfd item;
        if (!guest::read_object(&item, v.value + i * sizeof item)) return print_pointer(v);
        if (i) text += ", ";
        text += print("{fd=%d, events=0x%x, revents=0x%x}", item.fd, static_cast<unsigned>(item.events),
                      static_cast<unsigned>(item.revents));
    }
    return text + "]";
}

std::string print_argv(const Value& v) {
    if (v.value == 0) return "NULL";
    std::string text = "[";
    for (size_t i = 0;; i++) {
        uint64_t word = 0;
        if (!guest::read_object(&word, v.value + i * sizeof word)) return print_pointer(v);
        if (word == 0) return text + "]";
        if (i == kMostItems) return text + ", ...]";
        if (i) text += ", ";
        text += print_string({word, v.a, v.index, 0});
    }
}

std::string print_wait_status(const Value& v) {
    int status = 0;
    if (v.value == 0 || v.result <= 0 || !guest::read_object(&status, v.value)) return print_pointer(v);
    if (WIFEXITED(status)) return print("[exited %d]", WEXITSTATUS(status));
    if (WIFSTOPPED(status))
        return "[stopped by " + signal_name(static_cast<uint64_t>(WSTOPSIG(status))) + "]";
    if (WIFSIGNALED(status))
        return "[killed by " + signal_name(static_cast<uint64_t>(WTERMSIG(status))) + "]";
    return print("[0x%x]", static_cast<unsigned>(status));
}

std::string print_fd_pair(const Value& v) {
    int pair[2];
    if (!guest::read_object(&pair, v.value)) return print_pointer(v);
    return print("[%d, %d]", pair[0], pair[1]);
}

std::string print_epoll_event(const Value& v) {
    struct {
        uint32_t events;
        uint32_t pad;
        uint64_t data;
    } event;
    if (v.value == 0 || !guest::read_object(&event, v.value)) return print_pointer(v);
    return print("{events=0x%x, data=0x%llx}", event.events, static_cast<unsigned long long>(event.data));
}

std::string print_rlimit(const Value& v) {
    rlimit limit;
    if (v.value == 0 || !guest::read_object(&limit, v.value)) return print_pointer(v);
    const auto one = [](rlim_t value) {
        return value == RLIM_INFINITY ? std::string("RLIM_INFINITY") : std::to_string(value);
    };
    return "{rlim_cur=" + one(limit.rlim_cur) + ", rlim_max=" + one(limit.rlim_max) + "}";
}

struct FlagRow {
    std::string_view table;
    uint64_t value;
    const char* name;
};
constexpr FlagRow kFlags[] = {
#define FLAG(table, value, name) {#table, value, #name},
#include "syscalls/strace_flags.def"
#undef FLAG
};

std::string print_flags(std::string_view table, uint64_t value) {
    std::string text = table == "open" && (value & O_ACCMODE) == O_RDONLY ? "O_RDONLY" : "";
    for (const FlagRow& row : kFlags) {
        if (row.table != table || row.value == 0 || (value & row.value) != row.value) continue;
        if (!text.empty()) text += '|';
        text += row.name;
        value &= ~row.value;
    }
    if (value || text.empty()) {
        if (!text.empty()) text += '|';
        text += value ? print("0x%llx", static_cast<unsigned long long>(value)) : "0";
    }
    return text;
}

std::string print_enum(std::string_view table, uint64_t value) {
    for (const FlagRow& row : kFlags) {
        if (row.table == table && row.value == value) return row.name;
    }
    return print("0x%llx", static_cast<unsigned long long>(value));
}

std::string print_open_how(const Value& v) {
    uint64_t how[3];
    if (!guest::read_object(&how, v.value)) return print_pointer(v);
    return "{flags=" + print_flags("open", how[0]) +
           print(", mode=0%llo", static_cast<unsigned long long>(how[1])) +
           print(", resolve=0x%llx}", static_cast<unsigned long long>(how[2]));
}

std::string print_futex_op(const Value& v) {
    std::string text = print_enum("futex", v.value & 0x7f);
    if (v.value & 0x80) text += "|FUTEX_PRIVATE_FLAG";
    if (v.value & 0x100) text += "|FUTEX_CLOCK_REALTIME";
    return text;
}

enum class When { Input, Output };
struct KindRow {
    std::string_view kind;
    std::string (*print)(const Value&);
    When when;
};
constexpr KindRow kKinds[] = {
#define ARGUMENT(kind, function, when) {kind, function, When::when},
#include "syscalls/strace_arguments.def"
#undef ARGUMENT
};

}  // namespace

std::string format_argument(const std::string& kind, Arguments a, unsigned index, const int64_t* result) {
    constexpr std::string_view kFlagsPrefix = "flags:";
    constexpr std::string_view kEnumPrefix = "enum:";
    const std::string_view word = kind;
    const auto narrow = static_cast<uint32_t>(a[index]);  // flags and constants are ints
    if (word.starts_with(kFlagsPrefix)) return print_flags(word.substr(kFlagsPrefix.size()), narrow);
    if (word.starts_with(kEnumPrefix)) return print_enum(word.substr(kEnumPrefix.size()), narrow);
    const Value value{a[index], a, index, result ? *result : 0};
    for (const KindRow& row : kKinds) {
        if (row.kind != word) continue;
        if (row.when == When::Input) return row.print(value);
        if (!result) return {};
        return *result < 0 ? print_pointer(value) : row.print(value);
    }
    return print_hex(value);
}

}  // namespace armature::syscalls
