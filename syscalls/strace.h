// SPDX-License-Identifier: MIT
// One line of -strace: a call, made readable by what the table knows about its arguments. Internal to
// syscalls/.
#pragma once

#include "syscalls/call.h"
#include "syscalls/strace_arguments.h"

namespace armature::syscalls {

// "PID name(arguments) = result". The line is written whole when the call is over, or just before an exec
// that is about to succeed.
class StraceLine {
  public:
    StraceLine() = default;
    ~StraceLine();
    StraceLine(const StraceLine&) = delete;
    StraceLine& operator=(const StraceLine&) = delete;

    void begin(int64_t number, Arguments a);
    void finish(int64_t result);
    void finish_without_result();

    // The calling thread's open line, if any, is written as that of a successful exec; a failure writes
    // another one.
    static void before_exec();

  private:
    void write(const std::string& result);

    DecodedCall call_;
};

}  // namespace armature::syscalls
