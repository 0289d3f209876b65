// SPDX-License-Identifier: MIT
// Internal to syscalls/.
#pragma once

namespace armature::syscalls {

// At start: opens the emulator's own executable, unless a descriptor of it was inherited
// (adopt_self_descriptor).
void open_self();
int self_descriptor();

}  // namespace armature::syscalls
