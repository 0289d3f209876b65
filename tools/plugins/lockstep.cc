// SPDX-License-Identifier: MIT
// Runs two emulations in lockstep and tells where they part. Each tells the other, over a unix socket, the
// address of every block it enters; the first to come makes the socket, the second connects. One vCPU only.
//
// A single difference can be a block that one side ended early: the runs may meet again. Two differences with
// one block between them, twice in a row, are the point where the runs have parted.
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <deque>

#include "tools/plugins/plugin_support.h"

namespace {

struct Block {
    uint64_t address;
    uint64_t length;
};

struct Position {
    uint64_t address;
    uint64_t instructions;
};

// A block that was executed, and the instruction count after it.
struct Executed {
    const Block* block;
    uint64_t instructions;
};

constexpr size_t kShown = 5;

bool verbose = false;
std::string path;
std::string path_to_remove;
qemu_plugin_id_t own_id;
int peer = -1;
uint64_t block_count = 0;
uint64_t instruction_count = 0;
uint64_t differences = 0;
uint64_t last_difference = 0;  // block count at the last one
uint64_t last_distance = 0;
bool stopped = false;
std::deque<Executed> history;  // the latest first

const plugin::Options kOptions = {
    {"sockpath", &path, "the socket over which the two emulations meet (required)"},
    {"verbose", &verbose, "print every difference"},
};

void clean_up() {
    if (peer >= 0) close(peer);
    if (!path_to_remove.empty()) unlink(path_to_remove.c_str());
    peer = -1;
    path_to_remove.clear();
}

void uninstalled(qemu_plugin_id_t) {
    clean_up();
}

void give_up(const char* reason) {
    stopped = true;
    qemu_plugin_outs(reason);
    qemu_plugin_uninstall(own_id, uninstalled);
}

void report_difference(const Position& us, const Position& them) {
    uint64_t distance = differences != 0 ? block_count - last_difference : 0;
    bool parted = distance == 1 && last_distance == 1;
    differences++;
    last_difference = block_count;
    last_distance = distance;
    if (verbose || distance == 1 || parted) {
        plugin::print("@ 0x%016" PRIx64 " vs 0x%016" PRIx64 " (%" PRIu64 "/%" PRIu64 " since last)\n",
                      us.address, them.address, differences, distance);
    }
    if (!parted) return;
    std::string report;
    plugin::append(&report,
                   "Δ insn_count @ 0x%016" PRIx64 " (%" PRIu64 ") vs 0x%016" PRIx64 " (%" PRIu64 ")\n",
                   us.address, us.instructions, them.address, them.instructions);
    for (const Executed& entry : history) {
        plugin::append(&report, "  previously @ 0x%016" PRIx64 "/%" PRIu64 " (%" PRIu64 " insns)\n",
                       entry.block->address, entry.block->length, entry.instructions);
    }
    qemu_plugin_outs(report.c_str());
    give_up("too much divergence... giving up.\n");
}

bool exchange(const Position& us, Position* them) {
    if (send(peer, &us, sizeof(us), MSG_NOSIGNAL) != sizeof(us)) {
        give_up("problem writing to socket\n");
        return false;
    }
    ssize_t size = 0;
    do {
        size = recv(peer, them, sizeof(*them), MSG_WAITALL);
    } while (size < 0 && errno == EINTR);
    if (size == sizeof(*them)) return true;
    give_up(size < 0 ? "problem reading from socket\n" : "read less than expected\n");
    return false;
}

void executed(unsigned, void* userdata) {
    const auto* block = static_cast<const Block*>(userdata);
    if (stopped) return;
    Position us = {block->address, instruction_count};
    Position them;
    if (!exchange(us, &them)) return;
    if (us.address != them.address) report_difference(us, them);
    instruction_count += block->length;
    block_count++;
    history.push_front({block, instruction_count});
    if (history.size() > kShown) history.pop_back();
}

void translated(qemu_plugin_id_t, qemu_plugin_tb* tb) {
    auto* block = new Block{qemu_plugin_tb_vaddr(tb), qemu_plugin_tb_n_insns(tb)};
    qemu_plugin_register_vcpu_tb_exec_cb(tb, executed, QEMU_PLUGIN_CB_NO_REGS, block);
}

void at_exit(qemu_plugin_id_t, void*) {
    if (differences == 0) qemu_plugin_outs("No divergence :-)\n");
    plugin::print("Executed %" PRIu64 " blocks\nExecuted ~%" PRIu64 " instructions\n", block_count,
                  instruction_count);
    clean_up();
}

// Connects to who waits at the path; if nobody does, waits there for the other.
bool meet() {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof(address.sun_path)) {
        fprintf(stderr, "Need a socket path to talk to other instance.\n");
        return false;
    }
    memcpy(address.sun_path, path.c_str(), path.size());
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    // Both may come at the same time: one of them makes the socket, and the other may find it before it is
    // listened to.
    for (int attempt = 0;; attempt++) {
        if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) {
            peer = fd;
            return true;
        }
        if (errno == ECONNREFUSED && attempt >= 100)
            unlink(path.c_str());  // left over by a run that was killed
        if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0 && listen(fd, 1) == 0)
            break;
        if (errno != EADDRINUSE || attempt >= 200) {
            perror(path.c_str());
            close(fd);
            return false;
        }
        usleep(10000);
    }
    path_to_remove = path;
    peer = accept4(fd, nullptr, nullptr, SOCK_CLOEXEC);
    close(fd);
    return peer >= 0;
}

// Out of the reach of a guest that closes or reuses low descriptors.
void move_up(int* fd) {
    int high = fcntl(*fd, F_DUPFD_CLOEXEC, 900);
    if (high < 0) return;
    close(*fd);
    *fd = high;
}

}  // namespace

BUNDLED_PLUGIN("lockstep: compares two runs block by block", kOptions)

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t*, int argc, char** argv) {
    if (!plugin::parse(kOptions, argc, argv) || !meet()) return -1;
    move_up(&peer);
    own_id = id;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, at_exit, nullptr);
    return 0;
}
