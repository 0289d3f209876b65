// SPDX-License-Identifier: MIT
// What gdb is told of the machine: its registers, by names and numbers of gdb's standard features for
// AArch64, and signals by gdb's numbers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "signals/trace_block.h"

namespace armature::tools::gdb {

// target.xml.
const std::string& target_description();

// A register of a stopped thread as bytes in memory order; empty if there is none of that number. And the
// reverse: false if the number or the size is wrong. All of them one after the other make the packet `g`.
unsigned register_count();
std::string read_register(const signals::TraceBlock& block, unsigned number);
bool write_register(signals::TraceBlock* block, unsigned number, std::string_view bytes);

unsigned gdb_signal(int signo);         // gdb's number for a signal of Linux
int linux_signal(uint64_t gdb_number);  // 0 if Linux has no such signal

}  // namespace armature::tools::gdb
