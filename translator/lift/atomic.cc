// SPDX-License-Identifier: MIT
// Atomic read-modify-write (LSE): all are sequentially consistent here, whatever their A and L bits say. A
// plugin sees a read and a write of the same size.
#include "translator/lift/memory.h"

namespace armature::translator::lift {
namespace {

Type type_of(unsigned bytes) {
    return bytes == 8 ? Type::I64 : Type::I32;
}

void report_both(const Lifter& l, Value at, Value read, Value written, unsigned log2_bytes, Value read2 = {},
                 Value written2 = {}) {
    l.b.report_access(at, read, load_info(log2_bytes), read2);
    l.b.report_access(at, written, store_info(log2_bytes), written2);
}

// The larger or smaller of a and b as `bits`-wide numbers.
Value extreme_of(const Lifter& l, Value a, Value b, unsigned bits, bool is_signed, bool larger) {
    ir::Builder& builder = l.b;
    const Value wide_a = builder.extend(a, bits, is_signed, Type::I64);
    const Value wide_b = builder.extend(b, bits, is_signed, Type::I64);
    return extreme(l, wide_a, wide_b, is_signed, larger);
}

// What `op` writes; needed only to tell a plugin.
Value written_by(const Lifter& l, Op op, Value old, Value operand, unsigned bits) {
    ir::Builder& b = l.b;
    switch (op) {
        case Op::AtomicAdd:
            return b.add(old, operand);
        case Op::AtomicClear:
            return b.and_not(old, operand);
        case Op::AtomicSet:
            return b.or_(old, operand);
        case Op::AtomicXor:
            return b.xor_(old, operand);
        case Op::AtomicSMax:
            return extreme_of(l, old, operand, bits, true, true);
        case Op::AtomicSMin:
            return extreme_of(l, old, operand, bits, true, false);
        case Op::AtomicUMax:
            return extreme_of(l, old, operand, bits, false, true);
        case Op::AtomicUMin:
            return extreme_of(l, old, operand, bits, false, false);
        default:
            return operand;
    }
}

template <typename F>
void read_modify_write(const Lifter& l, F f, Op op) {
    const unsigned bytes = 1u << f.b();
    const Value at = base_of(l, f.n());
    const Value operand = l.b.get_r(type_of(bytes), f.s());
    check_aligned(l, at, bytes, true);
    const Value old = l.b.atomic(op, type_of(bytes), at, operand, bytes);
    if (l.b.reports_accesses()) report_both(l, at, old, written_by(l, op, old, operand, bytes * 8), f.b());
    l.b.set_r(f.t(), old);
}

template <typename F>
void compare_and_swap(const Lifter& l, F f, unsigned bytes) {
    const Type type = type_of(bytes);
    const Value at = base_of(l, f.n());
    const Value desired = l.b.get_r(type, f.t());
    check_aligned(l, at, bytes, true);
    const Value old = l.b.cas(type, at, l.b.get_r(type, f.s()), desired, bytes);
    report_both(l, at, old, desired, log2_of(bytes));
    l.b.set_r(f.s(), old);
}

}  // namespace

HANDLER(LDADD) {
    read_modify_write(*this, f, Op::AtomicAdd);
}

HANDLER(LDCLR) {
    read_modify_write(*this, f, Op::AtomicClear);
}

HANDLER(LDEOR) {
    read_modify_write(*this, f, Op::AtomicXor);
}

HANDLER(LDSET) {
    read_modify_write(*this, f, Op::AtomicSet);
}

HANDLER(LDSMAX) {
    read_modify_write(*this, f, Op::AtomicSMax);
}

HANDLER(LDSMIN) {
    read_modify_write(*this, f, Op::AtomicSMin);
}

HANDLER(LDUMAX) {
    read_modify_write(*this, f, Op::AtomicUMax);
}

HANDLER(LDUMIN) {
    read_modify_write(*this, f, Op::AtomicUMin);
}

HANDLER(SWP) {
    read_modify_write(*this, f, Op::AtomicSwap);
}

HANDLER(CASB) {
    compare_and_swap(*this, f, 1);
}

HANDLER(CASH) {
    compare_and_swap(*this, f, 2);
}

HANDLER(CAS) {
    compare_and_swap(*this, f, f.z() ? 8 : 4);
}

// Two words are one 8-byte compare-and-swap; the even register is at the lower address.
HANDLER(CASP) {
    const Value at = base_of(*this, f.n());
    const unsigned s2 = f.s() + 1;
    const Value low = b.get_r(Type::I64, f.t());
    const Value high = b.get_r(Type::I64, f.t() + 1);
    if (!f.z()) {
        const Value expected = joined_words(*this, b.get_r(Type::I64, f.s()), b.get_r(Type::I64, s2));
        const Value desired = joined_words(*this, low, high);
        check_aligned(*this, at, 8, true);
        const Value old = b.cas(Type::I64, at, expected, desired, 8);
        report_both(*this, at, old, desired, 3);
        b.set_r(f.s(), b.trunc(old));
        b.set_r(s2, b.shr(old, 32));
        return;
    }
    const Value expected =
        b.emit(Op::VCombine64, Type::V128, b.get_r(Type::I64, f.s()), b.get_r(Type::I64, s2));
    const Value desired = b.emit(Op::VCombine64, Type::V128, low, high);
    b.check_tag(at, 16, false);
    const Value old = b.emit(Op::Cas128, Type::V128, at, {}, expected, desired, 0, 16);
    const Value old_low = vector_half(*this, old, 0);
    const Value old_high = vector_half(*this, old, 1);
    report_both(*this, at, old_low, low, 4, old_high, high);
    b.set_r(f.s(), old_low);
    b.set_r(s2, old_high);
}

}  // namespace armature::translator::lift
