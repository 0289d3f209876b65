// SPDX-License-Identifier: MIT
// seccomp's listeners: SECCOMP_RET_USER_NOTIF asks a supervisor, who holds a descriptor.
//
// The descriptor must wait, poll, pass to other processes and give descriptors to the one that asks, so it is
// the host's: a filter of the host's is installed beside the guest's. It lets everything through but system
// calls with numbers that do not exist, and those it makes notifications. A guest call that its own filter
// wants to be asked about is made as such a number, with the guest's arguments. The supervisor's emulator
// turns the number back. The host's filter goes through forks and execs, and ends, as the guest's does.
//
// What the supervisor lets continue must not continue as a call without a number: its emulator answers with
// an error that no system call has, and the call is then made.
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>

#include "guest/user_access.h"
#include "support/descriptors.h"
#include "syscalls/call.h"
#include "syscalls/seccomp.h"

namespace armature::syscalls {
namespace {

using guest::Thread;

// Bit 30 would make it a call of x32.
constexpr uint32_t kAsks = 0x20000000;
constexpr uint32_t kAsksMask = 0xf0000000;
constexpr int kNumberBits = 28;
constexpr int32_t kGoAhead = -0x41524d41;

sock_filter host_filter[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
    BPF_STMT(BPF_ALU | BPF_AND | BPF_K, kAsksMask),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kAsks, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};
constexpr unsigned short kAllow = 4;  // where it does nothing but let through

int64_t install(sock_filter* filter, unsigned short length, uint64_t flags) {
    const sock_fprog program{length, filter};
    return host_call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags | SECCOMP_FILTER_FLAG_SPEC_ALLOW,
                     reinterpret_cast<uint64_t>(&program));
}

int32_t guest_number(int32_t asked) {
    const auto number = static_cast<uint32_t>(asked) << (32 - kNumberBits);
    return static_cast<int32_t>(number) >> (32 - kNumberBits);
}

int64_t receive(Thread* thread, Arguments a) {
    const int64_t result = blocking_call(thread, SYS_ioctl, a[0], a[1], a[2]);
    seccomp_notif notification;
    if (result < 0 || !guest::read_object(&notification, a[2])) return result;
    seccomp_data& data = notification.data;
    if ((static_cast<uint32_t>(data.nr) & kAsksMask) != kAsks) return result;
    data.nr = guest_number(data.nr);
    data.arch = AUDIT_ARCH_AARCH64;
    data.instruction_pointer = 0;  // the emulator's
    return guest::write_object(a[2], notification) ? result : -EFAULT;
}

int64_t respond(Arguments a) {
    seccomp_notif_resp response;
    if (!guest::read_object(&response, a[2])) return -EFAULT;
    if (response.flags & SECCOMP_USER_NOTIF_FLAG_CONTINUE && !response.error && !response.val) {
        response.flags &= ~static_cast<uint32_t>(SECCOMP_USER_NOTIF_FLAG_CONTINUE);
        response.error = kGoAhead;
    }
    return host_call(SYS_ioctl, a[0], a[1], reinterpret_cast<uint64_t>(&response));
}

}  // namespace

int64_t install_listener(uint64_t flags) {
    return install(host_filter, std::size(host_filter), flags);
}

int64_t spread_listener() {
    return install(host_filter + kAllow, 1, SECCOMP_FILTER_FLAG_TSYNC);
}

bool ask_listener(Thread* thread, int64_t number, Arguments a, int64_t* result) {
    const uint32_t asked = kAsks | (static_cast<uint32_t>(number) & ~kAsksMask);
    *result = blocking_call(thread, asked, a[0], a[1], a[2], a[3], a[4], a[5]);
    return *result == kGoAhead;
}

bool is_listener_request(uint64_t request) {
    return request == SECCOMP_IOCTL_NOTIF_RECV || request == SECCOMP_IOCTL_NOTIF_SEND ||
           request == SECCOMP_IOCTL_NOTIF_ADDFD;
}

int64_t listener_request(Thread* thread, Arguments a) {
    switch (a[1]) {
        case SECCOMP_IOCTL_NOTIF_RECV:
            return receive(thread, a);
        case SECCOMP_IOCTL_NOTIF_SEND:
            return respond(a);
        default: {
            seccomp_notif_addfd added;
            if (guest::read_object(&added, a[2]) &&
                support::is_hidden_descriptor(static_cast<int>(added.srcfd)))
                return -EBADF;
            return blocking_call(thread, SYS_ioctl, a[0], a[1], a[2]);
        }
    }
}

}  // namespace armature::syscalls
