// SPDX-License-Identifier: MIT
// Compares how a case ended here with how it ended elsewhere.
#pragma once

#include <string>

#include "tests/fuzz/case.h"

namespace armature::fuzz {

// What the other side knows.
struct Scope {
    bool fp_status = false;       // FPSR, FPCR
    bool ending = false;          // the signal and its address
    unsigned vl = 0;              // of SVE; 0: the registers of SVE are not compared
    bool fills_left_out = false;  // elements that a fault-tolerant load leaves out get other values than here
};

// What differs, for people; empty if nothing does.
std::string difference(const fuzz_case& c, const fuzz_state& ours, const fuzz_state& theirs,
                       const Scope& scope);

}  // namespace armature::fuzz
