// SPDX-License-Identifier: MIT
// Loads and stores of SIMD and floating-point registers, one or a pair. (The vector structure forms are
// elsewhere.)
#include "translator/lift/memory.h"

namespace armature::translator::lift {
namespace {

// log2 of the bytes of a B, H, S, D (s) or Q (q) register.
template <typename F>
unsigned scale_of(F f) {
    return f.q() ? 4 : f.s();
}

void load_v(const Lifter& l, unsigned t, const Address& address, unsigned scale) {
    const Value value = l.b.load_v(address.at, 1u << scale);
    write_back(l, address);
    l.b.set_v(t, value);
    l.b.report_access(address.at, value, load_info(scale));
}

void store_v(const Lifter& l, unsigned t, const Address& address, unsigned scale) {
    const Value value = l.b.get_v(t);
    l.b.store_v(address.at, value, 1u << scale);
    l.b.report_access(address.at, value, store_info(scale));
    write_back(l, address);
}

// Pairs count as two accesses.
template <typename F>
void load_pair(const Lifter& l, F f, const Address& address) {
    const unsigned scale = f.s() + 2;
    const ir::Displaced second_at = address.at + (1 << scale);
    const Value first = l.b.load_v(address.at, 1u << scale);
    const Value second = l.b.load_v(second_at, 1u << scale);
    write_back(l, address);
    l.b.set_v(f.t(), first);
    l.b.set_v(f.u(), second);
    l.b.report_access(address.at, first, load_info(scale));
    l.b.report_access(second_at, second, load_info(scale));
}

template <typename F>
void store_pair(const Lifter& l, F f, const Address& address) {
    const unsigned scale = f.s() + 2;
    const ir::Displaced second_at = address.at + (1 << scale);
    const Value first = l.b.get_v(f.t());
    const Value second = l.b.get_v(f.u());
    l.b.store_v(address.at, first, 1u << scale);
    l.b.store_v(second_at, second, 1u << scale);
    l.b.report_access(address.at, first, store_info(scale));
    l.b.report_access(second_at, second, store_info(scale));
    write_back(l, address);
}

template <typename F>
int64_t pair_offset(F f) {
    return f.i_signed() * (int64_t{4} << f.s());
}

template <typename F>
Address indexed_fp(const Lifter& l, F f) {
    return indexed(l, f.n(), f.m(), f.o(), f.h() ? scale_of(f) : 0);
}

}  // namespace

HANDLER(STR_fp_imm) {
    store_v(*this, f.t(), based(*this, f.n(), int64_t{f.i()} << scale_of(f)), scale_of(f));
}

HANDLER(LDR_fp_imm) {
    load_v(*this, f.t(), based(*this, f.n(), int64_t{f.i()} << scale_of(f)), scale_of(f));
}

HANDLER(STUR_fp) {
    store_v(*this, f.t(), based(*this, f.n(), f.i_signed()), scale_of(f));
}

HANDLER(LDUR_fp) {
    load_v(*this, f.t(), based(*this, f.n(), f.i_signed()), scale_of(f));
}

HANDLER(STR_fp_post) {
    store_v(*this, f.t(), post_index(*this, f.n(), f.i_signed()), scale_of(f));
}

HANDLER(LDR_fp_post) {
    load_v(*this, f.t(), post_index(*this, f.n(), f.i_signed()), scale_of(f));
}

HANDLER(STR_fp_pre) {
    store_v(*this, f.t(), pre_index(*this, f.n(), f.i_signed()), scale_of(f));
}

HANDLER(LDR_fp_pre) {
    load_v(*this, f.t(), pre_index(*this, f.n(), f.i_signed()), scale_of(f));
}

HANDLER(STR_fp_reg) {
    store_v(*this, f.t(), indexed_fp(*this, f), scale_of(f));
}

HANDLER(LDR_fp_reg) {
    load_v(*this, f.t(), indexed_fp(*this, f), scale_of(f));
}

HANDLER(LDR_fp_lit) {
    load_v(*this, f.t(), literal(*this, f.i_signed()), f.s() + 2);
}

HANDLER(STNP_fp) {
    store_pair(*this, f, based(*this, f.n(), pair_offset(f)));
}

HANDLER(LDNP_fp) {
    load_pair(*this, f, based(*this, f.n(), pair_offset(f)));
}

HANDLER(STP_fp_off) {
    store_pair(*this, f, based(*this, f.n(), pair_offset(f)));
}

HANDLER(LDP_fp_off) {
    load_pair(*this, f, based(*this, f.n(), pair_offset(f)));
}

HANDLER(STP_fp_post) {
    store_pair(*this, f, post_index(*this, f.n(), pair_offset(f)));
}

HANDLER(LDP_fp_post) {
    load_pair(*this, f, post_index(*this, f.n(), pair_offset(f)));
}

HANDLER(STP_fp_pre) {
    store_pair(*this, f, pre_index(*this, f.n(), pair_offset(f)));
}

HANDLER(LDP_fp_pre) {
    load_pair(*this, f, pre_index(*this, f.n(), pair_offset(f)));
}

}  // namespace armature::translator::lift
