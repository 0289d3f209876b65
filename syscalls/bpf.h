// SPDX-License-Identifier: MIT
// Classic BPF as seccomp knows it: what the kernel accepts, and what a program answers for a system call.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstdint>
#include <vector>

namespace armature::syscalls {

using BpfProgram = std::vector<sock_filter>;

// Would the kernel accept the program for seccomp?
bool bpf_is_valid(const BpfProgram& program);

// The program must be valid. Returns what its RET gave; 0 after a division by zero.
uint32_t bpf_run(const BpfProgram& program, const seccomp_data& data);

}  // namespace armature::syscalls
