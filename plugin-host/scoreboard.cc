// SPDX-License-Identifier: MIT
#include "plugin-host/scoreboard.h"

#include <string.h>
#include <sys/mman.h>

#include <algorithm>
#include <map>
#include <vector>

#include "guest/thread.h"
#include "plugin-host/api.h"
#include "plugin-host/plugin.h"
#include "plugin-host/quiescence.h"
#include "support/log.h"

namespace armature::plugin_host {

namespace {

constexpr size_t kCacheLine = 64;
constexpr size_t kChunk = size_t{256} << 10;
constexpr size_t kMaxVcpus =
    65536;  // a process cannot have more threads: each has mappings, 65530 are allowed
constexpr size_t kMinVcpus = 256;
constexpr size_t kMaxSlab = size_t{1} << 34;

struct Slab {
    uint8_t* base = nullptr;
    size_t chunk = 0;
    size_t used = 0;
};

// All under the host's lock.
Slab present;
uint8_t* first = nullptr;  // of the first slab with ordinary chunks, which CpuState::counters points into
size_t room = ~size_t{0};  // vCPUs that every slab has room for
std::map<size_t, std::vector<qemu_plugin_scoreboard*>> freed;  // by size, to be used again

size_t round_up(size_t value, size_t unit) {
    return (value + unit - 1) / unit * unit;
}

void new_slab(size_t element_size) {
    size_t chunk = std::max(kChunk, round_up(element_size, kCacheLine));
    size_t vcpus = std::clamp(kMaxSlab / chunk, kMinVcpus, kMaxVcpus);
    void* memory = MAP_FAILED;
    // Where address space is limited, less must do.
    for (; memory == MAP_FAILED && vcpus >= kMinVcpus; vcpus /= 2) {
        memory = mmap(nullptr, vcpus * chunk, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED) continue;
        madvise(memory, vcpus * chunk, MADV_NOHUGEPAGE);
        room = std::min(room, vcpus);
    }
    if (memory == MAP_FAILED) {
        support::fatal(1, "a plugin's scoreboard of %zu bytes for each vCPU does not fit into memory",
                       element_size);
    }
    present = {static_cast<uint8_t*>(memory), chunk, 0};
    if (first == nullptr && chunk == kChunk) first = present.base;
}

uint8_t* element(const qemu_plugin_scoreboard* score, unsigned index) {
    return score->base + index * score->stride;
}

// Whether the element exists; else a message.
bool valid(const qemu_plugin_scoreboard* score, unsigned index, const char* function) {
    const char* reason = nullptr;
    if (score == nullptr) {
        reason = "no scoreboard";
    } else if (!score->live) {
        reason = "the scoreboard has been freed";
    } else if (index >= room) {
        reason = "there is no vCPU of that index";
    }
    if (reason == nullptr) [[likely]]
        return true;
    report_misuse(current_plugin, function, reason);
    return false;
}

// Null after a message.
uint64_t* counter(qemu_plugin_u64 entry, unsigned index, const char* function) {
    if (!valid(entry.score, index, function)) return nullptr;
    if (entry.offset + sizeof(uint64_t) > entry.score->size) {
        report_misuse(current_plugin, function, "the counter is not inside the scoreboard's elements");
        return nullptr;
    }
    return reinterpret_cast<uint64_t*>(element(entry.score, index) + entry.offset);
}

}  // namespace

bool valid_counter(qemu_plugin_u64 entry, const char* function) {
    return counter(entry, 0, function) != nullptr;
}

void prepare_scoreboards(guest::CpuState* cpu) {
    HostLock lock;
    if (first == nullptr) new_slab(kChunk);
    const unsigned vcpu_index = cpu->vcpu_index;
    cpu->counters = first + vcpu_index * kChunk;
    if (vcpu_index < room) return;
    support::fatal(1, "the scoreboards of plugins have room for %zu vCPUs, and the guest starts vCPU %u",
                   room, vcpu_index);
}

}  // namespace armature::plugin_host

using namespace armature;
using namespace armature::plugin_host;

qemu_plugin_scoreboard* qemu_plugin_scoreboard_new(size_t element_size) {
    size_t size = std::max(size_t{8}, round_up(element_size, element_size > 8 ? 16 : 8));
    HostLock lock;
    std::vector<qemu_plugin_scoreboard*>& again = freed[size];
    if (!again.empty()) {
        qemu_plugin_scoreboard* score = again.back();
        again.pop_back();
        for (unsigned index = 0; index < guest::vcpus_started(); index++)
            memset(element(score, index), 0, size);
        score->live = true;
        return score;
    }
    size_t offset = round_up(present.used, size > 8 ? 16 : 8);
    if (present.base == nullptr || offset + size > present.chunk) {
        new_slab(size);
        offset = 0;
    }
    present.used = offset + size;
    const bool in_first = present.base == first;
    return new qemu_plugin_scoreboard{present.base + offset, present.chunk, size, true, in_first, offset};
}

void qemu_plugin_scoreboard_free(qemu_plugin_scoreboard* score) {
    if (score == nullptr) return;
    HostLock lock;
    if (!score->live) {
        report_misuse(current_plugin, __func__, "the scoreboard has been freed before");
        return;
    }
    score->live = false;
    freed[score->size].push_back(score);
}

void* qemu_plugin_scoreboard_find(qemu_plugin_scoreboard* score, unsigned int vcpu_index) {
    return valid(score, vcpu_index, __func__) ? element(score, vcpu_index) : nullptr;
}

void qemu_plugin_u64_add(qemu_plugin_u64 entry, unsigned int vcpu_index, uint64_t added) {
    if (uint64_t* cell = counter(entry, vcpu_index, __func__); cell != nullptr) *cell += added;
}

uint64_t qemu_plugin_u64_get(qemu_plugin_u64 entry, unsigned int vcpu_index) {
    const uint64_t* cell = counter(entry, vcpu_index, __func__);
    return cell != nullptr ? *cell : 0;
}

void qemu_plugin_u64_set(qemu_plugin_u64 entry, unsigned int vcpu_index, uint64_t val) {
    if (uint64_t* cell = counter(entry, vcpu_index, __func__); cell != nullptr) *cell = val;
}

uint64_t qemu_plugin_u64_sum(qemu_plugin_u64 entry) {
    uint64_t sum = 0;
    if (counter(entry, 0, __func__) == nullptr) return 0;
    for (unsigned index = 0; index < guest::vcpus_started(); index++) {
        sum += *reinterpret_cast<uint64_t*>(element(entry.score, index) + entry.offset);
    }
    return sum;
}
