// SPDX-License-Identifier: MIT
#include "syscalls/strace.h"

#include <string.h>

#include "guest/user_access.h"
#include "signals/signals.h"
#include "support/log.h"

namespace armature::syscalls {
namespace {

// Of this thread. A vfork child borrows it along with all other thread-local storage.
thread_local StraceLine* open_line = nullptr;

bool is_interruption(int64_t result) {
    return result <= -signals::kErestartsys && result >= -signals::kErestartRestartblock;
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

StraceLine::~StraceLine() {
    if (open_line == this) open_line = nullptr;
}

void StraceLine::begin(int64_t number, Arguments a) {
    open_line = this;
    const Row* found = row(number);
    call_.begin(number, found ? found->name : nullptr, found ? found->arguments : nullptr, a,
                guest::read_memory);
}

std::string StraceLine::as_json(const int64_t* result) const {
    std::string line = "{\"pid\":" + std::to_string(host_call(SYS_getpid)) +
                       ",\"tid\":" + std::to_string(host_call(SYS_gettid)) +
                       ",\"call\":" + quoted(call_.name()) + ",\"number\":" + std::to_string(call_.number()) +
                       ",\"args\":[";
    for (const std::string& argument : call_.arguments())
        line += (line.back() == '[' ? "" : ",") + quoted(argument);
    line += ']';
    if (!result) return line + '}';
    if (is_interruption(*result)) return line + ",\"interrupted\":true}";
    line += ",\"result\":" + std::to_string(*result);
    if (*result < 0 && *result >= -4095) {
        const char* name = strerrorname_np(static_cast<int>(-*result));
        line += ",\"errno\":" + quoted(name ? name : std::to_string(-*result));
    }
    return line + '}';
}

void StraceLine::write(const int64_t* result) {
    std::string line;
    if (strace_is_json()) {
        line = as_json(result);
    } else {
        line = std::to_string(host_call(SYS_gettid)) + ' ' + call_.text();
        if (result) line += " = " + call_.result(*result);
    }
    line += '\n';
    support::log_write(line.data(), line.size());
}

void StraceLine::finish(int64_t result) {
    call_.finish(result);
    write(&result);
    open_line = nullptr;
}

void StraceLine::finish_without_result() {
    write(nullptr);
    open_line = nullptr;
}

void StraceLine::before_exec() {
    constexpr int64_t kSuccess = 0;
    if (open_line) open_line->write(&kSuccess);
}

}  // namespace armature::syscalls
