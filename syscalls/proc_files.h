// SPDX-License-Identifier: MIT
// Files under /proc/self whose host contents describe the emulator. Internal to syscalls/.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "guest/address_space.h"
#include "syscalls/call.h"
#include "syscalls/syscalls.h"

namespace armature::syscalls {

void set_program(const ProgramInfo& program);
const ProgramInfo& program();

// Is this file worth asking what file system it is on? Quick; proc file systems have no block device.
bool may_be_on_proc(const struct stat& file);

// `fd` was just opened by the guest with these host flags. If it is one of the files whose contents are the
// guest's, it is replaced by one that has them, under the same number. Returns the descriptor or -errno.
int64_t substitute_proc_file(guest::Thread* thread, int64_t fd, uint64_t host_flags);

// Would it do that for a file opened here, or watch it as /proc/self/mem?
bool is_replaced_on_proc(int64_t fd);

// Has this process ever opened its own memory?
bool is_own_memory_open();
// Is it /proc/self/mem, by whatever name? Costs one load until such a file is opened.
bool is_own_memory_file(uint64_t fd);
bool is_memory_file(uint64_t fd);  // of any process

// Remembers which file the emulator is; set_program() does.
void note_emulator_file();

// The guest looked at the emulator's own executable; program_behind_exe_link() says whether by a link.
bool is_emulator_file(const struct stat& file);

// Is `path` the directory of the calling process or of one of its threads?
bool is_own_directory(std::string_view path);

// For the makers of contents: the host's file, one line of maps, and those of proc_memory.cc.
std::string read_whole(int64_t fd);
std::string maps_line(const guest::Mapping& mapping);
std::string make_smaps(int64_t fd);
std::string make_smaps_rollup(int64_t fd);
std::string make_statm(int64_t fd);
std::string make_status(int64_t fd);
uint64_t guest_resident_pages();

}  // namespace armature::syscalls
