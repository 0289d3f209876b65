// SPDX-License-Identifier: MIT
// Access to guest memory from the emulator's own code, with EFAULT instead of a crash.
//
// The copy loops are labelled; a host fault inside them is recognised by its program counter
// (`recover_fault`, called by the host signal handler) and turned into a short return. No system call, no
// lock: cheap enough for every structure that a system call converts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>

namespace armature::guest {

// Copy `size` bytes from or to guest memory. True if everything was copied.
bool read_memory(void* to, uint64_t guest_address, size_t size);
bool write_memory(uint64_t guest_address, const void* from, size_t size);

// A NUL-terminated string of at most `limit` bytes: 0, -EFAULT, or -ENAMETOOLONG.
int read_string(std::string* to, uint64_t guest_address, size_t limit);

template <typename T>
bool read_object(T* to, uint64_t guest_address) {
    static_assert(std::is_trivially_copyable_v<T>);
    return read_memory(to, guest_address, sizeof(T));
}
template <typename T>
bool write_object(uint64_t guest_address, const T& from) {
    static_assert(std::is_trivially_copyable_v<T>);
    return write_memory(guest_address, &from, sizeof(T));
}

// Async-signal-safe. `host_pc` is where a SIGSEGV or SIGBUS happened: if inside a copy loop, the address to
// go on at (which makes the copy report failure); otherwise 0.
uintptr_t recover_fault(uintptr_t host_pc);

}  // namespace armature::guest
