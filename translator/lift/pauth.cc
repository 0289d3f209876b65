// SPDX-License-Identifier: MIT
// Pointer authentication: signing, authenticating, stripping, and loads through signed pointers (the branches
// are with their kin). Signing and authenticating are the same operation, see runtime/helpers_pauth.cc.
#include "translator/lift/memory.h"

namespace armature::translator::lift {
namespace {

Value toggled(const Lifter& l, Value pointer, Value modifier, unsigned key) {
    return l.helper(Helper::TogglePac, pointer, modifier, l.b.i64(key));
}

// Bits 48 to 55 become copies of bit 55.
Value stripped(const Lifter& l, Value pointer) {
    return l.b.bfi(pointer, l.b.sbfx(pointer, 55, 1), 48, 8);
}

template <typename F>
Address authenticated_base(const Lifter& l, F f) {
    const unsigned key = f.k() ? guest::kPacDB : guest::kPacDA;
    const Value base = l.authenticated(l.b.get_r_sp(Type::I64, f.n()), l.b.i64(0), key);
    l.b.set_tag_checked(f.n() != 31);
    return {l.b.displaced(base, f.i_signed() * 8), f.n()};
}

template <typename F>
void sign(const Lifter& l, F f, Value modifier) {
    l.b.set_r(f.d(), toggled(l, l.b.get_r(Type::I64, f.d()), modifier, f.k()));
}

template <typename F>
void authenticate(const Lifter& l, F f, Value modifier) {
    l.b.set_r(f.d(), l.authenticated(l.b.get_r(Type::I64, f.d()), modifier, f.k()));
}

}  // namespace

Value Lifter::authenticated(Value pointer, Value modifier, unsigned key) const {
    const Value result = toggled(*this, pointer, modifier, key);
    if (guest::enabled(guest::Feature::FPAC)) {
        const Value wrong = helper(Helper::IsWrongPac, result, b.i64(key));
        b.emit(Op::CheckAlign, Type::None, result, wrong, {}, {}, 2, ir::kNoAlignmentButPac);
    }
    return result;
}

HANDLER(PAC) {
    sign(*this, f, b.get_r_sp(Type::I64, f.n()));
}

HANDLER(PACZ) {
    sign(*this, f, b.i64(0));
}

HANDLER(AUT) {
    authenticate(*this, f, b.get_r_sp(Type::I64, f.n()));
}

HANDLER(AUTZ) {
    authenticate(*this, f, b.i64(0));
}

HANDLER(XPAC) {
    b.set_r(f.d(), stripped(*this, b.get_r(Type::I64, f.d())));
}

HANDLER(PACGA) {
    b.set_r(f.d(), helper(Helper::GenericPac, b.get_r(Type::I64, f.n()), b.get_r_sp(Type::I64, f.m())));
}

HANDLER(LDRA_off) {
    load_r(*this, f.t(), authenticated_base(*this, f), {8});
}

// The base register gets the address itself, not a sum made anew.
HANDLER(LDRA_pre) {
    const Address address = authenticated_base(*this, f);
    b.set_tag_checked(true);
    const Value value = b.load(Type::I64, address.at, 8);
    b.report_access(address.at, value, load_info(3));
    b.set_r_sp(f.n(), address.at);
    b.set_r(f.t(), value);
}

void Lifter::hint_pauth(unsigned hint) const {
    const bool signs = !(hint & 4);
    const auto apply = [this, signs](unsigned reg, Value modifier, unsigned key) {
        const Value pointer = b.get_r(Type::I64, reg);
        b.set_r(reg, signs ? toggled(*this, pointer, modifier, key) : authenticated(pointer, modifier, key));
    };
    const unsigned key = hint & 2 ? guest::kPacIB : guest::kPacIA;
    switch (hint) {
        case 7:  // XPACLRI
            return b.set_r(30, stripped(*this, b.get_r(Type::I64, 30)));
        case 8:  // PACIA1716
        case 10:
        case 12:  // AUTIA1716
        case 14:
            return apply(17, b.get_r(Type::I64, 16), key);
        case 24:  // PACIAZ
        case 26:
        case 28:  // AUTIAZ
        case 30:
            return apply(30, b.i64(0), key);
        case 25:  // PACIASP
        case 27:
        case 29:  // AUTIASP
        case 31:
            return apply(30, b.get_r_sp(Type::I64, 31), key);
        default:
            break;
    }
}

}  // namespace armature::translator::lift
