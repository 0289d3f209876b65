// SPDX-License-Identifier: MIT
// Guest registers. Reading one costs nothing: the value is an alias of the register's home. Writing one moves
// the value there, unless it was computed there in the first place; what the home held before moves away if
// it is still needed.
#include "translator/ir/helpers.h"
#include "translator/x64/emit.h"

namespace armature::translator::x64 {

using ir::Inst;
using ir::Op;
using ir::Type;
using ir::Value;
using Xbyak::Reg64;
using Xbyak::util::rax;

void Allocator::read_home(Bank bank, uint32_t id, unsigned n) {
    RegisterFile& f = file(bank);
    const int reg = f.plan[n];
    uint32_t& owner = reg != InMemory ? f.owner[reg] : f.memory[n];
    Track& t = tracks_[id];
    if (owner && tracks_[owner].remaining) {  // another value is known to be there: they are the same
        tracks_[owner].remaining += t.remaining;
        t.root = owner;
        t.remaining = 0;
        return;
    }
    owner = id;
    if (reg != InMemory) {
        t.reg = static_cast<int16_t>(reg);
    } else {
        t.home = static_cast<int16_t>(n);
    }
}

void Allocator::write_home(Bank bank, Value value, unsigned n) {
    if (bank == Bank::Vector) sve.forget_vector(n);
    RegisterFile& f = file(bank);
    const uint32_t id = root(value);
    Track& t = tracks_[id];
    const int reg = f.plan[n];
    const bool is_const = block_.insts[id].op == Op::Const;
    if (reg != InMemory) {
        const bool was_lent = f.lent >> reg & 1;
        f.lent &= static_cast<uint16_t>(~(1u << reg));
        if (t.reg == reg && (was_lent || f.owner[reg] == id)) return;
        evict_home(bank, reg);
        if (is_const && t.reg < 0 && block_.insts[id].imm == 0 && !flags_busy()) {
            clobber_flags();
            c.xor_(Xbyak::Reg32(reg), Xbyak::Reg32(reg));
        } else {
            load(bank, reg, id, true);
        }
        // The copy in the home frees the temporary.
        if (t.reg < 0 || is_temporary(bank, t.reg)) {
            unbind(bank, id);
            bind_register(bank, reg, id);
        }
        return;
    }
    const uint32_t before = f.memory[n];
    if (before == id) return;
    if (before) {
        Track& old = tracks_[before];
        if (old.remaining && old.reg < 0 && old.spill < 0) use_register(bank, {before});
        old.home = -1;
        f.memory[n] = 0;
    }
    if (bank == Bank::General && t.reg < 0) {
        if (is_const &&
            static_cast<int64_t>(block_.insts[id].imm) == static_cast<int32_t>(block_.insts[id].imm)) {
            store_state_constant(slot_offset(bank, n), static_cast<int32_t>(block_.insts[id].imm));
            return;
        }
        if (dies(id)) {
            load(bank, RAX, id, true);
            store_state(bank, RAX, slot_offset(bank, n));
            return;
        }
    }
    store_state(bank, use_register(bank, value), slot_offset(bank, n));
    if (is_const) return;
    if (t.home >= 0) f.memory[t.home] = 0;
    t.home = static_cast<int16_t>(n);
    f.memory[n] = id;
}

// The value that a pinned register holds moves to where it can stay.
void Allocator::evict_home(Bank bank, int reg) {
    RegisterFile& f = file(bank);
    const uint32_t id = f.owner[reg];
    if (!id) return;
    if (!tracks_[id].remaining || block_.insts[id].op == Op::Const) return unbind(bank, id);
    for (int other = 0; other < 16; other++) {
        if (!is_temporary(bank, other) || f.owner[other] || ((f.locked | f.reserved) >> other & 1)) continue;
        move(bank, other, reg, true);
        f.owner[reg] = 0;
        f.owner[other] = id;
        tracks_[id].reg = static_cast<int16_t>(other);
        return;
    }
    evict(bank, reg);
}

void emit_GetX(Context& e, const Inst& i) {
    impl(e).read_home(Bank::General, self(e).id, static_cast<unsigned>(i.imm));
}
void emit_SetX(Context& e, const Inst& i) {
    impl(e).write_home(Bank::General, i.a, static_cast<unsigned>(i.imm));
}
void emit_GetV(Context& e, const Inst& i) {
    impl(e).read_home(Bank::Vector, self(e).id, static_cast<unsigned>(i.imm));
}
void emit_SetV(Context& e, const Inst& i) {
    impl(e).write_home(Bank::Vector, i.a, static_cast<unsigned>(i.imm));
}

void emit_LoadState(Context& e, const Inst& i) {
    const Reg64 d = e.def(self(e));
    if (i.width == 4 || (!i.width && i.type == Type::I32)) {
        e.c.mov(d.cvt32(), e.state(i.imm, 32));
    } else {
        e.c.mov(d, e.state(i.imm, 64));
    }
}

void emit_StoreState(Context& e, const Inst& i) {
    constexpr size_t kUpper = offsetof(guest::CpuState, z_upper);
    if (i.imm - kUpper < 32) impl(e).sve.forget_vector(static_cast<unsigned>(i.imm - kUpper));
    const unsigned bits = i.width ? i.width * 8 : bits_of(e.inst(i.a).type);
    int32_t imm = 0;
    if (e.use_imm32(i.a, &imm)) {
        e.c.mov(e.state(i.imm, bits),
                bits == 64 ? static_cast<uint64_t>(int64_t{imm}) : static_cast<uint32_t>(imm));
    } else {
        e.c.mov(e.state(i.imm, bits), sized(e.use(i.a), bits));
    }
}

// --- Calls of C++

// Everything that outlives the call is in memory or in a pinned register; temporaries are free.
void Allocator::before_call() {
    spill_everything();
    clobber_flags();
    keep_state_flags();
    state_flags_value_ = 0;  // it may change
}

// The function in rax. In a block that calls back its thunk leaves MXCSR as it was.
void Allocator::call_helper() {
    call_thunk(thunks.call_preserving[on_cxx_stack_]);
}

namespace {

constexpr size_t kVectorScratch = offsetof(guest::CpuState, vector_scratch);
constexpr size_t kBtype = offsetof(guest::CpuState, btype);

}  // namespace

void emit_CheckLanding(Context& e, const Inst& i) {
    e.clobber_flags();
    e.c.test(e.state(kBtype, 32), static_cast<uint32_t>(i.imm));
    Context::Cold cold;
    cold.inst = &i;
    cold.from = e.jcc_forward(kNE);
    cold.emit = [](Context& context, const Context::Cold& here) {
        impl(context).trap(*here.inst, kFaultLanding, false);
    };
    e.cold(cold);
}

void emit_CallHelper(Context& e, const Inst& i) {
    Allocator& r = impl(e);
    r.before_call();
    if (i.a) r.load_value(RSI, i.a);
    if (i.b) r.load_value(RDX, i.b);
    if (i.c) r.load_value(RCX, i.c);
    e.c.lea(Xbyak::util::rdi, e.c.ptr[Xbyak::util::r15 - kStateBias]);
    e.c.mov(rax, reinterpret_cast<uint64_t>(ir::kHelperFunctions[i.imm]));
    r.call_helper();
    if (r.value_used()) e.def_in(self(e), rax);
}

void emit_CallHelperV(Context& e, const Inst& i) {
    Allocator& r = impl(e);
    for (unsigned n = 0; n < 3; n++) {
        if (i.operand(n))
            e.c.movaps(e.state(kVectorScratch + n * sizeof(guest::Vec128), 128), e.vuse(i.operand(n)));
    }
    r.before_call();
    e.c.lea(Xbyak::util::rdi, e.c.ptr[Xbyak::util::r15 - kStateBias]);
    e.c.mov(Xbyak::util::esi, static_cast<uint32_t>(i.imm >> 32));
    e.c.mov(rax, reinterpret_cast<uint64_t>(ir::kHelperFunctions[static_cast<uint32_t>(i.imm)]));
    r.call_helper();
    if (r.value_used()) e.c.movaps(e.vdef(self(e)), e.state(kVectorScratch, 128));
}

}  // namespace armature::translator::x64
