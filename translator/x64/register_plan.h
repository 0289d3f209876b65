// SPDX-License-Identifier: MIT
// Which host register is what while translated code runs. The same plan holds at every block boundary, so
// linked blocks jump to each other without touching memory.
//
//   r15          CpuState + kStateBias (so that all 32 general registers have one-byte displacements)
//   rsp          the call stack: pairs of (guest return address, host return address) pushed by guest calls;
//                at block entry rsp % 16 == 8, as at any function entry
//   rax          scratch of the code generator, never holds a value across instructions
//   rcx rdx rsi rdi   values inside a block
//   the rest     pinned guest registers, by the table below
//   xmm0-4       values inside a block (xmm0 also scratch: see Context::vtemp)
//   xmm5-15      pinned vector registers
//
// The pinned registers are the most used ones of compiled code; those that C++ preserves (rbx rbp r12 r13
// r14) hold the hottest, as they need no saving around callbacks.
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

// Host register of guest register n (31: SP).
inline constexpr int kPinnedX[32] = {
    RBX,      R12,      R13,      R14,      R8,       R9,       InMemory, InMemory,  // x0 - x7
    InMemory, InMemory, InMemory, InMemory, InMemory, InMemory, InMemory, InMemory,  // x8 - x15
    InMemory, InMemory, InMemory, R10,      R11,      InMemory, InMemory, InMemory,  // x16 - x23
    InMemory, InMemory, InMemory, InMemory, InMemory, InMemory, InMemory, RBP,       // x24 - x30, sp
};
// Host xmm register of guest vector register n.
inline constexpr int kPinnedV[32] = {
    5,        6,        7,        8,        9,        10,       11,       12,        // v0 - v7
    InMemory, InMemory, InMemory, InMemory, InMemory, InMemory, InMemory, InMemory,  // v8 - v15
    13,       14,       15,       InMemory, InMemory, InMemory, InMemory, InMemory,  // v16 - v23
    InMemory, InMemory, InMemory, InMemory, InMemory, InMemory, InMemory, InMemory,  // v24 - v31
};

}  // namespace armature::translator::x64
