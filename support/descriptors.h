// SPDX-License-Identifier: MIT
// Descriptors of the emulator itself, kept where the guest does not meet them.
//
// A guest closes "all" descriptors up to its limit, and counts on the lowest free number being what open()
// returns. So the emulator's own descriptors are moved to the top of what the process may have. At start the
// soft limit is raised towards the hard one (the guest keeps seeing its own), which puts them above anything
// the guest can name.
#pragma once

#include <cstdint>

namespace armature::support {

// Raises the process's soft limit of descriptors a little above the guest's, if the hard limit allows it.
// Returns the soft limit the guest is to see. Once, at start.
uint64_t reserve_descriptors();

// Moves the descriptor to a high number, close-on-exec; the old one is closed. Returns the new one, or the
// old one if it could not be moved.
int hide_descriptor(int fd);

// True for numbers in the emulator's own part: guest calls on them get EBADF.
bool is_hidden_descriptor(int fd);

}  // namespace armature::support
