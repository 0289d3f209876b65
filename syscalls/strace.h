// SPDX-License-Identifier: MIT
// One line of -strace: what the table knows about a call's arguments, made readable. Internal to syscalls/.
#pragma once

#include <cstdint>
#include <string>

#include "syscalls/call.h"

namespace armature::syscalls {

// "PID name(arguments) = result". Input arguments are read before the call, output arguments after it; the
// line is written whole when the call is over, or just before an exec that is about to succeed.
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

    int64_t number_ = 0;
    uint64_t a_[6] = {};
    unsigned count_ = 0;
    std::string kinds_[6];  // from the table
    std::string texts_[6];  // empty: an output, read afterwards
    bool hex_result_ = false;
};

// The text of one argument of the given kind. `a` are all arguments (buffers find their length there),
// `index` says which one; `result` is the call's. Null `result`: before the call; then outputs give an empty
// string.
std::string format_argument(const std::string& kind, Arguments a, unsigned index, const int64_t* result);

std::string format_result(int64_t result, bool hex);

}  // namespace armature::syscalls
