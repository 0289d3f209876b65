// SPDX-License-Identifier: MIT
// Scripts: the `#!` line.
#pragma once

#include <string>

#include "loader/elf_file.h"

namespace armature::loader {

struct ScriptLine {
    std::string interpreter;
    std::string argument;  // what follows the interpreter's name, as one word
    bool has_argument = false;
};

bool parse_script(const FileHead& head, const std::string& path, ScriptLine* line, LoadError* error);

}  // namespace armature::loader
