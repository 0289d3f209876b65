// SPDX-License-Identifier: MIT
// Registers: which value is where, and how an emitter gets its operands and its result.
#include "translator/x64/allocator.h"

#include <cstring>

namespace armature::translator::x64 {

using ir::Inst;
using ir::Op;
using ir::Type;
using ir::Value;
using Xbyak::Reg64;
using Xbyak::Xmm;

namespace {

constexpr uint16_t bit(int reg) {
    return static_cast<uint16_t>(1u << reg);
}
std::span<const int16_t> order(Bank bank) {
    if (bank == Bank::General) return {plan->general, plan->general_count};
    return {plan->vector, plan->vector_count};
}

uint16_t temporaries(Bank bank) {
    uint16_t mask = 0;
    for (const int reg : order(bank)) mask |= bit(reg);
    return mask;
}

}  // namespace

Allocator::Allocator(Xbyak::CodeGenerator& generator, const HostFeatures& features, const ir::Block& block,
                     support::Arena& arena, std::span<Xbyak::Label> constant_labels)
    : Context(generator, features), block_(block), arena_(arena), constant_labels_(constant_labels) {
    const size_t count = block.insts.size() + 1;  // the last is for the terminator
    tracks_ = arena.make_room<Track>(count);      // analyse() fills these two
    outlook_ = arena.make_room<Outlook>(count);
    guest_offsets_ = arena.make_room<uint32_t>(block.guest.size());
    constants_ = arena.make_room<PooledConstant>(constant_labels.size()).data();
    file(Bank::General).temporaries = temporaries(Bank::General);
    file(Bank::General).plan = plan->x;
    file(Bank::Vector).temporaries = temporaries(Bank::Vector);
    file(Bank::Vector).plan = plan->v;
}

// --- Values

bool Allocator::constant(Value value, uint64_t* imm) const {
    const Inst& definition = block_.insts[root(value)];
    if (definition.op != Op::Const) return false;
    *imm = inst(value).type == Type::I32 ? static_cast<uint32_t>(definition.imm) : definition.imm;
    return true;
}

bool Allocator::vector_constant(uint32_t id, uint64_t* lo, uint64_t* hi) const {
    const Inst& i = block_.insts[id];
    switch (i.op) {
        case Op::VZero:
            *lo = *hi = 0;
            return true;
        case Op::VConst:
            *lo = *hi = i.imm;
            return true;
        case Op::VCombine64:
            *lo = inst(i.a).imm;
            *hi = inst(i.b).imm;
            return inst(i.a).op == Op::Const && inst(i.b).op == Op::Const;
        default:
            return false;
    }
}

bool Allocator::rematerialises(uint32_t id) const {
    uint64_t lo = 0;
    uint64_t hi = 0;
    return block_.insts[id].op == Op::Const || vector_constant(id, &lo, &hi);
}

// --- Moving values around

void Allocator::load(Bank bank, int reg, uint32_t id, bool wide) {
    const Track& t = tracks_[id];
    if (t.reg >= 0) {
        if (t.reg != reg) move(bank, reg, t.reg, wide);
        return;
    }
    if (bank == Bank::General && block_.insts[id].op == Op::Const) {
        const uint64_t imm = block_.insts[id].imm;
        encode_constant(c, reg, wide ? imm : static_cast<uint32_t>(imm));
        return;
    }
    uint64_t lo = 0;
    uint64_t hi = 0;
    if (bank == Bank::Vector && vector_constant(id, &lo, &hi)) return load_vector_constant(reg, lo, hi);
    if (t.home < 0 && t.spill < 0) return fail();
    load_state(bank, reg,
               t.home >= 0 ? slot_offset(bank, static_cast<unsigned>(t.home)) : spill_offset(t.spill), wide);
}

void Allocator::load_vector_constant(int reg, uint64_t lo, uint64_t hi) {
    if ((lo | hi) == 0) {
        c.pxor(Xmm(reg), Xmm(reg));
    } else if ((lo & hi) == ~uint64_t{0}) {
        c.pcmpeqd(Xmm(reg), Xmm(reg));
    } else {
        c.movaps(Xmm(reg), constant128(lo, hi));
    }
}

void Allocator::load_value(int reg, Value value) {
    load(Bank::General, reg, root(value), true);
}

int16_t Allocator::allocate_spill() {
    if (~spill_used_ == 0) {
        fail();
        return 0;
    }
    const int index = __builtin_ctzll(~spill_used_);
    spill_used_ |= uint64_t{1} << index;
    return static_cast<int16_t>(index);
}

void Allocator::store_spill(Bank bank, uint32_t id) {
    Track& t = tracks_[id];
    if (t.home >= 0 || t.spill >= 0 || rematerialises(id)) return;
    t.spill = allocate_spill();
    store_state(bank, t.reg, spill_offset(t.spill));
}

void Allocator::bind_register(Bank bank, int reg, uint32_t id) {
    RegisterFile& f = file(bank);
    const uint32_t before = f.owner[reg];
    if (before && before != id && tracks_[before].reg == reg) tracks_[before].reg = -1;
    f.owner[reg] = id;
    f.locked |= bit(reg);
    tracks_[id].reg = static_cast<int16_t>(reg);
}

void Allocator::unbind(Bank bank, uint32_t id) {
    Track& t = tracks_[id];
    if (t.reg >= 0 && file(bank).owner[t.reg] == id) file(bank).owner[t.reg] = 0;
    t.reg = -1;
}

void Allocator::evict(Bank bank, int reg) {
    const uint32_t id = file(bank).owner[reg];
    if (!id) return;
    if (tracks_[id].remaining) store_spill(bank, id);
    unbind(bank, id);
}

int Allocator::allocate(Bank bank, uint16_t avoid) {
    RegisterFile& f = file(bank);
    const uint16_t busy = f.locked | f.reserved | avoid;
    int victim = -1;
    uint32_t best = 0;
    for (const int reg : order(bank)) {
        if (busy & bit(reg)) continue;
        if (!f.owner[reg]) return reg;
        // The value that is clean, or else the one that lives longest.
        const Track& t = tracks_[f.owner[reg]];
        const bool clean = t.home >= 0 || t.spill >= 0 || rematerialises(f.owner[reg]);
        const uint32_t score = t.last_use + 1 + (clean ? 1u << 30 : 0);
        if (score > best) {
            best = score;
            victim = reg;
        }
    }
    const int lent = lend(bank, busy);
    if (lent >= 0) return lent;
    if (victim < 0) return borrow(bank);
    evict(bank, victim);
    return victim;
}

// A pinned register whose guest register is about to be set, and whose present content nobody needs, is a
// temporary until then. In code without memory accesses that is most of them.
int Allocator::lend(Bank bank, uint16_t busy) {
    RegisterFile& f = file(bank);
    uint32_t candidates = outlook_[index_].overwritten[static_cast<unsigned>(bank)];
    for (; candidates; candidates &= candidates - 1) {
        const int reg = f.plan[__builtin_ctz(candidates)];
        if (reg == InMemory || ((busy | f.borrowed) & bit(reg))) continue;
        const uint32_t owner = f.owner[reg];
        if (owner && tracks_[owner].remaining) continue;
        if (owner) unbind(bank, owner);
        f.lent |= bit(reg);
        return reg;
    }
    return -1;
}

// No temporary is left: a pinned register helps out until the instruction is done. Not across a fault point.
int Allocator::borrow(Bank bank) {
    RegisterFile& f = file(bank);
    for (unsigned n = 0; n < 32; n++) {
        const int reg = f.plan[n];
        if (reg == InMemory || ((f.locked | f.reserved | f.borrowed) & bit(reg))) continue;
        const uint32_t id = f.owner[reg];
        if (id && (occurrences(id) || id == index_)) continue;
        store_state(bank, reg, slot_offset(bank, n));
        f.borrowed |= bit(reg);
        return reg;
    }
    fail();
    return order(bank)[0];
}

void Allocator::return_borrowed(Bank bank) {
    RegisterFile& f = file(bank);
    for (unsigned n = 0; n < 32 && f.borrowed; n++) {
        const int reg = f.plan[n];
        if (reg == InMemory || !(f.borrowed & bit(reg))) continue;
        f.borrowed &= static_cast<uint16_t>(~bit(reg));
        if (f.owner[reg] == index_ && tracks_[index_].reg == reg)
            evict(bank, reg);  // the result moves to memory
        load_state(bank, reg, slot_offset(bank, n));
    }
}

// --- Operands

int Allocator::use_register(Bank bank, Value value) {
    const uint32_t id = root(value);
    Track& t = tracks_[id];
    if (t.reg < 0) {
        const int reg = allocate(bank);
        load(bank, reg, id, true);
        bind_register(bank, reg, id);
    }
    file(bank).locked |= bit(t.reg);
    return t.reg;
}

int Allocator::copy_register(Bank bank, Value value) {
    const uint32_t id = root(value);
    Track& t = tracks_[id];
    int reg = t.reg;
    if (reg >= 0 && is_temporary(bank, reg) && dies(id) && occurrences(id) == 1) {
        unbind(bank, id);
    } else {
        reg = allocate(bank);
        load(bank, reg, id, true);
    }
    file(bank).reserved |= bit(reg);
    return reg;
}

int Allocator::temporary(Bank bank) {
    const int reg = allocate(bank);
    file(bank).reserved |= bit(reg);
    return reg;
}

// An instruction demands this register: whatever it holds moves away.
void Allocator::vacate(int reg) {
    RegisterFile& f = file(Bank::General);
    if ((f.locked | f.reserved) & bit(reg)) return fail();
    const uint32_t id = f.owner[reg];
    if (!id) return;
    if (!tracks_[id].remaining) return unbind(Bank::General, id);
    for (const int other : order(Bank::General)) {
        if (other == reg || f.owner[other] || ((f.locked | f.reserved) & bit(other))) continue;
        move(Bank::General, other, reg, true);
        f.owner[reg] = 0;
        f.owner[other] = id;
        tracks_[id].reg = other;
        return;
    }
    evict(Bank::General, reg);
}

// --- Results

// The pinned register that the result may be computed into, or -1. It must not hold anything that is still
// needed, unless that is an operand which dies here and is `a` (or, with any_dying, any operand).
int Allocator::hinted(Bank bank, uint32_t id, uint32_t a, bool any_dying) {
    const Track& t = tracks_[id];
    if (t.hint < 0) return -1;
    const RegisterFile& f = file(bank);
    const int reg = f.plan[t.hint];
    if ((f.borrowed | f.reserved) & bit(reg)) return -1;
    const uint32_t owner = f.owner[reg];
    if (!owner || !tracks_[owner].remaining) return reg;
    if (dies(owner) && (any_dying || (owner == a && occurrences(owner) == 1))) return reg;
    return -1;
}

int Allocator::define(Bank bank, uint32_t id) {
    int reg = hinted(bank, id, 0, false);
    if (reg < 0) reg = allocate(bank);
    bind_register(bank, reg, id);
    return reg;
}

int Allocator::define_last(Bank bank, uint32_t id) {
    int reg = hinted(bank, id, 0, true);
    for (unsigned n = 0; reg < 0 && n < 4; n++) {
        const Value operand = index_ < last_instruction() ? current().operand(n) : Value{};
        if (!operand) continue;
        const uint32_t other = root(operand);
        if (tracks_[other].reg >= 0 && is_temporary(bank, tracks_[other].reg) && dies(other) &&
            file(bank).owner[tracks_[other].reg] == other)
            reg = tracks_[other].reg;
    }
    if (reg < 0) reg = allocate(bank);
    bind_register(bank, reg, id);
    return reg;
}

int Allocator::define_over(Bank bank, uint32_t id, Value a) {
    const uint32_t source = root(a);
    int reg = hinted(bank, id, source, false);
    const Track& t = tracks_[source];
    if (reg < 0 && t.reg >= 0 && is_temporary(bank, t.reg) && dies(source) && occurrences(source) == 1)
        reg = t.reg;
    if (reg < 0) reg = allocate(bank);
    bind_register(bank, reg, id);
    return reg;
}

int Allocator::define_as(Bank bank, uint32_t id, Value a) {
    const uint32_t source = root(a);
    const Track& t = tracks_[source];
    int reg = hinted(bank, id, source, false);
    if (reg < 0 && t.reg >= 0 && is_temporary(bank, t.reg) && dies(source) && occurrences(source) == 1)
        reg = t.reg;
    if (reg < 0) reg = allocate(bank);
    load(bank, reg, source, block_.insts[id].type != Type::I32);
    bind_register(bank, reg, id);
    return reg;
}

bool Allocator::reuses(Value a) const {
    Allocator* self = const_cast<Allocator*>(this);
    const Bank bank = inst(a).type == Type::V128 ? Bank::Vector : Bank::General;
    const uint32_t source = root(a);
    const Track& t = tracks_[source];
    if (t.reg < 0) return false;
    const int reg = self->hinted(bank, index_, source, false);
    if (reg >= 0) return reg == t.reg;
    return is_temporary(bank, t.reg) && dies(source) && occurrences(source) == 1;
}

// --- Between instructions

void Allocator::finish_instruction() {
    for (RegisterFile& f : files_) {
        if (f.borrowed) return_borrowed(&f == files_ ? Bank::General : Bank::Vector);
        f.locked = 0;
        f.reserved = 0;
    }
    flags_consumed_ = false;
    next_operand_ = 0;
    if (index_ == last_instruction()) return;
    const Inst& i = current();
    const unsigned operands = i.op == Op::FlagsOf ? 0 : i.operands;
    for (unsigned n = 0; n < operands; n++) {
        if (!i.operand(n)) continue;
        const uint32_t id = root(i.operand(n));
        Track& t = tracks_[id];
        if (--t.remaining) continue;
        const Bank bank = block_.insts[id].type == Type::V128 ? Bank::Vector : Bank::General;
        if (t.spill >= 0) {
            spill_used_ &= ~(uint64_t{1} << t.spill);
            t.spill = -1;
        }
        if (t.reg >= 0) unbind(bank, id);
    }
    Track& result = tracks_[index_];
    if (result.reg >= 0 && !result.remaining)
        unbind(i.type == Type::V128 ? Bank::Vector : Bank::General, index_);
}

void Allocator::drop_operand(Bank bank, Value a) {
    if (!a) return;
    const uint32_t id = root(a);
    const int reg = tracks_[id].reg;
    if (reg >= 0 && is_temporary(bank, reg) && dies(id) && occurrences(id) == 1) unbind(bank, id);
}

void Allocator::spill_everything() {
    for (const Bank bank : {Bank::General, Bank::Vector}) {
        RegisterFile& f = file(bank);
        for (int reg = 0; reg < 16; reg++) {
            if (f.temporaries & bit(reg)) evict(bank, reg);
        }
    }
}

void Allocator::forget_homes() {
    for (const Bank bank : {Bank::General, Bank::Vector}) {
        RegisterFile& f = file(bank);
        for (unsigned n = 0; n < 32; n++) {
            const int reg = f.plan[n];
            if (reg != InMemory) {
                evict(bank, reg);
                continue;
            }
            const uint32_t id = f.memory[n];
            f.memory[n] = 0;
            if (!id || !tracks_[id].remaining) continue;
            Track& t = tracks_[id];
            if (t.spill < 0) {
                const int temp = t.reg >= 0 ? t.reg : allocate(bank);
                load(bank, temp, id, true);
                if (t.reg < 0) bind_register(bank, temp, id);
                t.home = -1;
                evict(bank, temp);
                f.locked &= static_cast<uint16_t>(~bit(temp));
            }
            t.home = -1;
        }
    }
}

// --- Context: what emitters see

Reg64 Context::use(Value value) {
    return Reg64(impl(*this).use_register(Bank::General, value));
}
Reg64 Context::use_copy(Value value) {
    return Reg64(impl(*this).copy_register(Bank::General, value));
}
Reg64 Context::temp() {
    return Reg64(impl(*this).temporary(Bank::General));
}
Reg64 Context::def(Value result) {
    return Reg64(impl(*this).define(Bank::General, result.id));
}
Reg64 Context::def_as(Value result, Value a) {
    return Reg64(impl(*this).define_as(Bank::General, result.id, a));
}

Reg64 Context::use_in(Value value, Reg64 fixed) {
    Allocator& e = impl(*this);
    const int reg = fixed.getIdx();
    const uint32_t id = e.root(value);
    if (reg == RAX) {
        e.load(Bank::General, RAX, id, true);
        return fixed;
    }
    if (e.track(id).reg == reg && e.dies(id) && e.occurrences(id) == 1) {
        e.unbind(Bank::General, id);
    } else {
        e.vacate(reg);
        e.load(Bank::General, reg, id, true);
    }
    e.file(Bank::General).reserved |= bit(reg);
    return fixed;
}

Reg64 Context::def_in(Value result, Reg64 fixed) {
    Allocator& e = impl(*this);
    const int reg = fixed.getIdx();
    if (reg == RAX) {
        const Reg64 target = e.def_last(result);
        e.move(Bank::General, target.getIdx(), RAX, e.inst(result).type != Type::I32);
        return target;
    }
    e.file(Bank::General).reserved &= static_cast<uint16_t>(~bit(reg));
    e.bind_register(Bank::General, reg, result.id);
    return fixed;
}

void Context::take(Reg64 fixed) {
    Allocator& e = impl(*this);
    e.vacate(fixed.getIdx());
    e.file(Bank::General).reserved |= bit(fixed.getIdx());
}

bool Context::use_imm32(Value value, int32_t* imm) {
    uint64_t wide = 0;
    if (!impl(*this).constant(value, &wide)) return false;
    if (inst(value).type == Type::I32) {
        *imm = static_cast<int32_t>(wide);
        return true;
    }
    *imm = static_cast<int32_t>(wide);
    return static_cast<int64_t>(wide) == *imm;
}

// The operands of one instruction live here until it is done.
Xbyak::Operand& Allocator::operand_slot(const Xbyak::Operand& operand, bool is_address) {
    unsigned char* place = operands_[next_operand_++ & 3];
    if (is_address) return *new (place) Xbyak::Address(static_cast<const Xbyak::Address&>(operand));
    return *new (place) Xbyak::Operand(operand);
}

const Xbyak::Operand& Context::use_rm(Value value, unsigned bits) {
    Allocator& e = impl(*this);
    const uint32_t id = e.root(value);
    const Track& t = e.track(id);
    if (t.reg < 0 && e.inst({id}).op != Op::Const && e.dies(id) && e.occurrences(id) == 1) {
        if (t.home >= 0) {
            const size_t offset = t.home == 31 ? offsetof(guest::CpuState, sp) : size_t(t.home) * 8;
            return e.operand_slot(state(offset, bits), true);
        }
        if (t.spill >= 0) return e.operand_slot(e.spill_slot(t.spill, bits), true);
    }
    const Reg64 r(e.use_register(Bank::General, value));
    return e.operand_slot(r.changeBit(static_cast<int>(bits)), false);
}

Xmm Context::vuse(Value value) {
    return Xmm(impl(*this).use_register(Bank::Vector, value));
}

const Xbyak::Operand& Context::vuse_xm(Value value) {
    Allocator& e = impl(*this);
    const uint32_t id = e.root(value);
    const Track& t = e.track(id);
    uint64_t lo = 0;
    uint64_t hi = 0;
    if (t.reg < 0 && e.vector_constant(id, &lo, &hi) && (lo | hi) != 0 && (lo & hi) != ~uint64_t{0}) {
        return e.operand_slot(constant128(lo, hi), true);
    }
    if (t.reg < 0 && e.dies(id) && e.occurrences(id) == 1) {
        if (t.home >= 0) return e.operand_slot(e.slot(Bank::Vector, static_cast<unsigned>(t.home)), true);
        if (t.spill >= 0) return e.operand_slot(e.spill_slot(t.spill, 128), true);
    }
    return e.operand_slot(Xmm(e.use_register(Bank::Vector, value)), false);
}

Xmm Context::vuse_copy(Value value) {
    return Xmm(impl(*this).copy_register(Bank::Vector, value));
}
Xmm Context::vdef(Value result) {
    return Xmm(impl(*this).define(Bank::Vector, result.id));
}
Xmm Context::vdef_over(Value result, Value a) {
    return Xmm(impl(*this).define_over(Bank::Vector, result.id, a));
}
Xmm Context::vdef_as(Value result, Value a) {
    return Xmm(impl(*this).define_as(Bank::Vector, result.id, a));
}
Xmm Context::vtemp() {
    return Xmm(impl(*this).temporary(Bank::Vector));
}

bool Context::last_use(Value value) const {
    const Allocator& e = static_cast<const Allocator&>(*this);
    return e.dies(e.root(value));
}
const Inst& Context::inst(Value value) const {
    return static_cast<const Allocator&>(*this).block_.insts[value.id];
}
const ir::Block& Context::block() const {
    return static_cast<const Allocator&>(*this).block_;
}

}  // namespace armature::translator::x64
