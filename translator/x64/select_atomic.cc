// SPDX-License-Identifier: MIT
// Atomic operations and the exclusive monitor.
//
// A fault must find every pinned register unchanged. The one instruction where that is hard is CMPXCHG16B,
// whose new value is in rcx:rbx, and rbx is x0: its slot in CpuState is brought up to date first and the
// fault point says so.
#include "translator/x64/emit.h"

namespace armature::translator::x64 {

using ir::Inst;
using ir::Value;
using Xbyak::Reg64;
using Xbyak::RegExp;
using Xbyak::Xmm;
using Xbyak::util::eax;
using Xbyak::util::rax;
using Xbyak::util::rbx;
using Xbyak::util::rcx;
using Xbyak::util::rdx;

namespace {

constexpr size_t kExclusiveAddress = offsetof(guest::CpuState, exclusive_address);
constexpr size_t kExclusiveSize = offsetof(guest::CpuState, exclusive_size);
constexpr size_t kExclusiveValue = offsetof(guest::CpuState, exclusive_value);
constexpr int kOpenMonitor = -1;

// The LOCK prefix, unless nobody else can see memory: then one instruction is atomic enough, as signals are
// taken between guest instructions only.
void lock(Context& e) {
    if (e.block().parallel) e.c.lock();
}

void load_accumulator(Context& e, const RegExp& at, unsigned bytes) {
    if (bytes < 4) {
        e.c.movzx(eax, memory(at, bytes));
    } else {
        e.c.mov(sized(rax, bytes * 8), memory(at, bytes));
    }
}

void zero_extend(Context& e, Reg64 d, Reg64 from, unsigned bytes) {
    if (bytes < 4) {
        e.c.movzx(d.cvt32(), sized(from, bytes * 8));
    } else if (bytes == 4 || d != from) {
        e.c.mov(sized(d, bytes * 8), sized(from, bytes * 8));
    }
}

// memory = f(memory, c) by compare-and-swap; f gets a copy of the old value (also in rax) to work on.
template <typename F>
void swap_loop(Context& e, const Inst& i, F f) {
    e.clobber_flags();
    const RegExp at = e.address(i);
    const Reg64 operand = e.use(i.c);
    const Reg64 t = e.temp();
    e.fault_point(i, true);
    load_accumulator(e, at, i.width);
    const uint32_t again = e.here();
    f(t, operand);
    e.fault_point(i, true);
    lock(e);
    e.c.cmpxchg(memory(at, i.width), sized(t, i.width * 8u));
    impl(e).jcc_to(kNE, again);
    if (!impl(e).value_used()) return;
    e.c.mov(t, rax);  // zero-extended by its load, and CMPXCHG only replaces the part that was loaded
    e.def_in(self(e), t);
}

// Without a use of the old value: one locked instruction.
using LockedForm = void (Xbyak::CodeGenerator::*)(const Xbyak::Operand&, const Xbyak::Operand&);
void locked(Context& e, const Inst& i, LockedForm form, Reg64 operand, const RegExp& at) {
    e.fault_point(i, true);
    lock(e);
    (e.c.*form)(memory(at, i.width), sized(operand, i.width * 8u));
}

void bitwise(Context& e, const Inst& i, LockedForm form) {
    if (impl(e).value_used()) {
        return swap_loop(e, i, [&](Reg64 t, Reg64 operand) {
            e.c.mov(t, rax);
            (e.c.*form)(t, operand);
        });
    }
    e.clobber_flags();
    const RegExp at = e.address(i);
    locked(e, i, form, e.use(i.c), at);
}

void extremum(Context& e, const Inst& i, uint8_t keep_old) {
    swap_loop(e, i, [&](Reg64 t, Reg64 operand) {
        const unsigned bits = i.width * 8u;
        e.c.mov(t, rax);
        e.c.cmp(sized(rax, bits), sized(operand, bits));
        const Allocator::Short keep = impl(e).jcc_short(keep_old);
        e.c.mov(t, operand);
        impl(e).bind(keep);
    });
}

// Leaves with a fault at `address` unless `tested` is a multiple of `bytes`.
void check_alignment(Context& e, const Inst& i, Reg64 address, uint64_t bytes, uint8_t what, Reg64 tested) {
    if (bytes <= 1) return;
    if (bytes - 1 <= 0x7f) {
        e.c.test(tested.cvt8(), static_cast<uint32_t>(bytes - 1));
    } else {
        e.c.test(tested.cvt32(), static_cast<uint32_t>(bytes - 1));
    }
    Context::Cold cold;
    cold.inst = &i;
    cold.from = e.jcc_forward(kNE);
    cold.g[0] = static_cast<int8_t>(address.getIdx());
    cold.data = what;
    cold.emit = [](Context& context, const Context::Cold& here) {
        context.c.mov(rax, Reg64(here.g[0]));
        constexpr FaultKind kKinds[] = {kFaultAlignment, kFaultAlignment, kFaultStackAlignment,
                                        kFaultStackChange, kFaultPac};
        impl(context).trap(*here.inst, kKinds[here.data], here.data == ir::kAlignStore);
    };
    e.cold(cold);
}

// What LSE2 allows beyond natural alignment has been checked by an operation of its own.
void check_exclusive(Context& e, const Inst& i, Reg64 address, bool is_store) {
    if (!i.imm) check_alignment(e, i, address, i.width, is_store, address);
}

// The address in a register, without its tag.
Reg64 plain_address(Context& e, Value value) {
    const Reg64 a = e.use(value);
    return Reg64(impl(e).masked(RegExp(a)).getBase().getIdx());
}

// lock cmpxchg16b [at], with expected in rdx:rax already and rcx, rdx taken. `at` is not rbx. EFLAGS tell the
// outcome.
void compare_exchange_16(Context& e, const Inst& i, Reg64 at, Xmm desired) {
    e.c.mov(e.state(0, 64), rbx);  // x0
    e.c.movq(rbx, desired);
    e.c.pextrq(rcx, desired, 1);
    impl(e).fault_with_x0_in_state(i);
    lock(e);
    e.c.cmpxchg16b(e.c.ptr[at]);
    e.c.mov(rbx, e.state(0, 64));
}

}  // namespace

static_assert(kFullPlan.x[0] == RBX && kCallPlan.x[0] == RBX,
              "compare_exchange_16 keeps x0 while rbx is borrowed");

void emit_AtomicAdd(Context& e, const Inst& i) {
    e.clobber_flags();
    const RegExp at = e.address(i);
    if (!impl(e).value_used()) return locked(e, i, &Xbyak::CodeGenerator::add, e.use(i.c), at);
    const Reg64 t = e.use_copy(i.c);
    e.fault_point(i, true);
    lock(e);
    e.c.xadd(memory(at, i.width), sized(t, i.width * 8u));
    zero_extend(e, t, t, i.width);
    e.def_in(self(e), t);
}

void emit_AtomicClear(Context& e, const Inst& i) {
    e.clobber_flags();
    if (!impl(e).value_used()) {
        const RegExp at = e.address(i);
        const Reg64 inverted = e.use_copy(i.c);
        e.c.not_(inverted);
        return locked(e, i, &Xbyak::CodeGenerator::and_, inverted, at);
    }
    swap_loop(e, i, [&](Reg64 t, Reg64 operand) {  // rax & ~operand
        e.c.mov(t, operand);
        e.c.not_(t);
        e.c.and_(t, rax);
    });
}

void emit_AtomicSet(Context& e, const Inst& i) {
    bitwise(e, i, &Xbyak::CodeGenerator::or_);
}
void emit_AtomicXor(Context& e, const Inst& i) {
    bitwise(e, i, &Xbyak::CodeGenerator::xor_);
}

void emit_AtomicSwap(Context& e, const Inst& i) {
    const RegExp at = e.address(i);
    const Reg64 t = e.use_copy(i.c);
    e.fault_point(i, true);
    if (e.block().parallel) {
        e.c.xchg(memory(at, i.width), sized(t, i.width * 8u));  // locks by itself
    } else {
        load_accumulator(e, at, i.width);
        e.fault_point(i, true);
        e.c.mov(memory(at, i.width), sized(t, i.width * 8u));
        e.c.mov(t, rax);
    }
    if (!impl(e).value_used()) return;
    zero_extend(e, t, t, i.width);
    e.def_in(self(e), t);
}

void emit_AtomicSMax(Context& e, const Inst& i) {
    extremum(e, i, kGE);
}
void emit_AtomicSMin(Context& e, const Inst& i) {
    extremum(e, i, kLE);
}
void emit_AtomicUMax(Context& e, const Inst& i) {
    extremum(e, i, kAE);
}
void emit_AtomicUMin(Context& e, const Inst& i) {
    extremum(e, i, kBE);
}

void emit_Cas(Context& e, const Inst& i) {
    e.clobber_flags();
    const RegExp at = e.address(i);
    const Reg64 desired = e.use(i.d);
    e.use_in(i.c, rax);
    e.fault_point(i, true);
    lock(e);
    e.c.cmpxchg(memory(at, i.width), sized(desired, i.width * 8u));
    if (!impl(e).value_used()) return;
    zero_extend(e, rax, rax, i.width);
    e.def_in(self(e), rax);
}

void emit_CheckAlign(Context& e, const Inst& i) {
    e.clobber_flags();
    const Reg64 address = e.use(i.a);
    check_alignment(e, i, address, i.imm, i.width, i.b ? e.use(i.b) : address);
}

// --- 16 bytes

namespace {

// The address of a 16-byte access, checked, as one register other than those CMPXCHG16B needs.
Reg64 address_16(Context& e, const Inst& i, bool is_store) {
    const RegExp exp = e.address(i);
    Reg64 at(exp.getBase().getIdx());
    if (exp.getIndex().getBit() || exp.getDisp() || !exp.getBase().getBit() || at == rbx) {
        at = e.temp();
        e.c.lea(at, e.c.ptr[exp]);
    }
    check_alignment(e, i, at, 16, is_store, at);
    return at;
}

}  // namespace

void emit_LoadV128Atomic(Context& e, const Inst& i) {
    e.clobber_flags();
    if (e.host.avx) {  // hosts with AVX do aligned 16-byte moves in one piece
        const Reg64 at = address_16(e, i, false);
        const Xmm d = e.vdef(self(e));
        e.fault_point(i, false);
        e.c.vmovdqa(d, memory(at, 16));
        return;
    }
    // Replaces whatever is there by itself; needs write access, which hosts without AVX have to live with.
    e.take(rcx);
    e.take(rdx);
    const Reg64 at = address_16(e, i, false);
    const Xmm d = e.vdef(self(e));
    e.c.mov(rax, rbx);
    e.c.mov(rdx, rcx);
    e.fault_point(i, false);
    lock(e);
    e.c.cmpxchg16b(e.c.ptr[at]);
    e.c.movq(d, rax);
    e.c.pinsrq(d, rdx, 1);
}

void emit_StoreV128Atomic(Context& e, const Inst& i) {
    e.clobber_flags();
    if (e.host.avx) {
        const Reg64 at = address_16(e, i, true);
        const Xmm value = e.vuse(i.c);
        e.fault_point(i, true);
        e.c.vmovdqa(memory(at, 16), value);
        return;
    }
    e.take(rcx);
    e.take(rdx);
    const Reg64 at = address_16(e, i, true);
    const Xmm value = e.vuse(i.c);
    e.fault_point(i, true);
    e.c.mov(rax, memory(RegExp(at), 8));
    e.c.mov(rdx, memory(at + 8, 8));
    const uint32_t again = e.here();
    compare_exchange_16(e, i, at, value);
    impl(e).jcc_to(kNE, again);
}

void emit_Cas128(Context& e, const Inst& i) {
    e.clobber_flags();
    e.take(rcx);
    e.take(rdx);
    const Reg64 at = address_16(e, i, true);
    const Xmm expected = e.vuse(i.c);
    const Xmm desired = e.vuse(i.d);
    const Xmm d = e.vdef(self(e));
    e.c.movq(rax, expected);
    e.c.pextrq(rdx, expected, 1);
    compare_exchange_16(e, i, at, desired);
    e.c.movq(d, rax);
    e.c.pinsrq(d, rdx, 1);
}

// --- Exclusives. A store succeeds if memory still holds what the load saw.

void emit_LoadExclusive(Context& e, const Inst& i) {
    e.clobber_flags();
    const Reg64 a = e.use(i.a);
    check_exclusive(e, i, a, false);
    const RegExp at = impl(e).masked(RegExp(a));
    const Reg64 d = e.def(self(e));
    e.fault_point(i, false);
    if (i.width < 4) {
        e.c.movzx(d.cvt32(), memory(at, i.width));
    } else {
        e.c.mov(sized(d, i.width * 8u), memory(at, i.width));
    }
    e.c.mov(e.state(kExclusiveAddress, 64), Reg64(at.getBase().getIdx()));
    e.c.mov(e.state(kExclusiveSize, 64), static_cast<uint32_t>(i.width));
    e.c.mov(e.state(kExclusiveValue, 64), d);
}

void emit_LoadExclusive128(Context& e, const Inst& i) {
    emit_LoadV128Atomic(e, i);
    const Xmm d(impl(e).track(self(e).id).reg);
    e.c.movaps(e.state(kExclusiveValue, 128), d);
    e.c.mov(e.state(kExclusiveSize, 64), 16);
    e.c.mov(e.state(kExclusiveAddress, 64), plain_address(e, i.a));
}

void emit_StoreExclusive(Context& e, const Inst& i) {
    Allocator& r = impl(e);
    e.clobber_flags();
    const Reg64 a = e.use(i.a);
    check_exclusive(e, i, a, true);
    const Reg64 at(r.masked(RegExp(a)).getBase().getIdx());
    const Reg64 value = e.use(i.c);
    const Reg64 d = e.def(self(e));
    e.c.mov(d.cvt32(), 1);
    e.c.cmp(e.state(kExclusiveAddress, 64), at);
    const Allocator::Short wrong_address = r.jcc_short(kNE);
    e.c.cmp(e.state(kExclusiveSize, 64), static_cast<uint32_t>(i.width));
    const Allocator::Short wrong_size = r.jcc_short(kNE);
    e.c.mov(rax, e.state(kExclusiveValue, 64));
    e.fault_point(i, true);
    lock(e);
    e.c.cmpxchg(memory(RegExp(at), i.width), sized(value, i.width * 8u));
    e.c.setne(d.cvt8());
    r.bind(wrong_address);
    r.bind(wrong_size);
    e.c.mov(e.state(kExclusiveAddress, 64), kOpenMonitor);
}

void emit_StoreExclusive128(Context& e, const Inst& i) {
    Allocator& r = impl(e);
    e.clobber_flags();
    e.take(rcx);
    e.take(rdx);
    const Reg64 at = address_16(e, i, true);
    const Xmm value = e.vuse(i.c);
    const Reg64 d = e.def(self(e));
    e.c.mov(d.cvt32(), 1);
    e.c.cmp(e.state(kExclusiveAddress, 64), at);
    const Allocator::Short wrong_address = r.jcc_short(kNE);
    e.c.cmp(e.state(kExclusiveSize, 64), 16);
    const Allocator::Short wrong_size = r.jcc_short(kNE);
    e.c.mov(rax, e.state(kExclusiveValue, 64));
    e.c.mov(rdx, e.state(kExclusiveValue + 8, 64));
    compare_exchange_16(e, i, at, value);
    e.c.setne(d.cvt8());
    r.bind(wrong_address);
    r.bind(wrong_size);
    e.c.mov(e.state(kExclusiveAddress, 64), kOpenMonitor);
}

void emit_ClearExclusive(Context& e, const Inst&) {
    e.c.mov(e.state(kExclusiveAddress, 64), kOpenMonitor);
}

}  // namespace armature::translator::x64
