// SPDX-License-Identifier: MIT
// ioctl. Both architectures use the generic request numbers, and the structures of the common requests have
// the same layout in 64-bit programs: the call is the host's. Some devices sleep in it (terminals draining,
// for one).
#include <errno.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>

#include "guest/user_access.h"
#include "syscalls/call.h"
#include "syscalls/memory.h"
#include "syscalls/seccomp.h"

namespace armature::syscalls {
namespace {

// Virtual machines would be x86-64 ones: the answer of a kernel without KVM.
constexpr uint64_t kKvmType = 0xae;

// The other requests of userfaultfd work on what was registered. The descriptor may be another process's,
// whose memory this one does not know.
bool is_for_emulators_memory(uint64_t address) {
    uffdio_range range;
    return guest::read_object(&range, address) && !guest_owns(range.start, range.len);
}

}  // namespace

int64_t sys_ioctl(guest::Thread* thread, Arguments a) {
    const uint64_t request = static_cast<uint32_t>(a[1]);
    if ((request >> 8 & 0xff) == kKvmType) return -ENOTTY;
    if (request == UFFDIO_REGISTER && is_for_emulators_memory(a[2])) return -ENOMEM;
    if (is_listener_request(request)) return listener_request(thread, a);
    return blocking_call(thread, SYS_ioctl, a[0], request, a[2]);
}

}  // namespace armature::syscalls
