// SPDX-License-Identifier: MIT
// Plain loads and stores. Guest addresses are host addresses, so each is one host instruction. The host's
// memory order is TSO: every load is an acquire and every store a release; only a store that a later acquire
// load must not overtake (STLR) needs to be a locked exchange.
#include "guest/allocation_tags.h"
#include "translator/ir/helpers.h"
#include "translator/x64/emit.h"
#include "translator/x64/encode.h"

namespace armature::translator::x64 {

using ir::Inst;
using ir::Type;
using Xbyak::Reg64;
using Xbyak::RegExp;
using Xbyak::Xmm;
using Xbyak::util::al;
using Xbyak::util::eax;
using Xbyak::util::rax;

namespace {

// By the logarithm of the width.
constexpr Form kLoads[] = {{0xb6, false, true}, {0xb7, false, true}, {0x8b}, {0x8b, true}};  // movzx, mov
constexpr Form kStores[] = {{0x88, false, false, 0, true}, {0x89, false, false, 0x66}, {0x89}, {0x89, true}};
constexpr Form kImmediateStores[] = {{0xc6}, {0xc7, false, false, 0x66}, {0xc7}, {0xc7, true}};
// Those of vectors from 4 bytes: movss, movq, movups.
constexpr Form kVectorLoads[] = {
    {}, {}, {0x10, false, true, 0xf3}, {0x7e, false, true, 0xf3}, {0x10, false, true}};
constexpr Form kVectorStores[] = {
    {}, {}, {0x11, false, true, 0xf3}, {0xd6, false, true, 0x66}, {0x11, false, true}};

unsigned log2_of(unsigned width) {
    return static_cast<unsigned>(__builtin_ctz(width));
}

}  // namespace

void emit_Load(Context& e, const Inst& i) {
    const HostAddress at = impl(e).host_address(i);
    const Reg64 d = impl(e).def_last(self(e));
    e.fault_point(i, false);
    encode(e.c, kLoads[log2_of(i.width)], d.getIdx(), at);
}

void emit_LoadSigned(Context& e, const Inst& i) {
    const RegExp at = e.address(i);
    const Reg64 d = impl(e).def_last(self(e));
    e.fault_point(i, false);
    if (i.width == 8 || (i.width == 4 && i.type == Type::I32)) {
        e.c.mov(reg(i.type, d), memory(at, i.width));
    } else if (i.width == 4) {
        e.c.movsxd(d, memory(at, 4));
    } else {
        e.c.movsx(reg(i.type, d), memory(at, i.width));
    }
}

void emit_Store(Context& e, const Inst& i) {
    const HostAddress at = impl(e).host_address(i);
    const unsigned width = log2_of(i.width);
    uint64_t imm = 0;
    if (impl(e).constant(i.c, &imm) &&
        (i.width < 8 || static_cast<int64_t>(imm) == static_cast<int32_t>(imm))) {
        e.fault_point(i, true);
        encode(e.c, kImmediateStores[width], 0, at);
        e.c.db(imm, i.width < 4 ? i.width : 4u);
        return;
    }
    const Reg64 value = e.use(i.c);
    e.fault_point(i, true);
    encode(e.c, kStores[width], value.getIdx(), at);
}

void emit_StoreRelease(Context& e, const Inst& i) {
    if (!e.block().parallel) return emit_Store(e, i);
    const RegExp at = e.address(i);
    const Reg64 value = e.use_copy(i.c);
    e.fault_point(i, true);
    e.c.xchg(memory(at, i.width), sized(value, i.width * 8u));
}

void emit_LoadV(Context& e, const Inst& i) {
    const HostAddress at = impl(e).host_address(i);
    const Xmm d = impl(e).vdef_last(self(e));
    const unsigned width = log2_of(i.width);
    e.fault_point(i, false);
    if (i.width >= 4) return encode(e.c, kVectorLoads[width], d.getIdx(), at);
    encode(e.c, kLoads[width], RAX, at);
    e.c.movd(d, eax);
}

void emit_StoreV(Context& e, const Inst& i) {
    if (i.width >= 4) {
        const HostAddress at = impl(e).host_address(i);
        const Xmm value = e.vuse(i.c);
        e.fault_point(i, true);
        return encode(e.c, kVectorStores[log2_of(i.width)], value.getIdx(), at);
    }
    const RegExp at = e.address(i);
    const Xmm value = e.vuse(i.c);
    e.fault_point(i, true);
    if (i.width == 1) {
        e.c.pextrb(memory(at, 1), value, 0);
    } else {
        e.c.pextrw(memory(at, 2), value, 0);
    }
}

// MTE. The compare with the shadow settles all but what has another tag, no tags at all, or lies in two
// granules.
void emit_CheckTag(Context& e, const Inst& i) {
    constexpr unsigned kGranule = guest::tags::kGranule;
    e.clobber_flags();
    const Reg64 a = e.use(i.a);
    const Reg64 t = e.temp();
    if (i.width <= kGranule) {
        e.c.mov(eax, a.cvt32());
        e.c.and_(eax, kGranule - 1);
        e.c.cmp(eax, kGranule - i.width);
        const Allocator::Short in_two = impl(e).jcc_short(kA);
        constexpr unsigned kBeyond = 64 - 47;  // bits of an address that the shadow does not cover
        e.c.mov(t, a);
        e.c.shl(t, kBeyond);
        e.c.shr(t, kBeyond + 4);
        e.c.mov(rax, reinterpret_cast<uint64_t>(guest::tags::shadow));
        e.c.movzx(t.cvt32(), e.c.byte[t + rax]);
        e.c.mov(rax, a);
        e.c.shr(rax, guest::tags::kShift);
        e.c.xor_(eax, t.cvt32());
        e.c.test(al, kGranule - 1);
        impl(e).bind(in_two);  // not equal either
    } else {
        e.c.test(Xbyak::util::rsp, Xbyak::util::rsp);
    }
    Context::Cold cold;
    cold.inst = &i;
    cold.from = e.jcc_forward(kNE);
    cold.back = e.here();
    cold.g[0] = static_cast<int8_t>(a.getIdx());
    cold.emit = [](Context& context, const Context::Cold& here) {
        constexpr size_t kScratch = offsetof(guest::CpuState, vector_scratch);
        const Inst& inst = *here.inst;
        context.c.mov(context.state(kScratch), Reg64(here.g[0]));
        context.c.mov(context.state(kScratch + 8), static_cast<uint32_t>(inst.width | inst.imm << 8));
        context.call_cold(ir::kHelperFunctions[static_cast<unsigned>(ir::Helper::CheckTag)]);
        context.c.cmp(context.state(kScratch + 16, 32), 0);
        const Allocator::Short failed = impl(context).jcc_short(kNE);
        context.jmp_back(here.back);
        impl(context).bind(failed);
        context.c.mov(rax, context.state(kScratch));
        impl(context).trap(inst, kFaultTag, inst.imm);
    };
    e.cold(cold);
}

// DC ZVA
void emit_ZeroBlock(Context& e, const Inst& i) {
    e.clobber_flags();
    const RegExp at = impl(e).masked(RegExp(e.use(i.a)));
    const Xmm zero = e.vtemp();
    e.c.xorps(zero, zero);
    e.c.lea(rax, e.c.ptr[at]);
    e.c.and_(rax, -64);
    for (int n = 0; n < 64; n += 16) {
        e.fault_point(i, true);
        e.c.movaps(memory(rax + n, 16), zero);
    }
}

void emit_Fence(Context& e, const Inst&) {
    if (!e.block().parallel) return;
    e.clobber_flags();
    e.c.lock();
    e.c.or_(e.c.dword[Xbyak::util::rsp], 0);
}

}  // namespace armature::translator::x64
