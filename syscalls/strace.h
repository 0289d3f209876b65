// SPDX-License-Identifier: MIT
// One line of -strace: a call, made readable by what the table knows about its arguments.
#pragma once

#include "syscalls/call.h"
#include "syscalls/strace_arguments.h"

namespace armature::syscalls {

// Which calls -strace shows and how, from its value: names of calls, %classes, !what not, and "json",
// separated by commas. Returns the word that is none of these, or an empty string.
std::string choose_strace(const std::string& words);
bool strace_shows(int64_t number);
bool strace_is_json();

// "PID name(arguments) = result", or the same as a JSON object. The line is written whole when the call is
// over, or just before an exec that is about to succeed.
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
    void write(const int64_t* result);

    DecodedCall call_;
};

}  // namespace armature::syscalls
