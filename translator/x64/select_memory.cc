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

// By the logarithm of the width: movzx, movzx, mov, mov; mov.
constexpr Form kLoads[] = {{0xb6, false, true}, {0xb7, false, true}, {0x8b}, {0x8b, true}};
constexpr Form kStores[] = {{0x88, false, false, 0, true}, {0x89, false, false, 0x66}, {0x89}, {0x89, true}};
constexpr Form kMovups{0x10, false, true};
constexpr Form kMovupsStore{0x11, false, true};

unsigned log2_of(unsigned width) {
    return static_cast<unsigned>(__builtin_ctz(width));
}

}  // namespace

void emit_Load(Context& e, const Inst& i) {
    const RegExp at = e.address(i);
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
    const RegExp at = e.address(i);
    uint64_t imm = 0;
    const int64_t narrow = impl(e).constant(i.c, &imm) ? static_cast<int64_t>(imm) : 0;
    const bool immediate =
        impl(e).constant(i.c, &imm) && (i.width < 8 || narrow == static_cast<int32_t>(narrow));
    if (immediate) {
        e.fault_point(i, true);
        const uint64_t mask = i.width == 8 ? ~uint64_t{0} : (uint64_t{1} << i.width * 8) - 1;
        e.c.mov(memory(at, i.width), imm & mask);
        return;
    }
    const Reg64 value = e.use(i.c);
    e.fault_point(i, true);
    encode(e.c, kStores[log2_of(i.width)], value.getIdx(), at);
}

void emit_StoreRelease(Context& e, const Inst& i) {
    if (!e.block().parallel) return emit_Store(e, i);
    const RegExp at = e.address(i);
    const Reg64 value = e.use_copy(i.c);
    e.fault_point(i, true);
    e.c.xchg(memory(at, i.width), sized(value, i.width * 8u));
}

void emit_LoadV(Context& e, const Inst& i) {
    const RegExp at = e.address(i);
    const Xmm d = impl(e).vdef_last(self(e));
    e.fault_point(i, false);
    switch (i.width) {
        case 1:
        case 2:
            e.c.movzx(eax, memory(at, i.width));
            return e.c.movd(d, eax);
        case 4:
            return e.c.movss(d, memory(at, 4));
        case 8:
            return e.c.movq(d, memory(at, 8));
        default:
            return encode(e.c, kMovups, d.getIdx(), at);
    }
}

void emit_StoreV(Context& e, const Inst& i) {
    const RegExp at = e.address(i);
    const Xmm value = e.vuse(i.c);
    e.fault_point(i, true);
    switch (i.width) {
        case 1:
            return e.c.pextrb(memory(at, 1), value, 0);
        case 2:
            return e.c.pextrw(memory(at, 2), value, 0);
        case 4:
            return e.c.movss(memory(at, 4), value);
        case 8:
            return e.c.movq(memory(at, 8), value);
        default:
            return encode(e.c, kMovupsStore, value.getIdx(), at);
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
