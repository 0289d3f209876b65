// SPDX-License-Identifier: MIT
// What other processes are shown of an emulated program. Internal to syscalls/.
#pragma once

#include <cstdint>
#include <string>

#include "syscalls/syscalls.h"

namespace armature::syscalls {

// Has the kernel show this program's arguments, environment and addresses for the process, in place of the
// emulator's: /proc/PID/cmdline, environ and stat, so ps and pgrep.
void show_program(const ProgramInfo& program);

// Does the kernel show them? Old kernels, and those without CONFIG_CHECKPOINT_RESTORE, cannot.
bool program_is_shown();

// The file that (dirfd, path) leads to is the emulator. If it was reached by the exe link of an emulated
// process, in any spelling, that process's program; otherwise empty.
std::string program_behind_exe_link(uint64_t dirfd, uint64_t path);

}  // namespace armature::syscalls
