// SPDX-License-Identifier: MIT
// Plain loads and stores. Guest addresses are host addresses, so each is one host instruction. The host's
// memory order is TSO: every load is an acquire and every store a release; only a store that a later acquire
// load must not overtake (STLR) needs to be a locked exchange.
#include "translator/x64/emit.h"
#include "translator/x64/encode.h"

namespace armature::translator::x64 {

using ir::Inst;
using ir::Type;
using Xbyak::Reg64;
using Xbyak::RegExp;
using Xbyak::Xmm;
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
