// SPDX-License-Identifier: MIT
// How a block ends: direct links that the runtime patches, calls and returns on the host's own return
// predictor, indirect branches through the thread's jump cache, and exits to the CPU loop.
//
// Backward branches look at exit_request first, out of the way of the condition: the taken path of a
// conditional branch is `jncc next; cmp [exit_request], 0; jne leave; jmp target`, so that cmp and jcc stay
// together.
//
// A guest call pushes the guest's return address, then host CALLs: the pair is what a guest return compares
// and RETs to. At a block's entry rsp points to the host address of the innermost pair.
#include "translator/x64/emit.h"

namespace armature::translator::x64 {

using ir::Terminator;
using Xbyak::Reg;
using Xbyak::Reg64;
using Xbyak::util::eax;
using Xbyak::util::rax;
using Xbyak::util::rsp;

namespace {

constexpr size_t kExitCode = offsetof(guest::CpuState, exit_code);
constexpr size_t kExitArgument = offsetof(guest::CpuState, exit_argument);
constexpr size_t kJumpCache = offsetof(guest::CpuState, jump_cache);
constexpr unsigned kPointerSize = 8;
constexpr Form kCompareMemory{0x39, true};
constexpr uint8_t kTest = 0x85;

// Does control go back? Every loop has such an edge.
bool backward(const Allocator& e, uint64_t target) {
    return target <= e.block().address || target <= e.guest_address();
}

void leave(Allocator& e, uint64_t pc, ExitCode code) {
    e.store_pc(pc);
    e.store_state_constant(kExitCode, static_cast<int32_t>(code));
    e.jump_thunk(thunks.save_and_leave);
}

// Leaves for the CPU loop if somebody asked for it, to go on at `pc` later.
void poll(Allocator& e, uint64_t pc) {
    e.test_exit_request();
    Context::Cold cold;
    cold.from = e.jcc_forward(kNE);
    cold.data = pc;
    cold.emit = [](Context& context, const Context::Cold& here) {
        leave(impl(context), here.data, kExitInterrupted);
    };
    e.cold(cold);
}

// The tests of a conditional branch: jumps that are taken if the branch is not, or (first of two) if it is
// for certain.
struct Test {
    uint8_t cc = 0;
    uint8_t second = kNoCondition;
    bool both = false;
};

void branch(Allocator& e, Test test) {
    const Terminator& end = e.block().end;
    const bool poll_target = backward(e, end.target);
    if (test.second != kNoCondition && !test.both) {
        // Either will do: the same as not (neither), with the ways exchanged.
        const Context::Jump taken = e.jcc_forward(test.cc);
        const Context::Jump not_taken = e.jcc_forward(test.second ^ 1);
        e.bind(taken);
        if (poll_target) poll(e, end.target);
        e.link_jump(end.target);
        e.bind(not_taken);
        e.link_jump(end.next);
        return;
    }
    if (!poll_target && test.second == kNoCondition) {
        e.link_jcc(test.cc, end.target);
        e.link_jump(end.next);
        return;
    }
    const bool two = test.second != kNoCondition;
    e.link_jcc(test.cc ^ 1, end.next);
    if (two) e.link_jcc(test.second ^ 1, end.next);
    if (poll_target) poll(e, end.target);
    e.link_jump(end.target);
}

Test test_value(Allocator& e, const Terminator& end) {
    const bool on_zero = end.kind == Terminator::IfZero || end.kind == Terminator::IfBitClear;
    const unsigned bits = bits_of(e.inst(end.a).type);
    const uint32_t id = e.root(end.a);
    const bool in_memory = e.track(id).reg < 0 && e.inst({id}).op != ir::Op::Const;
    Test result;
    if (end.kind == Terminator::IfZero || end.kind == Terminator::IfNotZero) {
        if (in_memory) {
            e.c.cmp(e.use_rm(end.a, bits), 0);
        } else {
            const int a = e.use(end.a).getIdx();
            encode(e.c, {kTest, bits == 64}, a, a);
        }
        result.cc = on_zero ? kE : kNE;
        return result;
    }
    const Reg64 a = e.use(end.a);
    if (end.bit < 7) {
        e.c.test(a.cvt8(), 1u << end.bit);
        result.cc = on_zero ? kE : kNE;
    } else if (end.bit == bits - 1 || end.bit == 31 || end.bit == 63) {
        const Reg sign = sized(a, end.bit + 1u);
        e.c.test(sign, sign);
        result.cc = on_zero ? kNS : kS;
    } else if (end.bit < 31) {
        e.c.test(a.cvt32(), 1u << end.bit);
        result.cc = on_zero ? kE : kNE;
    } else {
        e.c.bt(a, end.bit);
        result.cc = on_zero ? kAE : kB;
    }
    return result;
}

// Leaves rax pointing at the jump cache entry of the target in `pc`; `misses` are taken if it is another's.
void probe_jump_cache(Allocator& e, Reg64 pc, Context::Jump misses[2]) {
    e.c.lea(eax, e.c.ptr[pc * 4]);
    e.c.and_(eax, (kJumpCacheEntries - 1) * sizeof(JumpCacheEntry));
    e.c.add(rax, e.state(kJumpCache, 64));
    e.c.cmp(e.c.qword[rax + offsetof(JumpCacheEntry, guest)], pc);
    misses[0] = e.jcc_forward(kNE);
    e.test_exit_request();
    misses[1] = e.jcc_forward(kNE);
}
static_assert(sizeof(JumpCacheEntry) == 16);

void indirect(Allocator& e) {
    const Reg64 pc = e.use(e.block().end.a);
    Context::Jump misses[2];
    probe_jump_cache(e, pc, misses);
    e.c.jmp(e.c.qword[rax + offsetof(JumpCacheEntry, host)]);
    e.bind(misses[0]);
    e.bind(misses[1]);
    e.c.mov(e.state(kStatePc, 64), pc);
    e.jump_thunk(thunks.save_and_lookup);
}

// Where the host lands when the callee returns.
void continuation(Allocator& e) {
    e.c.lea(rsp, e.c.ptr[rsp + kPointerSize]);  // the guest's address
    e.link_jump(e.block().end.next);
}

void call_indirect(Allocator& e) {
    const Terminator& end = e.block().end;
    const Reg64 pc = e.use(end.a);
    Context::Jump misses[2];
    probe_jump_cache(e, pc, misses);
    uint32_t restart = e.here();
    e.push_fault_point(restart);
    e.push_constant(end.next);
    e.push_fault_point(restart);
    e.c.call(e.c.qword[rax + offsetof(JumpCacheEntry, host)]);
    const uint32_t after = e.here();
    continuation(e);

    e.bind(misses[0]);
    e.bind(misses[1]);
    e.c.mov(e.state(kStatePc, 64), pc);
    restart = e.here();
    e.push_fault_point(restart);
    e.push_constant(end.next);
    e.push_fault_point(restart);
    e.call_thunk(thunks.save_and_lookup);
    e.jmp_back(after);
}

void call(Allocator& e) {
    const Terminator& end = e.block().end;
    if (backward(e, end.target)) poll(e, end.target);
    const uint32_t restart = e.here();
    e.push_fault_point(restart);
    e.push_constant(end.next);
    e.link_call(end.target, restart);
    continuation(e);
}

void ret(Allocator& e) {
    const Reg64 pc = e.use(e.block().end.a);
    encode(e.c, kCompareMemory, pc.getIdx(), RSP, kPointerSize);
    Context::Cold cold;
    cold.from = e.jcc_forward(kNE);
    cold.g[0] = static_cast<int8_t>(pc.getIdx());
    cold.emit = [](Context& context, const Context::Cold& here) {
        context.c.mov(rax, Reg64(here.g[0]));
        impl(context).jump_thunk(thunks.return_miss);
    };
    e.cold(cold);
    e.c.ret();
}

void leave_for_cpu_loop(Allocator& e) {
    const Terminator& end = e.block().end;
    e.c.mov(e.state(kExitArgument, 64), uint64_t{end.imm});
    switch (end.reason) {
        case ir::ExitKind::Syscall:
            return leave(e, end.next, kExitSyscall);
        case ir::ExitKind::Undefined:
            return leave(e, e.guest_address(), kExitUndefined);
        case ir::ExitKind::Breakpoint:
            return leave(e, e.guest_address(), kExitBreakpoint);
        case ir::ExitKind::Emulate:
            return leave(e, e.guest_address(), kExitEmulate);
    }
}

}  // namespace

void emit_terminator(Allocator& e) {
    const ir::Block& block = e.block();
    const Terminator& end = block.end;
    if (block.flags_live_out) e.flush_guest_flags();
    switch (end.kind) {
        case Terminator::Jump:
            if (backward(e, end.target)) poll(e, end.target);
            return e.link_jump(end.target);
        case Terminator::IfCond: {
            Test test;
            test.cc = e.condition(end.a, end.cond, &test.second, &test.both);
            return branch(e, test);
        }
        case Terminator::IfZero:
        case Terminator::IfNotZero:
        case Terminator::IfBitClear:
        case Terminator::IfBitSet:
            return branch(e, test_value(e, end));
        case Terminator::Call:
            return call(e);
        case Terminator::CallIndirect:
            return call_indirect(e);
        case Terminator::Indirect:
            return indirect(e);
        case Terminator::Return:
            return ret(e);
        case Terminator::Exit:
            return leave_for_cpu_loop(e);
        case Terminator::Resync:
            return leave(e, end.next, kExitResync);
        case Terminator::None:
            return e.fail();
    }
}

}  // namespace armature::translator::x64
