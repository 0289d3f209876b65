// SPDX-License-Identifier: MIT
// What the host CPU can do, read once with CPUID; `mask` pretends that some of it is absent, so that every
// path can be tested on one machine (options.host_features, e.g. "-avx512,-avx2").
#pragma once

#include <string>

namespace armature::translator::x64 {

struct HostFeatures {
#define HOST_FEATURE(name, text) bool name = false;
#include "translator/x64/host_features.def"
#undef HOST_FEATURE
    bool sve() const {
        return avx512 && bmi1 && bmi2 && fma;
    }  // can do SVE's vectors
};

const HostFeatures& host_features();
// "-avx2,-bmi2": false and the unknown word in *bad, or true.
bool mask_host_features(const std::string& words, std::string* bad);

}  // namespace armature::translator::x64
