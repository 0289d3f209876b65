// SPDX-License-Identifier: MIT
// The headers of an ELF file, checked by the kernel's rules before anything is mapped.
#pragma once

#include <elf.h>

#include <cstdint>
#include <string>
#include <vector>

#include "loader/loader.h"

namespace armature::loader {

enum class Role { Program, Interpreter };

struct ElfFile {
    int fd = -1;
    std::string path;  // as opened, for messages
    Role role = Role::Program;
    uint64_t size = 0;  // of the file
    Elf64_Ehdr header{};
    std::vector<Elf64_Phdr> segments;  // all program headers
    std::string interpreter;           // PT_INTERP, as written in the file
    bool executable_stack = false;
    uint64_t first = 0, last = 0;  // page-aligned extent of the PT_LOAD segments, before relocation
    uint64_t alignment = 0;        // what the load address must be a multiple of

    bool relocatable() const { return header.e_type == ET_DYN; }
};

// The first bytes of a file, which decide what it is (the kernel looks at 256 of them), zero-padded.
struct FileHead {
    static constexpr size_t kKernelBytes = 256;
    unsigned char bytes[4096] = {};
    size_t size = 0;
};

// Opens for execution: regular, executable. The descriptor, or -1 with *error set. `role` words the message.
int open_executable(const std::string& path, Role role, LoadError* error);
// May the caller execute this file? 0, or the errno of an exec. By its rights and its mount's options; once
// landlock rules are in force, the kernel is asked as well, if it can be (Linux 6.14). That costs 10 us.
int may_execute(int fd);
void set_landlocked();
bool is_landlocked();

bool check_executable(int fd, const std::string& path, Role role, uint64_t* size, LoadError* error);
bool read_head(int fd, const std::string& path, FileHead* head, LoadError* error);

bool is_elf(const FileHead& head);
bool is_script(const FileHead& head);
bool is_aarch64(const FileHead& head);

// Fills `file` (fd, path, role and size are set by the caller) from the headers.
bool read_elf(const FileHead& head, ElfFile* file, LoadError* error);

bool fail(LoadError* error, int number, const char* format, ...) __attribute__((format(printf, 3, 4)));

}  // namespace armature::loader
