// SPDX-License-Identifier: MIT
// Shared libraries that are brought in only when something is asked for that needs them (disassembly). In the
// static program there is no dlopen and every library is absent.
#pragma once

namespace armature::support {

// Null if it is not there.
void* open_library(const char* name);

void* find_symbol(void* library, const char* name);

template <typename Function>
bool find_function(void* library, const char* name, Function** function) {
    *function = reinterpret_cast<Function*>(find_symbol(library, name));
    return *function != nullptr;
}

}  // namespace armature::support
