// SPDX-License-Identifier: MIT
// Stands in for support/library.cc in the static program (a definition here keeps the linker from taking that
// one). There is no dynamic loader, so every library is absent, and what would use one goes without, e.g. -d
// in_asm shows the encodings only. Except what arithmetic needs of libm on processors without FMA: it is
// linked in.
#include <cmath>
#include <cstring>

#include "support/library.h"

namespace armature::support {

void* open_library(const char*) {
    return nullptr;
}

void* find_symbol(void*, const char* name) {
    if (std::strcmp(name, "fma") == 0)
        return reinterpret_cast<void*>(static_cast<double (*)(double, double, double)>(::fma));
    if (std::strcmp(name, "fmaf") == 0)
        return reinterpret_cast<void*>(static_cast<float (*)(float, float, float)>(::fmaf));
    return nullptr;
}

}  // namespace armature::support
