// SPDX-License-Identifier: MIT
// The first line of a script. Internal to syscalls/.
#pragma once

#include <cstdint>
#include <string>

namespace armature::syscalls {

struct ScriptLine {
    std::string interpreter;
    std::string argument;  // everything after the interpreter, one word
    bool has_argument = false;
};

// 0 or -errno (ENOEXEC for a line that the kernel would not take).
int64_t read_script_line(int fd, ScriptLine* line);

}  // namespace armature::syscalls
