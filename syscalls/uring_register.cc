// SPDX-License-Identifier: MIT
// io_uring_register: the host's call, for memory and files that are the guest's. An array that names a
// descriptor of the emulator's goes to the kernel as a copy in which that one is no descriptor.
#include <errno.h>
#include <limits.h>
#include <sys/uio.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "guest/user_access.h"
#include "support/descriptors.h"
#include "support/log.h"
#include "syscalls/memory.h"
#include "syscalls/uring.h"

namespace armature::syscalls {
namespace {

using guest::Thread;

constexpr uint32_t kMostBuffers = 1 << 14;

uint64_t pointer(const void* p) {
    return reinterpret_cast<uint64_t>(p);
}

// What the calls with a structure have in theirs; the offsets differ.
struct ArrayField {
    uint64_t data_at;  // the array's address in the structure
    uint64_t count_at;
};

// 0, or the errno. What is too long or cannot be read is for the kernel to say.
int64_t check_buffers(uint64_t array, uint64_t count) {
    if (count > kMostBuffers) return 0;
    for (uint64_t i = 0; i < count; i++) {
        iovec vector;
        if (!guest::read_object(&vector, array + i * sizeof vector)) return 0;
        if (vector.iov_base && !guest_owns(pointer(vector.iov_base), vector.iov_len)) return -EFAULT;
    }
    return 0;
}

// A copy of the descriptors, if one of them must not be used.
std::vector<int32_t> without_hidden(uint64_t array, uint64_t count) {
    if (array == 0 || count > uring::kMostFiles) return {};
    std::vector<int32_t> copy(count);
    if (!guest::read_memory(copy.data(), array, count * sizeof copy[0])) return {};
    bool any = false;
    for (int32_t& fd : copy) {
        if (fd < 0) continue;
        if (!support::is_hidden_descriptor(fd) && !is_watched_memory(static_cast<uint64_t>(fd))) continue;
        fd = INT_MAX;
        any = true;
    }
    if (!any) copy.clear();
    return copy;
}

struct Call {
    Thread* thread;
    Arguments a;
    int64_t make(uint64_t argument) const {
        return blocking_call(thread, SYS_io_uring_register, a[0], a[1], argument, a[3]);
    }
};

template <size_t kSize>
int64_t with_structure(const Call& call, const ArrayField& field, bool files) {
    unsigned char bytes[kSize];
    // With another size than the kernel knows, it refuses.
    if (!guest::read_memory(bytes, call.a[2], kSize)) return call.make(call.a[2]);
    uint64_t array = 0;
    uint32_t count = static_cast<uint32_t>(call.a[3]);
    memcpy(&array, bytes + field.data_at, sizeof array);
    if (field.count_at < kSize) memcpy(&count, bytes + field.count_at, sizeof count);
    std::vector<int32_t> copy;
    if (files) {
        copy = without_hidden(array, count);
        if (!copy.empty()) array = pointer(copy.data());
    } else if (array) {
        const int64_t error = check_buffers(array, count);
        if (error) return error;
    }
    memcpy(bytes + field.data_at, &array, sizeof array);
    return call.make(pointer(bytes));
}

// io_uring_rsrc_register, io_uring_rsrc_update, io_uring_rsrc_update2
constexpr ArrayField kRegister{16, 0};
constexpr ArrayField kUpdate{8, SIZE_MAX};
constexpr ArrayField kUpdate2{8, 24};

// The answer is the host's, for the operations that are here.
int64_t probe(const Call& call) {
    const int64_t result = call.make(call.a[2]);
    if (result < 0) return result;
    io_uring_probe head;
    const uint64_t operations = call.a[2] + sizeof head;
    if (!guest::read_object(&head, call.a[2])) return -EFAULT;
    for (uint64_t i = 0; i < head.ops_len; i++) {
        io_uring_probe_op row;
        if (!guest::read_object(&row, operations + i * sizeof row)) return -EFAULT;
        if (supports_ring_operation(row.op)) continue;
        row.flags &= static_cast<uint16_t>(~IO_URING_OP_SUPPORTED);
        if (!guest::write_object(operations + i * sizeof row, row)) return -EFAULT;
    }
    while (head.last_op && !supports_ring_operation(head.last_op)) head.last_op--;
    head.ops_len = std::min<uint8_t>(head.ops_len, static_cast<uint8_t>(head.last_op + 1));
    return guest::write_object(call.a[2], head) ? result : -EFAULT;
}

int64_t register_eventfd(const Call& call) {
    int32_t fd = 0;
    if (guest::read_object(&fd, call.a[2]) && support::is_hidden_descriptor(fd)) return -EBADF;
    return call.make(call.a[2]);
}

}  // namespace

int64_t sys_io_uring_register(Thread* thread, Arguments a) {
    const Call call{thread, a};
    const auto opcode = static_cast<uint32_t>(a[1]);
    if (!find_ring(a[0])) {
        constexpr uint64_t kNone = 0xffff;  // an operation that no kernel has: is it a ring at all?
        const int64_t error = host_call(SYS_io_uring_register, a[0], kNone);
        return error == -EBADF ? -EBADF : -EOPNOTSUPP;
    }
    switch (opcode) {
        case IORING_REGISTER_BUFFERS: {
            const int64_t error = a[2] ? check_buffers(a[2], static_cast<uint32_t>(a[3])) : 0;
            return error ? error : call.make(a[2]);
        }
        case IORING_REGISTER_BUFFERS2:
            return with_structure<sizeof(io_uring_rsrc_register)>(call, kRegister, false);
        case IORING_REGISTER_BUFFERS_UPDATE:
            return with_structure<sizeof(io_uring_rsrc_update2)>(call, kUpdate2, false);
        case IORING_REGISTER_FILES: {
            const std::vector<int32_t> copy = without_hidden(a[2], static_cast<uint32_t>(a[3]));
            return call.make(copy.empty() ? a[2] : pointer(copy.data()));
        }
        case IORING_REGISTER_FILES_UPDATE:
            return with_structure<sizeof(io_uring_files_update)>(call, kUpdate, true);
        case IORING_REGISTER_FILES2:
            return with_structure<sizeof(io_uring_rsrc_register)>(call, kRegister, true);
        case IORING_REGISTER_FILES_UPDATE2:
            return with_structure<sizeof(io_uring_rsrc_update2)>(call, kUpdate2, true);
        case IORING_REGISTER_EVENTFD:
        case IORING_REGISTER_EVENTFD_ASYNC:
            return register_eventfd(call);
        case IORING_REGISTER_PROBE:
            return probe(call);
        case IORING_REGISTER_RING_FDS:
        case IORING_UNREGISTER_RING_FDS:
            if (support::log_enabled(support::LogItem::Unimp))
                support::log_printf("io_uring: rings are not registered\n");
            return -EINVAL;
        default:
            return opcode <= uring::kRegisterCloneBuffers ? call.make(a[2]) : -EINVAL;
    }
}

}  // namespace armature::syscalls
