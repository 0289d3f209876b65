// SPDX-License-Identifier: MIT
#include "guest/user_access.h"

#include <errno.h>

extern "C" {
long armature_user_copy(void* to, const void* from, size_t size);
long armature_user_length(const char* text, size_t limit);
extern const char armature_user_begin[];
extern const char armature_user_end[];
extern const char armature_user_fault[];
}

namespace armature::guest {

bool read_memory(void* to, uint64_t guest_address, size_t size) {
    return armature_user_copy(to, reinterpret_cast<const void*>(guest_address), size) == 0;
}

bool write_memory(uint64_t guest_address, const void* from, size_t size) {
    return armature_user_copy(reinterpret_cast<void*>(guest_address), from, size) == 0;
}

int read_string(std::string* to, uint64_t guest_address, size_t limit) {
    const long length = armature_user_length(reinterpret_cast<const char*>(guest_address), limit);
    if (length < 0) return -EFAULT;
    if (static_cast<size_t>(length) == limit) return -ENAMETOOLONG;
    to->resize(static_cast<size_t>(length));
    if (!read_memory(to->data(), guest_address, to->size())) return -EFAULT;
    // Another thread may have shortened it meanwhile.
    const size_t end = to->find('\0');
    if (end != std::string::npos) to->resize(end);
    return 0;
}

uintptr_t recover_fault(uintptr_t host_pc) {
    const bool inside = host_pc >= reinterpret_cast<uintptr_t>(armature_user_begin) &&
                        host_pc < reinterpret_cast<uintptr_t>(armature_user_end);
    return inside ? reinterpret_cast<uintptr_t>(armature_user_fault) : 0;
}

}  // namespace armature::guest
