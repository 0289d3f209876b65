// SPDX-License-Identifier: MIT
// A line for each translated block: host address, size, and the guest's symbol or address. Where code is
// dropped and its place used again, the later line counts, as perf has it. The child of a fork goes on with a
// file of its own, that begins with its parent's lines.
#include "tools/armature/perf_map.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include <atomic>

#include "loader/loader.h"
#include "support/descriptors.h"
#include "translator/hooks.h"

namespace armature::tools {
namespace {

std::atomic<int> map{-1};

int open_map() {
    char name[48];
    snprintf(name, sizeof name, "/tmp/perf-%d.map", getpid());
    return open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
}

void write_line(uint64_t address, const void* code, size_t size) {
    char line[512];
    const char* symbol = loader::symbol_at(address);
    const int length =
        snprintf(line, sizeof line, "%" PRIxPTR " %zx %.400s%sguest 0x%" PRIx64 "\n",
                 reinterpret_cast<uintptr_t>(code), size, symbol ? symbol : "", symbol ? " " : "", address);
    // Lines are whole, for one write appends one; a full disk costs names, not the program.
    if (write(map.load(std::memory_order_relaxed), line, static_cast<size_t>(length)) < 0) errno = 0;
}

void continue_in_child() {
    const int parents = map.load(std::memory_order_relaxed);
    const int own = open_map();
    if (own < 0) return;
    off_t at = 0;
    while (sendfile(own, parents, &at, 1 << 20) > 0) {
    }
    support::close_hidden_descriptor(parents);
    map.store(support::hide_descriptor(own), std::memory_order_relaxed);
}

}  // namespace

bool start_perf_map(std::string* error) {
    const int file = open_map();
    if (file < 0) {
        *error = "-perfmap: cannot write /tmp/perf-" + std::to_string(getpid()) + ".map: " + strerror(errno);
        return false;
    }
    map.store(support::hide_descriptor(file), std::memory_order_relaxed);
    translator::hooks.published = write_line;
    pthread_atfork(nullptr, nullptr, continue_in_child);
    return true;
}

}  // namespace armature::tools
