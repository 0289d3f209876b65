// SPDX-License-Identifier: MIT
#include "syscalls/strace.h"

#include "guest/user_access.h"
#include "support/log.h"

namespace armature::syscalls {
namespace {

// Of this thread. A vfork child borrows it along with all other thread-local storage.
thread_local StraceLine* open_line = nullptr;

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

void StraceLine::write(const int64_t* result) {
    std::string line;
    if (strace_is_json()) {
        line = "{\"pid\":" + std::to_string(host_call(SYS_getpid)) +
               ",\"tid\":" + std::to_string(host_call(SYS_gettid)) + "," + call_.json(result) + "}";
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
