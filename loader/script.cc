// SPDX-License-Identifier: MIT
// The kernel's rules, which differ from a shell's: only the first 256 bytes count, blanks are spaces and
// tabs, what follows the interpreter is one argument whatever it contains, and a name that might go on past
// the 256 bytes is refused.
#include "loader/script.h"

#include <errno.h>

#include <algorithm>

namespace armature::loader {
namespace {

bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

}  // namespace

bool parse_script(const FileHead& head, const std::string& path, ScriptLine* line, LoadError* error) {
    const char* text = reinterpret_cast<const char*>(head.bytes);
    const char* const limit = text + FileHead::kKernelBytes - 1;
    auto is_end = [](char c) { return is_blank(c) || c == '\0'; };

    const char* begin = text + 2;
    const char* end = std::find(begin, limit + 1, '\n');
    if (end > limit) {
        const char* name = std::find_if_not(begin, limit + 1, is_blank);
        if (name > limit || std::find_if(name, limit + 1, is_end) > limit) {
            return fail(error, ENOEXEC, "%s: its #! line is longer than 255 bytes", path.c_str());
        }
        end = limit;
    }
    // What follows a NUL is not part of the line.
    end = std::find(begin, end, '\0');
    while (end > begin && is_blank(end[-1])) end--;
    const char* name = std::find_if_not(begin, end, is_blank);
    if (name == end) return fail(error, ENOEXEC, "%s: its #! line names no interpreter", path.c_str());
    const char* name_end = std::find_if(name, end, is_blank);
    line->interpreter.assign(name, name_end);
    const char* argument = std::find_if_not(name_end, end, is_blank);
    line->has_argument = argument != end;
    line->argument.assign(argument, end);
    return true;
}

}  // namespace armature::loader
