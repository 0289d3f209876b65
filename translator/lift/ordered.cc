// SPDX-License-Identifier: MIT
// Loads with acquire and stores with release. This host's plain loads and stores are that already, but for
// one order: a store-release may not be passed by a later load-acquire, so the store drains the store buffer
// (Op::StoreRelease). The weaker LDAPR would allow the passing; a load cannot know which store came before,
// so the store pays for both.
#include "translator/lift/memory.h"

namespace armature::translator::lift {
namespace {

void load_ordered(const Lifter& l, unsigned t, const Address& address, const Transfer& transfer) {
    check_aligned(l, address.at, transfer.bytes, false);
    load_r(l, t, address, transfer);
}

void store_release(const Lifter& l, unsigned t, const Address& address, unsigned bytes) {
    check_aligned(l, address.at, bytes, true);
    const Value value = l.b.get_r(Type::I64, t);
    l.b.store(address.at, value, bytes, true);
    l.b.report_access(address.at, value, store_info(log2_of(bytes)));
}

Transfer signed_to(unsigned bytes, unsigned to_w) {
    return {bytes, true, to_w ? Type::I32 : Type::I64};
}

template <typename F>
unsigned bytes_of(F f) {
    return f.z() ? 8 : 4;
}

}  // namespace

#define LOAD_BASE(Name, bytes)                                       \
    HANDLER(Name) {                                                  \
        load_ordered(*this, f.t(), based(*this, f.n(), 0), {bytes}); \
    }
#define STORE_BASE(Name, bytes)                                     \
    HANDLER(Name) {                                                 \
        store_release(*this, f.t(), based(*this, f.n(), 0), bytes); \
    }

LOAD_BASE(LDARB, 1)
LOAD_BASE(LDARH, 2)
LOAD_BASE(LDAR, bytes_of(f))
LOAD_BASE(LDLARB, 1)
LOAD_BASE(LDLARH, 2)
LOAD_BASE(LDLAR, bytes_of(f))
LOAD_BASE(LDAPRB, 1)
LOAD_BASE(LDAPRH, 2)
LOAD_BASE(LDAPR, bytes_of(f))
STORE_BASE(STLRB, 1)
STORE_BASE(STLRH, 2)
STORE_BASE(STLR, bytes_of(f))
STORE_BASE(STLLRB, 1)
STORE_BASE(STLLRH, 2)
STORE_BASE(STLLR, bytes_of(f))
#undef LOAD_BASE
#undef STORE_BASE

HANDLER(STLURB) {
    store_release(*this, f.t(), based(*this, f.n(), f.i_signed()), 1);
}

HANDLER(STLURH) {
    store_release(*this, f.t(), based(*this, f.n(), f.i_signed()), 2);
}

HANDLER(STLUR) {
    store_release(*this, f.t(), based(*this, f.n(), f.i_signed()), bytes_of(f));
}

HANDLER(LDAPURB) {
    load_ordered(*this, f.t(), based(*this, f.n(), f.i_signed()), {1});
}

HANDLER(LDAPURH) {
    load_ordered(*this, f.t(), based(*this, f.n(), f.i_signed()), {2});
}

HANDLER(LDAPUR) {
    load_ordered(*this, f.t(), based(*this, f.n(), f.i_signed()), {bytes_of(f)});
}

HANDLER(LDAPURSB) {
    load_ordered(*this, f.t(), based(*this, f.n(), f.i_signed()), signed_to(1, f.x()));
}

HANDLER(LDAPURSH) {
    load_ordered(*this, f.t(), based(*this, f.n(), f.i_signed()), signed_to(2, f.x()));
}

HANDLER(LDAPURSW) {
    load_ordered(*this, f.t(), based(*this, f.n(), f.i_signed()), signed_to(4, false));
}

}  // namespace armature::translator::lift
