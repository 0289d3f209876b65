// SPDX-License-Identifier: MIT
// What the handlers of A64 instructions share. A row of decode/a64.def declares its handler here; it is
// defined in the file that bears the name of the manual's section:
//
//   HANDLER(ADD_imm) { set_r_sp(f.d(), ...); }        // f: decode::fields::ADD_imm
//
// A row without a handler does not link; an encoding without a row is undefined. A handler that ends the
// block calls b.end(); afterwards nothing may be appended.
//
// Precision: everything that can fault comes before the first Set of the instruction (registers, flags,
// state).
#pragma once

#include <cstdint>

#include "translator/decode/decoder.h"
#include "translator/decode/fields.h"
#include "translator/ir/builder.h"
#include "translator/ir/helpers.h"

namespace armature::translator::lift {

using ir::Cond;
using ir::Helper;
using ir::Op;
using ir::Terminator;
using ir::Type;
using ir::Value;

struct Lifter {
    ir::Builder& b;
    const uint64_t pc;
    const uint32_t word;

#define INST(Name, ...) void Name(decode::fields::Name f);
#include "translator/decode/a64.def"
#undef INST

    // Ends the block with SIGILL at this instruction: for encodings that only a value rules out.
    void undefined() {
        end_exit(ir::ExitKind::Undefined, pc, 0);
    }
    void end_exit(ir::ExitKind reason, uint64_t next, uint32_t imm) {
        Terminator t;
        t.kind = Terminator::Exit;
        t.reason = reason;
        t.next = next;
        t.imm = imm;
        b.end(t);
    }
    // Goes on at the next instruction through the dispatcher, because translations may have changed.
    void end_resync() {
        Terminator t;
        t.kind = Terminator::Resync;
        t.next = pc + 4;
        b.end(t);
    }
    // What a hint of pointer authentication (CRm:op2) does.
    void hint_pauth(unsigned hint) const;
    // The pointer without its code. With FEAT_FPAC, a wrong code is a fault.
    Value authenticated(Value pointer, Value modifier, unsigned key) const;
    Value helper(Helper which, Value a1 = {}, Value a2 = {}, Value a3 = {}) const {
        return b.call_helper(static_cast<unsigned>(which), a1, a2, a3);
    }
};

inline Type int_type(unsigned is64) {
    return is64 ? Type::I64 : Type::I32;
}

// The larger or smaller of two values of one integer type.
inline Value extreme(const Lifter& l, Value a, Value b, bool is_signed, bool larger) {
    const Value flags = l.b.flags_of(l.b.sub_s(a, b));
    const Cond cond = is_signed ? Cond::GT : Cond::HI;
    return l.b.select(larger ? cond : ir::invert(cond), flags, a, b);
}

#define HANDLER(Name) void Lifter::Name([[maybe_unused]] const decode::fields::Name f)

}  // namespace armature::translator::lift
