// SPDX-License-Identifier: MIT
#include "syscalls/strace_arguments.h"

#include <string.h>

#include "syscalls/strace_values.h"

namespace armature::syscalls {
namespace {

enum class When { Input, Output };
struct KindRow {
    std::string_view kind;
    std::string (*print)(const strace::Value&);
    When when;
};
constexpr KindRow kKinds[] = {
#define ARGUMENT(kind, function, when) {kind, strace::function, When::when},
#include "syscalls/strace_arguments.def"
#undef ARGUMENT
};

// The kernel's own numbers for a call that a signal ended and that may be made again; no program sees them.
constexpr int64_t kFirstRestart = 512;
constexpr int64_t kLastRestart = 516;

bool is_interruption(int64_t result) {
    return result <= -kFirstRestart && result >= -kLastRestart;
}

std::string error_name(int error) {
    const char* name = strerrorname_np(error);
    return name ? name : std::to_string(error);
}

// A JSON string. Arguments have no control characters; the quotes of strings and their escapes are in them.
std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

}  // namespace

std::string format_argument(std::string_view kind, const uint64_t* a, unsigned index, const int64_t* result,
                            ReadMemory read) {
    constexpr std::string_view kFlagsPrefix = "flags:";
    constexpr std::string_view kEnumPrefix = "enum:";
    const auto narrow = static_cast<uint32_t>(a[index]);  // flags and constants are ints
    if (kind.starts_with(kFlagsPrefix)) return strace::print_flags(kind.substr(kFlagsPrefix.size()), narrow);
    if (kind.starts_with(kEnumPrefix)) return strace::print_enum(kind.substr(kEnumPrefix.size()), narrow);
    const strace::Value value{a[index], a, index, result ? *result : 0, read};
    for (const KindRow& row : kKinds) {
        if (row.kind != kind) continue;
        if (row.when == When::Input) return row.print(value);
        if (!result) return {};
        return *result < 0 ? strace::print_pointer(value) : row.print(value);
    }
    return strace::print_hex(value);
}

std::string format_result(int64_t result, bool hex) {
    if (is_interruption(result)) return "? (interrupted by a signal)";
    if (result < 0 && result >= -4095) {
        const int error = static_cast<int>(-result);
        const char* text = strerrordesc_np(error);
        return "-1 " + error_name(error) + " (" + (text ? text : "unknown") + ")";
    }
    return hex ? strace::print("0x%llx", static_cast<unsigned long long>(result)) : std::to_string(result);
}

void DecodedCall::begin(int64_t number, const char* name, const char* kinds, const uint64_t* a,
                        ReadMemory read) {
    number_ = number;
    name_ = name ? name : "syscall_" + std::to_string(number);
    memcpy(a_, a, sizeof a_);
    read_ = read;
    kinds_.clear();
    std::string_view words = kinds ? kinds : "hex,hex,hex,hex,hex,hex,hex,hex";
    const size_t arrow = words.find(" -> ");
    hex_result_ = arrow != std::string_view::npos;
    words = words.substr(0, arrow);
    while (!words.empty()) {
        const size_t comma = words.find(',');
        kinds_.push_back(words.substr(0, comma));
        words = comma == std::string_view::npos ? std::string_view() : words.substr(comma + 1);
    }
    texts_.clear();
    for (unsigned i = 0; i < kinds_.size(); i++)
        texts_.push_back(format_argument(kinds_[i], a_, i, nullptr, read_));
}

void DecodedCall::finish(int64_t result) {
    for (unsigned i = 0; i < kinds_.size(); i++) {
        if (texts_[i].empty()) texts_[i] = format_argument(kinds_[i], a_, i, &result, read_);
    }
}

// An output of a call that is still under way is its address.
std::string DecodedCall::argument(size_t index) const {
    if (!texts_[index].empty()) return texts_[index];
    return strace::print("0x%llx", static_cast<unsigned long long>(a_[index]));
}

std::string DecodedCall::text() const {
    std::string text = name_ + '(';
    for (size_t i = 0; i < texts_.size(); i++) text += (i ? ", " : "") + argument(i);
    return text + ')';
}

std::string DecodedCall::json(const int64_t* result) const {
    std::string line = "\"call\":" + quoted(name_) + ",\"number\":" + std::to_string(number_) + ",\"args\":[";
    for (size_t i = 0; i < texts_.size(); i++) line += (i ? "," : "") + quoted(argument(i));
    line += ']';
    if (!result) return line;
    if (is_interruption(*result)) return line + ",\"interrupted\":true";
    line += ",\"result\":" + std::to_string(*result);
    if (*result < 0 && *result >= -4095)
        line += ",\"errno\":" + quoted(error_name(static_cast<int>(-*result)));
    return line;
}

}  // namespace armature::syscalls
