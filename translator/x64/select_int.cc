// SPDX-License-Identifier: MIT
// Integer arithmetic: two-operand x86 forms where an operand dies, LEA where that saves a move or keeps
// EFLAGS.
#include <bit>

#include "translator/x64/emit.h"
#include "translator/x64/encode.h"

namespace armature::translator::x64 {

using ir::Inst;
using ir::Type;
using ir::Value;
using Xbyak::Operand;
using Xbyak::Reg;
using Xbyak::Reg64;
using Xbyak::util::rax;
using Xbyak::util::rdx;

namespace {

struct Alu {
    AluCode code;
    bool commutes;
};
constexpr Alu kAdd{AluCode::Add, true};
constexpr Alu kSub{AluCode::Sub, false};
constexpr Alu kAnd{AluCode::And, true};
constexpr Alu kOr{AluCode::Or, true};
constexpr Alu kXor{AluCode::Xor, true};
constexpr Alu kAdc{AluCode::Adc, true};
constexpr Alu kSbb{AluCode::Sbb, false};
constexpr uint8_t kLea = 0x8d;
constexpr uint8_t kTest = 0x85;

// result = a op b with EFLAGS as the operation leaves them. The caller has seen to what EFLAGS held.
void alu(Context& e, const Inst& i, const Alu& op) {
    const unsigned bits = bits_of(i.type);
    Value a = i.a;
    Value b = i.b;
    int32_t imm = 0;
    if (op.commutes && (e.use_imm32(a, &imm) || (!impl(e).reuses(a) && impl(e).reuses(b)))) {
        if (!e.use_imm32(b, &imm)) std::swap(a, b);
    }
    if (e.use_imm32(b, &imm)) {
        const Reg64 d = e.def_as(self(e), a);
        encode_alu(e.c, op.code, bits == 64, d.getIdx(), imm);
        return;
    }
    const Operand& y = e.use_rm(b, bits);
    const Reg64 d = e.def_as(self(e), a);
    encode_alu(e.c, op.code, bits == 64, d.getIdx(), y);
}

void lea(Context& e, unsigned bits, Reg64 d, const Xbyak::RegExp& exp) {
    encode(e.c, {kLea, bits == 64}, d.getIdx(), HostAddress(exp));
}

}  // namespace

// --- Moves and extensions

void emit_Const(Context&, const Inst&) {}  // materialised where it is used
void emit_Trunc(Context&, const Inst&) {}  // an alias

void emit_ZExt32(Context& e, const Inst& i) {
    const Operand& a = e.use_rm(i.a, 32);
    e.c.mov(impl(e).def_last(self(e)).cvt32(), a);
}

void emit_SExt32(Context& e, const Inst& i) {
    const Operand& a = e.use_rm(i.a, 32);
    e.c.movsxd(impl(e).def_last(self(e)), a);
}

void emit_ZExt8(Context& e, const Inst& i) {
    const Operand& a = e.use_rm(i.a, 8);
    e.c.movzx(impl(e).def_last(self(e)).cvt32(), a);
}

void emit_ZExt16(Context& e, const Inst& i) {
    const Operand& a = e.use_rm(i.a, 16);
    e.c.movzx(impl(e).def_last(self(e)).cvt32(), a);
}

void emit_SExt8(Context& e, const Inst& i) {
    const Operand& a = e.use_rm(i.a, 8);
    e.c.movsx(reg(i.type, impl(e).def_last(self(e))), a);
}

void emit_SExt16(Context& e, const Inst& i) {
    const Operand& a = e.use_rm(i.a, 16);
    e.c.movsx(reg(i.type, impl(e).def_last(self(e))), a);
}

// --- Addition and subtraction

void emit_Add(Context& e, const Inst& i) {
    Allocator& r = impl(e);
    const unsigned bits = bits_of(i.type);
    const bool busy = r.flags_busy();
    int32_t imm = 0;
    if (e.use_imm32(i.b, &imm)) {
        if (r.reuses(i.a) && !busy) {
            e.clobber_flags();
            const Reg64 d = e.def_as(self(e), i.a);
            encode_alu(e.c, AluCode::Add, bits == 64, d.getIdx(), imm);
            return;
        }
        const Reg64 a = e.use(i.a);
        lea(e, bits, r.def_last(self(e)), a + static_cast<size_t>(static_cast<int64_t>(imm)));
        return;
    }
    if (!busy && (r.reuses(i.a) || r.reuses(i.b))) {
        e.clobber_flags();
        alu(e, i, kAdd);
        return;
    }
    const Reg64 a = e.use(i.a);
    const Reg64 b = e.use(i.b);
    lea(e, bits, r.def_last(self(e)), a + b);
}

void emit_Sub(Context& e, const Inst& i) {
    Allocator& r = impl(e);
    uint64_t zero = 0;
    if (r.constant(i.a, &zero) && zero == 0) {
        e.clobber_flags();
        e.c.neg(reg(i.type, e.def_as(self(e), i.b)));
        return;
    }
    int32_t imm = 0;
    if (e.use_imm32(i.b, &imm) && imm != INT32_MIN && (r.flags_busy() || !r.reuses(i.a))) {
        const Reg64 a = e.use(i.a);
        lea(e, bits_of(i.type), r.def_last(self(e)), a + static_cast<size_t>(-static_cast<int64_t>(imm)));
        return;
    }
    e.clobber_flags();
    if (!r.reuses(i.a) && r.reuses(i.b) && r.root(i.a) != r.root(i.b)) {  // a - b = -b + a, in b's register
        const Operand& a = e.use_rm(i.a, bits_of(i.type));
        const Reg d = reg(i.type, e.def_as(self(e), i.b));
        e.c.neg(d);
        e.c.add(d, a);
        return;
    }
    alu(e, i, kSub);
}

void emit_Neg(Context& e, const Inst& i) {
    e.clobber_flags();
    e.c.neg(reg(i.type, e.def_as(self(e), i.a)));
}

void emit_Not(Context& e, const Inst& i) {
    e.c.not_(reg(i.type, e.def_as(self(e), i.a)));
}

// --- Logic

void emit_And(Context& e, const Inst& i) {
    uint64_t mask = 0;
    if (impl(e).constant(i.b, &mask) && (mask == 0xff || mask == 0xffff || mask == UINT32_MAX)) {
        const unsigned bits = static_cast<unsigned>(std::bit_width(mask));
        const Operand& a = e.use_rm(i.a, bits);
        const Reg64 d = impl(e).def_last(self(e));
        if (bits == 32) {
            e.c.mov(d.cvt32(), a);
        } else {
            e.c.movzx(d.cvt32(), a);
        }
        return;
    }
    e.clobber_flags();
    if (i.type == Type::I64 && impl(e).constant(i.b, &mask) && mask <= UINT32_MAX) {
        e.c.and_(e.def_as(self(e), i.a).cvt32(), static_cast<uint32_t>(mask));
        return;
    }
    alu(e, i, kAnd);
}
void emit_Or(Context& e, const Inst& i) {
    e.clobber_flags();
    alu(e, i, kOr);
}
void emit_Xor(Context& e, const Inst& i) {
    e.clobber_flags();
    alu(e, i, kXor);
}

void emit_AndNot(Context& e, const Inst& i) {
    e.clobber_flags();
    if (e.host.bmi1) {
        const Reg64 b = e.use(i.b);
        const Operand& a = e.use_rm(i.a, bits_of(i.type));
        const Reg64 d = impl(e).def_last(self(e));
        if (i.type == Type::I64) {
            e.c.andn(d, b, a);
        } else {
            e.c.andn(d.cvt32(), b.cvt32(), a);
        }
        return;
    }
    const Reg64 inverted = e.use_copy(i.b);
    e.c.not_(inverted);
    const Reg64 d = e.def_as(self(e), i.a);
    e.c.and_(reg(i.type, d), reg(i.type, inverted));
}

// --- Multiplication and division

void emit_Mul(Context& e, const Inst& i) {
    Allocator& r = impl(e);
    const unsigned bits = bits_of(i.type);
    Value a = i.a;
    Value b = i.b;
    int32_t imm = 0;
    if (e.use_imm32(a, &imm)) std::swap(a, b);
    if (e.use_imm32(b, &imm)) {
        if (imm == 3 || imm == 5 || imm == 9) {
            const Reg64 x = e.use(a);
            return lea(e, bits, r.def_last(self(e)), x + x * (imm - 1));
        }
        e.clobber_flags();
        const Operand& x = e.use_rm(a, bits);
        e.c.imul(sized(r.def_last(self(e)), bits), x, imm);
        return;
    }
    e.clobber_flags();
    if (!r.reuses(a) && r.reuses(b)) std::swap(a, b);
    const Operand& y = e.use_rm(b, bits);
    const Reg64 d = e.def_as(self(e), a);
    e.c.imul(sized(d, bits), y);
}

void emit_UMulH(Context& e, const Inst& i) {
    if (e.host.bmi2) {
        e.use_in(i.a, rdx);
        const Operand& b = e.use_rm(i.b, 64);
        e.c.mulx(impl(e).def_last(self(e)), rax, b);
        return;
    }
    e.clobber_flags();
    e.take(rdx);
    const Operand& b = e.use_rm(i.b, 64);
    e.use_in(i.a, rax);
    e.c.mul(b);
    e.def_in(self(e), rdx);
}

void emit_SMulH(Context& e, const Inst& i) {
    e.clobber_flags();
    e.take(rdx);
    const Operand& b = e.use_rm(i.b, 64);
    e.use_in(i.a, rax);
    e.c.imul(b);
    e.def_in(self(e), rdx);
}

namespace {

// Division by zero gives 0 and minimum / -1 gives minimum, which is n * d in both cases.
void divide(Context& e, const Inst& i, bool is_signed) {
    Allocator& r = impl(e);
    const bool wide = i.type == Type::I64;
    e.clobber_flags();
    e.take(rdx);
    const Reg64 divisor = e.use(i.b);
    const Reg d = reg(i.type, divisor);
    const Reg accumulator = reg(i.type, rax);
    e.use_in(i.a, rax);
    Allocator::Short special;
    if (is_signed) {
        e.c.lea(reg(i.type, rdx), e.c.ptr[divisor + 1]);
        e.c.cmp(reg(i.type, rdx), 1);
        special = r.jcc_short(kBE);
    } else {
        e.c.test(d, d);
        special = r.jcc_short(kE);
    }
    Allocator::Short narrow_done;
    if (wide) {
        // Half as long on many processors, and most numbers are small.
        e.c.mov(rdx, rax);
        e.c.or_(rdx, divisor);
        e.c.shr(rdx, 32);
        const Allocator::Short full = r.jcc_short(kNE);
        e.c.div(divisor.cvt32());  // edx is zero
        narrow_done = r.jmp_short();
        r.bind(full);
    }
    if (is_signed) {
        if (wide) {
            e.c.cqo();
        } else {
            e.c.cdq();
        }
        e.c.idiv(d);
    } else {
        e.c.xor_(Xbyak::util::edx, Xbyak::util::edx);
        e.c.div(d);
    }
    const Allocator::Short done = r.jmp_short();
    r.bind(special);
    e.c.imul(accumulator, d);
    r.bind(done);
    if (wide) r.bind(narrow_done);
    e.def_in(self(e), rax);
}

}  // namespace

void emit_UDiv(Context& e, const Inst& i) {
    divide(e, i, false);
}
void emit_SDiv(Context& e, const Inst& i) {
    divide(e, i, true);
}

// --- Arithmetic that sets flags

namespace {

bool flags_wanted(Context& e) {
    return impl(e).track(self(e).id).flags != 0;
}

// a - b or a & b for the flags alone.
void compare(Context& e, const Inst& i, bool is_test) {
    const unsigned bits = bits_of(i.type);
    const bool wide = bits == 64;
    int32_t imm = 0;
    if (e.use_imm32(i.b, &imm)) {
        if (!is_test && imm == 0) {
            const int a = e.use(i.a).getIdx();
            encode(e.c, {kTest, wide}, a, a);  // CF = OF = 0, as after subtracting nothing
            return;
        }
        const Operand& a = e.use_rm(i.a, bits);
        if (is_test) {
            e.c.test(a, static_cast<uint32_t>(imm));
        } else if (a.isMEM()) {
            e.c.cmp(a, static_cast<uint32_t>(imm));
        } else {
            encode_alu(e.c, AluCode::Cmp, wide, a.getIdx(), imm);
        }
        return;
    }
    if (!is_test && impl(e).in_memory(i.b)) {
        const int a = e.use(i.a).getIdx();
        encode_alu(e.c, AluCode::Cmp, wide, a, e.use_rm(i.b, bits));
        return;
    }
    const Reg b = sized(e.use(i.b), bits);
    const Operand& a = e.use_rm(i.a, bits);
    if (a.isMEM()) {
        is_test ? e.c.test(a, b) : e.c.cmp(a, b);
    } else if (is_test) {
        encode(e.c, {kTest, wide}, b.getIdx(), a.getIdx());
    } else {
        encode_alu(e.c, AluCode::Cmp, wide, a.getIdx(), b);
    }
}

}  // namespace

void emit_SubS(Context& e, const Inst& i) {
    if (!flags_wanted(e)) return emit_Sub(e, i);
    e.clobber_flags();
    if (impl(e).value_used()) {
        alu(e, i, kSub);
    } else {
        compare(e, i, false);
    }
    e.produce_flags(self(e), FlagsAt::EflagsSub);
}

void emit_AddS(Context& e, const Inst& i) {
    if (!flags_wanted(e)) return emit_Add(e, i);
    e.clobber_flags();
    if (impl(e).value_used()) {
        alu(e, i, kAdd);
    } else {
        const unsigned bits = bits_of(i.type);
        int32_t imm = 0;
        e.use_in(i.a, rax);
        if (e.use_imm32(i.b, &imm)) {
            e.c.add(sized(rax, bits), static_cast<uint32_t>(imm));
        } else {
            e.c.add(sized(rax, bits), e.use_rm(i.b, bits));
        }
    }
    e.produce_flags(self(e), FlagsAt::EflagsAdd);
}

void emit_AndS(Context& e, const Inst& i) {
    if (!flags_wanted(e)) return emit_And(e, i);
    e.clobber_flags();
    if (impl(e).value_used()) {
        alu(e, i, kAnd);
    } else {
        compare(e, i, true);
    }
    e.produce_flags(self(e), FlagsAt::EflagsLogic);
}

namespace {

void with_carry(Context& e, const Inst& i, const Alu& op, bool borrow, bool flags) {
    impl(e).carry_in(i.c, borrow);
    alu(e, i, op);
    if (flags) e.produce_flags(self(e), borrow ? FlagsAt::EflagsSub : FlagsAt::EflagsAdd);
}

}  // namespace

void emit_Adc(Context& e, const Inst& i) {
    with_carry(e, i, kAdc, false, false);
}
void emit_Sbc(Context& e, const Inst& i) {
    with_carry(e, i, kSbb, true, false);
}
void emit_AdcS(Context& e, const Inst& i) {
    with_carry(e, i, kAdc, false, flags_wanted(e));
}
void emit_SbcS(Context& e, const Inst& i) {
    with_carry(e, i, kSbb, true, flags_wanted(e));
}

}  // namespace armature::translator::x64
