// SPDX-License-Identifier: MIT
// io_uring, see uring.cc. Internal to syscalls/.
#pragma once

#include <linux/io_uring.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "support/arena.h"
#include "syscalls/call.h"

namespace armature::syscalls {

// Newer than the headers of the oldest host that is built on.
namespace uring {
inline constexpr uint32_t kSetupNoMmap = 1u << 14;
inline constexpr uint32_t kSetupNoSqArray = 1u << 16;
inline constexpr uint32_t kEnterAbsTimer = 1u << 5;
inline constexpr uint32_t kNopInjectResult = 1;
inline constexpr uint32_t kRegisterPbufStatus = 26;
inline constexpr uint32_t kRegisterCloneBuffers = 30;  // the last of Linux 6.12
inline constexpr uint32_t kMostFiles = 1 << 20;        // that can be registered
inline constexpr uint8_t kNoOpcode = 0xff;
}  // namespace uring

// What the emulator keeps for one ring.
struct Ring {
    Ring() = default;
    Ring(const Ring&) = delete;
    Ring& operator=(const Ring&) = delete;
    ~Ring();

    uint64_t device = 0, inode = 0;  // of the descriptor's file: who it is
    uint32_t flags = 0;              // IORING_SETUP_* as the guest asked
    uint32_t entries = 0;
    uint32_t head_at = 0, tail_at = 0, array_at = 0;  // in the rings
    size_t sqe_size = 0;
    // Addresses: the two rings and the entries that the guest writes, which it has mapped (or, with
    // IORING_SETUP_NO_MMAP, brought), and the entries that the kernel reads.
    uint64_t rings = 0, guest_entries = 0, kernel_entries = 0;
    uint64_t rings_size = 0, entries_size = 0;
    bool guests_memory = false;

    std::mutex lock;
    std::vector<uint32_t> converted;  // entries that hold something since the last submission
    support::Arena arena;             // what they point at, until the kernel has taken them
};

// One entry on its way to the kernel.
struct Conversion {
    guest::Thread* thread;
    Ring* ring;
    io_uring_sqe* sqe;
};
// uring_entries.cc: makes of the guest's entry what the host's kernel is to do.
void convert_entry(const Conversion& entry);
bool supports_ring_operation(uint32_t opcode);

// uring_strace.cc
bool shows_entries();
void show_entry(const io_uring_sqe& sqe);

// An address at which there is nothing, for the kernel to find that out.
uint64_t unmapped_address();

// Is it a file by which a process's memory is read and written? Those are the emulator's to watch.
bool is_watched_memory(uint64_t fd);

std::shared_ptr<Ring> find_ring(uint64_t fd);

// mmap of a ring's descriptor. False: not one, or a part that the kernel maps (*result is not set).
bool map_ring(uint64_t fd, uint64_t address, uint64_t length, int prot, int flags, uint64_t offset,
              int64_t* result);

// Around fork, before all other locks of this folder.
void lock_rings();
void unlock_rings();

}  // namespace armature::syscalls
