// SPDX-License-Identifier: MIT
// How the strace plugin writes arguments: one function per kind that syscalls/syscalls.def names, in a table
// below. Structures are the guest's (AArch64 Linux), read from its memory; what cannot be read is written as
// its address.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
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

#include "tools/plugins/plugin_support.h"

namespace plugin::strace {

// An argument in its call: the others say how long buffers are, the result how much of an output counts.
struct Argument {
    const uint64_t* all;
    unsigned index;
    bool returned;            // outputs can be looked at
    int64_t result;           // if returned
    std::string_view detail;  // what follows the colon: flags:open

    uint64_t value() const { return all[index]; }
    uint64_t next() const { return index + 1 < 8 ? all[index + 1] : 0; }
};

struct FlagName {
    std::string_view table;
    uint64_t value;
    const char* name;
};
inline constexpr FlagName kFlagNames[] = {
#define FLAG(table, value, name) {#table, value, #name},
#include "syscalls/strace_flags.def"
#undef FLAG
};

inline constexpr size_t kShownBytes = 32;
inline constexpr size_t kShownElements = 16;

inline bool read_bytes(uint64_t address, void* to, size_t size) {
    GByteArray bytes = {nullptr, 0};
    bool good = size != 0 && qemu_plugin_read_memory_vaddr(address, &bytes, size);
    if (good) memcpy(to, bytes.data, size);
    free(bytes.data);
    return good;
}

template <typename T>
bool read_object(uint64_t address, T* to) {
    return address != 0 && read_bytes(address, to, sizeof(T));
}

inline std::string number(const char* format, uint64_t value) {
    char text[40];
    snprintf(text, sizeof(text), format, value);
    return text;
}

inline std::string hex(uint64_t value) {
    return number("0x%" PRIx64, value);
}

inline std::string pointer(uint64_t value) {
    return value == 0 ? "NULL" : hex(value);
}

inline std::string quoted(std::string_view bytes, bool more) {
    std::string text = "\"";
    for (unsigned char c : bytes) {
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
                text += "\\\"";
                break;
            case '\\':
                text += "\\\\";
                break;
            default:
                if (c >= 0x20 && c < 0x7f) {
                    text += static_cast<char>(c);
                } else {
                    append(&text, "\\%o", c);
                }
        }
    }
    return text + (more ? "\"..." : "\"");
}

// Page by page: the string may end right before memory that is not there.
inline bool read_string(uint64_t address, size_t limit, std::string* text) {
    text->clear();
    while (text->size() < limit) {
        char bytes[4096];
        uint64_t at = address + text->size();
        size_t size = std::min<size_t>(limit - text->size(), 4096 - at % 4096);
        if (!read_bytes(at, bytes, size)) return false;
        size_t length = strnlen(bytes, size);
        text->append(bytes, length);
        if (length < size) return true;
    }
    return true;
}

inline std::string buffer(uint64_t address, uint64_t size) {
    if (address == 0) return "NULL";
    char bytes[kShownBytes];
    size_t shown = std::min<uint64_t>(size, kShownBytes);
    if (shown == 0) return "\"\"";
    if (!read_bytes(address, bytes, shown)) return hex(address);
    return quoted({bytes, shown}, size > shown);
}

inline std::string flag_list(std::string_view table, uint64_t value) {
    std::string text;
    uint64_t rest = value;
    for (const FlagName& row : kFlagNames) {
        if (row.table != table || row.value == 0 || (rest & row.value) != row.value) continue;
        text += (text.empty() ? "" : "|") + std::string(row.name);
        rest &= ~row.value;
    }
    if (table == "open" && (value & 3) == 0) text = "O_RDONLY" + (text.empty() ? "" : "|" + text);
    if (rest != 0 || text.empty()) text += (text.empty() ? "" : "|") + (rest == 0 ? "0" : hex(rest));
    return text;
}

inline std::string enum_name(std::string_view table, uint64_t value) {
    for (const FlagName& row : kFlagNames) {
        if (row.table == table && row.value == value) return row.name;
    }
    return table == "ioctl" ? hex(value) : number("%" PRId64, value);
}

inline std::string signal_name(uint64_t value) {
    const char* name = value < 32 ? sigabbrev_np(static_cast<int>(value)) : nullptr;
    if (name != nullptr) return std::string("SIG") + name;
    return value >= 32 && value <= 64 ? number("SIGRT_%" PRIu64, value - 32) : number("%" PRIu64, value);
}

inline std::string as_int(const Argument& a) {
    return number("%d", static_cast<uint32_t>(a.value()));
}
inline std::string as_uint(const Argument& a) {
    return number("%u", static_cast<uint32_t>(a.value()));
}
inline std::string as_long(const Argument& a) {
    return number("%" PRId64, a.value());
}
inline std::string as_size(const Argument& a) {
    return number("%" PRIu64, a.value());
}
inline std::string as_hex(const Argument& a) {
    return hex(a.value());
}
inline std::string as_pointer(const Argument& a) {
    return pointer(a.value());
}
inline std::string as_mode(const Argument& a) {
    return number("0%" PRIo64, a.value());
}
inline std::string as_dirfd(const Argument& a) {
    return static_cast<int32_t>(a.value()) == AT_FDCWD ? "AT_FDCWD" : as_int(a);
}
inline std::string as_string(const Argument& a) {
    std::string text;
    if (a.value() == 0) return "NULL";
    return read_string(a.value(), 4096, &text) ? quoted(text, false) : hex(a.value());
}
inline std::string as_result_string(const Argument& a) {
    if (!a.returned || a.result <= 0) return pointer(a.value());
    return buffer(a.value(), static_cast<uint64_t>(a.result));
}
inline std::string as_input_buffer(const Argument& a) {
    return buffer(a.value(), a.next());
}
inline std::string as_flags(const Argument& a) {
    return flag_list(a.detail, static_cast<uint32_t>(a.value()));
}
inline std::string as_enum(const Argument& a) {
    return enum_name(a.detail, static_cast<uint32_t>(a.value()));
}
inline std::string as_signal(const Argument& a) {
    return signal_name(static_cast<uint32_t>(a.value()));
}
inline std::string as_signal_set(const Argument& a) {
    uint64_t set = 0;
    if (!read_object(a.value(), &set)) return pointer(a.value());
    std::string text = "[";
    for (unsigned signo = 1; signo <= 64; signo++) {
        if (set >> (signo - 1) & 1) text += (text.size() == 1 ? "" : " ") + signal_name(signo).substr(3);
    }
    return text + "]";
}
inline std::string as_timespec(const Argument& a) {
    timespec time;
    if (!read_object(a.value(), &time)) return pointer(a.value());
    std::string text;
    append(&text, "{tv_sec=%ld, tv_nsec=%ld}", time.tv_sec, time.tv_nsec);
    return text;
}

// AArch64's struct stat, as far as it is shown.
struct GuestStat {
    uint64_t device, inode;
    uint32_t mode, links, uid, gid;
    uint64_t special_device, padding, size;
};
inline std::string as_stat(const Argument& a) {
    GuestStat stat;
    if (!a.returned || a.result < 0 || !read_object(a.value(), &stat)) return pointer(a.value());
    std::string text;
    append(&text, "{st_mode=0%o, st_size=%" PRIu64 ", ...}", stat.mode, stat.size);
    return text;
}
inline std::string as_iovec(const Argument& a) {
    std::string text = "[";
    uint64_t count = std::min<uint64_t>(a.next(), kShownElements);
    for (uint64_t i = 0; i < count; i++) {
        iovec part;
        if (!read_object(a.value() + i * sizeof(part), &part)) return pointer(a.value());
        text += (i == 0 ? "" : ", ") + std::string("{") +
                buffer(reinterpret_cast<uint64_t>(part.iov_base), part.iov_len);
        append(&text, ", %zu}", part.iov_len);
    }
    return text + (a.next() > count ? ", ...]" : "]");
}
inline std::string as_socket_address(const Argument& a) {
    uint8_t bytes[sizeof(sockaddr_storage)] = {};
    size_t size = std::min<uint64_t>(a.next(), sizeof(bytes));
    sa_family_t family = 0;
    if (a.value() == 0 || size < sizeof(family) || !read_bytes(a.value(), bytes, size))
        return pointer(a.value());
    memcpy(&family, bytes, sizeof(family));
    std::string text = "{" + enum_name("family", family);
    char address[INET6_ADDRSTRLEN] = "";
    if (family == AF_UNIX) {
        const char* path = reinterpret_cast<const char*>(bytes) + offsetof(sockaddr_un, sun_path);
        text += ", " + quoted({path, strnlen(path, size - offsetof(sockaddr_un, sun_path))}, false);
    } else if (family == AF_INET) {
        const auto* in = reinterpret_cast<const sockaddr_in*>(bytes);
        inet_ntop(AF_INET, &in->sin_addr, address, sizeof(address));
        append(&text, ", %s:%u", address, ntohs(in->sin_port));
    } else if (family == AF_INET6) {
        const auto* in = reinterpret_cast<const sockaddr_in6*>(bytes);
        inet_ntop(AF_INET6, &in->sin6_addr, address, sizeof(address));
        append(&text, ", [%s]:%u", address, ntohs(in->sin6_port));
    }
    return text + "}";
}
inline std::string as_pollfds(const Argument& a) {
    std::string text = "[";
    uint64_t count = std::min<uint64_t>(a.next(), kShownElements);
    for (uint64_t i = 0; i < count; i++) {
        pollfd entry;
        if (!read_object(a.value() + i * sizeof(entry), &entry)) return pointer(a.value());
        append(&text, "%s{fd=%d, events=0x%x, revents=0x%x}", i == 0 ? "" : ", ", entry.fd, entry.events,
               entry.revents);
    }
    return text + (a.next() > count ? ", ...]" : "]");
}
inline std::string as_argv(const Argument& a) {
    std::string text = "[";
    for (size_t i = 0; i < kShownElements; i++) {
        uint64_t word = 0;
        std::string string;
        if (!read_object(a.value() + i * 8, &word)) return pointer(a.value());
        if (word == 0) return text + "]";
        text += (i == 0 ? "" : ", ") + (read_string(word, 4096, &string) ? quoted(string, false) : hex(word));
    }
    return text + ", ...]";
}
inline std::string as_wait_status(const Argument& a) {
    int status = 0;
    if (!a.returned || a.result <= 0 || !read_object(a.value(), &status)) return pointer(a.value());
    std::string text;
    if (WIFEXITED(status)) {
        append(&text, "[{exited, status %d}]", WEXITSTATUS(status));
    } else if (WIFSIGNALED(status)) {
        append(&text, "[{killed by %s}]", signal_name(static_cast<unsigned>(WTERMSIG(status))).c_str());
    } else {
        append(&text, "[0x%x]", static_cast<unsigned>(status));
    }
    return text;
}
inline std::string as_descriptor_pair(const Argument& a) {
    int pair[2];
    if (!a.returned || a.result < 0 || !read_object(a.value(), &pair)) return pointer(a.value());
    std::string text;
    append(&text, "[%d, %d]", pair[0], pair[1]);
    return text;
}
inline std::string as_limit(const Argument& a) {
    rlimit limit;
    if (!read_object(a.value(), &limit)) return pointer(a.value());
    auto part = [](rlim_t value) {
        return value == RLIM_INFINITY ? "RLIM_INFINITY" : number("%" PRIu64, value);
    };
    return "{rlim_cur=" + part(limit.rlim_cur) + ", rlim_max=" + part(limit.rlim_max) + "}";
}
inline std::string as_futex_operation(const Argument& a) {
    constexpr uint32_t kPrivate = 128;
    constexpr uint32_t kRealtime = 256;
    auto value = static_cast<uint32_t>(a.value());
    std::string text = enum_name("futex", value & ~(kPrivate | kRealtime));
    if (value & kPrivate) text += "|FUTEX_PRIVATE_FLAG";
    if (value & kRealtime) text += "|FUTEX_CLOCK_REALTIME";
    return text;
}

struct Kind {
    std::string_view name;
    std::string (*format)(const Argument&);
    bool output;  // is written when the call has returned
};
inline constexpr Kind kKinds[] = {
    {"int", as_int, false},
    {"uint", as_uint, false},
    {"long", as_long, false},
    {"size", as_size, false},
    {"hex", as_hex, false},
    {"ptr", as_pointer, false},
    {"mode", as_mode, false},
    {"fd", as_int, false},
    {"anyfd", as_int, false},
    {"dirfd", as_dirfd, false},
    {"path", as_string, false},
    {"str", as_string, false},
    {"ostr", as_result_string, true},
    {"ibuf", as_input_buffer, false},
    {"obuf", as_result_string, true},
    {"signal", as_signal, false},
    {"sigset", as_signal_set, false},
    {"timespec", as_timespec, false},
    {"otimespec", as_timespec, true},
    {"stat", as_stat, true},
    {"iovec", as_iovec, false},
    {"sockaddr", as_socket_address, false},
    {"pollfds", as_pollfds, true},
    {"argv", as_argv, false},
    {"wstatus", as_wait_status, true},
    {"fdpair", as_descriptor_pair, true},
    {"irlimit", as_limit, false},
    {"orlimit", as_limit, true},
    {"futex_op", as_futex_operation, false},
    {"flags", as_flags, false},
    {"enum", as_enum, false},
};

// Kinds that are not in the table are structures nobody has described: their address is shown.
inline const Kind& kind_of(std::string_view name) {
    static constexpr Kind kUnknown = {"", as_pointer, false};
    const Kind* found =
        std::find_if(std::begin(kKinds), std::end(kKinds), [&](const Kind& k) { return k.name == name; });
    return found != std::end(kKinds) ? *found : kUnknown;
}

}  // namespace plugin::strace
