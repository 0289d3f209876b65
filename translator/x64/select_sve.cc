// SPDX-License-Identifier: MIT
// Instructions of SVE: a call of C++ that finds and leaves all guest registers in CpuState, or the host's
// own.
#include "translator/ir/helpers.h"
#include "translator/x64/sve_emit.h"

namespace armature::translator::x64 {

using ir::Inst;
using Xbyak::util::eax;
using Xbyak::util::edx;
using Xbyak::util::esi;
using Xbyak::util::rax;

void call_sve(Context& e, uint32_t word, unsigned row) {
    copy_pinned(e, true);
    e.c.lea(Xbyak::util::rdi, e.c.ptr[Xbyak::util::r15 - kStateBias]);
    e.c.mov(esi, word);
    e.c.mov(edx, row);
    e.c.mov(rax,
            reinterpret_cast<uint64_t>(ir::kHelperFunctions[static_cast<unsigned>(ir::Helper::SveExecute)]));
    impl(e).call_helper();
    copy_pinned(e, false);
    e.c.test(eax, eax);
}

void call_sve_or_trap(Context& e, const Inst& i, uint32_t word, unsigned row) {
    call_sve(e, word, row);
    Context::Cold cold;
    cold.inst = &i;
    cold.from = e.jcc_forward(kNE);
    cold.emit = [](Context& context, const Context::Cold& here) {
        impl(context).trap(*here.inst, kFaultCalled, false);
    };
    e.cold(cold);
}

namespace {

void emit_call(Context& e, const Inst& i, uint32_t word, unsigned row) {
    Allocator& r = impl(e);
    r.flush_guest_flags();
    r.before_call();
    r.forget_homes();
    call_sve_or_trap(e, i, word, row);
}

void emit_direct(Sve& s) {
    switch (static_cast<ir::SveOp>(s.f.op)) {
#define SVE_DIRECT(Name, sizes, fill, emit, ...) \
    case ir::SveOp::Name:                        \
        return s.emit;
#include "translator/ir/sve_direct.def"
#undef SVE_DIRECT
        case ir::SveOp::None:
            return s.r.fail();
    }
}

}  // namespace

void emit_CallSve(Context& e, const Inst& i) {
    emit_call(e, i, static_cast<uint32_t>(i.imm), static_cast<uint32_t>(i.imm >> 32));
}

void emit_Sve(Context& e, const Inst& i) {
    if (plan->calls) {  // MXCSR and the stack may be C++'s
        const ir::GuestInst& guest = e.block().guest[i.guest];
        impl(e).sve.forget();
        return emit_call(e, i, guest.encoding, guest.row);
    }
    Sve s(e, i);
    emit_direct(s);
    s.finish();
}

}  // namespace armature::translator::x64
