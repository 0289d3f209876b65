// SPDX-License-Identifier: MIT
// Stands in for support/library.cc in the static program (a definition here keeps the linker from taking that
// one): there is no dynamic loader, so every library is absent. What would use one goes without, e.g. -d
// in_asm shows the encodings only.
#include "support/library.h"

namespace armature::support {

void* open_library(const char*) {
    return nullptr;
}

void* find_symbol(void*, const char*) {
    return nullptr;
}

}  // namespace armature::support
