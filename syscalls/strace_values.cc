// SPDX-License-Identifier: MIT
// Arguments that are numbers, strings and buffers, flags and signals.
#include "syscalls/strace_values.h"

#include <fcntl.h>
#include <string.h>

#include <algorithm>

namespace armature::syscalls::strace {

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

// Page by page: the string may end right before memory that is not there.
static bool read_string(const Value& v, std::string* text) {
    constexpr size_t kMost = 4096;
    constexpr size_t kPage = 4096;
    while (text->size() < kMost) {
        char bytes[kPage];
        const uint64_t at = v.value + text->size();
        const size_t size = std::min<size_t>(kMost - text->size(), kPage - at % kPage);
        if (!v.read(bytes, at, size)) return false;
        const size_t length = strnlen(bytes, size);
        text->append(bytes, length);
        if (length < size) return true;
    }
    return true;
}

std::string print_string(const Value& v) {
    std::string text;
    if (v.value == 0 || !read_string(v, &text)) return print_pointer(v);
    return quote(text, false);
}

std::string print_bytes(const Value& v, uint64_t address, uint64_t size) {
    char bytes[kMostText];
    const size_t shown = std::min<uint64_t>(size, sizeof bytes);
    if (!v.read(bytes, address, shown)) return print("0x%llx", static_cast<unsigned long long>(address));
    return quote({bytes, shown}, shown < size);
}

std::string print_input_buffer(const Value& v) {
    return print_bytes(v, v.value, v.next());
}
std::string print_output_buffer(const Value& v) {
    return print_bytes(v, v.value, static_cast<uint64_t>(v.result));
}
std::string print_result_string(const Value& v) {
    uint64_t size = static_cast<uint64_t>(v.result);
    if (size > 0) {
        char last = 0;
        if (v.read_object(&last, v.value + size - 1) && last == 0) size--;  // getcwd counts the end
    }
    char bytes[4096];
    const size_t shown = std::min<uint64_t>(size, sizeof bytes);
    if (!v.read(bytes, v.value, shown)) return print_pointer(v);
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
    if (v.value == 0 || !v.read_object(&set, v.value)) return print_pointer(v);
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

namespace {

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

}  // namespace

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

std::string print_futex_op(const Value& v) {
    std::string text = print_enum("futex", v.value & 0x7f);
    if (v.value & 0x80) text += "|FUTEX_PRIVATE_FLAG";
    if (v.value & 0x100) text += "|FUTEX_CLOCK_REALTIME";
    return text;
}

}  // namespace armature::syscalls::strace
