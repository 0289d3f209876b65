// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "guest/thread.h"

namespace armature::syscalls {

struct SveLengths {
    uint8_t now, on_exec;  // bytes; on_exec 0: the default
    bool inherit;
};
// What an argument of PR_SVE_SET_VL makes of a thread's lengths, and the call's result.
int64_t change_sve_lengths(SveLengths* lengths, uint64_t argument);

int64_t set_sve_length(guest::Thread* thread, uint64_t argument);  // PR_SVE_SET_VL
int64_t get_sve_length(guest::Thread* thread);                     // PR_SVE_GET_VL
std::string sve_for_exec(const guest::CpuState& cpu);              // for kExecSve; empty: the default

}  // namespace armature::syscalls
