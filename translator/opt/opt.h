// SPDX-License-Identifier: MIT
// The passes over a Block, in the order they run. Each is a free function that can be switched off by its
// name (options.disabled_optimisations), which is how the tests prove that none changes what a program does.
#pragma once

#include <string>

#include "translator/ir/ir.h"

namespace armature::translator::opt {

enum Pass : unsigned {
#define PASS(function, name, text) k_##function,
#include "translator/opt/passes.def"
#undef PASS
    kPassCount,
};

// Drops SetX/SetV/SetFlags that a later one overwrites before anything could see them.
void drop_dead_state(ir::Block& block);
// All passes that are on. (What nobody uses is left to the code generator, which counts uses anyway.)
void optimise(ir::Block& block);

bool enabled(Pass pass);
// Comma-separated names. False: *bad is a word that names no pass.
bool disable_passes(const std::string& words, std::string* bad);

}  // namespace armature::translator::opt
