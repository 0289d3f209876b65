// SPDX-License-Identifier: MIT
#pragma once

#include "loader/elf_file.h"

namespace armature::loader {

// Does the file say, in its GNU property note, that all its indirect branches end at landing pads?
bool has_landing_pads(const ElfFile& file);

}  // namespace armature::loader
