// SPDX-License-Identifier: MIT
// Who knows what an instruction should do.
#pragma once

#include <cstdint>
#include <string>

#include "tests/fuzz/case.h"

namespace armature::fuzz {

// Fills `out` of every case by running the oracle guest (a static AArch64 program) under `emulator`. False:
// it failed.
bool run_guest_oracle(fuzz_batch* batch, const std::string& emulator, const std::string& guest);

// VIXL's simulator. Knows no FPSR and only the default FPCR. False: it does not know an instruction of the
// case (or the FPCR); then `out` is undefined.
bool run_vixl(const fuzz_case& c, fuzz_state* out);

}  // namespace armature::fuzz
