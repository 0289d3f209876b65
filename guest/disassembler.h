// SPDX-License-Identifier: MIT
// Text of A64 instructions, by Capstone, as QEMU prints them. The library is brought in at the first call, so
// a run that never disassembles does not pay for it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace armature::guest {

// "add x0, x1, #4". False (and the encoding as ".word 0x...") if it is not an instruction that Capstone knows
// or Capstone is not there. Thread-safe.
bool disassemble(uint64_t address, uint32_t encoding, char* text, size_t size);

}  // namespace armature::guest
