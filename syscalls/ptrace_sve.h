// SPDX-License-Identifier: MIT
// NT_ARM_SVE: the registers of SVE of a stopped tracee, and its vector length.
#pragma once

#include "signals/trace_block.h"

namespace armature::syscalls {

// PTRACE_GETREGSET and SETREGSET; `vector` is where the guest has the iovec.
int64_t sve_register_set(signals::TraceBlock* block, uint64_t vector, bool write);
// A change of AdvSIMD's registers by themselves makes zero of the rest.
void drop_sve_registers(signals::TraceBlock* block);

}  // namespace armature::syscalls
