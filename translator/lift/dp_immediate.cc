// SPDX-License-Identifier: MIT
// Data processing - immediate.
#include "translator/decode/bit_masks.h"
#include "translator/lift/handlers.h"

namespace armature::translator::lift {
namespace {

template <typename F>
Value imm12(const Lifter& l, F f) {
    return l.b.constant(int_type(f.z()), uint64_t{f.i()} << (f.h() ? 12 : 0));
}

template <typename F>
Value logical_imm(const Lifter& l, F f) {
    const uint64_t mask = decode::bit_mask(f.N(), f.r(), f.s());
    return l.b.constant(int_type(f.z()), f.z() ? mask : static_cast<uint32_t>(mask));
}

template <typename F>
uint64_t wide_imm(F f) {
    return uint64_t{f.i()} << (f.h() * 16);
}

template <typename F>
void extreme_with(const Lifter& l, F f, uint64_t immediate, bool is_signed, bool larger) {
    const Value n = l.b.get_r(int_type(f.z()), f.n());
    l.b.set_r(f.d(), extreme(l, n, l.b.constant(l.b.type(n), immediate), is_signed, larger));
}

}  // namespace

HANDLER(ADR) {
    b.set_r(f.d(), b.i64(pc + static_cast<uint64_t>(f.j_signed() * 4 + f.i())));
}

HANDLER(ADRP) {
    b.set_r(f.d(), b.i64((pc & ~uint64_t{0xfff}) + (static_cast<uint64_t>(f.j_signed() * 4 + f.i()) << 12)));
}

HANDLER(ADD_imm) {
    b.set_r_sp(f.d(), b.add(b.get_r_sp(int_type(f.z()), f.n()), imm12(*this, f)));
}

HANDLER(ADDS_imm) {
    const Value sum = b.add_s(b.get_r_sp(int_type(f.z()), f.n()), imm12(*this, f));
    b.set_flags(b.flags_of(sum));
    b.set_r(f.d(), sum);
}

HANDLER(SUB_imm) {
    b.set_r_sp(f.d(), b.sub(b.get_r_sp(int_type(f.z()), f.n()), imm12(*this, f)));
}

HANDLER(SUBS_imm) {
    const Value difference = b.sub_s(b.get_r_sp(int_type(f.z()), f.n()), imm12(*this, f));
    b.set_flags(b.flags_of(difference));
    b.set_r(f.d(), difference);
}

HANDLER(AND_imm) {
    b.set_r_sp(f.d(), b.and_(b.get_r(int_type(f.z()), f.n()), logical_imm(*this, f)));
}

HANDLER(ORR_imm) {
    b.set_r_sp(f.d(), b.or_(b.get_r(int_type(f.z()), f.n()), logical_imm(*this, f)));
}

HANDLER(EOR_imm) {
    b.set_r_sp(f.d(), b.xor_(b.get_r(int_type(f.z()), f.n()), logical_imm(*this, f)));
}

HANDLER(ANDS_imm) {
    const Value result = b.and_s(b.get_r(int_type(f.z()), f.n()), logical_imm(*this, f));
    b.set_flags(b.flags_of(result));
    b.set_r(f.d(), result);
}

HANDLER(SMAX_int_imm) {
    extreme_with(*this, f, static_cast<uint64_t>(f.i_signed()), true, true);
}

HANDLER(UMAX_int_imm) {
    extreme_with(*this, f, f.i(), false, true);
}

HANDLER(SMIN_int_imm) {
    extreme_with(*this, f, static_cast<uint64_t>(f.i_signed()), true, false);
}

HANDLER(UMIN_int_imm) {
    extreme_with(*this, f, f.i(), false, false);
}

HANDLER(MOVN) {
    const uint64_t value = ~wide_imm(f);
    b.set_r(f.d(), b.i64(f.z() ? value : static_cast<uint32_t>(value)));
}

HANDLER(MOVZ) {
    b.set_r(f.d(), b.i64(wide_imm(f)));
}

HANDLER(MOVK) {
    const Type type = int_type(f.z());
    const Value kept = b.and_(b.get_r(type, f.d()), b.constant(type, ~(uint64_t{0xffff} << (f.h() * 16))));
    b.set_r(f.d(), b.or_(kept, b.constant(type, wide_imm(f))));
}

// s >= r extracts the field [r, s]; s < r moves the low s + 1 bits up to (bits of the register - r).
HANDLER(SBFM) {
    const Type type = int_type(f.z());
    const unsigned size = f.z() ? 64 : 32;
    const Value n = b.get_r(type, f.n());
    if (f.s() >= f.r()) {
        b.set_r(f.d(), b.sbfx(n, f.r(), f.s() - f.r() + 1));
    } else {
        b.set_r(f.d(), b.shl(b.sbfx(n, 0, f.s() + 1), size - f.r()));
    }
}

HANDLER(UBFM) {
    const Type type = int_type(f.z());
    const unsigned size = f.z() ? 64 : 32;
    const Value n = b.get_r(type, f.n());
    if (f.s() >= f.r()) {
        b.set_r(f.d(), b.ubfx(n, f.r(), f.s() - f.r() + 1));
    } else if (f.s() + 1 == f.r()) {
        b.set_r(f.d(), b.shl(n, size - f.r()));
    } else {
        b.set_r(f.d(), b.shl(b.ubfx(n, 0, f.s() + 1), size - f.r()));
    }
}

HANDLER(BFM) {
    const Type type = int_type(f.z());
    const unsigned size = f.z() ? 64 : 32;
    const Value n = b.get_r(type, f.n());
    const Value d = b.get_r(type, f.d());
    if (f.s() >= f.r()) {
        b.set_r(f.d(), b.bfi(d, f.r() ? b.shr(n, f.r()) : n, 0, f.s() - f.r() + 1));
    } else {
        b.set_r(f.d(), b.bfi(d, n, size - f.r(), f.s() + 1));
    }
}

HANDLER(EXTR) {
    const Type type = int_type(f.z());
    const Value n = b.get_r(type, f.n());
    const Value m = b.get_r(type, f.m());
    if (f.s() == 0) {
        b.set_r(f.d(), m);
    } else if (f.n() == f.m()) {
        b.set_r(f.d(), b.ror(n, f.s()));
    } else {
        b.set_r(f.d(), b.emit(Op::Extract, type, n, m, {}, {}, f.s()));
    }
}

}  // namespace armature::translator::lift
