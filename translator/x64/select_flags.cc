// SPDX-License-Identifier: MIT
// Conditions and what is done with them.
#include "translator/x64/emit.h"

namespace armature::translator::x64 {

using ir::Inst;
using ir::Value;
using Xbyak::Operand;
using Xbyak::Reg;
using Xbyak::Reg64;
using Xbyak::util::al;
using Xbyak::util::eax;

namespace {

constexpr uint32_t kFlagBits = guest::kFlagN | guest::kFlagZ | guest::kFlagNotC | guest::kFlagV;
// CpuState::flags has N, Z, !C, V at 15, 14, 8, 0; PSTATE at 31..28. Multiplying moves every bit to its place
// at once; the copies that land elsewhere are masked away.
constexpr uint32_t kToPstate = 1u << 28 | 1u << 21 | 1u << 16;  // from CpuState::flags
constexpr uint32_t kFromPstate = 1u << 12 | 1u << 7 | 1u << 0;  // from PSTATE >> 28

void set_byte(Context& e, uint8_t cc, const Operand& byte) {
    static constexpr void (Xbyak::CodeGenerator::*kSet[])(const Operand&) = {
        &Xbyak::CodeGenerator::seto,  &Xbyak::CodeGenerator::setno, &Xbyak::CodeGenerator::setb,
        &Xbyak::CodeGenerator::setae, &Xbyak::CodeGenerator::sete,  &Xbyak::CodeGenerator::setne,
        &Xbyak::CodeGenerator::setbe, &Xbyak::CodeGenerator::seta,  &Xbyak::CodeGenerator::sets,
        &Xbyak::CodeGenerator::setns, &Xbyak::CodeGenerator::setp,  &Xbyak::CodeGenerator::setnp,
        &Xbyak::CodeGenerator::setl,  &Xbyak::CodeGenerator::setge, &Xbyak::CodeGenerator::setle,
        &Xbyak::CodeGenerator::setg};
    const auto set = kSet[cc];
    (e.c.*set)(byte);
}

void move_if(Context& e, uint8_t cc, const Reg& d, const Operand& source) {
    static constexpr void (Xbyak::CodeGenerator::*kMove[])(const Reg&, const Operand&) = {
        &Xbyak::CodeGenerator::cmovo,  &Xbyak::CodeGenerator::cmovno, &Xbyak::CodeGenerator::cmovb,
        &Xbyak::CodeGenerator::cmovae, &Xbyak::CodeGenerator::cmove,  &Xbyak::CodeGenerator::cmovne,
        &Xbyak::CodeGenerator::cmovbe, &Xbyak::CodeGenerator::cmova,  &Xbyak::CodeGenerator::cmovs,
        &Xbyak::CodeGenerator::cmovns, &Xbyak::CodeGenerator::cmovp,  &Xbyak::CodeGenerator::cmovnp,
        &Xbyak::CodeGenerator::cmovl,  &Xbyak::CodeGenerator::cmovge, &Xbyak::CodeGenerator::cmovle,
        &Xbyak::CodeGenerator::cmovg};
    const auto move = kMove[cc];
    (e.c.*move)(d, source);
}

// 1 or 0 in a new register. EFLAGS stay.
void set_register(Context& e, uint8_t cc, uint8_t second, bool both, bool inverted) {
    const Reg64 d = e.def(self(e));
    e.c.mov(d.cvt32(), 0);
    if (inverted) {
        cc ^= 1;
        if (second != kNoCondition) {
            second ^= 1;
            both = !both;
        }
    }
    set_byte(e, cc, d.cvt8());
    if (second == kNoCondition) return;
    const Reg64 other = e.temp();
    set_byte(e, second, other.cvt8());
    e.clobber_flags();
    if (both) {
        e.c.and_(d.cvt8(), other.cvt8());
    } else {
        e.c.or_(d.cvt8(), other.cvt8());
    }
}

}  // namespace

void emit_FlagsOf(Context&, const Inst&) {}    // the operation itself has produced them
void emit_FlagsNzcv(Context&, const Inst&) {}  // a constant

void emit_CondBit(Context& e, const Inst& i) {
    uint8_t second = 0;
    bool both = false;
    const uint8_t cc = e.condition(i.a, i.cond, &second, &both);
    set_register(e, cc, second, both, false);
}

void emit_Select(Context& e, const Inst& i) {
    uint8_t second = 0;
    bool both = false;
    Allocator& r = impl(e);
    uint8_t cc = e.condition(i.a, i.cond, &second, &both);
    uint64_t x = 2;
    uint64_t y = 2;
    const bool constants = r.constant(i.b, &x) && r.constant(i.c, &y);
    if (constants && x + y == 1 && (x | y) == 1) return set_register(e, cc, second, both, x == 0);

    Value yes = i.b;
    Value no = i.c;
    const unsigned bits = bits_of(i.type);
    if (r.reuses(yes) && !r.reuses(no)) {  // start with the other one
        std::swap(yes, no);
        cc ^= 1;
        if (second != kNoCondition) {
            second ^= 1;
            both = !both;
        }
    }
    if (second != kNoCondition && both) {
        // Both must hold: start with `yes`, and either failing brings `no`.
        std::swap(yes, no);
        cc ^= 1;
        second ^= 1;
    }
    const Operand& source = e.use_rm(yes, bits);
    const Reg d = reg(i.type, e.def_as(self(e), no));
    move_if(e, cc, d, source);
    if (second != kNoCondition) move_if(e, second, d, source);
}

void emit_SelectV(Context& e, const Inst& i) {
    uint8_t second = 0;
    bool both = false;
    const uint8_t cc = e.condition(i.a, i.cond, &second, &both);
    Allocator& r = impl(e);
    const Xbyak::Xmm yes = e.vuse(i.b);
    const Xbyak::Xmm d = e.vdef_as(self(e), i.c);
    if (second == kNoCondition) {
        const Allocator::Short skip = r.jcc_short(cc ^ 1);
        e.c.movaps(d, yes);
        r.bind(skip);
    } else if (both) {
        const Allocator::Short skip = r.jcc_short(cc ^ 1);
        const Allocator::Short skip2 = r.jcc_short(second ^ 1);
        e.c.movaps(d, yes);
        r.bind(skip);
        r.bind(skip2);
    } else {
        const Allocator::Short take = r.jcc_short(cc);
        const Allocator::Short skip = r.jcc_short(second ^ 1);
        r.bind(take);
        e.c.movaps(d, yes);
        r.bind(skip);
    }
}

namespace {

// cond ? flags of (b op c) : constant. Both ways end with EFLAGS as after a subtraction.
void conditional_compare(Context& e, const Inst& i, bool add) {
    Allocator& r = impl(e);
    const unsigned bits = i.width == 4 ? 32 : 64;
    guest::CpuState constant;
    constant.set_nzcv(static_cast<uint32_t>(i.imm & 0xf) << 28);

    r.keep_flags(i.a);
    uint8_t second = 0;
    bool both = false;
    const uint8_t cc = e.condition(i.a, i.cond, &second, &both);
    const Reg x = sized(e.use(i.b), bits);
    int32_t imm = 0;
    const bool immediate = e.use_imm32(i.c, &imm);
    const Reg y = immediate ? x : sized(e.use(i.c), bits);

    // When two tests are needed, the constant is for: the first failing, or (both) the second failing.
    Allocator::Short otherwise[2];
    Allocator::Short compare;
    const bool either = second != kNoCondition && !both;
    if (either) compare = r.jcc_short(cc);
    otherwise[0] = r.jcc_short((either ? second : cc) ^ 1);
    if (second != kNoCondition && both) otherwise[1] = r.jcc_short(second ^ 1);
    if (either) r.bind(compare);
    if (add) {
        e.c.mov(sized(Xbyak::util::rax, bits), x);
        if (immediate) {
            e.c.add(sized(Xbyak::util::rax, bits), static_cast<uint32_t>(imm));
        } else {
            e.c.add(sized(Xbyak::util::rax, bits), y);
        }
        e.c.cmc();
    } else if (immediate && imm == 0) {
        e.c.test(x, x);
    } else if (immediate) {
        e.c.cmp(x, static_cast<uint32_t>(imm));
    } else {
        e.c.cmp(x, y);
    }
    const Allocator::Short done = r.jmp_short();
    r.bind(otherwise[0]);
    if (second != kNoCondition && both) r.bind(otherwise[1]);
    e.c.mov(eax, constant.flags);
    e.c.add(al, 0x7f);
    e.c.sahf();
    r.bind(done);
    e.produce_flags(self(e), FlagsAt::EflagsSub);
}

}  // namespace

void emit_CcmpSub(Context& e, const Inst& i) {
    conditional_compare(e, i, false);
}
void emit_CcmpAdd(Context& e, const Inst& i) {
    conditional_compare(e, i, true);
}

void emit_SelectFlags(Context& e, const Inst& i) {
    Allocator& r = impl(e);
    r.flags_to_slot(i.b);
    r.flags_to_slot(i.c);
    uint8_t second = 0;
    bool both = false;
    const uint8_t cc = e.condition(i.a, i.cond, &second, &both);
    const Operand& yes = r.flags_slot(both ? i.c : i.b);
    const Operand& no = r.flags_slot(both ? i.b : i.c);
    e.c.mov(eax, no);
    move_if(e, both ? cc ^ 1 : cc, eax, yes);
    if (second != kNoCondition) move_if(e, both ? second ^ 1 : second, eax, yes);
    r.flags_from_rax(self(e));
}

void emit_FlagsFromNzcv(Context& e, const Inst& i) {
    e.clobber_flags();
    e.use_in(i.a, Xbyak::util::rax);
    e.c.shr(eax, 28);
    e.c.imul(eax, eax, kFromPstate);
    e.c.and_(eax, kFlagBits);
    e.c.xor_(eax, guest::kFlagNotC);
    impl(e).flags_from_rax(self(e));
}

void emit_NzcvFromFlags(Context& e, const Inst& i) {
    Allocator& r = impl(e);
    r.flags_to_slot(i.a);
    e.clobber_flags();
    const Reg64 d = e.def(self(e));
    e.c.mov(d.cvt32(), r.flags_slot(i.a));
    e.c.and_(d.cvt32(), kFlagBits);
    e.c.xor_(d.cvt32(), guest::kFlagNotC);
    e.c.imul(d.cvt32(), d.cvt32(), static_cast<int>(kToPstate));
    e.c.and_(d.cvt32(), 0xf0000000);
}

void emit_GetFlags(Context& e, const Inst&) {
    impl(e).read_guest_flags(self(e).id);
}

void emit_SetFlags(Context& e, const Inst& i) {
    impl(e).set_guest_flags(i.a);
}

}  // namespace armature::translator::x64
