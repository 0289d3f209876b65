// SPDX-License-Identifier: MIT
// The initial stack: strings, auxiliary vector, envp, argv, argc.
#pragma once

#include <string>
#include <vector>

#include "loader/map_image.h"

namespace armature::loader {

struct StackContents {
    const std::vector<std::string>* arguments = nullptr;
    const std::vector<std::string>* environment = nullptr;
    std::string executable;  // AT_EXECFN
    const ElfFile* file = nullptr;
    const Image* image = nullptr;
    uint64_t interpreter_base = 0;  // AT_BASE
    uint64_t vdso = 0;
};

// E2BIG if the strings exceed what the kernel allows for this stack size.
bool check_strings(const StackContents& contents, LoadError* error);

// Maps the stack (with a guard below it) and fills it; the addresses go to *program.
bool build_stack(const StackContents& contents, Randomness& random, Mapped* mapped, Program* program,
                 LoadError* error);

}  // namespace armature::loader
