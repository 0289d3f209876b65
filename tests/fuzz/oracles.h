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

// VIXL's simulator, with vectors of `vl` bytes (0: without SVE). Knows no FPSR and only the default FPCR.
// False: it does not know an instruction of the case (or the FPCR); then `out` is undefined.
bool run_vixl(const fuzz_case& c, unsigned vl, fuzz_state* out);
std::string unknown_to_vixl();  // the rows that it was found not to know

// Why the case is not for this oracle: an instruction that it is known to get wrong (oracle_faults.cc). Null:
// it may judge.
const char* why_not_qemu(const fuzz_case& c, unsigned vl);
const char* why_not_vixl(const fuzz_case& c, unsigned vl);

}  // namespace armature::fuzz
