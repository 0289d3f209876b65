// SPDX-License-Identifier: MIT
// Addresses and transfers of the load and store handlers.
//
// The base register is written back after the access: an access that faults leaves it as it was. Where the
// base is also loaded (constrained unpredictable), the loaded value wins.
#pragma once

#include "translator/hooks.h"
#include "translator/lift/handlers.h"

namespace armature::translator::lift {

struct Address {
    ir::Displaced at;
    unsigned base = 0;
    Value step;  // is added to the base register afterwards; none: it keeps its value
};

// A base register. While the stack pointer may be misaligned, that faults here. Tags are checked (MTE) unless
// the address is the stack pointer and a constant: other forms say so themselves.
inline Value base_of(const Lifter& l, unsigned n) {
    const Value base = l.b.get_r_sp(Type::I64, n);
    l.b.set_tag_checked(n != 31);
    if (n == 31 && l.b.stack_check() == ir::StackCheck::Accesses)
        l.b.emit(Op::CheckAlign, Type::None, base, {}, {}, {}, 16, ir::kAlignStackAccess);
    return base;
}

inline Address based(const Lifter& l, unsigned n, int64_t offset) {
    return {l.b.displaced(base_of(l, n), offset), n};
}

inline Address pre_index(const Lifter& l, unsigned n, int64_t offset) {
    const Address address = based(l, n, offset);
    l.b.set_tag_checked(true);
    return {address.at, n, l.b.i64(static_cast<uint64_t>(offset))};
}

inline Address post_index(const Lifter& l, unsigned n, int64_t offset) {
    const Value base = base_of(l, n);
    l.b.set_tag_checked(true);
    return {l.b.displaced(base, 0), n, l.b.i64(static_cast<uint64_t>(offset))};
}

// n + (extended m << shift); `option` is the extension as in add (extended register), 2, 3, 6 or 7.
inline Address indexed(const Lifter& l, unsigned n, unsigned m, unsigned option, unsigned shift) {
    const Value index = l.b.extend(l.b.get_r(Type::I64, m), option & 1 ? 64 : 32, option & 4, Type::I64);
    const Value scaled = l.b.shl(index, shift);
    const Value base = base_of(l, n);
    l.b.set_tag_checked(true);
    return {l.b.displaced(l.b.add(base, scaled), 0), n};
}

inline Address literal(const Lifter& l, int64_t words) {
    return {l.b.displaced(l.b.i64(l.pc + static_cast<uint64_t>(words) * 4), 0)};
}

// The sum is made here, once more, rather than before the access: so it can be made in the base register
// itself.
inline void write_back(const Lifter& l, const Address& address) {
    if (address.step)
        l.b.set_r_sp(address.base, l.b.add(l.b.get_r_sp(Type::I64, address.base), address.step));
}

inline MemoryInfo load_info(unsigned log2_bytes, bool is_signed = false) {
    return log2_bytes | (is_signed ? kMemorySigned : 0);
}

inline MemoryInfo store_info(unsigned log2_bytes) {
    return log2_bytes | kMemoryStore;
}

inline unsigned log2_of(unsigned bytes) {
    return static_cast<unsigned>(__builtin_ctz(bytes));
}

// Ordered and atomic accesses must be aligned; with LSE2 they must lie in 16 aligned bytes. True if an access
// may come out unaligned all the same.
inline bool check_aligned(const Lifter& l, Value at, unsigned bytes, bool is_store) {
    if (bytes == 1) return false;
    const bool within_16 = guest::enabled(guest::Feature::LSE2);
    Value crossing;
    if (within_16) {
        const Value last = l.b.add(at, l.b.i64(bytes - 1));
        crossing = l.b.and_(l.b.xor_(last, at), l.b.i64(16));
    }
    l.b.emit(Op::CheckAlign, Type::None, at, crossing, {}, {}, within_16 ? 32 : bytes,
             is_store ? ir::kAlignStore : ir::kAlignLoad);
    return within_16;
}

// Two words as one 8-byte value, the first at the lower address.
inline Value joined_words(const Lifter& l, Value low, Value high) {
    return l.b.or_(l.b.zext(l.b.trunc(low)), l.b.shl(l.b.zext(l.b.trunc(high)), 32));
}

inline Value vector_half(const Lifter& l, Value vector, unsigned half) {
    return l.b.emit(Op::VExtractI, Type::I64, vector, {}, {}, {}, half, 3);
}

// One general register. `to` matters for signed loads only: what width the sign fills.
struct Transfer {
    unsigned bytes;
    bool is_signed = false;
    Type to = Type::I64;
};

inline void load_r(const Lifter& l, unsigned t, const Address& address, const Transfer& transfer) {
    const Value value = l.b.load(transfer.to, address.at, transfer.bytes, transfer.is_signed);
    write_back(l, address);
    l.b.set_r(t, value);
    l.b.report_access(address.at, value, load_info(log2_of(transfer.bytes), transfer.is_signed));
}

inline void store_r(const Lifter& l, unsigned t, const Address& address, const Transfer& transfer) {
    const Value value = l.b.get_r(Type::I64, t);
    l.b.store(address.at, value, transfer.bytes);
    l.b.report_access(address.at, value, store_info(log2_of(transfer.bytes)));
    write_back(l, address);
}

}  // namespace armature::translator::lift
