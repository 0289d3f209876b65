// SPDX-License-Identifier: MIT
#include "support/library.h"

#include <dlfcn.h>

namespace armature::support {

void* open_library(const char* name) {
    return dlopen(name, RTLD_NOW | RTLD_LOCAL);
}

void* find_symbol(void* library, const char* name) {
    return library ? dlsym(library, name) : nullptr;
}

}  // namespace armature::support
