// SPDX-License-Identifier: MIT
// From a host fault to a precise guest state.
#pragma once

#include <atomic>
#include <cstdint>

#include "translator/runtime/runtime.h"

namespace armature::translator::runtime {

// Does fetching an instruction at `pc` fault? Then runtime.fault says how.
bool fetch_faults(ThreadRuntime& runtime, uint64_t pc);

// A read or write that the runtime made for the guest failed at `address`.
void describe_emulated_access(Exit& fault, uint64_t address, bool is_store);

// An access was to be aligned.
void describe_misalignment(Exit& fault, uint64_t address, bool is_store);

// An access failed its tag check (MTE).
void describe_tag_mismatch(Exit& fault, uint64_t address, bool is_store);

// The fault handler wants all translations dropped (tags were seen for the first time); done when the thread
// is back in the runtime.
extern std::atomic<bool> drop_requested;

}  // namespace armature::translator::runtime
