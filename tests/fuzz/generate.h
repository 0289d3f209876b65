// SPDX-License-Identifier: MIT
// Random cases for the instruction fuzzer, from the rows of the decoder table.
#pragma once

#include <cstdint>
#include <string>

#include "tests/fuzz/case.h"
#include "tests/unit/a64_random.h"

namespace armature::fuzz {

struct Choice {
    unsigned block = 1;    // at most this many instructions in a case
    std::string only;      // rows whose name contains this
    unsigned vl = 0;       // SVE's vector length in bytes; 0: no SVE
    bool fp_modes = true;  // rounding modes, flush to zero, default NaN
};

// The last instruction of a loop, for the number of instructions that the case has now.
void close_loop(fuzz_case* c);

// False if `choice` leaves no row.
bool select_rows(const Choice& choice);
void make_case(fuzz_case* c, uint32_t slot, const Choice& choice, tests::Random& random);

}  // namespace armature::fuzz
