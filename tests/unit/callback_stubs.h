// SPDX-License-Identifier: MIT
// What the plugin host asks of the translator about a callback, for tests that link without a translator.
#pragma once

#include <cstdint>
#include <cstdlib>

#include "guest/cpu_state.h"

namespace armature::translator {

[[noreturn]] void leave_callback_at(guest::CpuState*, uint64_t) {
    abort();
}
uint64_t callback_pc(const guest::CpuState* cpu) {
    return cpu->pc;
}

}  // namespace armature::translator
