// SPDX-License-Identifier: MIT
// The doors between translated code and C++, emitted once.
//
// Translated code has r15 = CpuState + kStateBias, the pinned registers, the guest's MXCSR, and rsp in the
// call stack. C++ has its own MXCSR and the fiber's stack. rsp is in CpuState::host_sp while C++ runs, which
// may move it.
//
// There is a set of thunks for each register plan. Under the call plan, MXCSR is parked: C++ has been called,
// so CpuState::mxcsr holds the guest's value and the register one with the emulator's control bits, until a
// block computes with floating point (Allocator::enter_block). Loading MXCSR is slow, and in code that calls
// plugins all the time and computes with integers it never happens.
#include <cstddef>

#include "translator/x64/emit.h"

namespace armature::translator::x64 {

using Xbyak::Address;
using Xbyak::CodeGenerator;
using Xbyak::Reg64;
using Xbyak::Xmm;
using Xbyak::util::eax;
using Xbyak::util::esi;
using Xbyak::util::r15;
using Xbyak::util::r8d;
using Xbyak::util::rax;
using Xbyak::util::rcx;
using Xbyak::util::rdi;
using Xbyak::util::rsi;
using Xbyak::util::rsp;

Thunks thunks;

namespace {

constexpr size_t kMxcsr = offsetof(guest::CpuState, mxcsr);
constexpr size_t kHostMxcsr = offsetof(guest::CpuState, host_mxcsr);
constexpr size_t kHostSp = offsetof(guest::CpuState, host_sp);
constexpr size_t kCxxSp = offsetof(guest::CpuState, cxx_sp);
constexpr size_t kParked = offsetof(guest::CpuState, mxcsr_parked);
constexpr size_t kExitRequest = offsetof(guest::CpuState, exit_request);
constexpr size_t kJumpCache = offsetof(guest::CpuState, jump_cache);
constexpr int kPair = 16;         // a guest and a host return address
constexpr int kReturnSearch = 4;  // pairs that a return looks at before it gives up the prediction

// C++ preserves these.
constexpr uint32_t kCalleeSaved = 1u << RBX | 1u << RBP | 1u << R12 | 1u << R13 | 1u << R14;

class ThunkWriter {
  public:
    ThunkWriter(CodeGenerator& generator, uint64_t final_address, const RegisterPlan& of)
        : c(generator), plan_(of), base_(final_address) {}
    CodeGenerator& c;
    bool parks() const { return plan_.calls; }

    const void* here() const { return reinterpret_cast<const void*>(base_ + c.getSize()); }
    Address state(size_t offset, unsigned bits = 64) const {
        return Xbyak::AddressFrame(bits)[r15 + (static_cast<int>(offset) - kStateBias)];
    }
    static size_t x_slot(unsigned n) {
        return n == 31 ? offsetof(guest::CpuState, sp) : n * sizeof(uint64_t);
    }
    static size_t v_slot(unsigned n) { return offsetof(guest::CpuState, v) + n * sizeof(guest::Vec128); }

    // All, or those that C++ does not preserve.
    void store_pinned(bool all) {
        for (unsigned n = 0; n < 32; n++) {
            if (plan_.x[n] != InMemory && (all || !(kCalleeSaved >> plan_.x[n] & 1)))
                c.mov(state(x_slot(n)), Reg64(plan_.x[n]));
        }
        for (unsigned n = 0; n < 32; n++) {
            if (plan_.v[n] != InMemory) c.movaps(state(v_slot(n), 128), Xmm(plan_.v[n]));
        }
    }
    void load_pinned(bool all) {
        for (unsigned n = 0; n < 32; n++) {
            if (plan_.x[n] != InMemory && (all || !(kCalleeSaved >> plan_.x[n] & 1)))
                c.mov(Reg64(plan_.x[n]), state(x_slot(n)));
        }
        for (unsigned n = 0; n < 32; n++) {
            if (plan_.v[n] != InMemory) c.movaps(Xmm(plan_.v[n]), state(v_slot(n), 128));
        }
    }
    void to_cxx_stack() {
        c.mov(state(kHostSp), rsp);
        c.mov(rsp, state(kCxxSp));
    }
    void to_host() {
        if (parks()) {
            Xbyak::Label parked;
            c.cmp(state(kParked, 32), 0);
            c.jne(parked);
            host_mxcsr();
            c.mov(state(kParked, 32), 1);
            c.L(parked);
        } else {
            host_mxcsr();
        }
        to_cxx_stack();
    }
    void to_guest() {
        c.mov(rsp, state(kHostSp));
        if (!parks()) c.ldmxcsr(state(kMxcsr, 32));
    }
    void host_mxcsr() {
        c.stmxcsr(state(kMxcsr, 32));
        c.ldmxcsr(state(kHostMxcsr, 32));
    }
    // The same around a short call, with r8 free. Loading MXCSR is slow, and mostly needless: as a rule the
    // guest's rounding and masks are C++'s own, and the call raises no new exception flag.
    void to_host_quickly() {
        Xbyak::Label same;
        c.stmxcsr(state(kMxcsr, 32));
        c.mov(r8d, state(kMxcsr, 32));
        c.xor_(r8d, state(kHostMxcsr, 32));
        c.test(r8d, kMxcsrControl);
        c.je(same);
        c.ldmxcsr(state(kHostMxcsr, 32));
        c.L(same);
        c.mov(state(kHostSp), rsp);
        c.mov(rsp, state(kCxxSp));
    }
    void to_guest_quickly() {
        Xbyak::Label same;
        c.stmxcsr(c.dword[rsp - 8]);
        c.mov(r8d, c.dword[rsp - 8]);
        c.mov(rsp, state(kHostSp));
        c.cmp(r8d, state(kMxcsr, 32));
        c.je(same);
        c.ldmxcsr(state(kMxcsr, 32));
        c.L(same);
    }
    void state_argument() { c.lea(rdi, c.ptr[r15 - kStateBias]); }
    void call(const void* function) {
        c.mov(rax, reinterpret_cast<uint64_t>(function));
        c.call(rax);
    }
    // For thunks that C++ answers with the address to go on at.
    void go_on() {
        to_guest();
        load_pinned(true);
        c.jmp(rax);
    }
    void align() {
        while (c.getSize() % 16) c.db(0xcc);
    }

  private:
    const RegisterPlan& plan_;
    uint64_t base_;
};

// Around a call under the call plan: MXCSR is the emulator's meanwhile and afterwards as it was. `call` must
// preserve rax behind it.
template <typename Call>
void with_host_mxcsr(ThunkWriter& w, Call call) {
    CodeGenerator& c = w.c;
    Xbyak::Label parked;
    Xbyak::Label done;
    c.cmp(w.state(kParked, 32), 0);
    c.jne(parked, CodeGenerator::T_NEAR);
    w.host_mxcsr();
    call();
    c.ldmxcsr(w.state(kMxcsr, 32));
    c.jmp(done, CodeGenerator::T_NEAR);
    c.L(parked);
    call();
    c.L(done);
}

const void* emit_call(ThunkWriter& w, bool on_cxx_stack) {
    CodeGenerator& c = w.c;
    w.align();
    const void* entry = w.here();
    if (!w.parks()) {
        w.store_pinned(false);
        w.to_host_quickly();
        c.call(rax);
        w.to_guest_quickly();
        w.load_pinned(false);
    } else {
        on_cxx_stack ? static_cast<void>(c.lea(rsp, c.ptr[rsp - 8])) : w.to_cxx_stack();
        with_host_mxcsr(w, [&c] { c.call(rax); });
        on_cxx_stack ? c.lea(rsp, c.ptr[rsp + 8]) : c.mov(rsp, w.state(kHostSp));
    }
    c.ret();
    return entry;
}

// Everything but rax survives: what C++ may change is pushed on its stack.
const void* emit_call_cold(ThunkWriter& w, bool on_cxx_stack) {
    static constexpr int8_t kSaved[] = {RCX, RDX, RSI, RDI, R8, R9, R10, R11};
    constexpr int kGeneralBytes = sizeof kSaved * 8;
    CodeGenerator& c = w.c;
    const int frame = kGeneralBytes + 16 * 16 + (on_cxx_stack ? 8 : 0);
    w.align();
    const void* entry = w.here();
    if (!on_cxx_stack) w.to_cxx_stack();
    c.lea(rsp, c.ptr[rsp - frame]);
    for (int n = 0; n < static_cast<int>(sizeof kSaved); n++) c.mov(c.qword[rsp + n * 8], Reg64(kSaved[n]));
    for (int n = 0; n < 16; n++) c.movaps(c.xword[rsp + kGeneralBytes + n * 16], Xmm(n));
    w.state_argument();
    const auto call = [&c] { c.call(rax); };
    if (w.parks()) {
        with_host_mxcsr(w, call);
    } else {
        w.host_mxcsr();
        call();
        c.ldmxcsr(w.state(kMxcsr, 32));
    }
    for (int n = 0; n < static_cast<int>(sizeof kSaved); n++) c.mov(Reg64(kSaved[n]), c.qword[rsp + n * 8]);
    for (int n = 0; n < 16; n++) c.movaps(Xmm(n), c.xword[rsp + kGeneralBytes + n * 16]);
    on_cxx_stack ? c.lea(rsp, c.ptr[rsp + frame]) : c.mov(rsp, w.state(kHostSp));
    c.ret();
    return entry;
}

// rax is where the guest returns to; the innermost pair on the call stack is another's. After a longjmp or a
// stack switch the right pair may be a little further out. Otherwise this is an indirect branch.
const void* emit_return_miss(ThunkWriter& w, const void* save_and_lookup) {
    CodeGenerator& c = w.c;
    w.align();
    const void* entry = w.here();
    Xbyak::Label found[kReturnSearch];
    Xbyak::Label miss;
    Xbyak::Label empty;
    for (int n = 0; n < kReturnSearch; n++) {
        // The bottom pair's guest address, 1, is nobody's and ends the search.
        c.cmp(c.qword[rsp + n * kPair + 8], 1);
        c.je(empty, CodeGenerator::T_NEAR);
        c.cmp(rax, c.qword[rsp + (n + 1) * kPair + 8]);
        c.je(found[n], CodeGenerator::T_NEAR);
    }
    c.L(empty);
    c.mov(rcx, rax);
    c.lea(rax.cvt32(), c.ptr[rcx * 4]);
    c.and_(rax.cvt32(), static_cast<uint32_t>((kJumpCacheEntries - 1) * sizeof(JumpCacheEntry)));
    c.add(rax, w.state(kJumpCache));
    c.cmp(c.qword[rax + offsetof(JumpCacheEntry, guest)], rcx);
    c.jne(miss, CodeGenerator::T_NEAR);
    c.cmp(w.state(kExitRequest, 32), 0);
    c.jne(miss, CodeGenerator::T_NEAR);
    c.jmp(c.qword[rax + offsetof(JumpCacheEntry, host)]);
    c.L(miss);
    c.mov(w.state(kStatePc), rcx);
    c.mov(rax, reinterpret_cast<uint64_t>(save_and_lookup));
    c.jmp(rax);
    for (int n = 0; n < kReturnSearch; n++) {
        c.L(found[n]);
        c.lea(rsp, c.ptr[rsp + (n + 1) * kPair]);
        c.ret();
    }
    return entry;
}

Thunks sets[2];  // by RegisterPlan::calls

void emit_set(CodeGenerator& c, uint64_t final_address, const RegisterPlan& of) {
    ThunkWriter w(c, final_address, of);
    Thunks& set = sets[of.calls];
    set = thunks;  // what C++ has filled

    w.align();
    set.enter = reinterpret_cast<void (*)(guest::CpuState*, const void*)>(const_cast<void*>(w.here()));
    c.lea(r15, c.ptr[rdi + kStateBias]);
    c.stmxcsr(w.state(kHostMxcsr, 32));
    if (w.parks()) c.mov(w.state(kParked, 32), 1);
    c.mov(rax, rsi);
    w.go_on();

    w.align();
    set.save_and_leave = w.here();
    w.store_pinned(true);
    set.leave_saved = w.here();
    w.to_host();
    w.state_argument();
    w.call(reinterpret_cast<const void*>(set.leave));
    w.go_on();

    w.align();
    set.save_and_link = w.here();
    w.store_pinned(true);
    w.to_host();
    w.state_argument();
    c.mov(esi, eax);
    w.call(reinterpret_cast<const void*>(set.link));
    w.go_on();

    w.align();
    set.save_and_lookup = w.here();
    w.store_pinned(true);
    w.to_host();
    w.state_argument();
    w.call(reinterpret_cast<const void*>(set.lookup));
    w.go_on();

    // Nobody's return address matches the bottom pair; should a guest get here all the same, its pair is put
    // back.
    w.align();
    set.return_underflow = w.here();
    c.lea(rsp, c.ptr[rsp - 8]);
    c.mov(w.state(kStatePc), 1);
    c.mov(rax, reinterpret_cast<uint64_t>(set.save_and_lookup));
    c.jmp(rax);

    for (const bool on_cxx_stack : {false, true}) {
        set.call_preserving[on_cxx_stack] = emit_call(w, on_cxx_stack);
        set.call_cold[on_cxx_stack] = emit_call_cold(w, on_cxx_stack);
    }
    set.return_miss = emit_return_miss(w, set.save_and_lookup);
    set.end = w.here();
}

}  // namespace

const RegisterPlan* plan = &kFullPlan;

void select_plan(bool calls) {
    plan = calls ? &kCallPlan : &kFullPlan;
    thunks = sets[calls];
}

CompiledCode emit_thunks(CodeGenerator& c, uint64_t final_address) {
    emit_set(c, final_address, kFullPlan);
    emit_set(c, final_address, kCallPlan);
    select_plan(false);
    CompiledCode code;
    code.code = c.getCode();
    code.size = c.getSize();
    return code;
}

}  // namespace armature::translator::x64
