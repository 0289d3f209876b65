// SPDX-License-Identifier: MIT
// Loads and stores of two general registers. Plugins see a pair as one access of twice the size.
//
// A pair that faults at its second half must not have changed a register; memory may have changed, as on
// hardware.
#include "translator/lift/memory.h"

namespace armature::translator::lift {
namespace {

void report_pair(const Lifter& l, const ir::Displaced& at, Value first, Value second, unsigned bytes,
                 MemoryInfo flags) {
    if (!l.b.reports_accesses()) return;
    if (bytes == 4) {
        l.b.report_access(at, joined_words(l, first, second), 3 | flags);
    } else {
        l.b.report_access(at, first, 4 | flags, second);
    }
}

// With LSE2, a pair of doublewords that is aligned is one access: a host's vector move of 16 aligned bytes
// is.
bool is_one_access(unsigned bytes) {
    return bytes == 8 && guest::enabled(guest::Feature::LSE2);
}

template <typename F>
void load_pair_at_once(const Lifter& l, F f, const Address& address) {
    const Value both = l.b.load_v(address.at, 16);
    const Value first = vector_half(l, both, 0);
    const Value second = vector_half(l, both, 1);
    report_pair(l, address.at, first, second, 8, 0);
    write_back(l, address);
    l.b.set_r(f.t(), first);
    l.b.set_r(f.u(), second);
}

template <typename F>
void load_pair(const Lifter& l, F f, const Address& address, unsigned bytes, bool is_signed = false) {
    if (is_one_access(bytes)) return load_pair_at_once(l, f, address);
    const ir::Displaced second_at = address.at + bytes;
    const Value first = l.b.load(Type::I64, address.at, bytes, is_signed);
    const Value second = l.b.load(Type::I64, second_at, bytes, is_signed);
    write_back(l, address);
    l.b.set_r(f.t(), first);
    l.b.set_r(f.u(), second);
    report_pair(l, address.at, first, second, bytes, is_signed ? kMemorySigned : 0);
}

template <typename F>
void store_pair(const Lifter& l, F f, const Address& address, unsigned bytes) {
    const Value first = l.b.get_r(Type::I64, f.t());
    const Value second = l.b.get_r(Type::I64, f.u());
    if (is_one_access(bytes)) {
        l.b.store_v(address.at, l.b.emit(Op::VCombine64, Type::V128, first, second), 16);
    } else {
        l.b.store(address.at, first, bytes);
        l.b.store(address.at + bytes, second, bytes);
    }
    report_pair(l, address.at, first, second, bytes, kMemoryStore);
    write_back(l, address);
}

template <typename F>
unsigned bytes_of(F f) {
    return f.z() ? 8 : 4;
}

template <typename F>
int64_t offset_of(F f) {
    return f.i_signed() * bytes_of(f);
}

}  // namespace

HANDLER(STNP) {
    store_pair(*this, f, based(*this, f.n(), offset_of(f)), bytes_of(f));
}

HANDLER(LDNP) {
    load_pair(*this, f, based(*this, f.n(), offset_of(f)), bytes_of(f));
}

HANDLER(STP_off) {
    store_pair(*this, f, based(*this, f.n(), offset_of(f)), bytes_of(f));
}

HANDLER(LDP_off) {
    load_pair(*this, f, based(*this, f.n(), offset_of(f)), bytes_of(f));
}

HANDLER(STP_post) {
    store_pair(*this, f, post_index(*this, f.n(), offset_of(f)), bytes_of(f));
}

HANDLER(LDP_post) {
    load_pair(*this, f, post_index(*this, f.n(), offset_of(f)), bytes_of(f));
}

HANDLER(STP_pre) {
    store_pair(*this, f, pre_index(*this, f.n(), offset_of(f)), bytes_of(f));
}

HANDLER(LDP_pre) {
    load_pair(*this, f, pre_index(*this, f.n(), offset_of(f)), bytes_of(f));
}

HANDLER(LDPSW_off) {
    load_pair(*this, f, based(*this, f.n(), f.i_signed() * 4), 4, true);
}

HANDLER(LDPSW_post) {
    load_pair(*this, f, post_index(*this, f.n(), f.i_signed() * 4), 4, true);
}

HANDLER(LDPSW_pre) {
    load_pair(*this, f, pre_index(*this, f.n(), f.i_signed() * 4), 4, true);
}

}  // namespace armature::translator::lift
