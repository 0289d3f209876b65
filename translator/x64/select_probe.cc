// SPDX-License-Identifier: MIT
// Instrumentation. An inline operation on a counter is one or a few host instructions and leaves EFLAGS alone
// if the guest's flags are in them.
//
// A callback is its arguments and a call. Blocks with callbacks are translated under the call plan
// (register_plan.h), so nothing pinned needs saving; at their start they move rsp to the stack of C++, and
// back before their last instruction; and MXCSR is parked (thunks.cc) but for stretches that compute with
// floating point. What is left to save are temporaries that outlive the call. Only a callback that may look
// at registers finds them, and pc, in CpuState.
#include <bit>

#include "translator/hooks.h"
#include "translator/x64/emit.h"

namespace armature::translator::x64 {

using ir::Inst;
using Xbyak::Reg64;
using Xbyak::RegExp;
using Xbyak::util::eax;
using Xbyak::util::edi;
using Xbyak::util::esi;
using Xbyak::util::rax;
using Xbyak::util::rcx;
using Xbyak::util::rdx;
using Xbyak::util::rsi;

namespace {

constexpr size_t kLane = offsetof(guest::CpuState, counter_lane);
constexpr uint64_t kMostInLane = 0xffff;  // at once
constexpr size_t kCounters = offsetof(guest::CpuState, counters);
constexpr size_t kAccess = offsetof(guest::CpuState, callback_access);
constexpr size_t kHostSp = offsetof(guest::CpuState, host_sp);
constexpr size_t kCxxSp = offsetof(guest::CpuState, cxx_sp);
constexpr size_t kMxcsr = offsetof(guest::CpuState, mxcsr);
constexpr size_t kHostMxcsr = offsetof(guest::CpuState, host_mxcsr);
constexpr size_t kScratch = offsetof(guest::CpuState, scratch);
constexpr size_t kParked = offsetof(guest::CpuState, mxcsr_parked);
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
    if (counter.in_vcpu) {
        e.c.mov(rax, e.state(kCounters, 64));
        return rax + counter.offset;
    }
    if (!counter.base) {
        e.c.mov(rax, reinterpret_cast<uint64_t>(counter.address));
        if (counter.stride == 0) return RegExp(rax);
        const Reg64 index = e.temp();
        e.c.mov(index.cvt32(), e.state(kVcpuIndex, 32));
        if (~counter.mask) e.c.and_(index.cvt32(), counter.mask);
        e.c.imul(index, index, static_cast<int>(counter.stride));
        e.c.lea(rax, e.c.ptr[rax + index]);
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

// The function empties the lane when it has become negative.
void add_to_lane(Context& e, const Probe& probe) {
    e.clobber_flags();
    e.c.add(e.state(kLane, 32), static_cast<uint32_t>(probe.immediate));
    Context::Cold full;
    full.from = e.jcc_forward(kS);
    full.back = e.here();
    full.data = reinterpret_cast<uint64_t>(probe.function);
    full.emit = [](Context& context, const Context::Cold& at) {
        context.call_cold(reinterpret_cast<const void*>(at.data));
        context.jmp_back(at.back);
    };
    e.cold(full);
}

// CombineU64. `address` is the access's, and if there is a `status` it was made only if that is 0.
void combine(Context& e, const Probe& probe, ir::Value address, ir::Value status) {
    static constexpr uint8_t kOpcodes[] = {0x01, 0x09, 0x21, 0x29, 0x31};  // op [rax], register; by operation
    const auto imm = static_cast<int64_t>(probe.immediate);
    if (probe.operation == ProbeOperation::Xor && imm == 0 && !probe.of_address) return;
    e.clobber_flags();
    const Reg64 operand = probe.of_address ? e.use(address) : e.temp();
    Context::Jump skip;
    if (status) {
        const Reg64 made = e.use(status);
        e.c.lea(rax, e.c.ptr[counter_address(e, probe.counter)]);
        e.c.test(made.cvt32(), made.cvt32());
        if (!probe.of_address) e.c.mov(operand, imm);
        skip = e.jcc_forward(kNE);
    } else {
        e.c.lea(rax, e.c.ptr[counter_address(e, probe.counter)]);
        if (!probe.of_address) e.c.mov(operand, imm);
    }
    encode(e.c, {kOpcodes[static_cast<unsigned>(probe.operation)], true}, operand.getIdx(), RAX, 0);
    if (status) e.bind(skip);
}

void inline_operation(Context& e, const Probe& probe) {
    Allocator& r = impl(e);
    const ProbeCounter& counter = probe.counter;
    if (probe.kind == ProbeKind::AddU64 && probe.immediate == 0) return;
    if (probe.in_lane && probe.immediate <= kMostInLane && !r.flags_busy()) return add_to_lane(e, probe);
    const bool strange = counter.base ? !scales(counter) && !rotates(e, counter) : counter.stride != 0;
    if (!counter.in_vcpu && strange) e.clobber_flags();
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
    if (probe.access_level) r.flush_guest_flags();
    if (probe.access_level >= kWritesRegisters) {
        r.before_call();
        r.forget_homes();
    } else {
        r.spill_everything();
        e.clobber_flags();
    }
    r.park_mxcsr();
}

// Other arguments than the first are in their registers.
void call_back(Context& e, const Probe& probe) {
    Allocator& r = impl(e);
    if (probe.access_level) {
        r.store_pc(r.guest_address());
        copy_pinned(e, true);
        e.c.mov(e.state(kAccess, 32), uint32_t{probe.access_level});
    }
    e.c.mov(edi, e.state(kVcpuIndex, 32));
    r.call_pointer(probe.function);
    if (probe.access_level) {
        e.c.mov(e.state(kAccess, 32), 0);
        if (probe.access_level >= kWritesRegisters) copy_pinned(e, false);
    }
}

void load_constant(Context& e, Reg64 reg, const void* pointer) {
    const auto value = reinterpret_cast<uint64_t>(pointer);
    value ? e.c.mov(reg, value) : e.c.xor_(reg.cvt32(), reg.cvt32());
}

bool is_inline(const Probe& probe) {
    return probe.kind == ProbeKind::AddU64 || probe.kind == ProbeKind::StoreU64 ||
           probe.kind == ProbeKind::CombineU64;
}

const Probe& probe_of(const Inst& i) {
    return *reinterpret_cast<const Probe*>(i.imm);
}

// fn(vcpu_index, info, vaddr, userdata); the value is in vector_scratch[0].
void memory_callback(Context& e, const Inst& i, const Probe& probe) {
    Allocator& r = impl(e);
    e.use_in(i.a, rdx);
    r.drop_operand(Bank::General, i.a);
    before_callback(e, probe);
    Context::Jump skip;
    if (i.d) {
        r.load_value(RAX, i.d);
        e.c.test(eax, eax);
        skip = e.jcc_forward(kNE);
    }
    e.c.mov(esi, static_cast<uint32_t>(i.width));
    load_constant(e, rcx, probe.userdata);
    call_back(e, probe);
    if (i.d) e.bind(skip);
}

void memory_operation(Context& e, const Inst& i, const Probe& probe) {
    if (probe.kind == ProbeKind::CombineU64) return combine(e, probe, i.a, i.d);
    if (i.d) return guarded_operation(e, probe, i.d);
    inline_operation(e, probe);
}

}  // namespace

void copy_pinned(Context& e, bool store) {
    for (unsigned n = 0; n < 32; n++) {
        if (plan->x[n] == InMemory) continue;
        const Reg64 reg(plan->x[n]);
        const auto slot = impl(e).slot(Bank::General, n);
        store ? e.c.mov(slot, reg) : e.c.mov(reg, slot);
    }
}

void Allocator::enter_block() {
    if (!plan->calls) return;
    bool computes = false;
    for (const Inst& i : block_.insts) computes |= uses_mxcsr(i.op);
    if (block_.calls_back) {
        on_cxx_stack_ = true;
        c.mov(state(kHostSp), Xbyak::util::rsp);
        c.mov(Xbyak::util::rsp, state(kCxxSp));
    } else if (!computes) {
        return;
    }
    c.cmp(state(kParked, 32), 0);
    Cold change;
    change.from = jcc_forward(block_.calls_back ? kE : kNE);
    change.back = here();
    change.emit = [](Context& e, const Context::Cold& at) {
        Allocator& r = impl(e);
        r.park_state_ = Parking::Untracked;
        r.block_.calls_back ? r.park_mxcsr() : r.unpark_mxcsr();
        e.jmp_back(at.back);
    };
    cold(change);
    park_state_ = block_.calls_back ? Parking::Host : Parking::Guest;
}

void Allocator::leave_block() {
    if (!on_cxx_stack_) return;
    c.mov(Xbyak::util::rsp, state(kHostSp));
    on_cxx_stack_ = false;
}

// C++ does not mind the sticky bits that the guest has left in MXCSR, and seldom adds to them: so the
// register is loaded, which is slow, only if it must be. EFLAGS must be free.
void Allocator::park_mxcsr() {
    if (park_state_ == Parking::Host) return;
    c.stmxcsr(state(kMxcsr, 32));
    c.mov(eax, state(kMxcsr, 32));
    c.xor_(eax, state(kHostMxcsr, 32));
    c.test(eax, kMxcsrControl);
    const Short same = jcc_short(kE);
    c.ldmxcsr(state(kHostMxcsr, 32));
    bind(same);
    c.mov(state(kParked, 32), 1);
    park_state_ = Parking::Host;
}

void Allocator::unpark_mxcsr() {
    c.stmxcsr(state(kScratch, 32));
    c.mov(eax, state(kScratch, 32));
    c.cmp(eax, state(kMxcsr, 32));
    const Short same = jcc_short(kE);
    c.ldmxcsr(state(kMxcsr, 32));
    bind(same);
    c.mov(state(kParked, 32), 0);
    park_state_ = Parking::Guest;
}

void emit_Probe(Context& e, const Inst& i) {
    const Probe& probe = probe_of(i);
    if (probe.kind == ProbeKind::CombineU64) return combine(e, probe, {}, {});
    if (is_inline(probe)) return inline_operation(e, probe);
    if (probe.kind == ProbeKind::ConditionalCallback && probe.condition == ProbeCondition::Never) return;
    before_callback(e, probe);
    Context::Jump skip;
    const bool conditional = emit_condition(e, probe, &skip);
    load_constant(e, rsi, probe.userdata);
    call_back(e, probe);
    if (conditional) e.bind(skip);
}

void emit_MemoryProbe(Context& e, const Inst& i) {
    const Probe& probe = probe_of(i);
    if (is_inline(probe)) return memory_operation(e, i, probe);
    if (i.b) e.c.mov(e.state(kVectorScratch, 64), e.use(i.b));
    if (i.c) e.c.mov(e.state(kVectorScratch + 8, 64), e.use(i.c));
    impl(e).drop_operand(Bank::General, i.b);
    impl(e).drop_operand(Bank::General, i.c);
    memory_callback(e, i, probe);
}

void emit_MemoryProbeV(Context& e, const Inst& i) {
    const Probe& probe = probe_of(i);
    if (is_inline(probe)) return memory_operation(e, i, probe);
    e.c.movaps(e.state(kVectorScratch, 128), e.vuse(i.b));
    impl(e).drop_operand(Bank::Vector, i.b);
    memory_callback(e, i, probe);
}

}  // namespace armature::translator::x64
