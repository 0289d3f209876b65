// SPDX-License-Identifier: MIT
// What an emitter function works with: the assembler, and the register allocator's view of the current
// instruction.
//
// The allocator works forward over one block. Every Value has a location: a host register, a pinned home (a
// guest register that holds it), a memory home (CpuState's slot of a guest register that holds it), a spill
// slot, or a constant. An emitter function for op X is `void emit_X(Context& e, const ir::Inst& i)`; it
//   1. asks for its operands (use*): they stay put until the function returns;
//   2. asks for its result (def*): may reuse the register of an operand that dies here only with def_as (or
//   def_over);
//   3. emits. When it returns, operands are released and registers whose values are dead become free.
// A result gets the pinned register of the SetX/SetV that follows it whenever that is safe, so most guest
// instructions are one host instruction.
//
// Results of type I32 must have a zero upper half (as every 32-bit instruction leaves it): ZExt32 relies on
// it. After def_as (which may take a's register) the operand `a` must not be used again; ask for the other
// operands first.
//
// rax is free to use inside any emitter function (unless EFLAGS must be saved: ask clobber_flags() first).
// Emitters that destroy EFLAGS call clobber_flags() before their first such instruction; it saves live guest
// flags.
#pragma once

#ifndef XBYAK_NO_EXCEPTION
#define XBYAK_NO_EXCEPTION  // errors are looked at once, when the block is done
#endif
#include <xbyak/xbyak.h>

#include <cstdint>

#include "translator/ir/ir.h"
#include "translator/x64/compile.h"
#include "translator/x64/host_features.h"
#include "translator/x64/register_plan.h"

namespace armature::translator::x64 {

class Context {
  public:
    Xbyak::CodeGenerator& c;
    const HostFeatures& host;

    // --- General registers. The Reg returned has 64 bits; use .cvt32() etc. for narrower forms, or
    // reg(i.type, r).
    Xbyak::Reg64 use(ir::Value value);  // read-only
    Xbyak::Reg64 use_in(ir::Value value,
                        Xbyak::Reg64 fixed);  // a copy in rcx, rdx, rsi, rdi or rax, free to destroy
    Xbyak::Reg64 use_copy(ir::Value value);   // a register with the value, free to destroy
    const Xbyak::Operand& use_rm(ir::Value value, unsigned bits);  // register or memory operand of that size
    bool use_imm32(ir::Value value, int32_t* imm);                 // constant that fits a sign-extended imm32
    Xbyak::Reg64 def(ir::Value result);                            // not any operand's register
    Xbyak::Reg64 def_as(ir::Value result,
                        ir::Value a);  // starts as a copy of a (or takes a's register if a dies)
    Xbyak::Reg64 def_in(ir::Value result,
                        Xbyak::Reg64 fixed);  // result is in this temporary (division, multiplication)
    Xbyak::Reg64 temp();                      // until the emitter returns
    void take(Xbyak::Reg64 fixed);            // evict and reserve rcx, rdx, rsi or rdi

    // --- Vector registers.
    Xbyak::Xmm vuse(ir::Value value);                // read-only
    const Xbyak::Operand& vuse_xm(ir::Value value);  // register or 16-byte aligned memory operand
    Xbyak::Xmm vuse_copy(ir::Value value);           // free to destroy
    Xbyak::Xmm vdef(ir::Value result);               // not any operand's register
    Xbyak::Xmm vdef_over(ir::Value result,
                         ir::Value a);  // may be a's register if a dies (3-operand forms: dst == src ok)
    Xbyak::Xmm vdef_as(ir::Value result, ir::Value a);  // starts as a copy of a
    Xbyak::Xmm vtemp();                                 // until the emitter returns

    // --- Memory operand of an access (a, b, scale, imm of the instruction), tag-masked if the block asks for
    // it.
    Xbyak::RegExp address(const ir::Inst& i);
    void fault_point(const ir::Inst& i, bool is_store);  // right before the host instruction that may fault
    Xbyak::Address state(size_t offset, unsigned bits = 64) const;  // a member of CpuState

    // --- Flags.
    void clobber_flags();  // EFLAGS are about to change
    void produce_flags(ir::Value s_value,
                       FlagsAt kind);  // EFLAGS now hold FlagsOf(s_value) (or this Flags value)
    // Makes EFLAGS hold `flags` and gives the x86 condition code (as in jcc/setcc/cmovcc) for `cond`. Some
    // conditions of a floating-point compare need two tests: then *second is the other one (both must hold if
    // `*both`, else one of them); otherwise *second is 0xff. Call it before clobber_flags(); nothing may
    // change EFLAGS until the codes are used.
    uint8_t condition(ir::Value flags, ir::Cond cond, uint8_t* second, bool* both);

    // --- Out-of-line code: `emit` runs after the block's end; it must not change any register but those it
    // was given, and ends by jumping back. Use: Jump j = jcc_far(cc); ... cold(emit, i, j, registers...).
    struct Jump {
        uint32_t at = 0;
    };  // of the rel32
    Jump jcc_forward(uint8_t cc);
    Jump jmp_forward();
    void bind(Jump jump);            // lands here
    void jmp_back(uint32_t offset);  // to an offset in this block
    uint32_t here() const;           // present offset
    struct Cold {
        void (*emit)(Context&, const Cold&) = nullptr;
        const ir::Inst* inst = nullptr;
        Jump from;
        uint32_t back = 0;               // offset to come back to
        int8_t g[4] = {-1, -1, -1, -1};  // host general registers concerned
        int8_t v[4] = {-1, -1, -1, -1};  // host vector registers concerned
        uint64_t data = 0;
    };
    void cold(const Cold& cold);
    // Under FPCR.FZ the host instruction at offset `at` may have a result that is to be flushed: then control
    // goes where the jump `special` goes.
    void tiny_fault_point(const ir::Inst& i, uint32_t at, Jump special);
    // In cold code: calls `void fn(CpuState*)` preserving every register but rax and EFLAGS. Operands and
    // results go through CpuState::vector_scratch / scratch, which the caller stores and loads itself.
    void call_cold(const void* function);

    // 16 (or 8) constant bytes near the code, rip-relative and aligned.
    Xbyak::Address constant128(uint64_t lo, uint64_t hi);

    bool last_use(ir::Value value) const;  // the current instruction is the value's last user
    const ir::Inst& inst(ir::Value value) const;
    const ir::Block& block() const;

  protected:
    Context(Xbyak::CodeGenerator& generator, const HostFeatures& features) : c(generator), host(features) {}
};

inline Xbyak::Reg reg(ir::Type type, Xbyak::Reg64 r) {
    return type == ir::Type::I64 ? static_cast<Xbyak::Reg>(r) : static_cast<Xbyak::Reg>(r.cvt32());
}

}  // namespace armature::translator::x64
