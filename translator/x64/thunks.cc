// SPDX-License-Identifier: MIT
// The doors between translated code and C++, emitted once.
//
// Translated code has r15 = CpuState + kStateBias, the pinned registers, the guest's MXCSR, and rsp in the
// call stack. C++ has its own MXCSR and the fiber's stack. rsp is in CpuState::host_sp while C++ runs, which
// may move it.
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
constexpr size_t kExitRequest = offsetof(guest::CpuState, exit_request);
constexpr size_t kJumpCache = offsetof(guest::CpuState, jump_cache);
constexpr uint32_t kMxcsrControl = 0xffc0;  // all but the sticky exception flags
constexpr int kPair = 16;                   // a guest and a host return address
constexpr int kReturnSearch = 4;            // pairs that a return looks at before it gives up the prediction

// C++ preserves these.
constexpr uint32_t kCalleeSaved = 1u << RBX | 1u << RBP | 1u << R12 | 1u << R13 | 1u << R14;

class ThunkWriter {
  public:
    ThunkWriter(CodeGenerator& generator, uint64_t final_address) : c(generator), base_(final_address) {}
    CodeGenerator& c;

    const void* here() const { return reinterpret_cast<const void*>(base_ + c.getSize()); }
    Address state(size_t offset, unsigned bits = 64) const {
        return Xbyak::AddressFrame(bits)[r15 + (static_cast<int>(offset) - kStateBias)];
    }
    static size_t x_slot(unsigned n) {
        return n == 31 ? offsetof(guest::CpuState, sp) : n * sizeof(uint64_t);
    }
    static size_t v_slot(unsigned n) { return offsetof(guest::CpuState, v) + n * sizeof(guest::Vec128); }

    void store_pinned(bool all) {
        for (unsigned n = 0; n < 32; n++) {
            if (kPinnedX[n] != InMemory && (all || !(kCalleeSaved >> kPinnedX[n] & 1)))
                c.mov(state(x_slot(n)), Reg64(kPinnedX[n]));
        }
        for (unsigned n = 0; n < 32; n++) {
            if (kPinnedV[n] != InMemory) c.movaps(state(v_slot(n), 128), Xmm(kPinnedV[n]));
        }
    }
    void load_pinned(bool all) {
        for (unsigned n = 0; n < 32; n++) {
            if (kPinnedX[n] != InMemory && (all || !(kCalleeSaved >> kPinnedX[n] & 1)))
                c.mov(Reg64(kPinnedX[n]), state(x_slot(n)));
        }
        for (unsigned n = 0; n < 32; n++) {
            if (kPinnedV[n] != InMemory) c.movaps(Xmm(kPinnedV[n]), state(v_slot(n), 128));
        }
    }
    void to_host() {
        c.stmxcsr(state(kMxcsr, 32));
        c.ldmxcsr(state(kHostMxcsr, 32));
        c.mov(state(kHostSp), rsp);
        c.mov(rsp, state(kCxxSp));
    }
    void to_guest() {
        c.mov(rsp, state(kHostSp));
        c.ldmxcsr(state(kMxcsr, 32));
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
    uint64_t base_;
};

const void* emit_call(ThunkWriter& w, bool with_state) {
    w.align();
    const void* entry = w.here();
    w.store_pinned(with_state);
    w.to_host_quickly();
    w.c.call(rax);
    w.to_guest_quickly();
    w.load_pinned(with_state);
    w.c.ret();
    return entry;
}

// Everything but rax survives: what C++ may change is pushed on its stack.
const void* emit_call_cold(ThunkWriter& w) {
    static constexpr int8_t kSaved[] = {RCX, RDX, RSI, RDI, R8, R9, R10, R11};
    constexpr int kGeneralBytes = sizeof kSaved * 8;
    constexpr int kFrame = kGeneralBytes + 16 * 16;
    CodeGenerator& c = w.c;
    w.align();
    const void* entry = w.here();
    w.to_host();
    c.sub(rsp, kFrame);
    for (int n = 0; n < static_cast<int>(sizeof kSaved); n++) c.mov(c.qword[rsp + n * 8], Reg64(kSaved[n]));
    for (int n = 0; n < 16; n++) c.movaps(c.xword[rsp + kGeneralBytes + n * 16], Xmm(n));
    w.state_argument();
    c.call(rax);
    for (int n = 0; n < static_cast<int>(sizeof kSaved); n++) c.mov(Reg64(kSaved[n]), c.qword[rsp + n * 8]);
    for (int n = 0; n < 16; n++) c.movaps(Xmm(n), c.xword[rsp + kGeneralBytes + n * 16]);
    w.to_guest();
    c.ret();
    return entry;
}

// rax is where the guest returns to; the innermost pair on the call stack is another's. After a longjmp or a
// stack switch the right pair may be a little further out. Otherwise this is an indirect branch.
const void* emit_return_miss(ThunkWriter& w) {
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
    c.mov(rax, reinterpret_cast<uint64_t>(thunks.save_and_lookup));
    c.jmp(rax);
    for (int n = 0; n < kReturnSearch; n++) {
        c.L(found[n]);
        c.lea(rsp, c.ptr[rsp + (n + 1) * kPair]);
        c.ret();
    }
    return entry;
}

}  // namespace

CompiledCode emit_thunks(CodeGenerator& c, uint64_t final_address) {
    ThunkWriter w(c, final_address);

    thunks.enter = reinterpret_cast<void (*)(guest::CpuState*, const void*)>(const_cast<void*>(w.here()));
    c.lea(r15, c.ptr[rdi + kStateBias]);
    c.stmxcsr(w.state(kHostMxcsr, 32));
    c.mov(rax, rsi);
    w.go_on();

    w.align();
    thunks.save_and_leave = w.here();
    w.store_pinned(true);
    thunks.leave_saved = w.here();
    w.to_host();
    w.state_argument();
    w.call(reinterpret_cast<const void*>(thunks.leave));
    w.go_on();

    w.align();
    thunks.save_and_link = w.here();
    w.store_pinned(true);
    w.to_host();
    w.state_argument();
    c.mov(esi, eax);
    w.call(reinterpret_cast<const void*>(thunks.link));
    w.go_on();

    w.align();
    thunks.save_and_lookup = w.here();
    w.store_pinned(true);
    w.to_host();
    w.state_argument();
    w.call(reinterpret_cast<const void*>(thunks.lookup));
    w.go_on();

    // Nobody's return address matches the bottom pair; should a guest get here all the same, its pair is put
    // back.
    w.align();
    thunks.return_underflow = w.here();
    c.lea(rsp, c.ptr[rsp - 8]);
    c.mov(w.state(kStatePc), 1);
    c.mov(rax, reinterpret_cast<uint64_t>(thunks.save_and_lookup));
    c.jmp(rax);

    thunks.call_preserving = emit_call(w, false);
    thunks.call_with_state = emit_call(w, true);
    thunks.call_cold = emit_call_cold(w);
    thunks.return_miss = emit_return_miss(w);

    thunks.end = w.here();
    CompiledCode code;
    code.code = c.getCode();
    code.size = c.getSize();
    return code;
}

}  // namespace armature::translator::x64
