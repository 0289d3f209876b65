// SPDX-License-Identifier: MIT
// The intermediate language: typed SSA in an arena.
//
// A Block is what one guest entry point translates to in the first tier: a list of instructions that run in
// order, then one terminator. A Value is the index of the instruction that makes it. Guest registers are read
// with Get and written with Set operations; the Builder forwards values inside the block, so that each
// register is read at most once.
//
// Precision: a Set is executed in program order relative to operations that can fault (kFaults), to helpers
// and to the terminator; between those, passes may drop a Set that a later one overwrites. Lifters therefore
// compute everything that may fault before the first Set of the same guest instruction.
//
// Host flags are a Value like any other (type Flags): AddS & co. make them, FlagsOf names them, conditions
// read them.
#pragma once

#include <cstdint>
#include <span>

#include "support/arena.h"

namespace armature::translator::ir {

enum class Type : uint8_t { None, I32, I64, V128, Flags, Any };

enum class Op : uint16_t {
#define OP(Name, result, operands, traits) Name,
#include "translator/ir/ops.def"
#undef OP
    Count,
};

enum Trait : uint8_t {
    kPure = 1,
    kReadsState = 2,
    kWritesState = 4,
    kFaults = 8,
    kEffect = 16,
    kHelper = 32,
};

struct OpInfo {
    const char* name;
    Type result;
    const char* operands;
    uint8_t traits;
};
extern const OpInfo kOpInfo[];
inline const OpInfo& info(Op op) {
    return kOpInfo[static_cast<size_t>(op)];
}
// The same as info(op).traits, from a table that fits into a few cache lines: every pass asks.
extern const uint8_t kTraits[];
inline uint8_t traits(Op op) {
    return kTraits[static_cast<size_t>(op)];
}

struct Value {
    uint32_t id = 0;  // 0: no value
    explicit operator bool() const { return id != 0; }
    bool operator==(const Value&) const = default;
};

enum class Cond : uint8_t { EQ, NE, CS, CC, MI, PL, VS, VC, HI, LS, GE, LT, GT, LE, AL, NV };
inline Cond invert(Cond cond) {
    return static_cast<Cond>(static_cast<uint8_t>(cond) ^ 1);
}

struct Inst {
    Op op = Op::Const;
    Type type = Type::None;
    uint8_t width = 0;
    Cond cond = Cond::AL;
    uint8_t scale = 0;
    uint8_t upper_zero =
        0;  // V128: this many upper 8-byte halves... 1: bits 64..127 known zero; 2: 32..127; 3: 16..127
    uint8_t operands = 0;  // none of a, b, c, d is used from this one on
    uint16_t guest = 0;    // index of the guest instruction it belongs to
    Value a, b, c, d;
    uint64_t imm = 0;

    Value operand(unsigned i) const { return *(&a + i); }
};

// Bits of Inst::imm in floating-point operations (ops_fp.def).
inline constexpr uint64_t kFpScalar = 1;
inline constexpr uint64_t kFpUnsigned = 2;
inline constexpr uint64_t kFpSignalling = 2;
inline constexpr uint64_t kFpArithmetic =
    4;                                   // FWiden, FNarrow: a half is an operand or result, not converted
inline constexpr uint64_t kFpUpper = 8;  // FWiden: the upper four halves
inline constexpr unsigned kFpRoundShift = 4;
// Rounding immediates, as the host's ROUNDSD takes them; kRoundQuiet: do not raise Inexact. kRoundAway (to
// nearest, ties away from zero; always quiet; scalars only) is not the host's.
enum FpRound : uint8_t {
    kRoundNearest = 0,
    kRoundDown = 1,
    kRoundUp = 2,
    kRoundZero = 3,
    kRoundMode = 4,
    kRoundAway = 7,
    kRoundQuiet = 8,
};

// CheckAlign's width: what a failed check means. (The last: the code of a pointer was wrong.)
enum AlignmentOf : uint8_t {
    kAlignLoad,
    kAlignStore,
    kAlignStackAccess,
    kAlignStackChange,
    kNoAlignmentButPac
};

// Emulate: the runtime does the instruction (runtime/emulate.cc), then code goes on.
enum class ExitKind : uint8_t { Syscall, Undefined, Breakpoint, Emulate };

struct Terminator {
    enum Kind : uint8_t {
        None,
        Jump,    // to target
        IfCond,  // cond(a: Flags) ? target : next
        IfZero,  // a == 0 ? target : next
        IfNotZero,
        IfBitClear,  // bit `bit` of a
        IfBitSet,
        Call,          // BL: to target; returns to next. X30 has been set by a SetX
        CallIndirect,  // BLR: to a: I64
        Indirect,      // BR
        Return,        // RET
        Exit,          // leave for the CPU loop: pc = next, reason, imm
        Resync,  // go on at next after asking the dispatcher (ISB, IC IVAU: translations may have changed)
    };
    Kind kind = None;
    Cond cond = Cond::AL;
    uint8_t bit = 0;
    ExitKind reason = ExitKind::Syscall;
    Value a;
    uint32_t imm = 0;
    uint64_t target = 0;
    uint64_t next = 0;
};

struct GuestInst {
    uint64_t address = 0;
    uint32_t encoding = 0;
    uint16_t row = 0;  // decoder row, for coverage
};

struct Block {
    uint64_t address = 0;
    std::span<Inst> insts;  // insts[0] is unused: Value 0 is no value
    std::span<GuestInst> guest;
    Terminator end;
    bool repeated_sets = true;   // some guest register is set more than once
    bool sets_flags = true;      // there is a SetFlags
    bool flags_live_out = true;  // NZCV must be in CpuState at the end
    bool parallel = true;        // other threads or processes may see memory: atomics lock, ordering is kept
    bool calls_back = false;     // has callbacks: its C++ calls need no switch of the stack
    bool exact_status = false;   // somebody may look at FPSR, or FPCR.FZ is set: no flag may be missing
    bool mask_tags = false;      // addresses may carry a tag in the top byte: mask them
    uint8_t sve_length = 0;      // bytes of the vectors of Sve operations
};

// Text of a block, as -d op prints it.
class Printer {
  public:
    using Sink = void (*)(void* context, const char* text, size_t size);
    static void print(const Block& block, Sink sink, void* context);
};

// Checks types and order (definitions before uses, operands by the op's row). Null if sound, else what is
// wrong.
const char* verify(const Block& block);

}  // namespace armature::translator::ir
