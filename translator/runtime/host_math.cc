// SPDX-License-Identifier: MIT
#include "translator/runtime/host_math.h"

#include "support/library.h"
#include "support/log.h"
#include "translator/x64/host_features.h"

namespace armature::translator::fp {
namespace {

__attribute__((target("fma"))) double by_instruction(double a, double b, double c) {
    return __builtin_fma(a, b, c);
}
__attribute__((target("fma"))) float by_instruction(float a, float b, float c) {
    return __builtin_fmaf(a, b, c);
}

struct Library {
    double (*fma)(double, double, double) = nullptr;
    float (*fmaf)(float, float, float) = nullptr;
    Library() {
        void* const libm = support::open_library("libm.so.6");
        if (!support::find_function(libm, "fma", &fma) || !support::find_function(libm, "fmaf", &fmaf))
            support::fatal(1,
                           "this processor has no FMA, and libm.so.6, which would do it, cannot be loaded");
    }
};
const Library& library() {
    static const Library library;
    return library;
}

}  // namespace

double multiply_add(double a, double b, double c) {
    return x64::host_features().fma ? by_instruction(a, b, c) : library().fma(a, b, c);
}
float multiply_add(float a, float b, float c) {
    return x64::host_features().fma ? by_instruction(a, b, c) : library().fmaf(a, b, c);
}

}  // namespace armature::translator::fp
