// SPDX-License-Identifier: MIT
// dlopen and dlsym are weak: the dynamic program finds them in libc; in the static one they stay null, so the
// static link neither pulls in nor warns about a loader that could not work there.
#include "support/library.h"

#include <dlfcn.h>

#pragma weak dlopen
#pragma weak dlsym

namespace armature::support {

void* open_library(const char* name) {
    return &dlopen ? dlopen(name, RTLD_NOW | RTLD_LOCAL) : nullptr;
}

void* find_symbol(void* library, const char* name) {
    return library && &dlsym ? dlsym(library, name) : nullptr;
}

}  // namespace armature::support
