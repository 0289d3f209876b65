// SPDX-License-Identifier: MIT
// The table of C++ functions that translated code calls, and those of them that concern system state.
#include "translator/ir/helpers.h"

#include <time.h>

#include "translator/translator.h"

namespace armature::translator {

namespace ir {

const void* const kHelperFunctions[] = {
#define HELPER(Name, kind) reinterpret_cast<const void*>(&helper::Name),
#include "translator/ir/helpers.def"
#undef HELPER
};

}  // namespace ir

namespace helper {

using guest::CpuState;

constexpr uint64_t kInstructionCacheLine = 64;  // as CTR_EL0.IminLine says
constexpr uint64_t kNanosecondsPerSecond = 1000000000;

uint64_t ReadFpcr(CpuState* cpu, uint64_t, uint64_t, uint64_t) {
    return cpu->fpcr;
}

uint64_t WriteFpcr(CpuState* cpu, uint64_t value, uint64_t, uint64_t) {
    cpu->write_fpcr(static_cast<uint32_t>(value));
    return 0;
}

uint64_t ReadFpsr(CpuState* cpu, uint64_t, uint64_t, uint64_t) {
    return cpu->read_fpsr();
}

uint64_t WriteFpsr(CpuState* cpu, uint64_t value, uint64_t, uint64_t) {
    cpu->write_fpsr(static_cast<uint32_t>(value));
    return 0;
}

// The generic timer counts nanoseconds: CNTFRQ_EL0 says 1 GHz.
uint64_t ReadCounter(CpuState*, uint64_t, uint64_t, uint64_t) {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<uint64_t>(now.tv_sec) * kNanosecondsPerSecond + static_cast<uint64_t>(now.tv_nsec);
}

uint64_t InvalidateInstructionCache(CpuState*, uint64_t address, uint64_t, uint64_t) {
    const uint64_t line = address & ~(kInstructionCacheLine - 1);
    invalidate(line, line + kInstructionCacheLine);
    return 0;
}

}  // namespace helper
}  // namespace armature::translator
