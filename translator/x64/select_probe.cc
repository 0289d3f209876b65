// SPDX-License-Identifier: MIT
// Instrumentation. An inline operation on a counter is one or a few host instructions and leaves EFLAGS alone
// if the guest's flags are in them; a callback is a direct call through a thunk that keeps the pinned
// registers.
#include <bit>

#include "translator/hooks.h"
#include "translator/x64/emit.h"

namespace armature::translator::x64 {

using ir::Inst;
using Xbyak::Reg64;
using Xbyak::RegExp;
using Xbyak::util::edi;
using Xbyak::util::edx;
using Xbyak::util::esi;
using Xbyak::util::rax;
using Xbyak::util::rcx;
using Xbyak::util::rdx;
using Xbyak::util::rsi;

namespace {

constexpr size_t kVcpuIndex = offsetof(guest::CpuState, vcpu_index);
constexpr size_t kVectorScratch = offsetof(guest::CpuState, vector_scratch);

bool scales(const ProbeCounter& counter) {
    return counter.stride == 1 || counter.stride == 2 || counter.stride == 4 || counter.stride == 8;
}

// RORX shifts a small index left without touching EFLAGS.
bool rotates(const Context& e, const ProbeCounter& counter) {
    return e.host.bmi2 && std::has_single_bit(counter.stride) && counter.stride <= uint64_t{1} << 31;
}

// Where the counter of this vCPU is. Uses rax and, for a scoreboard, a temporary; EFLAGS if the stride is
// neither a scale nor a power of two.
RegExp counter_address(Context& e, const ProbeCounter& counter) {
    if (!counter.base) {
        e.c.mov(rax, reinterpret_cast<uint64_t>(counter.address));
        return RegExp(rax);
    }
    e.c.mov(rax, reinterpret_cast<uint64_t>(counter.base));
    e.c.mov(rax, e.c.qword[rax]);
    const Reg64 index = e.temp();
    e.c.mov(index.cvt32(), e.state(kVcpuIndex, 32));
    if (scales(counter)) return rax + index * static_cast<int>(counter.stride) + counter.offset;
    if (rotates(e, counter)) {
        e.c.rorx(index, index, static_cast<uint8_t>(64 - std::countr_zero(counter.stride)));
    } else {
        e.c.imul(index, index, static_cast<int>(counter.stride));
    }
    e.c.lea(
        rax,
        e.c.ptr[rax + index + counter.offset]);  // the CPU forwards stores without an index register faster
    return RegExp(rax);
}

void inline_operation(Context& e, const Probe& probe) {
    Allocator& r = impl(e);
    const ProbeCounter& counter = probe.counter;
    if (counter.base && !scales(counter) && !rotates(e, counter)) e.clobber_flags();
    const int32_t imm = static_cast<int32_t>(probe.immediate);
    const bool fits = static_cast<int64_t>(probe.immediate) == imm;
    const bool busy = r.flags_busy();
    if (!busy) e.clobber_flags();
    const RegExp at = counter_address(e, counter);
    const auto cell = e.c.qword[at];
    if (probe.kind == ProbeKind::StoreU64 && fits) {
        e.c.mov(cell, probe.immediate);
        return;
    }
    if (probe.kind == ProbeKind::AddU64 && fits && !busy) {
        e.c.add(cell, static_cast<uint32_t>(imm));
        return;
    }
    const Reg64 value = e.temp();
    if (probe.kind == ProbeKind::StoreU64) {
        e.c.mov(value, probe.immediate);
    } else if (fits) {
        e.c.mov(value, cell);
        e.c.lea(value, e.c.ptr[value + static_cast<size_t>(int64_t{imm})]);
    } else {
        const Reg64 amount = e.temp();
        e.c.mov(amount, probe.immediate);
        e.c.mov(value, cell);
        e.c.lea(value, e.c.ptr[value + amount]);
    }
    e.c.mov(cell, value);
}

// The same for an access that was made only if `status` is 0 and not 1, without a jump: the amount is masked.
void guarded_operation(Context& e, const Probe& probe, ir::Value status) {
    e.clobber_flags();
    const Reg64 mask = e.use_copy(status);
    e.c.sub(mask.cvt32(), 1);
    e.c.movsxd(mask, mask.cvt32());  // all ones if it was made
    const Reg64 amount = e.temp();
    e.c.mov(amount, probe.immediate);
    const RegExp at = counter_address(e, probe.counter);
    const auto cell = e.c.qword[at];
    if (probe.kind == ProbeKind::StoreU64) {
        e.c.xor_(amount, cell);
        e.c.and_(amount, mask);
        e.c.xor_(cell, amount);
    } else {
        e.c.and_(amount, mask);
        e.c.add(cell, amount);
    }
}

// Jumps over the callback if its condition does not hold. Everything is in memory already.
bool emit_condition(Context& e, const Probe& probe, Context::Jump* skip) {
    if (probe.kind != ProbeKind::ConditionalCallback || probe.condition == ProbeCondition::Always)
        return false;
    static constexpr uint8_t kSkip[] = {0, 0, kNE, kE, kAE, kA, kBE, kB};
    const RegExp at = counter_address(e, probe.counter);
    e.c.mov(rax, e.c.qword[at]);
    const Reg64 limit = e.temp();
    e.c.mov(limit, probe.immediate);
    e.c.cmp(rax, limit);
    *skip = e.jcc_forward(kSkip[static_cast<unsigned>(probe.condition)]);
    return true;
}

void before_callback(Context& e, const Probe& probe) {
    Allocator& r = impl(e);
    if (probe.registers) r.flush_guest_flags();
    r.before_call();
    if (probe.registers) r.forget_homes();
}

void call_back(Context& e, const Probe& probe) {
    Allocator& r = impl(e);
    r.store_pc(r.guest_address());
    e.c.mov(edi, e.state(kVcpuIndex, 32));
    e.c.mov(rax, reinterpret_cast<uint64_t>(probe.function));
    r.call_thunk(probe.registers ? thunks.call_with_state : thunks.call_preserving);
}

bool is_inline(const Probe& probe) {
    return probe.kind == ProbeKind::AddU64 || probe.kind == ProbeKind::StoreU64;
}

const Probe& probe_of(const Inst& i) {
    return *reinterpret_cast<const Probe*>(i.imm);
}

// fn(vcpu_index, info, vaddr, userdata), the value in vector_scratch[0] already.
void memory_callback(Context& e, const Inst& i, const Probe& probe) {
    Context::Jump skip;
    if (i.d) {
        impl(e).load_value(RDX, i.d);
        e.c.test(edx, edx);
        skip = e.jcc_forward(kNE);
    }
    impl(e).load_value(RDX, i.a);
    e.c.mov(esi, static_cast<uint32_t>(i.width));
    e.c.mov(rcx, reinterpret_cast<uint64_t>(probe.userdata));
    call_back(e, probe);
    if (i.d) e.bind(skip);
}

void memory_operation(Context& e, const Inst& i, const Probe& probe) {
    if (i.d) return guarded_operation(e, probe, i.d);
    inline_operation(e, probe);
}

}  // namespace

void emit_Probe(Context& e, const Inst& i) {
    const Probe& probe = probe_of(i);
    if (is_inline(probe)) return inline_operation(e, probe);
    if (probe.kind == ProbeKind::ConditionalCallback && probe.condition == ProbeCondition::Never) return;
    before_callback(e, probe);
    Context::Jump skip;
    const bool conditional = emit_condition(e, probe, &skip);
    e.c.mov(rsi, reinterpret_cast<uint64_t>(probe.userdata));
    call_back(e, probe);
    if (conditional) e.bind(skip);
}

void emit_MemoryProbe(Context& e, const Inst& i) {
    const Probe& probe = probe_of(i);
    if (is_inline(probe)) return memory_operation(e, i, probe);
    before_callback(e, probe);
    if (i.b) {
        impl(e).load_value(RDX, i.b);
        e.c.mov(e.state(kVectorScratch, 64), rdx);
    }
    if (i.c) {
        impl(e).load_value(RDX, i.c);
        e.c.mov(e.state(kVectorScratch + 8, 64), rdx);
    }
    memory_callback(e, i, probe);
}

void emit_MemoryProbeV(Context& e, const Inst& i) {
    const Probe& probe = probe_of(i);
    if (is_inline(probe)) return memory_operation(e, i, probe);
    e.c.movaps(e.state(kVectorScratch, 128), e.vuse(i.b));
    before_callback(e, probe);
    memory_callback(e, i, probe);
}

}  // namespace armature::translator::x64
