// SPDX-License-Identifier: MIT
// Addresses with a tag in the top byte as arguments of system calls (arm64's tagged address ABI), and the
// control of tag checks (MTE), which shares its prctl.
#pragma once

#include "syscalls/call.h"

namespace armature::syscalls {

// The rules for user addresses: what the calls of memory management take whatever a thread has asked for.
constexpr uint64_t untagged_address(uint64_t address) {
    return address >> 55 & 1 ? address : address & ~uint64_t{0} >> 8;
}

// Makes the call of a thread that may pass tagged addresses: with a copy of its arguments that has none.
int64_t call_untagged(guest::Thread* thread, int64_t number, const Row& row, Arguments a);

int64_t set_tagged_address_control(guest::Thread* thread, Arguments a);
int64_t get_tagged_address_control(guest::Thread* thread, Arguments a);

}  // namespace armature::syscalls
