// SPDX-License-Identifier: MIT
// Data processing - register: one, two and three sources.
#include "translator/lift/handlers.h"

namespace armature::translator::lift {
namespace {

template <typename F>
Value reg_n(const Lifter& l, F f) {
    return l.b.get_r(int_type(f.z()), f.n());
}

template <typename F>
Value reg_m(const Lifter& l, F f) {
    return l.b.get_r(int_type(f.z()), f.m());
}

template <typename F>
void unary(const Lifter& l, F f, Op op) {
    l.b.set_r(f.d(), l.b.unary(op, reg_n(l, f)));
}

template <typename F>
void crc32(const Lifter& l, F f, unsigned bytes, bool castagnoli) {
    const Value data = l.b.get_r(bytes == 8 ? Type::I64 : Type::I32, f.m());
    l.b.set_r(f.d(), l.b.emit(Op::Crc32, Type::I32, l.b.get_r(Type::I32, f.n()), data, {}, {}, castagnoli,
                              static_cast<uint8_t>(bytes)));
}

template <typename F>
void extreme_of(const Lifter& l, F f, bool is_signed, bool larger) {
    l.b.set_r(f.d(), extreme(l, reg_n(l, f), reg_m(l, f), is_signed, larger));
}

// The number of ones: sums of neighbours, twice as wide each time.
Value count_ones(const Lifter& l, Value value) {
    ir::Builder& b = l.b;
    const Type type = b.type(value);
    const auto all = [&](uint64_t byte) { return b.constant(type, byte * 0x0101010101010101); };
    Value v = b.sub(value, b.and_(b.shr(value, 1), all(0x55)));
    v = b.add(b.and_(v, all(0x33)), b.and_(b.shr(v, 2), all(0x33)));
    v = b.and_(b.add(v, b.shr(v, 4)), all(0x0f));
    return b.shr(b.mul(v, all(1)), type == Type::I64 ? 56 : 24);
}

// a + product or a - product; a = 31 is zero, which makes MUL and MNEG.
void multiply_add(const Lifter& l, unsigned d, unsigned a, Value product, bool subtract) {
    const Value addend = l.b.get_r(l.b.type(product), a);
    l.b.set_r(d, subtract ? l.b.sub(addend, product) : l.b.add(addend, product));
}

template <typename F>
Value signed_product(const Lifter& l, F f) {
    return l.b.mul(l.b.sext(l.b.get_r(Type::I32, f.n())), l.b.sext(l.b.get_r(Type::I32, f.m())));
}

template <typename F>
Value unsigned_product(const Lifter& l, F f) {
    return l.b.mul(l.b.zext(l.b.get_r(Type::I32, f.n())), l.b.zext(l.b.get_r(Type::I32, f.m())));
}

}  // namespace

// --- Two sources

HANDLER(SMAX_reg) {
    extreme_of(*this, f, true, true);
}

HANDLER(UMAX_reg) {
    extreme_of(*this, f, false, true);
}

HANDLER(SMIN_reg) {
    extreme_of(*this, f, true, false);
}

HANDLER(UMIN_reg) {
    extreme_of(*this, f, false, false);
}

// --- One source

HANDLER(CTZ) {
    b.set_r(f.d(), b.unary(Op::Clz, b.unary(Op::Rbit, reg_n(*this, f))));
}

HANDLER(CNT_int) {
    b.set_r(f.d(), count_ones(*this, reg_n(*this, f)));
}

HANDLER(ABS_int) {
    const Value n = reg_n(*this, f);
    const Value negated = b.sub_s(b.constant(b.type(n), 0), n);
    b.set_r(f.d(), b.select(Cond::GT, b.flags_of(negated), negated, n));
}

HANDLER(UDIV) {
    b.set_r(f.d(), b.binary(Op::UDiv, reg_n(*this, f), reg_m(*this, f)));
}

HANDLER(SDIV) {
    b.set_r(f.d(), b.binary(Op::SDiv, reg_n(*this, f), reg_m(*this, f)));
}

HANDLER(LSLV) {
    b.set_r(f.d(), b.shl(reg_n(*this, f), reg_m(*this, f)));
}

HANDLER(LSRV) {
    b.set_r(f.d(), b.shr(reg_n(*this, f), reg_m(*this, f)));
}

HANDLER(ASRV) {
    b.set_r(f.d(), b.sar(reg_n(*this, f), reg_m(*this, f)));
}

HANDLER(RORV) {
    b.set_r(f.d(), b.ror(reg_n(*this, f), reg_m(*this, f)));
}

HANDLER(CRC32B) {
    crc32(*this, f, 1, false);
}

HANDLER(CRC32H) {
    crc32(*this, f, 2, false);
}

HANDLER(CRC32W) {
    crc32(*this, f, 4, false);
}

HANDLER(CRC32X) {
    crc32(*this, f, 8, false);
}

HANDLER(CRC32CB) {
    crc32(*this, f, 1, true);
}

HANDLER(CRC32CH) {
    crc32(*this, f, 2, true);
}

HANDLER(CRC32CW) {
    crc32(*this, f, 4, true);
}

HANDLER(CRC32CX) {
    crc32(*this, f, 8, true);
}

// --- One source

HANDLER(RBIT) {
    unary(*this, f, Op::Rbit);
}

HANDLER(REV16) {
    unary(*this, f, Op::Rev16);
}

HANDLER(REV_w) {
    b.set_r(f.d(), b.unary(Op::Bswap, b.get_r(Type::I32, f.n())));
}

HANDLER(REV_x) {
    b.set_r(f.d(), b.unary(Op::Bswap, b.get_r(Type::I64, f.n())));
}

// Each word reversed in its place: the whole reversed, halves swapped back.
HANDLER(REV32) {
    b.set_r(f.d(), b.ror(b.unary(Op::Bswap, b.get_r(Type::I64, f.n())), 32u));
}

HANDLER(CLZ) {
    unary(*this, f, Op::Clz);
}

HANDLER(CLS) {
    unary(*this, f, Op::Cls);
}

// --- Three sources

HANDLER(MADD) {
    multiply_add(*this, f.d(), f.a(), b.mul(reg_n(*this, f), reg_m(*this, f)), false);
}

HANDLER(MSUB) {
    multiply_add(*this, f.d(), f.a(), b.mul(reg_n(*this, f), reg_m(*this, f)), true);
}

HANDLER(SMADDL) {
    multiply_add(*this, f.d(), f.a(), signed_product(*this, f), false);
}

HANDLER(SMSUBL) {
    multiply_add(*this, f.d(), f.a(), signed_product(*this, f), true);
}

HANDLER(UMADDL) {
    multiply_add(*this, f.d(), f.a(), unsigned_product(*this, f), false);
}

HANDLER(UMSUBL) {
    multiply_add(*this, f.d(), f.a(), unsigned_product(*this, f), true);
}

HANDLER(SMULH) {
    b.set_r(f.d(), b.binary(Op::SMulH, b.get_r(Type::I64, f.n()), b.get_r(Type::I64, f.m())));
}

HANDLER(UMULH) {
    b.set_r(f.d(), b.binary(Op::UMulH, b.get_r(Type::I64, f.n()), b.get_r(Type::I64, f.m())));
}

}  // namespace armature::translator::lift
