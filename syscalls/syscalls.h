// SPDX-License-Identifier: MIT
// System calls of the guest, and the loop that runs a guest thread.
#pragma once

#include <cstdint>
#include <string>

#include "guest/thread.h"

namespace armature::syscalls {

// Runs the calling host thread's guest thread until it exits: translator::run, then system calls, signals,
// faults. Returns when the thread has ended by exit(); exit_group ends the process inside.
void cpu_loop(guest::Thread* thread);

// One system call: cpu.x[8] is the number, x0-x5 the arguments; strace and the observer included. x0 is not
// written.
int64_t dispatch(guest::Thread* thread, int64_t number, const uint64_t arguments[8]);

const char* name(int64_t number);  // "openat", or null

// Ends the process as exit_group does: observer, log flushed, all threads.
[[noreturn]] void exit_group(guest::Thread* thread, int status);

// At start, from the loader's result: what execve of the running program needs to know.
struct ProgramInfo {
    std::string path;  // for /proc/self/exe: absolute, symlinks resolved
    uint64_t arg_start = 0, arg_end = 0, env_start = 0, env_end = 0, stack_start = 0;
    uint64_t start_code = 0, end_code = 0, entry = 0, vdso = 0;
    std::string auxv;  // bytes of /proc/self/auxv
};
void initialise(const ProgramInfo& program);

// How execve of an AArch64 program starts the emulator again: with options.words, then these options of its
// own, each followed by one word, then the guest's argument vector, argv[0] included. Only words after them
// belong to the program. Environment edits (-E, -U), -0 and options from the environment were the first
// program's: the environment is the guest's as it stands.
inline constexpr char kExecFd[] = "-exec-fd";  // descriptor of the program's file; to be closed once loaded
inline constexpr char kExecPath[] =
    "-exec-path";  // the program's name (AT_EXECFN), maybe relative; the last option
inline constexpr char kExecSelf[] =
    "-exec-self";  // descriptor of the emulator's executable, for the next exec
inline constexpr char kExecLimits[] = "-exec-limits";  // the guest's resource limits
inline constexpr char kExecFilters[] =
    "-exec-filters";  // descriptor of its seccomp filters, if there are any; to be closed
inline constexpr char kExecSve[] = "-exec-sve";            // SVE's vector length, if it is not the default
inline constexpr char kExecLandlock[] = "-exec-landlock";  // that landlock rules may be in force
inline constexpr char kExecTrace[] = "-exec-trace";        // that it is traced, see signals/traced.h

// What tools/armature does with four of them: the first two before initialise(), the others for the first
// thread. False: not understood.
void adopt_self_descriptor(int fd);
bool adopt_limits(const std::string& word);
bool adopt_seccomp(int fd, guest::Thread* thread);
bool adopt_sve(const std::string& word, guest::CpuState* cpu);

uint64_t stack_limit();  // the guest's RLIMIT_STACK

}  // namespace armature::syscalls
