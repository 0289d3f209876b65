// SPDX-License-Identifier: MIT
// Load and store exclusive, and CLREX. Acquire and release forms need nothing more: the monitor's
// compare-and-swap is a full barrier on this host, and loads are acquires.
//
// A store exclusive counts as a read and a write, and only if it stores; a plugin sees it so.
#include "translator/lift/memory.h"

namespace armature::translator::lift {
namespace {

Type type_of(unsigned bytes) {
    return bytes == 8 ? Type::I64 : Type::I32;
}

// The operations check natural alignment themselves; imm = 1: something else has been checked.
uint64_t checked_by_lse2(const Lifter& l, Value at, unsigned bytes, bool is_store) {
    return guest::enabled(guest::Feature::LSE2) && check_aligned(l, at, bytes, is_store);
}

Value exclusive_load(const Lifter& l, Value at, unsigned bytes) {
    l.b.check_tag(at, bytes, false);
    return l.b.emit(Op::LoadExclusive, type_of(bytes), at, {}, {}, {}, checked_by_lse2(l, at, bytes, false),
                    static_cast<uint8_t>(bytes));
}

Value exclusive_store(const Lifter& l, Value at, Value value, unsigned bytes) {
    l.b.check_tag(at, bytes, true);
    return l.b.emit(Op::StoreExclusive, Type::I32, at, {}, value, {}, checked_by_lse2(l, at, bytes, true),
                    static_cast<uint8_t>(bytes));
}

void report_stored(const Lifter& l, Value status, Value at, Value value, unsigned log2_bytes,
                   Value value2 = {}) {
    if (!l.b.reports_accesses()) return;
    l.b.report_access_if_zero(status, at, value, load_info(log2_bytes), value2);
    l.b.report_access_if_zero(status, at, value, store_info(log2_bytes), value2);
}

template <typename F>
void load_exclusive(const Lifter& l, F f, unsigned bytes) {
    const Value at = base_of(l, f.n());
    const Value value = exclusive_load(l, at, bytes);
    l.b.report_access(at, value, load_info(log2_of(bytes)));
    l.b.set_r(f.t(), value);
}

template <typename F>
void store_exclusive(const Lifter& l, F f, unsigned bytes) {
    const Value at = base_of(l, f.n());
    const Value value = l.b.get_r(type_of(bytes), f.t());
    const Value status = exclusive_store(l, at, value, bytes);
    report_stored(l, status, at, value, log2_of(bytes));
    l.b.set_r(f.s(), status);
}

// Two words are one access of eight bytes; two doublewords one of sixteen.
template <typename F>
void load_exclusive_pair(const Lifter& l, F f) {
    ir::Builder& b = l.b;
    const Value at = base_of(l, f.n());
    if (!f.z()) {
        const Value both = exclusive_load(l, at, 8);
        b.report_access(at, both, load_info(3));
        b.set_r(f.t(), b.trunc(both));
        b.set_r(f.u(), b.shr(both, 32));
        return;
    }
    b.check_tag(at, 16, false);
    const Value both = b.emit(Op::LoadExclusive128, Type::V128, at, {}, {}, {}, 0, 16);
    b.report_access(at, both, load_info(4));
    b.set_r(f.t(), vector_half(l, both, 0));
    b.set_r(f.u(), vector_half(l, both, 1));
}

template <typename F>
void store_exclusive_pair(const Lifter& l, F f) {
    ir::Builder& b = l.b;
    const Value at = base_of(l, f.n());
    if (!f.z()) {
        const Value both = joined_words(l, b.get_r(Type::I64, f.t()), b.get_r(Type::I64, f.u()));
        const Value status = exclusive_store(l, at, both, 8);
        report_stored(l, status, at, both, 3);
        b.set_r(f.s(), status);
        return;
    }
    const Value low = b.get_r(Type::I64, f.t());
    const Value high = b.get_r(Type::I64, f.u());
    const Value both = b.emit(Op::VCombine64, Type::V128, low, high);
    b.check_tag(at, 16, true);
    const Value status = b.emit(Op::StoreExclusive128, Type::I32, at, {}, both, {}, 0, 16);
    report_stored(l, status, at, low, 4, high);
    b.set_r(f.s(), status);
}

template <typename F>
unsigned bytes_of(F f) {
    return f.z() ? 8 : 4;
}

}  // namespace

HANDLER(LDXRB) {
    load_exclusive(*this, f, 1);
}

HANDLER(LDAXRB) {
    load_exclusive(*this, f, 1);
}

HANDLER(LDXRH) {
    load_exclusive(*this, f, 2);
}

HANDLER(LDAXRH) {
    load_exclusive(*this, f, 2);
}

HANDLER(LDXR) {
    load_exclusive(*this, f, bytes_of(f));
}

HANDLER(LDAXR) {
    load_exclusive(*this, f, bytes_of(f));
}

HANDLER(STXRB) {
    store_exclusive(*this, f, 1);
}

HANDLER(STLXRB) {
    store_exclusive(*this, f, 1);
}

HANDLER(STXRH) {
    store_exclusive(*this, f, 2);
}

HANDLER(STLXRH) {
    store_exclusive(*this, f, 2);
}

HANDLER(STXR) {
    store_exclusive(*this, f, bytes_of(f));
}

HANDLER(STLXR) {
    store_exclusive(*this, f, bytes_of(f));
}

HANDLER(LDXP) {
    load_exclusive_pair(*this, f);
}

HANDLER(LDAXP) {
    load_exclusive_pair(*this, f);
}

HANDLER(STXP) {
    store_exclusive_pair(*this, f);
}

HANDLER(STLXP) {
    store_exclusive_pair(*this, f);
}

HANDLER(CLREX) {
    b.emit(Op::ClearExclusive, Type::None);
}

}  // namespace armature::translator::lift
