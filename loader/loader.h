// SPDX-License-Identifier: MIT
// From a file to a guest address space that is ready to run.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "guest/cpu_state.h"

namespace armature::loader {

struct LoadError {
    int error =
        0;  // the kernel's errno for execve of this file: ENOEXEC, ELIBBAD, EACCES, ENOENT, ENOMEM, ...
    std::string message;  // one line: the file, the cause, the way out
};

struct Program {
    std::string path;            // absolute path of the executable itself (scripts: of the interpreter)
    uint64_t entry = 0;          // where to start: the interpreter's entry, if there is one
    uint64_t program_entry = 0;  // the program's own e_entry, relocated
    uint64_t load_bias = 0;
    uint64_t start_code = 0, end_code = 0;  // of the program, as qemu_plugin_start_code/end_code give them
    uint64_t stack_pointer = 0;
    uint64_t stack_start = 0, arg_start = 0, arg_end = 0, env_start = 0, env_end = 0;
    std::string auxv;  // as put on the stack
    uint64_t vdso = 0;
    uint64_t sigreturn_trampoline = 0;  // in the vdso: __kernel_rt_sigreturn
};

// Maps the program (following #! lines) through guest::AddressSpace, its interpreter, the vdso and the stack.
// `fd`: the already opened file, or -1 to open `path`. Nothing is half done on failure that a caller could
// see.
bool load(const std::string& path, int fd, const std::vector<std::string>& arguments,
          const std::vector<std::string>& environment, Program* program, LoadError* error);

// Would load() accept the headers of this ELF file, and does its interpreter exist and is one? Maps nothing.
bool check(int fd, const std::string& path, LoadError* error);

const Program& current_program();  // the one that was loaded last

// What kind of program is this, for execve: decides whether the emulator is needed.
enum class FileKind { Aarch64, OtherElf, Script, Unknown };
FileKind classify(int fd, LoadError* error);

// `path` as the guest means it: under options.root (-L) if it exists there, else as it is. Absolute paths
// only. Symbolic links are followed as if the root were /; the last part is left alone if `follow_last` is
// false.
std::string resolve_in_root(const std::string& path);
std::string resolve_in_root(const std::string& path, bool follow_last);

// ELF symbol that covers `address` in any mapped ELF file (program, interpreter, shared libraries); null if
// none. The string lives as long as the process. Reads symbol tables on first use; thread-safe.
const char* symbol_at(uint64_t address);

}  // namespace armature::loader
