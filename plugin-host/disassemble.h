// SPDX-License-Identifier: MIT
// Instructions as text, by Capstone, which is loaded when a plugin that asks for texts is.
#pragma once

#include <cstdint>

namespace armature::plugin_host {

// "mnemonic operands", to be freed with free(). What Capstone does not know, or if it is not installed:
// ".byte ...".
char* disassemble(uint64_t address, uint32_t encoding);

// Loads Capstone now: at start, because the guest may soon be in a place (a chroot) where it cannot be found.
void prepare_disassembler();

}  // namespace armature::plugin_host
