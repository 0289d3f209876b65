// SPDX-License-Identifier: MIT
// The strace lines of io_uring entries: one for each that is submitted, before that of the io_uring_enter.
#include <cinttypes>

#include "guest/options.h"
#include "guest/user_access.h"
#include "support/log.h"
#include "syscalls/strace.h"
#include "syscalls/strace_values.h"
#include "syscalls/uring.h"

namespace armature::syscalls {
namespace {

constexpr int64_t kIoUringEnter = 426;

constexpr const char* kNames[] = {
#define OPERATION(opcode, name, conversion, note) #name,
#include "syscalls/uring_operations.def"
#undef OPERATION
};
constexpr bool kHasPath[] = {
#define OPERATION(opcode, name, conversion, note) \
    std::string_view(#name).starts_with("OPENAT") || std::string_view(#name) == "STATX",
#include "syscalls/uring_operations.def"
#undef OPERATION
};

}  // namespace

bool shows_entries() {
    return (guest::options.strace || support::log_enabled(support::LogItem::Strace)) &&
           strace_shows(kIoUringEnter);
}

void show_entry(const io_uring_sqe& sqe) {
    const bool known = supports_ring_operation(sqe.opcode);
    const std::string name = known ? kNames[sqe.opcode] : std::to_string(sqe.opcode);
    std::string address = strace::print("0x%" PRIx64, uint64_t{sqe.addr});
    std::string path;
    if (known && kHasPath[sqe.opcode] && guest::read_string(&path, sqe.addr, 4096) == 0)
        address = strace::quote(path, false);
    const auto tid = static_cast<int>(host_call(SYS_gettid));
    if (strace_is_json()) {
        support::log_printf("{\"tid\":%d,\"entry\":\"%s\",\"flags\":%u,\"fd\":%d,\"off\":%" PRIu64
                            ",\"addr\":%" PRIu64 ",\"len\":%u,\"op_flags\":%u,\"user_data\":%" PRIu64 "}\n",
                            tid, name.c_str(), sqe.flags, sqe.fd, uint64_t{sqe.off}, uint64_t{sqe.addr},
                            sqe.len, static_cast<uint32_t>(sqe.rw_flags), uint64_t{sqe.user_data});
        return;
    }
    support::log_printf("%d io_uring entry %s(fd=%d, addr=%s, len=%u, off=%" PRIu64
                        ", op_flags=0x%x, flags=%s, user_data=0x%" PRIx64 ")\n",
                        tid, name.c_str(), sqe.fd, address.c_str(), sqe.len, uint64_t{sqe.off},
                        static_cast<uint32_t>(sqe.rw_flags),
                        strace::print_flags("uring_entry", sqe.flags).c_str(), uint64_t{sqe.user_data});
}

}  // namespace armature::syscalls
