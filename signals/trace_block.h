// SPDX-License-Identifier: MIT
// What a traced thread and its tracer's emulator tell each other. See signals/traced.cc and
// syscalls/ptrace.cc.
#pragma once

#include <signal.h>

#include <cstdint>
#include <type_traits>

#include "guest/sve_state.h"

namespace armature::signals {

// In the host's RAX while a thread stands at its stop; RDI is the block's address.
inline constexpr uint64_t kTraceStopMagic = 0x41524d5452414345;
// si_value of the SIGTRAP by which a tracer asks; si_errno has the TraceRequests.
inline constexpr uint64_t kTraceRequestMagic = 0x41524d5452455121;

enum TraceRequest : uint32_t {
    kTraceSeize = 1,       // you are traced from now on
    kTraceAttach = 2,      // the same by PTRACE_ATTACH
    kTraceStopSignal = 4,  // take a SIGSTOP
    kTraceInterrupt = 8,   // stop at once (PTRACE_INTERRUPT)
};

enum class TraceKind : uint32_t { None, Entry, Exit, Signal, Group, Event };
enum class TraceCommand : uint32_t { Continue, Syscall, Step, Emulate, Listen, Detach };

enum TraceChange : uint32_t {
    kChangedRegisters = 1,
    kChangedVectors = 2,
    kChangedTls = 4,
    kChangedNumber = 8,
    kChangedInfo = 16,
    kChangedMask = 32,
    kChangedSve = 64,
};

// arm64's user_pt_regs and user_fpsimd_state.
struct TraceRegisters {
    uint64_t x[31];
    uint64_t sp, pc, pstate;
};
struct TraceVectors {
    guest::Vec128 v[32];
    uint32_t fpsr, fpcr, reserved[2];
};

// What SVE has beyond that.
struct TraceSve {
    uint8_t upper[32][guest::kSveUpperBytes];
    uint64_t p[guest::kSvePredicates];
    uint64_t ffr;
    uint8_t vl, vl_exec, inherit;  // as in CpuState, but vl is never 0
    uint8_t in_use;                // 0: the registers are all zero
    uint8_t reserved[4];
};

struct TraceRange {
    uint64_t begin, end;
};
inline constexpr uint32_t kTraceRanges = 16;

struct TraceBlock {
    // The thread's part: written before it stops.
    TraceKind kind;
    uint32_t status;   // signal | event << 8
    uint64_t message;  // PTRACE_GETEVENTMSG
    int64_t number;    // of the system call; -1: none
    int64_t result;
    siginfo_t info;
    uint64_t mask;
    TraceRegisters registers;
    TraceVectors vectors;
    TraceSve sve;
    uint64_t tls[2];
    uint64_t auxv, auxv_size, path, path_size;  // where the process has them
    uint32_t expected;  // the event that the host clone which is about to be made is for the guest; 0: none

    // The tracer's: written before it lets the thread go on.
    uint32_t answered;
    TraceCommand command;
    uint32_t signal;
    uint32_t changed;  // TraceChange
    uint32_t options;  // PTRACE_O_*
    uint32_t seized;
    uint32_t stale_count;  // code that was written over; more than kTraceRanges: all of it
    TraceRange stale[kTraceRanges];
};
static_assert(std::is_trivially_copyable_v<TraceBlock>);
static_assert(sizeof(TraceRegisters) == 272 && sizeof(TraceVectors) == 528);

}  // namespace armature::signals
