// SPDX-License-Identifier: MIT
// Scoreboards: one element per vCPU.
//
// Translated code updates elements without a lock, so an array that moves when it grows would lose counts. It
// does not move: address space is reserved for more vCPUs than there can be, and the kernel provides zeroed
// pages as they are touched. Plugins make a scoreboard for every block they see, so scoreboards are packed: a
// slab is an array of equal chunks, one per vCPU, and a scoreboard is an offset into the chunks. The counters
// of one vCPU lie together, and two vCPUs never write to the same cache line.
#pragma once

#include <cstddef>
#include <cstdint>

#include "guest/cpu_state.h"
#include "plugin-host/api.h"

struct qemu_plugin_scoreboard {
    uint8_t* base = nullptr;  // of vCPU 0's element
    size_t stride = 0;        // from one vCPU's element to the next one's
    size_t size = 0;          // of the element, rounded up
    bool live = false;
    bool in_first_slab = false;  // at CpuState::counters + in_chunk: the quickest
    size_t in_chunk = 0;
};

namespace armature::plugin_host {

// Whether the counter is there to be operated on; else a message.
bool valid_counter(qemu_plugin_u64 entry, const char* function);

// Before a vCPU runs: gives it its counters, or ends the process with a message if a scoreboard has no room.
void prepare_scoreboards(guest::CpuState* cpu);

}  // namespace armature::plugin_host
