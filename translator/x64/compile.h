// SPDX-License-Identifier: MIT
// From an optimised ir::Block to host code: one pass that selects, allocates registers and emits.
//
// The code is position-independent except for its links and its jumps to thunks, which place() resolves. Each
// direct exit is a `jmp rel32` or `call rel32` that at first goes to a stub of its own in the same block; the
// runtime patches it to the target block. The stub calls Thunks::link with the number that the runtime gave
// the site. Patching is one 4-byte store into running code, so a rel32 never crosses a 16-byte line (blocks
// are placed at multiples of 16).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "guest/cpu_state.h"
#include "support/arena.h"
#include "translator/ir/ir.h"

namespace armature::translator::x64 {

struct LinkSite {
    uint32_t offset = 0;  // of the rel32 operand in the code
    uint32_t stub = 0;    // offset of the stub it goes to while not linked
    uint64_t target = 0;  // guest address
};

inline constexpr unsigned kMaxLinks = 8;  // of one block

// A rel32 that goes to a thunk.
struct ThunkJump {
    uint32_t offset = 0;
    const void* thunk = nullptr;
};

// Where the guest's NZCV are when an instruction faults.
enum class FlagsAt : uint8_t { State, EflagsSub, EflagsAdd, EflagsLogic, EflagsFcmp };

enum FaultKind : uint8_t {
    kFaultAccess,          // a guest memory access
    kFaultAlignment,       // a failed alignment check (`ud2`): SIGBUS BUS_ADRALN, the guest address is in rax
    kFaultStackAlignment,  // the same, of the stack pointer as a base
    kFaultStackChange,     // the stack pointer is about to become misaligned for the first time (`ud2`)
    kFaultTag,             // a failed tag check (`ud2`): SIGSEGV SEGV_MTESERR, the address is in rax
    kFaultPac,             // a pointer with a wrong authentication code (`ud2`): SIGILL ILL_ILLOPN
    kFaultLanding,         // a branch to what is no landing pad for it (`ud2`): SIGILL
    kFaultCalled,          // C++ that the instruction has called met a fault and described it (`ud2`)
    kFaultPush,  // a push onto the call stack: when it hits the guard, the stack is emptied and code goes on
                 // where the pushing sequence starts
    kFaultRedo,  // a memory access that goes where a jump behind the instruction goes
    kFaultTiny,  // arithmetic: a result that FPCR.FZ flushes goes where a jump behind the instruction goes
};

// There is one for every load and store that is translated, and they are kept: eight bytes.
struct FaultPoint {
    uint32_t offset = 0;      // of the host instruction that may fault
    uint16_t guest : 10 = 0;  // index of the guest instruction
    uint16_t is_store : 1 = 0;
    uint16_t x0_in_state : 1 = 0;  // rbx is lent to CMPXCHG16B: x0 is in CpuState, not in the register
    uint16_t calls_back : 1 = 0;   // rsp is on C++'s stack; the call stack pointer is in CpuState::host_sp
    FlagsAt flags : 4 = FlagsAt::State;
    FaultKind kind : 4 = kFaultAccess;
    uint8_t restart = 0;  // kFaultPush: the pushing sequence starts this many bytes before `offset`;
                          // kFaultRedo, kFaultTiny: the jump's rel32 is this many behind it
};
static_assert(sizeof(FaultPoint) == 8);

struct CompiledCode {
    const uint8_t* code = nullptr;  // in the CodeBuffer: to be copied
    size_t size = 0;
    std::span<LinkSite> links;
    std::span<ThunkJump> thunk_jumps;
    std::span<FaultPoint> faults;       // ascending offsets
    std::span<uint32_t> guest_offsets;  // host offset where each guest instruction starts (for -d out_asm)
};

// What the emitted code calls. The runtime fills the C++ functions before make_thunks; make_thunks emits the
// rest into the buffer and fills their addresses (valid once the buffer's bytes are at `final_address`).
struct Thunks {
    // C++; each returns the host address to go on at. Translated code's rsp is the call stack, which holds
    // nothing but (guest, host) return pairs: every thunk that calls C++ stores rsp in CpuState::host_sp,
    // sets rsp = cxx_sp, calls, and loads rsp from host_sp again (the runtime may have reset the call stack).
    // `enter` starts with rsp = host_sp.
    const void* (*leave)(guest::CpuState*) =
        nullptr;  // to the CPU loop: exit_code, pc set; returns when resumed
    const void* (*link)(guest::CpuState*,
                        uint64_t site) = nullptr;  // a direct exit that is not linked, by its number
    const void* (*lookup)(guest::CpuState*) =
        nullptr;  // pc = target of an indirect branch that missed the cache

    // Emitted.
    void (*enter)(guest::CpuState*, const void* code) = nullptr;  // called once per fiber; never returns
    const void* save_and_leave = nullptr;    // stores pinned registers, MXCSR; calls leave; reloads; jumps
    const void* leave_saved = nullptr;       // the same, state is up to date already (after a fault)
    const void* save_and_link = nullptr;     // number of the site in eax
    const void* save_and_lookup = nullptr;   // pc stored
    const void* return_underflow = nullptr;  // host return address at the bottom of the call stack
    // Calls of the C++ function in rax with arguments in rdi, rsi, rdx, rcx; result in rax. Index 1 is for
    // blocks that call back: rsp is on the stack of C++ already.
    const void* call_preserving[2] =
        {};                             // keep the pinned registers; their state slots may be stale meanwhile
    const void* call_cold[2] = {};      // fn(CpuState*): keep every register but rax
    const void* return_miss = nullptr;  // guest return address in rax does not match the call stack
    const void* end = nullptr;
};
extern Thunks thunks;

inline constexpr uint32_t kMxcsrControl = 0xffc0;  // all but the sticky exception flags

// exit_code values that emitted code stores before save_and_leave.
enum ExitCode : uint64_t {
    kExitSyscall,
    kExitUndefined,
    kExitBreakpoint,
    kExitInterrupted,
    kExitFault,
    kExitResync,
    kExitEmulate,
};

// One entry of the per-thread jump cache that indirect branches probe: index = (pc >> 2) & (kJumpCacheEntries
// - 1).
struct JumpCacheEntry {
    uint64_t guest = 0;
    const void* host = nullptr;
};
inline constexpr unsigned kJumpCacheEntries = 4096;

// A private buffer that code is emitted into before it is published.
class CodeBuffer;
CodeBuffer* create_code_buffer();
void destroy_code_buffer(CodeBuffer* buffer);

// False if the block is too long for the buffer or the spill area (the caller cuts the block shorter).
bool compile(const ir::Block& block, CodeBuffer* buffer, support::Arena& arena, CompiledCode* out);
// Copies the code to `to`, where it will execute as `address`; its sites are numbered from `first_site`.
void place(const CompiledCode& code, uint8_t* to, uint64_t address, uint32_t first_site);
// The thunks of both register plans, as code to be placed at `final_address`; selects the full plan.
CompiledCode make_thunks(CodeBuffer* buffer, uint64_t final_address);
// The register plan, and the thunks that go with it. Only while no thread executes translated code.
void select_plan(bool calls);

}  // namespace armature::translator::x64
