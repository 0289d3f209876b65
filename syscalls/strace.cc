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

void StraceLine::write(const std::string& result) {
    std::string line = std::to_string(host_call(SYS_gettid)) + ' ' + call_.text();
    if (!result.empty()) line += " = " + result;
    line += '\n';
    support::log_write(line.data(), line.size());
}

void StraceLine::finish(int64_t result) {
    call_.finish(result);
    write(call_.result(result));
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
