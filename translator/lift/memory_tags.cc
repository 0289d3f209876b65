// SPDX-License-Identifier: MIT
// The instructions of FEAT_MTE: logical tags of addresses (bits 59 to 56), and allocation tags of memory
// (guest/allocation_tags.h). That other accesses check them is the builder's business (Builder::check_tag).
#include <cstddef>

#include "guest/allocation_tags.h"
#include "translator/lift/memory.h"

namespace armature::translator::lift {
namespace {

constexpr unsigned kGranule = guest::tags::kGranule;

Value tag_of(const Lifter& l, Value address) {
    return l.b.ubfx(address, guest::tags::kShift, 4);
}

Value with_tag(const Lifter& l, Value address, Value tag) {
    return l.b.bfi(address, tag, guest::tags::kShift, 4);
}

// Bits 55 to 0, with their sign.
Value without_tag(const Lifter& l, Value address) {
    return l.b.sbfx(address, 0, 56);
}

template <typename F>
void add_with_tag(const Lifter& l, F f, bool subtract) {
    const Value base = l.b.get_r_sp(Type::I64, f.n());
    const Value offset = l.b.i64(uint64_t{f.i()} * kGranule);
    const Value sum = subtract ? l.b.sub(base, offset) : l.b.add(base, offset);
    const Value tag = l.helper(Helper::NextTag, tag_of(l, base), l.b.i64(f.t()));
    l.b.set_r_sp(f.d(), with_tag(l, sum, tag));
}

// Stores of tags are not checked themselves, but must be aligned and may be refused as any store: where no
// data is stored, every granule is touched.
enum class Data { Keep, Zero };

void store_tags(const Lifter& l, const Address& address, Value tagged, unsigned granules, Data data) {
    ir::Builder& b = l.b;
    b.set_tag_checked(false);
    const Value at = address.at;
    b.emit(Op::CheckAlign, Type::None, at, {}, {}, {}, kGranule, ir::kAlignStore);
    const Value zero = data == Data::Zero ? b.emit(Op::VCombine64, Type::V128, b.i64(0), b.i64(0)) : b.i32(0);
    for (unsigned i = 0; i < granules; i++) {
        const ir::Displaced granule = b.displaced(at, i * kGranule);
        if (data == Data::Zero) {
            b.store_v(granule, zero, kGranule);
            b.report_access(granule, b.i64(0), store_info(4), b.i64(0));
        } else {
            b.atomic(Op::AtomicSet, Type::I32, granule, zero, 1);
        }
    }
    l.helper(Helper::StoreTags, at, tag_of(l, tagged), b.i64(granules));
    write_back(l, address);
}

template <typename F>
Value tagged_register(const Lifter& l, F f) {
    return l.b.get_r_sp(Type::I64, f.t());
}

template <typename F>
void store_pair_and_tag(const Lifter& l, F f, const Address& address) {
    ir::Builder& b = l.b;
    b.set_tag_checked(false);
    const Value at = address.at;
    b.emit(Op::CheckAlign, Type::None, at, {}, {}, {}, kGranule, ir::kAlignStore);
    const Value first = b.get_r(Type::I64, f.t());
    const Value second = b.get_r(Type::I64, f.u());
    b.store_v(at, b.emit(Op::VCombine64, Type::V128, first, second), kGranule);
    b.report_access(at, first, store_info(4), second);
    l.helper(Helper::StoreTags, at, tag_of(l, at), b.i64(1));
    write_back(l, address);
}

// DC GVA and DC GZVA: as many granules as DC ZVA has bytes.
constexpr unsigned kBlock = 64;

Value block_of(const Lifter& l, Value at) {
    return l.b.and_(at, l.b.i64(~uint64_t{kBlock - 1}));
}

}  // namespace

HANDLER(ADDG) {
    add_with_tag(*this, f, false);
}

HANDLER(SUBG) {
    add_with_tag(*this, f, true);
}

HANDLER(SUBP) {
    const Value left = without_tag(*this, b.get_r_sp(Type::I64, f.n()));
    b.set_r(f.d(), b.sub(left, without_tag(*this, b.get_r_sp(Type::I64, f.m()))));
}

HANDLER(SUBPS) {
    const Value left = without_tag(*this, b.get_r_sp(Type::I64, f.n()));
    const Value difference = b.sub_s(left, without_tag(*this, b.get_r_sp(Type::I64, f.m())));
    b.set_r(f.d(), difference);
    b.set_flags(b.flags_of(difference));
}

HANDLER(IRG) {
    const Value base = b.get_r_sp(Type::I64, f.n());
    b.set_r_sp(f.d(), with_tag(*this, base, helper(Helper::RandomTag, b.get_r(Type::I64, f.m()))));
}

HANDLER(GMI) {
    const Value tag = tag_of(*this, b.get_r_sp(Type::I64, f.n()));
    b.set_r(f.d(), b.or_(b.get_r(Type::I64, f.m()), b.shl(b.i64(1), tag)));
}

#define STORE_TAGS(Name, granules, data)                                                                     \
    HANDLER(Name##_post) {                                                                                   \
        store_tags(*this, post_index(*this, f.n(), f.i_signed() * kGranule), tagged_register(*this, f),      \
                   granules, data);                                                                          \
    }                                                                                                        \
    HANDLER(Name##_off) {                                                                                    \
        store_tags(*this, based(*this, f.n(), f.i_signed() * kGranule), tagged_register(*this, f), granules, \
                   data);                                                                                    \
    }                                                                                                        \
    HANDLER(Name##_pre) {                                                                                    \
        store_tags(*this, pre_index(*this, f.n(), f.i_signed() * kGranule), tagged_register(*this, f),       \
                   granules, data);                                                                          \
    }

STORE_TAGS(STG, 1, Data::Keep)
STORE_TAGS(ST2G, 2, Data::Keep)
STORE_TAGS(STZG, 1, Data::Zero)
STORE_TAGS(STZ2G, 2, Data::Zero)
#undef STORE_TAGS

HANDLER(STGP_post) {
    store_pair_and_tag(*this, f, post_index(*this, f.n(), f.i_signed() * kGranule));
}

HANDLER(STGP_off) {
    store_pair_and_tag(*this, f, based(*this, f.n(), f.i_signed() * kGranule));
}

HANDLER(STGP_pre) {
    store_pair_and_tag(*this, f, pre_index(*this, f.n(), f.i_signed() * kGranule));
}

HANDLER(LDG) {
    const Address address = based(*this, f.n(), f.i_signed() * kGranule);
    b.set_tag_checked(false);
    const Value at = b.and_(address.at, b.i64(~uint64_t{kGranule - 1}));
    b.load(Type::I32, at, 1);
    b.set_r(f.t(), with_tag(*this, b.get_r(Type::I64, f.t()), helper(Helper::LoadTag, at)));
}

HANDLER(DC_GVA) {
    const Value at = b.get_r(Type::I64, f.t());
    const Value block = block_of(*this, at);
    b.atomic(Op::AtomicSet, Type::I32, block, b.i32(0), 1);
    helper(Helper::StoreTags, block, tag_of(*this, at), b.i64(kBlock / kGranule));
}

HANDLER(DC_GZVA) {
    const Value at = b.get_r(Type::I64, f.t());
    const Value block = block_of(*this, at);
    b.emit(Op::ZeroBlock, Type::None, at);
    helper(Helper::StoreTags, block, tag_of(*this, at), b.i64(kBlock / kGranule));
    const Value zero = b.i64(0);
    for (unsigned offset = 0; offset < kBlock; offset += kGranule)
        b.report_access(b.add(block, b.i64(offset)), zero, store_info(4), zero);
}

}  // namespace armature::translator::lift
