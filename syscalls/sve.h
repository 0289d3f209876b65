// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "guest/thread.h"

namespace armature::syscalls {

int64_t set_sve_length(guest::Thread* thread, uint64_t argument);  // PR_SVE_SET_VL
int64_t get_sve_length(guest::Thread* thread);                     // PR_SVE_GET_VL
std::string sve_for_exec(const guest::CpuState& cpu);              // for kExecSve; empty: the default

}  // namespace armature::syscalls
