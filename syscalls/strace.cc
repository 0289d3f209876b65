// SPDX-License-Identifier: MIT
#include "syscalls/strace.h"

#include <stdio.h>
#include <string.h>

#include <string_view>

#include "signals/signals.h"
#include "support/log.h"

namespace armature::syscalls {
namespace {

// Of this thread. A vfork child borrows it along with all other thread-local storage.
thread_local StraceLine* open_line = nullptr;

std::string decimal(int64_t value) {
    return std::to_string(value);
}

}  // namespace

std::string format_result(int64_t result, bool hex) {
    if (result <= -signals::kErestartsys && result >= -signals::kErestartRestartblock)
        return "? (interrupted by a signal)";
    if (result < 0 && result >= -4095) {
        const int error = static_cast<int>(-result);
        const char* name = strerrorname_np(error);
        const char* text = strerrordesc_np(error);
        return std::string("-1 ") + (name ? name : decimal(error).c_str()) + " (" +
               (text ? text : "unknown") + ")";
    }
    if (!hex) return decimal(result);
    char text[24];
    snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(result));
    return text;
}

StraceLine::~StraceLine() {
    if (open_line == this) open_line = nullptr;
}

void StraceLine::begin(int64_t number, Arguments a) {
    number_ = number;
    for (unsigned i = 0; i < 6; i++) a_[i] = a[i];
    open_line = this;
    const Row* found = row(number);
    if (!found) {
        count_ = 6;
        for (unsigned i = 0; i < 6; i++) kinds_[i] = "hex";
    } else {
        std::string_view words = found->arguments;
        const size_t arrow = words.find(" -> ");
        hex_result_ = arrow != std::string_view::npos;
        words = words.substr(0, arrow);
        while (!words.empty() && count_ < 6) {
            const size_t comma = words.find(',');
            kinds_[count_++] = words.substr(0, comma);
            if (comma == std::string_view::npos) break;
            words.remove_prefix(comma + 1);
        }
    }
    for (unsigned i = 0; i < count_; i++) texts_[i] = format_argument(kinds_[i], a_, i, nullptr);
}

void StraceLine::write(const std::string& result) {
    std::string line = decimal(host_call(SYS_gettid)) + ' ';
    const Row* found = row(number_);
    line += found ? found->name : "syscall_" + decimal(number_);
    line += '(';
    for (unsigned i = 0; i < count_; i++) {
        if (i) line += ", ";
        line += texts_[i];
    }
    line += ')';
    if (!result.empty()) line += " = " + result;
    line += '\n';
    support::log_write(line.data(), line.size());
}

void StraceLine::finish(int64_t result) {
    for (unsigned i = 0; i < count_; i++) {
        if (texts_[i].empty()) texts_[i] = format_argument(kinds_[i], a_, i, &result);
    }
    write(format_result(result, hex_result_));
    open_line = nullptr;
}

void StraceLine::finish_without_result() {
    write({});
    open_line = nullptr;
}

void StraceLine::before_exec() {
    if (open_line) open_line->write("0");
}

}  // namespace armature::syscalls
