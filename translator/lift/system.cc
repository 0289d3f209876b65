// SPDX-License-Identifier: MIT
// Hints, barriers, cache maintenance, and system registers.
#include <cstddef>

#include "guest/cpu_state.h"
#include "guest/features.h"
#include "translator/lift/memory.h"

namespace armature::translator::lift {
namespace {

using guest::CpuState;

// --- System registers: one function per way of reading or writing one

Value read_nzcv(const Lifter& l) {
    return l.b.emit(Op::NzcvFromFlags, Type::I64, l.b.get_flags());
}

void write_nzcv(const Lifter& l, Value value) {
    l.b.set_flags(l.b.emit(Op::FlagsFromNzcv, Type::Flags, value));
}

Value read_fpcr(const Lifter& l) {
    return l.b.zext(l.b.load_state(Type::I32, offsetof(CpuState, fpcr)));
}

void write_fpcr(const Lifter& l, Value value) {
    l.helper(Helper::WriteFpcr, value);
}

Value read_fpsr(const Lifter& l) {
    return l.helper(Helper::ReadFpsr);
}

void write_fpsr(const Lifter& l, Value value) {
    l.helper(Helper::WriteFpsr, value);
}

Value read_tpidr(const Lifter& l) {
    return l.b.load_state(Type::I64, offsetof(CpuState, tpidr_el0));
}

void write_tpidr(const Lifter& l, Value value) {
    l.b.store_state(offsetof(CpuState, tpidr_el0), value);
}

Value read_counter(const Lifter& l) {
    return l.helper(Helper::ReadCounter);
}

Value read_zero(const Lifter& l) {
    return l.b.i64(0);
}

Value read_midr(const Lifter& l) {
    return l.b.i64(guest::midr);
}

Value read_pstate(const Lifter& l, uint32_t bit) {
    return l.b.zext(l.b.and_(l.b.load_state(Type::I32, offsetof(CpuState, pstate)), l.b.i32(bit)));
}

void write_pstate(const Lifter& l, uint32_t bit, Value value) {
    const Value others = l.b.and_(l.b.load_state(Type::I32, offsetof(CpuState, pstate)), l.b.i32(~bit));
    l.b.store_state(offsetof(CpuState, pstate), l.b.or_(others, l.b.and_(l.b.trunc(value), l.b.i32(bit))));
}

Value read_dit(const Lifter& l) {
    return read_pstate(l, guest::kPstateDit);
}

void write_dit(const Lifter& l, Value value) {
    write_pstate(l, guest::kPstateDit, value);
}

Value read_ssbs(const Lifter& l) {
    return read_pstate(l, guest::kPstateSsbs);
}

void write_ssbs(const Lifter& l, Value value) {
    write_pstate(l, guest::kPstateSsbs, value);
}

Value read_tco(const Lifter& l) {
    return read_pstate(l, guest::kPstateTco);
}

void write_tco(const Lifter& l, Value value) {
    write_pstate(l, guest::kPstateTco, value);
}

// There is always a random number: NZCV become 0000.
Value read_random(const Lifter& l) {
    const Value number = l.helper(Helper::RandomNumber);
    l.b.set_flags(l.b.emit(Op::FlagsNzcv, Type::Flags));
    return number;
}

// The 15 bits that name a register in MRS and MSR: op0's low bit, op1, CRn, CRm, op2.
constexpr unsigned register_number(unsigned op1, unsigned crn, unsigned crm, unsigned op2) {
    return 1u << 14 | op1 << 11 | crn << 7 | crm << 3 | op2;
}

struct SystemRegister {
    unsigned number;
    guest::Feature feature;
    Value (*read)(const Lifter&);
    void (*write)(const Lifter&, Value);
};

constexpr std::nullptr_t none = nullptr;
constexpr SystemRegister kSystemRegisters[] = {
#define SYSTEM_REGISTER(NAME, feature, op1, crn, crm, op2, read, write) \
    {register_number(op1, crn, crm, op2), guest::Feature::feature, read, write},
#include "translator/lift/system_registers.def"
};

const SystemRegister* find_register(unsigned number) {
    for (const SystemRegister& row : kSystemRegisters) {
        if (row.number == number) return guest::enabled(row.feature) ? &row : nullptr;
    }
    return nullptr;
}

struct ConstantRegister {
    unsigned number;
    uint64_t value;
};

constexpr ConstantRegister kConstantRegisters[] = {
#define CONSTANT_REGISTER(NAME, op1, crn, crm, op2, value) {register_number(op1, crn, crm, op2), value},
#define ID_REGISTER(NAME, crm, op2, value) {register_number(0, 0, crm, op2), value},
#include "translator/lift/system_registers.def"
};

enum IdRegister : unsigned {
#define ID_REGISTER(NAME, crm, op2, value) NAME = register_number(0, 0, crm, op2),
#include "translator/lift/system_registers.def"
};

struct IdField {
    unsigned number;
    unsigned lsb;
    unsigned value;
    guest::Feature feature;
    guest::Feature other;
};

constexpr IdField kIdFields[] = {
#define ID_FIELD(feature, NAME, lsb, value) \
    {NAME, lsb, value, guest::Feature::feature, guest::Feature::feature},
#define ID_FIELD_WITH(feature, other, NAME, lsb, value) \
    {NAME, lsb, value, guest::Feature::feature, guest::Feature::other},
#include "guest/features.def"
};

// The fields that follow from the features.
uint64_t id_fields(unsigned number) {
    uint64_t fields[16] = {};
    for (const IdField& row : kIdFields) {
        uint64_t& field = fields[row.lsb / 4];
        const bool on = guest::enabled(row.feature) && guest::enabled(row.other);
        if (row.number == number && row.value > field && on) field = row.value;
    }
    uint64_t value = 0;
    for (unsigned i = 0; i < 16; i++) value |= fields[i] << (i * 4);
    return value;
}

// Registers whose value never changes. Linux traps reads of the ID space (op1 = CRn = 0, CRm = 2..7) and
// answers zero for what it does not know.
bool constant_register(unsigned number, uint64_t* value) {
    for (const ConstantRegister& row : kConstantRegisters) {
        if (row.number != number) continue;
        *value = row.value | id_fields(number);
        return true;
    }
    const unsigned crm = number >> 3 & 15;
    *value = 0;
    return crm >= 2 && crm <= 7 && (number & ~0x7fu) == register_number(0, 0, 0, 0);
}

// Touches the address, so that a cache operation on an unmapped page faults as it does on hardware.
void touch(const Lifter& l, unsigned t) {
    l.b.load(Type::I32, l.b.get_r(Type::I64, t), 1);
}

}  // namespace

HANDLER(MRS) {
    uint64_t constant = 0;
    if (const SystemRegister* row = find_register(f.s())) {
        b.set_r(f.t(), row->read(*this));
    } else if (constant_register(f.s(), &constant)) {
        b.set_r(f.t(), b.i64(constant));
    } else {
        undefined();
    }
}

HANDLER(MSR_reg) {
    const SystemRegister* row = find_register(f.s());
    if (!row || !row->write) return undefined();
    row->write(*this, b.get_r(Type::I64, f.t()));
    // FPCR.FZ asks for other translations.
    if (row->write == write_fpcr) end_resync();
}

HANDLER(HINT) {
    if (guest::enabled(guest::Feature::PAuth)) hint_pauth(f.i());
}

HANDLER(WFET) {}
HANDLER(WFIT) {}

HANDLER(MSR_DIT) {
    write_dit(*this, b.i64(f.i() & 1 ? guest::kPstateDit : 0));
}

HANDLER(MSR_TCO) {
    write_tco(*this, b.i64(f.i() & 1 ? guest::kPstateTco : 0));
}

HANDLER(MSR_SSBS) {
    write_ssbs(*this, b.i64(f.i() & 1 ? guest::kPstateSsbs : 0));
}

// --- Barriers. Only a store followed by a load may be reordered here, so a barrier that orders just loads,
// or just stores,
// --- has nothing to do. The low bits of the option: 1 loads, 2 stores, otherwise everything.

HANDLER(DMB) {
    const unsigned kind = f.i() & 3;
    if (kind != 1 && kind != 2) b.emit(Op::Fence, Type::None);
}

HANDLER(DSB) {
    b.emit(Op::Fence, Type::None);
}

HANDLER(ISB) {
    end_resync();
}

HANDLER(SB) {}

// --- Cache maintenance

HANDLER(DC_ZVA) {
    constexpr unsigned kBlock = 64;
    const Value at = b.get_r(Type::I64, f.t());
    b.set_tag_checked(true);
    if (b.checks_tags()) b.check_tag(b.and_(at, b.i64(~uint64_t{kBlock - 1})), kBlock, true);
    b.emit(Op::ZeroBlock, Type::None, at);
    if (!b.reports_accesses()) return;
    const Value block = b.and_(at, b.i64(~uint64_t{kBlock - 1}));
    const Value zero = b.i64(0);
    for (unsigned offset = 0; offset < kBlock; offset += 16) {
        b.report_access(b.add(block, b.i64(offset)), zero, store_info(4), zero);
    }
}

HANDLER(IC_IVAU) {
    touch(*this, f.t());
    helper(Helper::InvalidateInstructionCache, b.get_r(Type::I64, f.t()));
    end_resync();
}

HANDLER(DC_CVAC) {
    touch(*this, f.t());
}

HANDLER(DC_CVAU) {
    touch(*this, f.t());
}

HANDLER(DC_CVAP) {
    touch(*this, f.t());
}

HANDLER(DC_CVADP) {
    touch(*this, f.t());
}

HANDLER(DC_CIVAC) {
    touch(*this, f.t());
}

}  // namespace armature::translator::lift
