// SPDX-License-Identifier: MIT
// Descriptors of the emulator itself, kept where the guest does not meet them.
//
// A guest closes "all" descriptors up to its limit, and counts on the lowest free number being what open()
// returns. So the emulator's own descriptors are moved above the soft limit of descriptors, where the guest
// can have none: the limit is raised for the moment of the move only, and a descriptor above it stays usable.
// The guest's RLIMIT_NOFILE is therefore the host's, and the kernel enforces it. Where the hard limit leaves
// no room they go right below the soft limit instead; the exact numbers are remembered, and the guest gets
// EBADF for them.
#pragma once

#include <cstdint>
#include <string>

namespace armature::support {

// Decides where the emulator's descriptors go. Returns the soft limit. Once, at start.
uint64_t reserve_descriptors();

// Moves the descriptor to a high number, close-on-exec; the old one is closed. Returns the new one, or the
// old one if it could not be moved. Either way it counts as hidden from now on.
int hide_descriptor(int fd);

// Closes a hidden descriptor, whose number becomes an ordinary one again.
void close_hidden_descriptor(int fd);

namespace detail {
extern int lowest_hidden;
bool is_hidden(int fd);
}  // namespace detail

// True for the emulator's own descriptors: guest calls on them get EBADF. Async-signal-safe.
inline bool is_hidden_descriptor(int fd) {
    return fd >= detail::lowest_hidden && detail::is_hidden(fd);
}

// The lowest hidden descriptor that is not below `from`; INT_MAX if there is none.
int next_hidden_descriptor(int from);

// The path of the file behind a descriptor, as the kernel knows it; empty if it does not say.
std::string descriptor_path(int fd);

}  // namespace armature::support
