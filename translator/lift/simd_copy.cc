// SPDX-License-Identifier: MIT
// Advanced SIMD copy and modified immediate.
#include <bit>

#include "translator/lift/simd.h"

namespace armature::translator::lift {
namespace {

// imm5 of the copy group: the lowest set bit is the lane size, what is above it the lane's index.
struct Lane {
    unsigned size;
    unsigned index;
    explicit Lane(unsigned imm5)
        : size(static_cast<unsigned>(std::countr_zero(imm5))), index(imm5 >> (size + 1)) {}
};

Value extract(const Lifter& l, unsigned n, const Lane& lane, Type type) {
    return l.b.emit(Op::VExtractI, type, l.b.get_v(n), {}, {}, {}, lane.index,
                    static_cast<uint8_t>(lane.size));
}

}  // namespace

HANDLER(DUP_element_v) {
    const Lane lane(f.i());
    const Simd s{b, f.Q() ? 16u : 8u};
    b.set_v(f.d(), s.cut(s.dup_lane(lane.size, b.get_v(f.n()), lane.index)));
}

HANDLER(DUP_element_s) {
    const Lane lane(f.i());
    const Simd s{b, 1u << lane.size};
    const Value n = b.get_v(f.n());
    b.set_v(f.d(), s.cut(lane.index ? s.op(Op::VShrBytes, 0, n, {}, {}, lane.index << lane.size) : n));
}

HANDLER(DUP_general) {
    const Lane lane(f.i());
    const Simd s{b, f.Q() ? 16u : 8u};
    const Value n = b.get_r(lane.size == 3 ? Type::I64 : Type::I32, f.n());
    b.set_v(f.d(), s.cut(s.op(Op::VDupI, lane.size, n)));
}

HANDLER(UMOV) {
    const Lane lane(f.i());
    b.set_r(f.d(), extract(*this, f.n(), lane, f.Q() ? Type::I64 : Type::I32));
}

HANDLER(SMOV) {
    const Lane lane(f.i());
    const Value value = extract(*this, f.n(), lane, Type::I32);
    b.set_r(f.d(), b.extend(value, 8u << lane.size, true, f.Q() ? Type::I64 : Type::I32));
}

HANDLER(INS_general) {
    const Lane lane(f.i());
    const Simd s{b};
    const Value value = b.get_r(lane.size == 3 ? Type::I64 : Type::I32, f.n());
    b.set_v(f.d(), s.op(Op::VInsertI, lane.size, b.get_v(f.d()), value, {}, lane.index));
}

HANDLER(INS_element) {
    const Lane lane(f.i());
    const Simd s{b};
    const unsigned from = f.j() >> lane.size;
    const Value d = b.get_v(f.d());
    b.set_v(f.d(), s.op(Op::VInsertLane, lane.size, d, b.get_v(f.n()), {}, lane.index | from << 4));
}

// --- Modified immediate: an 8-bit number, shifted and repeated as cmode says.

namespace {

// 64 bits of the immediate; `op` only matters for cmode 14 and 15.
uint64_t modified_immediate(unsigned op, unsigned cmode, uint64_t imm8) {
    const auto repeat = [](uint64_t lane, unsigned bits) {
        for (; bits < 64; bits *= 2) lane |= lane << bits;
        return lane;
    };
    if (cmode < 8) return repeat(imm8 << (cmode / 2 * 8), 32);
    if (cmode < 12) return repeat(imm8 << (cmode / 2 % 2 * 8), 16);
    if (cmode < 14) return repeat(cmode == 12 ? imm8 << 8 | 0xff : imm8 << 16 | 0xffff, 32);
    if (cmode == 14) {
        if (!op) return repeat(imm8, 8);
        uint64_t mask = 0;
        for (unsigned i = 0; i < 8; i++) {
            if (imm8 >> i & 1) mask |= uint64_t{0xff} << i * 8;
        }
        return mask;
    }
    // Floating point: sign, an exponent of one inverted and repeated bit and two more, four bits of fraction.
    const uint64_t sign = imm8 >> 7;
    const uint64_t repeated = imm8 >> 6 & 1;
    const uint64_t rest = imm8 & 0x3f;
    if (op) return sign << 63 | uint64_t{repeated ? 0xffu : 0x100u} << 54 | rest << 48;
    return repeat(sign << 31 | uint64_t{repeated ? 0x1fu : 0x20u} << 25 | rest << 19, 32);
}

uint64_t half_immediate(uint64_t imm8) {
    const uint64_t lane = (imm8 >> 7) << 15 | (imm8 >> 6 & 1 ? 0x3 : 0x4) << 12 | (imm8 & 0x3f) << 6;
    return lane * 0x0001000100010001;
}

void set_immediate(Lifter& l, unsigned d, bool q, uint64_t value) {
    const Simd s{l.b};
    l.b.set_v(d, q ? s.splat(3, value) : s.constant(value, 0));
}

}  // namespace

HANDLER(MOVI) {
    set_immediate(*this, f.d(), f.Q(), modified_immediate(0, f.c(), f.i()));
}
HANDLER(MOVI_64) {
    set_immediate(*this, f.d(), f.Q(), modified_immediate(1, 14, f.i()));
}
HANDLER(MVNI) {
    set_immediate(*this, f.d(), f.Q(), ~modified_immediate(1, f.c(), f.i()));
}
HANDLER(FMOV_imm_v) {
    set_immediate(*this, f.d(), f.Q(), modified_immediate(0, 15, f.i()));
}
HANDLER(FMOV_imm_v_d) {
    set_immediate(*this, f.d(), true, modified_immediate(1, 15, f.i()));
}
HANDLER(FMOV_imm_v_h) {
    set_immediate(*this, f.d(), f.Q(), half_immediate(f.i()));
}
HANDLER(ORR_imm_v) {
    const Simd s{b, f.Q() ? 16u : 8u};
    b.set_v(f.d(), s.cut(s.or_(b.get_v(f.d()), s.splat(3, modified_immediate(0, f.c(), f.i())))));
}
HANDLER(BIC_imm_v) {
    const Simd s{b, f.Q() ? 16u : 8u};
    b.set_v(f.d(), s.cut(s.and_(b.get_v(f.d()), s.splat(3, ~modified_immediate(1, f.c(), f.i())))));
}

}  // namespace armature::translator::lift
