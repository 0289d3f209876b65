// SPDX-License-Identifier: MIT
// Data processing - register: logical, add and subtract.
#include "translator/lift/handlers.h"

namespace armature::translator::lift {
namespace {

enum Shift : unsigned { kLsl, kLsr, kAsr, kRor };

// The shifted operand of a row with fields z, m, h (shift type), i (amount).
template <typename F>
Value shifted(const Lifter& l, F f) {
    const Value m = l.b.get_r(int_type(f.z()), f.m());
    switch (f.h()) {
        case kLsl:
            return l.b.shl(m, f.i());
        case kLsr:
            return l.b.shr(m, f.i());
        case kAsr:
            return l.b.sar(m, f.i());
        default:
            return l.b.ror(m, f.i());
    }
}

// The extended operand of a row with fields z, m, o (extension), i (left shift).
template <typename F>
Value extended(const Lifter& l, F f) {
    const Type type = int_type(f.z());
    const unsigned bits = 8u << (f.o() & 3);
    const Value m = type == Type::I32 && bits >= 32
                        ? l.b.get_r(type, f.m())
                        : l.b.extend(l.b.get_r(Type::I64, f.m()), bits, f.o() & 4, type);
    return l.b.shl(m, f.i());
}

template <typename F>
Value reg_n(const Lifter& l, F f) {
    return l.b.get_r(int_type(f.z()), f.n());
}

template <typename F>
Value reg_n_sp(const Lifter& l, F f) {
    return l.b.get_r_sp(int_type(f.z()), f.n());
}

template <typename F>
Value reg_m(const Lifter& l, F f) {
    return l.b.get_r(int_type(f.z()), f.m());
}

void set_with_flags(const Lifter& l, unsigned d, Value result) {
    l.b.set_flags(l.b.flags_of(result));
    l.b.set_r(d, result);
}

}  // namespace

// --- Logical

HANDLER(AND_shift) {
    b.set_r(f.d(), b.and_(reg_n(*this, f), shifted(*this, f)));
}

HANDLER(BIC_shift) {
    b.set_r(f.d(), b.and_not(reg_n(*this, f), shifted(*this, f)));
}

HANDLER(ORR_shift) {
    b.set_r(f.d(), b.or_(reg_n(*this, f), shifted(*this, f)));
}

HANDLER(ORN_shift) {
    b.set_r(f.d(), b.or_(reg_n(*this, f), b.not_(shifted(*this, f))));
}

HANDLER(EOR_shift) {
    b.set_r(f.d(), b.xor_(reg_n(*this, f), shifted(*this, f)));
}

HANDLER(EON_shift) {
    b.set_r(f.d(), b.xor_(reg_n(*this, f), b.not_(shifted(*this, f))));
}

HANDLER(ANDS_shift) {
    set_with_flags(*this, f.d(), b.and_s(reg_n(*this, f), shifted(*this, f)));
}

HANDLER(BICS_shift) {
    set_with_flags(*this, f.d(), b.and_s(reg_n(*this, f), b.not_(shifted(*this, f))));
}

// --- Add and subtract

HANDLER(ADD_shift) {
    b.set_r(f.d(), b.add(reg_n(*this, f), shifted(*this, f)));
}

HANDLER(ADDS_shift) {
    set_with_flags(*this, f.d(), b.add_s(reg_n(*this, f), shifted(*this, f)));
}

HANDLER(SUB_shift) {
    b.set_r(f.d(), b.sub(reg_n(*this, f), shifted(*this, f)));
}

HANDLER(SUBS_shift) {
    set_with_flags(*this, f.d(), b.sub_s(reg_n(*this, f), shifted(*this, f)));
}

HANDLER(ADD_ext) {
    b.set_r_sp(f.d(), b.add(reg_n_sp(*this, f), extended(*this, f)));
}

HANDLER(ADDS_ext) {
    set_with_flags(*this, f.d(), b.add_s(reg_n_sp(*this, f), extended(*this, f)));
}

HANDLER(SUB_ext) {
    b.set_r_sp(f.d(), b.sub(reg_n_sp(*this, f), extended(*this, f)));
}

HANDLER(SUBS_ext) {
    set_with_flags(*this, f.d(), b.sub_s(reg_n_sp(*this, f), extended(*this, f)));
}

HANDLER(ADC) {
    b.set_r(f.d(), b.emit(Op::Adc, int_type(f.z()), reg_n(*this, f), reg_m(*this, f), b.get_flags()));
}

HANDLER(ADCS) {
    set_with_flags(*this, f.d(),
                   b.emit(Op::AdcS, int_type(f.z()), reg_n(*this, f), reg_m(*this, f), b.get_flags()));
}

HANDLER(SBC) {
    b.set_r(f.d(), b.emit(Op::Sbc, int_type(f.z()), reg_n(*this, f), reg_m(*this, f), b.get_flags()));
}

HANDLER(SBCS) {
    set_with_flags(*this, f.d(),
                   b.emit(Op::SbcS, int_type(f.z()), reg_n(*this, f), reg_m(*this, f), b.get_flags()));
}

}  // namespace armature::translator::lift
