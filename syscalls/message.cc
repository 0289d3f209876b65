// SPDX-License-Identifier: MIT
// Sending messages: the host's calls, but that no descriptor of the emulator's goes along (SCM_RIGHTS).
#include "syscalls/message.h"

#include <errno.h>
#include <sys/socket.h>

#include <algorithm>

#include "guest/user_access.h"
#include "support/descriptors.h"
#include "syscalls/call.h"

namespace armature::syscalls {
namespace {

constexpr uint64_t kMostControl = 64 << 10;  // the kernel's limit is lower (net.core.optmem_max)

bool rights_name_hidden(uint64_t address, uint64_t size) {
    for (uint64_t at = 0; at + sizeof(int) <= size; at += sizeof(int)) {
        int fd = 0;
        if (!guest::read_object(&fd, address + at)) return false;
        if (support::is_hidden_descriptor(fd)) return true;
    }
    return false;
}

}  // namespace

bool message_names_hidden_descriptor(uint64_t address) {
    msghdr message;
    if (!guest::read_object(&message, address)) return false;
    const auto control = reinterpret_cast<uint64_t>(message.msg_control);
    const uint64_t size = std::min<uint64_t>(message.msg_controllen, kMostControl);
    for (uint64_t at = 0; at + sizeof(cmsghdr) <= size;) {
        cmsghdr head;
        if (!guest::read_object(&head, control + at) || head.cmsg_len < sizeof head) return false;
        const uint64_t length = std::min<uint64_t>(head.cmsg_len, size - at);
        if (head.cmsg_level == SOL_SOCKET && head.cmsg_type == SCM_RIGHTS &&
            rights_name_hidden(control + at + sizeof head, length - sizeof head))
            return true;
        at += CMSG_ALIGN(length);
    }
    return false;
}

int64_t sys_sendmsg(guest::Thread* thread, Arguments a) {
    if (message_names_hidden_descriptor(a[1])) return -EBADF;
    return blocking_call(thread, SYS_sendmsg, a[0], a[1], a[2]);
}

// Those before one that cannot be sent are.
int64_t sys_sendmmsg(guest::Thread* thread, Arguments a) {
    uint64_t count = std::min<uint64_t>(static_cast<uint32_t>(a[2]), 1024);
    for (uint64_t i = 0; i < count; i++) {
        if (!message_names_hidden_descriptor(a[1] + i * sizeof(mmsghdr))) continue;
        if (i == 0) return -EBADF;
        count = i;
    }
    return blocking_call(thread, SYS_sendmmsg, a[0], a[1], count, a[3]);
}

}  // namespace armature::syscalls
