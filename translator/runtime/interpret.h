// SPDX-License-Identifier: MIT
// Code that runs for the first time is interpreted.
//
// Most of what a program executes while it starts, it executes once, and to translate a block costs ten times
// as much as to do it. So a block is translated when it is reached for the second time. The first time it is
// lifted as usual, and its intermediate code is evaluated: there is no second description of any instruction.
// Evaluated are the operations of integer code; at the first instruction that needs another (vectors,
// atomics, C++ helpers), or whose memory access faults, the state is what it is before that instruction, and
// translation goes on there.
#pragma once

#include <cstdint>

#include "translator/runtime/runtime.h"

namespace armature::translator::runtime {

// Runs the thread from cpu.pc as long as it gets to blocks that it has not been at before. Called outside
// (see exclusive.h). True if cpu.pc may have translations now that it had not, so look again.
bool run_unvisited(ThreadRuntime& runtime);

// The block at `address` counts as visited: it has been translated.
void note_visit(uint64_t address);

}  // namespace armature::translator::runtime
