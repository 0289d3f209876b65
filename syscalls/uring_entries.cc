// SPDX-License-Identifier: MIT
// io_uring's submission entries: what the guest asked for, in the words of the host's kernel.
//
// An entry that must fail is not taken out of its submission, which would change the order of completions and
// what is linked to it: its operand becomes one that the kernel finds the same fault with (no descriptor, an
// address where nothing is), or it becomes a NOP with a given result. So is what the emulator does itself.
//
// Everything here is read once, when the entry is submitted. That is when the kernel reads it too, but for
// the descriptors of FILES_UPDATE.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "guest/address_space.h"
#include "guest/user_access.h"
#include "signals/signals.h"
#include "support/descriptors.h"
#include "syscalls/epoll_event.h"
#include "syscalls/memory.h"
#include "syscalls/message.h"
#include "syscalls/open_flags.h"
#include "syscalls/open_how.h"
#include "syscalls/path.h"
#include "syscalls/proc_files.h"
#include "syscalls/proc_others.h"
#include "syscalls/ptrace.h"
#include "syscalls/tagged_addresses.h"
#include "syscalls/uring.h"
#include "translator/translator.h"

namespace armature::syscalls {
namespace {

constexpr int32_t kNoDescriptor = -1;
constexpr uint64_t kCurrentPosition = ~uint64_t{0};

uint64_t pointer(const void* p) {
    return reinterpret_cast<uint64_t>(p);
}

uint64_t descriptor(int32_t fd) {
    return static_cast<uint64_t>(static_cast<int64_t>(fd));
}

// The entry's place in chains and its name stay; otherwise it does nothing and ends with this result.
void give_result(const Conversion& c, int64_t result) {
    constexpr uint8_t kKept =
        IOSQE_IO_DRAIN | IOSQE_IO_LINK | IOSQE_IO_HARDLINK | IOSQE_ASYNC | IOSQE_CQE_SKIP_SUCCESS;
    const io_uring_sqe old = *c.sqe;
    memset(c.sqe, 0, sizeof *c.sqe);
    c.sqe->opcode = IORING_OP_NOP;
    c.sqe->flags = old.flags & kKept;
    c.sqe->user_data = old.user_data;
    c.sqe->personality = old.personality;
    // Of a call that a signal keeps from being made.
    c.sqe->len = static_cast<uint32_t>(result <= -signals::kErestartsys ? -EINTR : result);
    c.sqe->rw_flags = uring::kNopInjectResult;
}

uint64_t untag(const Conversion& c, uint64_t address) {
    return c.thread->cpu.tag_control & guest::kTagAddressesAllowed ? untagged_address(address) : address;
}

// A buffer that begins in the emulator's memory, or nowhere, is nowhere. Where one runs out of the guest's
// memory, that is for the kernel to find.
uint64_t checked(const Conversion& c, uint64_t address, uint64_t size) {
    address = untag(c, address);
    if (size == 0 || guest_owns(address, size) || guest_owns(address, 1)) return address;
    return unmapped_address();
}

bool names_fixed_file(const Conversion& c) {
    return c.sqe->flags & IOSQE_FIXED_FILE;
}

void plain(const Conversion&) {}

void nop(const Conversion& c) {
    if (c.sqe->rw_flags & ~static_cast<int>(uring::kNopInjectResult)) c.sqe->opcode = uring::kNoOpcode;
}

void on_descriptor(const Conversion& c) {
    if (!names_fixed_file(c) && support::is_hidden_descriptor(c.sqe->fd)) c.sqe->fd = kNoDescriptor;
}

void buffer(const Conversion& c) {
    on_descriptor(c);
    if (!(c.sqe->flags & IOSQE_BUFFER_SELECT)) c.sqe->addr = checked(c, c.sqe->addr, c.sqe->len);
}

// Reading and writing a process's memory by its file is made as a system call, whose handler has the rules.
bool made_as_call(const Conversion& c, Handler handler) {
    if (names_fixed_file(c) || !is_watched_memory(descriptor(c.sqe->fd))) return false;
    const uint64_t a[8] = {descriptor(c.sqe->fd),
                           c.sqe->addr,
                           c.sqe->len,
                           c.sqe->off,
                           0,
                           static_cast<uint64_t>(c.sqe->rw_flags)};
    give_result(c, handler(c.thread, a));
    return true;
}

void read_buffer(const Conversion& c) {
    const Handler handler = c.sqe->off == kCurrentPosition ? sys_read : sys_pread64;
    if (!made_as_call(c, handler)) buffer(c);
}

void write_buffer(const Conversion& c) {
    const Handler handler = c.sqe->off == kCurrentPosition ? sys_write : sys_pwrite64;
    if (!made_as_call(c, handler)) buffer(c);
}

void vectors(const Conversion& c) {
    on_descriptor(c);
    const uint64_t address = untag(c, c.sqe->addr);
    const uint32_t count = c.sqe->len;
    c.sqe->addr = address;
    if (count == 0 || count > IOV_MAX || (c.sqe->flags & IOSQE_BUFFER_SELECT)) return;
    const auto copy = c.ring->arena.make_room<iovec>(count);
    if (!guest::read_memory(copy.data(), address, count * sizeof(iovec))) return;
    for (iovec& vector : copy)
        vector.iov_base = reinterpret_cast<void*>(checked(c, pointer(vector.iov_base), vector.iov_len));
    c.sqe->addr = pointer(copy.data());
}

void read_vectors(const Conversion& c) {
    if (!made_as_call(c, sys_preadv2)) vectors(c);
}

void write_vectors(const Conversion& c) {
    if (!made_as_call(c, sys_pwritev2)) vectors(c);
}

void send_message(const Conversion& c) {
    on_descriptor(c);
    if (message_names_hidden_descriptor(untag(c, c.sqe->addr))) give_result(c, -EBADF);
}

void splice(const Conversion& c) {
    on_descriptor(c);
    if (!(static_cast<uint32_t>(c.sqe->splice_flags) & SPLICE_F_FD_IN_FIXED) &&
        support::is_hidden_descriptor(c.sqe->splice_fd_in))
        c.sqe->splice_fd_in = kNoDescriptor;
}

void two_directories(const Conversion& c) {
    on_descriptor(c);
    const auto second = static_cast<int32_t>(c.sqe->len);
    if (support::is_hidden_descriptor(second)) c.sqe->len = static_cast<uint32_t>(kNoDescriptor);
}

void advise(const Conversion& c) {
    const uint64_t size = c.sqe->off ? c.sqe->off : c.sqe->len;
    const auto advice = static_cast<int>(c.sqe->fadvise_advice);
    c.sqe->addr = untag(c, c.sqe->addr);
    if (advice == MADV_DONTFORK || advice == MADV_DOFORK) {
        const uint64_t a[8] = {c.sqe->addr, size, c.sqe->fadvise_advice};
        give_result(c, sys_madvise(c.thread, a));
    } else if (!guest_owns(c.sqe->addr, size)) {
        give_result(c, -ENOMEM);
    } else if (size != 0 && (advice == MADV_DONTNEED || advice == MADV_REMOVE || advice == MADV_FREE)) {
        translator::invalidate(c.sqe->addr, c.sqe->addr + size);
    }
}

void provide_buffers(const Conversion& c) {
    c.sqe->addr = untag(c, c.sqe->addr);
    const uint64_t size = uint64_t{c.sqe->len} * static_cast<uint32_t>(c.sqe->fd);
    if (!guest_owns(c.sqe->addr, size)) give_result(c, -EFAULT);
}

// Those before the first that is not to be had are put in their slots, as by the kernel.
void update_files(const Conversion& c) {
    const uint32_t count = c.sqe->len;
    if (count > uring::kMostFiles) return;
    for (uint32_t i = 0; i < count; i++) {
        int32_t fd = 0;
        if (!guest::read_object(&fd, c.sqe->addr + i * sizeof fd)) return;
        if (!support::is_hidden_descriptor(fd) && !is_watched_memory(descriptor(fd))) continue;
        c.sqe->len = i;
        if (i == 0) give_result(c, -EBADF);
        return;
    }
}

void control_epoll(const Conversion& c) {
    on_descriptor(c);
    if (support::is_hidden_descriptor(static_cast<int32_t>(c.sqe->off)))
        c.sqe->off = descriptor(kNoDescriptor);
    const auto event = c.ring->arena.make_room<HostEpollEvent>(1);
    if (read_epoll_event(&event[0], untag(c, c.sqe->addr))) c.sqe->addr = pointer(event.data());
}

// --- Paths

void use_path(const Conversion& c, uint64_t* field, const std::string& path) {
    const auto copy = c.ring->arena.make_room<char>(path.size() + 1);
    memcpy(copy.data(), path.c_str(), path.size() + 1);
    *field = pointer(copy.data());
}

// The path that `*field` leads to, if that is one for the root.
bool use_path_in_root(const Conversion& c, uint64_t* field, bool follow) {
    if (!have_root()) return false;
    InRoot below(c.thread, *field, follow);
    if (!below.found()) return false;
    use_path(c, field, path_of_descriptor(static_cast<int64_t>(below.fd())));
    return true;
}

void attribute_path(const Conversion& c) {
    uint64_t path = untag(c, c.sqe->addr3);
    use_path_in_root(c, &path, true);
    c.sqe->addr3 = path;
}

// Is it a file that would be replaced by the guest's, or the emulator in place of the guest's program, which
// goes to *behind?
enum class Opened { Ordinary, Executable, Replaced };
Opened look_at(const Conversion& c, uint64_t path, uint64_t flags, std::string* behind) {
    const int64_t fd =
        host_call(SYS_openat, descriptor(c.sqe->fd), path, O_PATH | O_CLOEXEC | (flags & O_NOFOLLOW));
    if (fd < 0) return Opened::Ordinary;
    Opened found = Opened::Ordinary;
    struct stat file;
    if (fstat(static_cast<int>(fd), &file) == 0) {
        if (is_emulator_file(file) && !(flags & O_NOFOLLOW))
            *behind = program_behind_exe_link(descriptor(c.sqe->fd), path);
        if (!behind->empty())
            found = Opened::Executable;
        else if (may_be_on_proc(file) && is_replaced_on_proc(fd))
            found = Opened::Replaced;
    }
    close(static_cast<int>(fd));
    return found;
}

void stat_path(const Conversion& c) {
    on_descriptor(c);
    c.sqe->addr2 = checked(c, c.sqe->addr2, 1);
    uint64_t path = untag(c, c.sqe->addr);
    const uint64_t flags = c.sqe->statx_flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0;
    std::string behind;
    if (!use_path_in_root(c, &path, !flags) && look_at(c, path, flags, &behind) == Opened::Executable)
        use_path(c, &path, behind);
    c.sqe->addr = path;
}

// `flags` are the host's; `handler` with `a` would do the same as a system call.
void open_file(const Conversion& c, uint64_t flags, bool in_root, Handler handler, Arguments a) {
    if (names_fixed_file(c)) return;
    uint64_t path = untag(c, c.sqe->addr);
    const bool creates_new = (flags & O_CREAT) && (flags & O_EXCL);
    if (!in_root || !use_path_in_root(c, &path, !(flags & O_NOFOLLOW) && !creates_new)) {
        std::string behind;
        switch (look_at(c, path, flags, &behind)) {
            case Opened::Ordinary:
                break;
            case Opened::Executable:
                use_path(c, &path, behind);
                break;
            case Opened::Replaced:
                give_result(c, c.sqe->file_index ? -EINVAL : handler(c.thread, a));
                return;
        }
    }
    c.sqe->addr = path;
}

void open_path(const Conversion& c) {
    on_descriptor(c);
    const uint64_t flags = to_host_open_flags(c.sqe->open_flags);
    const uint64_t a[8] = {descriptor(c.sqe->fd), c.sqe->addr, c.sqe->open_flags, c.sqe->len};
    c.sqe->open_flags = static_cast<uint32_t>(flags);
    open_file(c, flags, true, sys_openat, a);
}

void open_how_path(const Conversion& c) {
    on_descriptor(c);
    const uint64_t a[8] = {descriptor(c.sqe->fd), c.sqe->addr, c.sqe->addr2, c.sqe->len};
    const auto how = c.ring->arena.make_array<open_how>(1);
    const int64_t error = read_open_how(&how[0], untag(c, c.sqe->addr2), c.sqe->len);
    if (error) {
        give_result(c, error);
        return;
    }
    c.sqe->addr2 = pointer(how.data());
    c.sqe->len = sizeof(open_how);
    open_file(c, how[0].flags, how[0].resolve == 0, sys_openat2, a);
}

using Convert = void (*)(const Conversion&);
constexpr Convert kOperations[] = {
#define OPERATION(opcode, name, conversion, note) conversion,
#include "syscalls/uring_operations.def"
#undef OPERATION
};
constexpr uint32_t kOpcodes[] = {
#define OPERATION(opcode, name, conversion, note) opcode,
#include "syscalls/uring_operations.def"
#undef OPERATION
};
constexpr bool is_in_order() {
    for (uint32_t i = 0; i < std::size(kOpcodes); i++) {
        if (kOpcodes[i] != i) return false;
    }
    return true;
}
static_assert(is_in_order());

}  // namespace

bool is_watched_memory(uint64_t fd) {
    struct stat file;
    if (!has_tracees() && !is_own_memory_open()) return false;
    if (fstat(static_cast<int>(fd), &file) != 0 || !may_be_on_proc(file)) return false;
    return is_own_memory_file(fd) || (has_tracees() && is_memory_file(fd));
}

bool supports_ring_operation(uint32_t opcode) {
    return opcode < std::size(kOperations);
}

void convert_entry(const Conversion& entry) {
    const uint8_t opcode = entry.sqe->opcode;
    if (shows_entries()) [[unlikely]]
        show_entry(*entry.sqe);
    if (supports_ring_operation(opcode))
        kOperations[opcode](entry);
    else
        entry.sqe->opcode = uring::kNoOpcode;
}

}  // namespace armature::syscalls
