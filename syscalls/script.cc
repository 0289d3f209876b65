// SPDX-License-Identifier: MIT
// #! lines by the kernel's rules: the line ends at a newline or within 256 bytes; blanks around the
// interpreter and the argument go; a line that is cut off in the middle of the interpreter's name is no
// script.
#include "syscalls/script.h"

#include <errno.h>
#include <unistd.h>

#include <string_view>

namespace armature::syscalls {

int64_t read_script_line(int fd, ScriptLine* line) {
    constexpr size_t kBuffer = 256;
    constexpr std::string_view kBlanks = " \t";
    char buffer[kBuffer];
    const ssize_t size = pread(fd, buffer, sizeof buffer, 0);
    if (size < 2 || buffer[0] != '#' || buffer[1] != '!') return -ENOEXEC;
    std::string_view text(buffer + 2, static_cast<size_t>(size) - 2);
    const size_t end = text.find('\n');
    const bool whole = end != std::string_view::npos || static_cast<size_t>(size) < kBuffer;
    text = text.substr(0, whole ? end : kBuffer - 1 - 2);  // the buffer's last byte is the kernel's
    text = text.substr(0, text.find('\0'));
    const size_t start = text.find_first_not_of(kBlanks);
    if (start == std::string_view::npos) return -ENOEXEC;
    text.remove_prefix(start);
    const size_t name_end = text.find_first_of(kBlanks);
    if (name_end == std::string_view::npos && !whole) return -ENOEXEC;
    line->interpreter = text.substr(0, name_end);
    line->argument.clear();
    line->has_argument = false;
    if (name_end == std::string_view::npos) return 0;
    text.remove_prefix(name_end);
    const size_t argument = text.find_first_not_of(kBlanks);
    if (argument == std::string_view::npos) return 0;
    text.remove_prefix(argument);
    text = text.substr(0, text.find_last_not_of(kBlanks) + 1);
    line->argument = text;
    line->has_argument = true;
    return 0;
}

}  // namespace armature::syscalls
