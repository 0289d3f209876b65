// SPDX-License-Identifier: MIT
// Constants, and moves between lanes and to and from general registers.
#include "translator/x64/simd_emit.h"

namespace armature::translator::x64 {

using ir::Inst;
using Xbyak::Address;
using Xbyak::Operand;
using Xbyak::Reg64;
using Xbyak::Xmm;

namespace {

uint64_t splat(uint64_t value, unsigned width) {
    for (unsigned bits = 8u << width; bits < 64; bits *= 2) {
        value &= (uint64_t{1} << bits) - 1;
        value |= value << bits;
    }
    return value;
}

}  // namespace

// Constants are made where they are used (Allocator::load), or are memory operands there.
void emit_VZero(Context&, const Inst&) {}
void emit_VConst(Context&, const Inst&) {}

void emit_VCombine64(Context& e, const Inst& i) {
    uint64_t high = 0;
    const Reg64 a = e.use(i.a);
    if (impl(e).constant(i.b, &high) && high == 0) {
        e.c.movq(e.vdef(self(e)), a);
        return;
    }
    const Reg64 b = e.use(i.b);
    const Xmm d = e.vdef(self(e));
    e.c.movq(d, a);
    e.c.pinsrq(d, b, 1);
}

void emit_VTrunc64(Context& e, const Inst& i) {
    const Operand& x = e.vuse_xm(i.a);
    e.c.movq(vdef_last(e), x);
}

void emit_VTruncLane(Context& e, const Inst& i) {
    if (i.width == 2) {
        if (e.host.avx) {
            const Xmm x = e.vuse(i.a);
            e.c.vinsertps(vdef_last(e), x, x, 0x0e);
        } else {
            const Xmm d = e.vdef_as(self(e), i.a);
            e.c.insertps(d, d, 0x0e);
        }
        return;
    }
    const Address mask = e.constant128(i.width == 1 ? 0xffff : 0xff, 0);
    if (e.host.avx) {
        const Xmm x = e.vuse(i.a);
        e.c.vpand(vdef_last(e), x, mask);
    } else {
        e.c.pand(e.vdef_as(self(e), i.a), mask);
    }
}

void emit_VFromI(Context& e, const Inst& i) {
    const bool is64 = e.inst(i.a).type == ir::Type::I64;
    const Reg64 a = e.use(i.a);
    const Xmm d = e.vdef(self(e));
    if (is64) {
        e.c.movq(d, a);
    } else {
        e.c.movd(d, a.cvt32());
    }
}

void emit_VExtractI(Context& e, const Inst& i) {
    const Xmm x = e.vuse(i.a);
    const Reg64 d = e.def(self(e));
    const uint8_t lane = static_cast<uint8_t>(i.imm);
    switch (i.width) {
        case 0:
            e.c.pextrb(d.cvt32(), x, lane);
            break;
        case 1:
            e.c.pextrw(d.cvt32(), x, lane);
            break;
        case 2:
            if (lane == 0) {
                e.c.movd(d.cvt32(), x);
            } else {
                e.c.pextrd(d.cvt32(), x, lane);
            }
            break;
        default:
            if (lane == 0) {
                e.c.movq(d, x);
            } else {
                e.c.pextrq(d, x, lane);
            }
            break;
    }
}

void emit_VInsertI(Context& e, const Inst& i) {
    const Reg64 b = e.use(i.b);
    const uint8_t lane = static_cast<uint8_t>(i.imm);
    if (e.host.avx) {
        const Xmm x = e.vuse(i.a);
        const Xmm d = vdef_last(e);
        switch (i.width) {
            case 0:
                return e.c.vpinsrb(d, x, b.cvt32(), lane);
            case 1:
                return e.c.vpinsrw(d, x, b.cvt32(), lane);
            case 2:
                return e.c.vpinsrd(d, x, b.cvt32(), lane);
            default:
                return e.c.vpinsrq(d, x, b, lane);
        }
    }
    const Xmm d = e.vdef_as(self(e), i.a);
    switch (i.width) {
        case 0:
            return e.c.pinsrb(d, b.cvt32(), lane);
        case 1:
            return e.c.pinsrw(d, b.cvt32(), lane);
        case 2:
            return e.c.pinsrd(d, b.cvt32(), lane);
        default:
            return e.c.pinsrq(d, b, lane);
    }
}

void emit_VInsertLane(Context& e, const Inst& i) {
    const unsigned to = i.imm & 15;
    const unsigned from = i.imm >> 4 & 15;
    if (i.width < 2) {
        // Through rax, which holds nothing.
        const Xmm y = e.vuse(i.b);
        const Xmm d = e.vdef_as(self(e), i.a);
        if (i.width == 0) {
            e.c.pextrb(e.c.eax, y, static_cast<uint8_t>(from));
            e.c.pinsrb(d, e.c.eax, static_cast<uint8_t>(to));
        } else {
            e.c.pextrw(e.c.eax, y, static_cast<uint8_t>(from));
            e.c.pinsrw(d, e.c.eax, static_cast<uint8_t>(to));
        }
        return;
    }
    if (i.width == 2) {
        const uint8_t control = static_cast<uint8_t>(from << 6 | to << 4);
        const Xmm y = e.vuse(i.b);
        if (e.host.avx) {
            const Xmm x = e.vuse(i.a);
            e.c.vinsertps(vdef_last(e), x, y, control);
        } else {
            e.c.insertps(e.vdef_as(self(e), i.a), y, control);
        }
        return;
    }
    // 64 bits: SHUFPD takes its low result from the first source, its high from the second.
    const ir::Value low = to == 0 ? i.b : i.a;
    const ir::Value high = to == 0 ? i.a : i.b;
    const uint8_t control = static_cast<uint8_t>(to == 0 ? from | 2 : from << 1);
    const Operand& y = e.vuse_xm(high);
    if (e.host.avx) {
        const Xmm x = e.vuse(low);
        e.c.vshufpd(vdef_last(e), x, y, control);
    } else {
        e.c.shufpd(e.vdef_as(self(e), low), y, control);
    }
}

void emit_VDupLane(Context& e, const Inst& i) {
    const unsigned lane = static_cast<unsigned>(i.imm);
    if (i.width >= 2) {
        const Operand& x = e.vuse_xm(i.a);
        const unsigned control = i.width == 2 ? lane * 0x55 : lane ? 0xee : 0x44;
        e.c.pshufd(vdef_last(e), x, static_cast<uint8_t>(control));
        return;
    }
    if (e.host.avx2 && lane == 0) {
        const Operand& x = e.vuse_xm(i.a);
        const Xmm d = vdef_last(e);
        return i.width == 0 ? e.c.vpbroadcastb(d, x) : e.c.vpbroadcastw(d, x);
    }
    const uint64_t bytes = splat(i.width == 0 ? lane : (lane * 2 + 1) << 8 | lane * 2, i.width);
    if (e.host.avx) {
        const Xmm x = e.vuse(i.a);
        e.c.vpshufb(vdef_last(e), x, e.constant128(bytes, bytes));
    } else {
        e.c.pshufb(e.vdef_as(self(e), i.a), e.constant128(bytes, bytes));
    }
}

// --- Memory

namespace {

struct MemoryLane {
    unsigned lane;
    uint8_t index;
    Address at;
};

MemoryLane memory_lane(Context& e, const Inst& i) {
    const Xbyak::RegExp at = e.address(i);
    const unsigned lane = i.width & 3;
    return {lane, static_cast<uint8_t>(i.width >> 2), memory(at, 1u << lane)};
}

}  // namespace

void emit_VLoadDup(Context& e, const Inst& i) {
    const Address at = memory(e.address(i), i.width);
    const Xmm d = vdef_last(e);
    e.fault_point(i, false);
    if (i.width == 8) return e.c.movddup(d, at);
    if (e.host.avx2) {
        switch (i.width) {
            case 1:
                return e.c.vpbroadcastb(d, at);
            case 2:
                return e.c.vpbroadcastw(d, at);
            default:
                return e.c.vpbroadcastd(d, at);
        }
    }
    if (i.width == 4) {
        e.c.movd(d, at);
        return e.c.pshufd(d, d, 0);
    }
    e.c.movzx(e.c.eax, at);
    e.c.movd(d, e.c.eax);
    if (i.width == 1) e.c.punpcklbw(d, d);
    e.c.pshuflw(d, d, 0);
    e.c.punpcklqdq(d, d);
}

void emit_VLoadLane(Context& e, const Inst& i) {
    const MemoryLane m = memory_lane(e, i);
    const Xmm d = e.vdef_as(self(e), i.c);
    e.fault_point(i, false);
    switch (m.lane) {
        case 0:
            return e.c.pinsrb(d, m.at, m.index);
        case 1:
            return e.c.pinsrw(d, m.at, m.index);
        case 2:
            return e.c.pinsrd(d, m.at, m.index);
        default:
            return m.index ? e.c.movhps(d, m.at) : e.c.movlps(d, m.at);
    }
}

void emit_VStoreLane(Context& e, const Inst& i) {
    const MemoryLane m = memory_lane(e, i);
    const Xmm x = e.vuse(i.c);
    e.fault_point(i, true);
    switch (m.lane) {
        case 0:
            return e.c.pextrb(m.at, x, m.index);
        case 1:
            return e.c.pextrw(m.at, x, m.index);
        case 2:
            return m.index ? e.c.pextrd(m.at, x, m.index) : e.c.movd(m.at, x);
        default:
            return m.index ? e.c.movhps(m.at, x) : e.c.movlps(m.at, x);
    }
}

void emit_VDupI(Context& e, const Inst& i) {
    const Reg64 a = e.use(i.a);
    const Xmm d = e.vdef(self(e));
    if (e.host.avx512) {
        switch (i.width) {
            case 0:
                return e.c.vpbroadcastb(d, a.cvt8());
            case 1:
                return e.c.vpbroadcastw(d, a.cvt16());
            case 2:
                return e.c.vpbroadcastd(d, a.cvt32());
            default:
                return e.c.vpbroadcastq(d, a);
        }
    }
    if (i.width == 3) {
        e.c.movq(d, a);
        e.c.punpcklqdq(d, d);
        return;
    }
    e.c.movd(d, a.cvt32());
    if (i.width == 2) {
        e.c.pshufd(d, d, 0);
    } else if (e.host.avx2) {
        i.width == 0 ? e.c.vpbroadcastb(d, d) : e.c.vpbroadcastw(d, d);
    } else {
        if (i.width == 0) e.c.punpcklbw(d, d);
        e.c.pshuflw(d, d, 0);
        e.c.punpcklqdq(d, d);
    }
}

}  // namespace armature::translator::x64
