// SPDX-License-Identifier: MIT
// What the command line prints about itself.
#pragma once

namespace armature::tools {

struct OptionRow {
    const char* spellings;
    const char* argument;
    const char* environment;
    bool (*apply)(const char* value, struct Words* words);
    bool inherited;
    const char* help;
};

void print_help(const OptionRow* rows, unsigned count);
void print_version();
void print_cpu_models();

}  // namespace armature::tools
