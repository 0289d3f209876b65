// SPDX-License-Identifier: MIT
// Which host register is what while translated code runs. The same plan holds at every block boundary, so
// linked blocks jump to each other without touching memory. There are two plans: the full one, and the call
// plan, which is for code that calls plugins all the time.
//
//   r15          CpuState + kStateBias (so that all 32 general registers have one-byte displacements)
//   rsp          the call stack: pairs of (guest return address, host return address) pushed by guest calls;
//                at block entry rsp % 16 == 8, as at any function entry
//   rax          scratch of the code generator, never holds a value across instructions
//   rcx rdx rsi rdi   values inside a block (call plan: and r8-r11)
//   the rest     pinned guest registers, by the tables below
//   xmm0-4       values inside a block (xmm0 also scratch: see Context::vtemp; call plan: all xmm)
//   xmm5-15      pinned vector registers (full plan)
//
// The pinned registers are the most used ones of compiled code; those that C++ preserves (rbx rbp r12 r13
// r14) hold the hottest, as they need no saving around calls.
#pragma once

#include <cstdint>

namespace armature::translator::x64 {

inline constexpr int kStateBias = 128;

enum Host : int8_t {
    RAX,
    RCX,
    RDX,
    RBX,
    RSP,
    RBP,
    RSI,
    RDI,
    R8,
    R9,
    R10,
    R11,
    R12,
    R13,
    R14,
    R15,
    InMemory = -1
};

struct RegisterPlan {
    int x[32];  // host register of guest register n (31: SP)
    int v[32];  // host xmm register of guest vector register n
    // What values inside a block may use, in the order of preference: rcx and rdx last, since shifts and
    // divisions want them.
    int16_t general[8];
    int16_t vector[16];
    uint8_t general_count;
    uint8_t vector_count;
    bool calls;
};

inline constexpr RegisterPlan kFullPlan = {
    {
        RBX,      R12,      R13,      R14,      R8,       R9,       InMemory, InMemory,  // x0 - x7
        InMemory, InMemory, InMemory, InMemory, InMemory, InMemory, InMemory, InMemory,  // x8 - x15
        InMemory, InMemory, InMemory, R10,      R11,      InMemory, InMemory, InMemory,  // x16 - x23
        InMemory, InMemory, InMemory, InMemory, InMemory, InMemory, InMemory, RBP,       // x24 - x30, sp
    },
    {
        5,        6,        7,        8,        9,        10,       11,       12,        // v0 - v7
        InMemory, InMemory, InMemory, InMemory, InMemory, InMemory, InMemory, InMemory,  // v8 - v15
        13,       14,       15,       InMemory, InMemory, InMemory, InMemory, InMemory,  // v16 - v23
        InMemory, InMemory, InMemory, InMemory, InMemory, InMemory, InMemory, InMemory,  // v24 - v31
    },
    {RSI, RDI, RDX, RCX},
    {1, 2, 3, 4, 0},
    4,
    5,
    false};

// Once plugins have callbacks: only registers that C++ preserves are pinned, so a callback is arguments and a
// call.
inline constexpr RegisterPlan kCallPlan = {
    {
        RBX,      R12,      R13,      R14,      InMemory, InMemory, InMemory, InMemory,  // x0 - x7
        InMemory, InMemory, InMemory, InMemory, InMemory, InMemory, InMemory, InMemory,  // x8 - x15
        InMemory, InMemory, InMemory, InMemory, InMemory, InMemory, InMemory, InMemory,  // x16 - x23
        InMemory, InMemory, InMemory, InMemory, InMemory, InMemory, InMemory, RBP,       // x24 - x30, sp
    },
    {
        InMemory, InMemory, InMemory, InMemory, InMemory, InMemory, InMemory, InMemory,  // v0 - v7
        InMemory, InMemory, InMemory, InMemory, InMemory, InMemory, InMemory, InMemory,  // v8 - v15
        InMemory, InMemory, InMemory, InMemory, InMemory, InMemory, InMemory, InMemory,  // v16 - v23
        InMemory, InMemory, InMemory, InMemory, InMemory, InMemory, InMemory, InMemory,  // v24 - v31
    },
    {RSI, RDI, R8, R9, R10, R11, RDX, RCX},
    {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0},
    8,
    16,
    true};

// The plan of all translated code. It changes at most once, from the full to the call plan, while no thread
// executes translated code; the second's pinned registers are a part of the first's, in the same places, so a
// thread that comes back from C++ through a thunk of the first plan is in order for code of the second.
extern const RegisterPlan* plan;

}  // namespace armature::translator::x64
