// SPDX-License-Identifier: MIT
// AArch64's signal frame, as the kernel's ABI lays it out on the guest's stack:
//
//     sp ->  siginfo (128)
//            ucontext: flags, link, stack, mask, and at +176 the sigcontext:
//                fault address, x0-x30, sp, pc, pstate, and at +288 4096 bytes of records {magic, size, ...}:
//                fpsimd_context, esr_context after a fault, an empty record as the end
//     fp ->  frame record {x29, x30} of the interrupted code, for unwinders
//            (alignment)
//
// A frame that comes back may be another one than went out: programs copy and build them. It is parsed with
// the kernel's strictness, including records that continue behind the sigcontext (extra_context).
#pragma once

#include <signal.h>

#include <cstddef>
#include <cstdint>

#include "guest/cpu_state.h"
#include "signals/thread_signals.h"

namespace armature::signals {

struct ContextHead {
    uint32_t magic = 0;
    uint32_t size = 0;
};

inline constexpr uint32_t kFpsimdMagic = 0x46508001;
inline constexpr uint32_t kEsrMagic = 0x45535201;
inline constexpr uint32_t kSveMagic = 0x53564501;
inline constexpr uint32_t kExtraMagic = 0x45585401;

struct FpsimdContext {
    ContextHead head{kFpsimdMagic, 528};
    uint32_t fpsr = 0;
    uint32_t fpcr = 0;
    guest::Vec128 v[32];
};
static_assert(sizeof(FpsimdContext) == 528);

struct EsrContext {
    ContextHead head{kEsrMagic, 16};
    uint64_t esr = 0;
};

// Followed, if the registers are more than AdvSIMD's, by Z0-Z31, P0-P15 and FFR.
struct SveContext {
    ContextHead head{kSveMagic, 16};
    uint16_t vl = 0;
    uint16_t flags = 0;
    uint16_t reserved[2] = {};
};
static_assert(sizeof(SveContext) == 16);
constexpr uint64_t sve_registers_size(unsigned vl) {
    return 32 * vl + (16 + 1) * vl / 8;
}
constexpr uint64_t sve_record_size(unsigned vl) {
    return (sizeof(SveContext) + sve_registers_size(vl) + 15) & ~uint64_t{15};
}

struct ExtraContext {
    ContextHead head{kExtraMagic, 32};
    uint64_t data = 0;  // guest address of the further records
    uint32_t size = 0;
    uint32_t reserved[3] = {};
};
static_assert(sizeof(ExtraContext) == 32);

// Up to its records.
struct alignas(16) SignalContext {
    uint64_t fault_address = 0;
    uint64_t x[31] = {};
    uint64_t sp = 0;
    uint64_t pc = 0;
    uint64_t pstate = 0;
};
static_assert(sizeof(SignalContext) == 288);

struct UserContext {
    uint64_t flags = 0;
    uint64_t link = 0;
    uint64_t stack_sp = 0;
    uint32_t stack_flags = 0;
    uint32_t stack_padding = 0;
    uint64_t stack_size = 0;
    uint64_t mask = 0;
    uint8_t unused[120] = {};  // room for 1024 signals
    SignalContext context;
};
static_assert(offsetof(UserContext, mask) == 40 && offsetof(UserContext, context) == 176);

struct SignalFrame {
    siginfo_t info;
    UserContext user;
};
static_assert(offsetof(SignalFrame, user) == 128 && sizeof(SignalFrame) == 592);

inline constexpr uint64_t kRecordsSize = 4096;
inline constexpr uint64_t kFrameSize = sizeof(SignalFrame) + kRecordsSize;

struct FrameRecord {
    uint64_t fp = 0;
    uint64_t lr = 0;
};

// PSTATE as frames and tracers have it.
uint64_t frame_pstate(const guest::CpuState& cpu);
void set_frame_pstate(guest::CpuState& cpu, uint64_t pstate);

// Pushes the frame and points cpu at the handler. False, with nothing changed but memory, if the stack cannot
// be written.
bool push_frame(ThreadSignals* state, const GuestAction& action, const siginfo_t& info,
                uint64_t mask_to_save);

// Takes the frame at sp off again: registers, mask (given to `*mask`) and alternate stack. False if it is
// bad.
bool pop_frame(ThreadSignals* state, uint64_t* mask);

}  // namespace armature::signals
