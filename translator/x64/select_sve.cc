// SPDX-License-Identifier: MIT
// Instructions of SVE: a call of C++ that finds and leaves all guest registers in CpuState.
#include "translator/ir/helpers.h"
#include "translator/x64/emit.h"

namespace armature::translator::x64 {

using ir::Inst;
using Xbyak::util::eax;
using Xbyak::util::edx;
using Xbyak::util::esi;
using Xbyak::util::rax;

void emit_CallSve(Context& e, const Inst& i) {
    Allocator& r = impl(e);
    r.flush_guest_flags();
    r.before_call();
    r.forget_homes();
    copy_pinned(e, true);
    e.c.lea(Xbyak::util::rdi, e.c.ptr[Xbyak::util::r15 - kStateBias]);
    e.c.mov(esi, static_cast<uint32_t>(i.imm));
    e.c.mov(edx, static_cast<uint32_t>(i.imm >> 32));
    e.c.mov(rax,
            reinterpret_cast<uint64_t>(ir::kHelperFunctions[static_cast<unsigned>(ir::Helper::SveExecute)]));
    r.call_helper();
    copy_pinned(e, false);
    e.c.test(eax, eax);
    Context::Cold cold;
    cold.inst = &i;
    cold.from = e.jcc_forward(kNE);
    cold.emit = [](Context& context, const Context::Cold& here) {
        impl(context).trap(*here.inst, kFaultCalled, false);
    };
    e.cold(cold);
}

}  // namespace armature::translator::x64
