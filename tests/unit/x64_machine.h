// SPDX-License-Identifier: MIT
// Runs compiled blocks without the runtime: one page of code, one call stack, and C++ ends of the thunks that
// leave as soon as translated code asks for anything. Also an interpreter of the integer half of the
// intermediate language.
#pragma once

#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <cstdint>
#include <cstring>
#include <vector>

#include "guest/cpu_state.h"
#include "translator/ir/ir.h"
#include "translator/x64/compile.h"
#include "translator/x64/register_plan.h"

namespace armature::test {

using guest::CpuState;
namespace ir = translator::ir;
namespace x64 = translator::x64;

class Machine {
  public:
    Machine() : buffer_(x64::create_code_buffer()) {
        code_ = static_cast<uint8_t*>(map(kCodeSize, PROT_READ | PROT_WRITE | PROT_EXEC));
        stack_ = static_cast<uint8_t*>(map(kStackSize, PROT_READ | PROT_WRITE));
        cxx_stack_ = static_cast<uint8_t*>(map(kStackSize, PROT_READ | PROT_WRITE));
        jump_cache_ = static_cast<x64::JumpCacheEntry*>(
            map(sizeof(x64::JumpCacheEntry) * x64::kJumpCacheEntries, PROT_READ | PROT_WRITE));
        x64::thunks.leave = on_leave;
        x64::thunks.link = on_link;
        x64::thunks.lookup = on_lookup;
        const x64::CompiledCode thunks = x64::make_thunks(buffer_, reinterpret_cast<uint64_t>(code_));
        std::memcpy(code_, thunks.code, thunks.size);
        used_ = (thunks.size + 15) & ~size_t{15};
        jump_cache_[0].guest = 4;  // an empty entry has a key that is not of its index
        cpu.jump_cache = jump_cache_;
        cpu.cxx_sp = reinterpret_cast<uint64_t>(cxx_stack_ + kStackSize - 64);
        cpu.dispatcher = this;

        // Faults: what the runtime's handler does, on a stack of its own.
        stack_t alternate{};
        alternate.ss_sp = cxx_stack_;
        alternate.ss_size = kStackSize / 2;
        sigaltstack(&alternate, &old_stack_);
        struct sigaction action {};
        action.sa_sigaction = on_fault;
        action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
        sigaction(SIGSEGV, &action, &old_action_);
        running = this;
    }
    ~Machine() {
        sigaction(SIGSEGV, &old_action_, nullptr);
        sigaltstack(&old_stack_, nullptr);
        x64::destroy_code_buffer(buffer_);
        munmap(code_, kCodeSize);
        munmap(stack_, kStackSize);
        munmap(cxx_stack_, kStackSize);
        munmap(jump_cache_, sizeof(x64::JumpCacheEntry) * x64::kJumpCacheEntries);
    }
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;

    enum class End { Leave, Link, Lookup, Fault };

    const uint8_t* place(const ir::Block& block, support::Arena& arena) {
        fault = nullptr;
        if (!x64::compile(block, buffer_, arena, &compiled)) return nullptr;
        x64::place(compiled, code_ + used_, reinterpret_cast<uint64_t>(code_ + used_), 0);
        return code_ + used_;
    }
    // Runs a block until it leaves for whatever reason.
    bool run(const ir::Block& block, support::Arena& arena) {
        const uint8_t* at = place(block, arena);
        if (!at) return false;
        run_at(at);
        return true;
    }
    void run_at(const uint8_t* at) {
        cpu.host_sp = reinterpret_cast<uint64_t>(stack_ + kStackSize - 64 + 8);
        auto* bottom = reinterpret_cast<uint64_t*>(cpu.host_sp);
        bottom[0] = reinterpret_cast<uint64_t>(x64::thunks.return_underflow);
        bottom[1] = 1;
        // A plain longjmp would object to leaving one stack for another.
        if (__builtin_setjmp(back_) == 0) x64::thunks.enter(&cpu, at);
    }

    CpuState cpu;
    End end = End::Leave;
    x64::CompiledCode compiled;
    const x64::FaultPoint* fault = nullptr;

  private:
    static constexpr size_t kCodeSize = 1u << 20;
    static constexpr size_t kStackSize = 256u << 10;
    static void* map(size_t size, int protection) {
        return mmap(nullptr, size, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    }
    [[noreturn]] static void stop(CpuState* state, End how) {
        auto* self = static_cast<Machine*>(state->dispatcher);
        self->end = how;
        __builtin_longjmp(self->back_, 1);
    }
    static inline Machine* running = nullptr;
    static void on_fault(int signo, siginfo_t*, void* opaque) {
        constexpr int kGreg[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                   REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
        const mcontext_t& context = static_cast<ucontext_t*>(opaque)->uc_mcontext;
        Machine& self = *running;
        const uint64_t offset = static_cast<uint64_t>(context.gregs[REG_RIP]) -
                                reinterpret_cast<uint64_t>(self.code_ + self.used_);
        for (const x64::FaultPoint& point : self.compiled.faults) {
            if (point.offset == offset && point.kind == x64::kFaultAccess) self.fault = &point;
        }
        if (!self.fault) {
            signal(signo, SIG_DFL);
            return;
        }
        CpuState& state = self.cpu;
        for (unsigned n = 0; n < 32; n++) {
            if (x64::plan->x[n] != x64::InMemory && !(n == 0 && self.fault->x0_in_state))
                (n == 31 ? state.sp : state.x[n]) =
                    static_cast<uint64_t>(context.gregs[kGreg[x64::plan->x[n]]]);
            if (x64::plan->v[n] != x64::InMemory)
                std::memcpy(static_cast<void*>(&state.v[n]), &context.fpregs->_xmm[x64::plan->v[n]], 16);
        }
        if (self.fault->flags != x64::FlagsAt::State)
            state.set_nzcv(nzcv_of(self.fault->flags, static_cast<uint64_t>(context.gregs[REG_EFL])));
        stop(&state, End::Fault);
    }
    static uint32_t nzcv_of(x64::FlagsAt at, uint64_t eflags) {
        const bool carry = eflags & 1;
        const bool c = at == x64::FlagsAt::EflagsSub ? !carry : at == x64::FlagsAt::EflagsAdd && carry;
        return (eflags & 0x80 ? guest::kPstateN : 0) | (eflags & 0x40 ? guest::kPstateZ : 0) |
               (c ? guest::kPstateC : 0) | (eflags & 0x800 ? guest::kPstateV : 0);
    }
    static const void* on_leave(CpuState* state) { stop(state, End::Leave); }
    static const void* on_link(CpuState* state, uint64_t site) {
        state->pc = static_cast<Machine*>(state->dispatcher)->compiled.links[site].target;
        stop(state, End::Link);
    }
    static const void* on_lookup(CpuState* state) { stop(state, End::Lookup); }

    x64::CodeBuffer* buffer_;
    uint8_t* code_;
    uint8_t* stack_;
    uint8_t* cxx_stack_;
    x64::JumpCacheEntry* jump_cache_;
    size_t used_ = 0;
    stack_t old_stack_{};
    struct sigaction old_action_ {};
    void* back_[5];
};

inline constexpr uint64_t kFaulted = 0xfa017edfa017ed01;

// What the block does to `cpu`, by the book. Memory is real, but for `forbidden`, a page that faults. The
// result is where control goes (0: Exit), or kFaulted.
uint64_t interpret(const ir::Block& block, CpuState& cpu, uint64_t forbidden);

}  // namespace armature::test
