// SPDX-License-Identifier: MIT
// The architectural state of one guest CPU, as translated code sees it.
//
// Translated code keeps a host register pointed at this structure (see translator/x64/register_plan.h) and
// addresses everything by offset, so the order of the members is chosen for short displacements: the general
// registers first. While guest code runs, some registers live in host registers ("pinned") and their slots
// here are stale; at every exit from translated code, for whatever reason, the whole structure is up to date.
//
// The condition flags are kept in the layout that x86's LAHF and SETO produce, with the carry as x86 SUB
// leaves it (a borrow, the inverse of Arm's C): the common compare needs no conversion. nzcv()/set_nzcv()
// translate.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace armature::guest {

struct alignas(16) Vec128 {
    uint64_t lo = 0;
    uint64_t hi = 0;
    bool operator==(const Vec128&) const = default;
};

// PSTATE bits as in SPSR and in signal frames.
inline constexpr uint32_t kPstateN = 1u << 31;
inline constexpr uint32_t kPstateZ = 1u << 30;
inline constexpr uint32_t kPstateC = 1u << 29;
inline constexpr uint32_t kPstateV = 1u << 28;

// The same four flags in CpuState::flags (LAHF in bits 15..8, SETO in bits 7..0).
inline constexpr uint32_t kFlagN = 1u << 15;
inline constexpr uint32_t kFlagZ = 1u << 14;
inline constexpr uint32_t kFlagNotC = 1u << 8;
inline constexpr uint32_t kFlagV = 1u << 0;

// Kept in CpuState::pstate.
inline constexpr uint32_t kPstateDit = 1u << 24;
inline constexpr uint32_t kPstateSsbs = 1u << 12;
inline constexpr uint32_t kPstateTco = 1u << 25;

// CpuState::tag_control: prctl's bits, and one of our own.
inline constexpr uint32_t kTagAddressesAllowed = 1u << 0;  // system calls take tagged addresses
inline constexpr uint32_t kTagChecksSync = 1u << 1;
inline constexpr uint32_t kTagChecksAsync = 1u << 2;  // with kTagChecksSync: reads at once, writes later
inline constexpr unsigned kTagIncludeShift = 3;       // 16 bits: the tags that IRG may choose
inline constexpr uint32_t kTagFaultPending = 1u << 31;

// Keys for pointer authentication, in the order of CpuState::pac_keys and of prctl's bits.
enum PacKey : unsigned { kPacIA, kPacIB, kPacDA, kPacDB, kPacGA, kPacKeys };

inline constexpr uint32_t kFpsrQC = 1u << 27;
inline constexpr uint32_t kLaneEmpty = 0x7fff0000;  // CpuState::counter_lane: negative after 2^16 more
inline constexpr unsigned kSpillSlots = 64;         // 16-byte spill slots for the register allocator
inline constexpr unsigned kScratchSlots = 8;  // operands of out-of-line vector and floating-point helpers

inline constexpr unsigned kSveMaxBytes = 64;
inline constexpr unsigned kSvePredicates = 16;

// What SVE adds to the registers: see guest/sve_state.h.
struct SveState {
    // Of the registers whose CpuState::z_upper is set: all bytes. Those beyond the vector length are zero,
    // and so are bits of predicates.
    alignas(64) uint8_t z[32][kSveMaxBytes] = {};
    uint64_t p[kSvePredicates] = {};
    uint64_t ffr = 0;
};

struct alignas(64) CpuState {
    uint64_t x[31] = {};
    uint64_t sp = 0;
    Vec128 v[32] = {};
    uint64_t pc = 0;
    uint32_t flags = kFlagNotC;  // NZCV, see above; other bits are undefined
    uint32_t fpcr = 0;           // as the guest wrote it; MXCSR's control bits follow it
    uint32_t fpsr =
        0;  // the bits that MXCSR does not hold: QC, IDC (with flush-to-zero), and what helpers raise
    uint32_t mxcsr =
        0x1f80;  // the guest's MXCSR while host code runs: control bits from fpcr, sticky exception bits
    uint32_t host_mxcsr = 0x1f80;  // the emulator's own
    uint64_t tpidr_el0 = 0;
    uint64_t tpidr2_el0 = 0;

    // Exclusive monitor: address (all ones: open), size in bytes, and the value that was loaded.
    uint64_t exclusive_address = ~uint64_t{0};
    uint64_t exclusive_size = 0;
    Vec128 exclusive_value;

    // Set from any thread or a signal handler to make translated code leave at its next poll (loop
    // back-edges, indirect branches). Cleared by whoever handles the request.
    std::atomic<uint32_t> exit_request{0};
    uint32_t vcpu_index = 0;

    // What the plugin callback that runs may do with the registers: the interface's flags, 0 nothing, 1 read,
    // 2 write, 3 set pc too. Zero outside callbacks from translated code.
    uint32_t callback_access = 0;
    // `mxcsr` has the guest's value and the register has the emulator's, although translated code runs: see
    // translator/x64/thunks.cc.
    uint32_t mxcsr_parked = 0;
    uint8_t* counters = nullptr;         // this vCPU's part of the scoreboards, see translator/hooks.h
    uint32_t counter_lane = kLaneEmpty;  // what a counter has yet to get, see translator/runtime/probes.h

    // --- Private to the translator
    // -------------------------------------------------------------------------------
    void* jump_cache = nullptr;  // per-thread table: guest address -> host entry
    void* dispatcher = nullptr;  // the thread's runtime object
    uint64_t host_sp = 0;        // call stack pointer (rsp of translated code) while C++ runs
    uint64_t cxx_sp = 0;     // where thunks point rsp to call C++: 16-byte aligned top of the fiber's stack
    uint64_t exit_code = 0;  // why translated code left
    uint64_t exit_argument = 0;
    uint64_t scratch[8] = {};  // saved registers in out-of-line paths
    Vec128 vector_scratch[kScratchSlots];
    Vec128 spill[kSpillSlots];
    uint64_t emulated_probes = 0;  // probes of the instruction that the runtime is to emulate, see emulate.cc
    uint64_t emulated_probe_count = 0;

    // --- Seldom used: behind what translated code addresses with short displacements
    uint32_t pstate = 0;  // DIT, SSBS and TCO
    uint32_t btype = 0;   // PSTATE.BTYPE, as 1 << BTYPE, and 0 for BTYPE 0: a test finds the allowed ones
    // Tagged addresses and allocation tags (MTE): what prctl(PR_SET_TAGGED_ADDR_CTRL) was given; not zero too
    // if an access has failed its tag check in a mode that reports it later.
    uint32_t tag_control = 0;   // kTag* below
    uint32_t pac_enabled = 15;  // bit per PacKey: what prctl(PR_PAC_SET_ENABLED_KEYS) left on
    Vec128 pac_keys[kPacKeys];  // hi: the architecture's K<127:64>
    uint8_t sve_vl = 0;         // vector length in bytes; 0: the default
    uint8_t sve_vl_exec = 0;    // the one that exec gives, if it is not 0
    bool sve_vl_inherit = false;
    uint8_t z_upper[32] = {};  // by vector register: bits 128 and up may not be zero
    SveState sve;

    uint32_t nzcv() const {
        return (flags & kFlagN ? kPstateN : 0) | (flags & kFlagZ ? kPstateZ : 0) |
               (flags & kFlagNotC ? 0 : kPstateC) | (flags & kFlagV ? kPstateV : 0);
    }
    void set_nzcv(uint32_t bits) {
        flags = (bits & kPstateN ? kFlagN : 0) | (bits & kPstateZ ? kFlagZ : 0) |
                (bits & kPstateC ? 0 : kFlagNotC) | (bits & kPstateV ? kFlagV : 0);
    }
    uint32_t read_fpsr() const;       // fpsr with the sticky bits of mxcsr merged in
    void write_fpsr(uint32_t value);  // clears or sets mxcsr's sticky bits accordingly
    void write_fpcr(uint32_t value);  // derives mxcsr's control bits (rounding mode, flush to zero)
};

}  // namespace armature::guest
