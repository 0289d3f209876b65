// SPDX-License-Identifier: MIT
#include "translator/lift/lifter.h"

#include "translator/lift/handlers.h"

namespace armature::translator::lift {
namespace {

using Handler = void (*)(Lifter&);

template <typename Fields, void (Lifter::*kMember)(Fields)>
void call(Lifter& lifter) {
    (lifter.*kMember)(Fields{lifter.word});
}

constexpr Handler kHandlers[decode::kRowCount] = {
#define INST(Name, ...) call<decode::fields::Name, &Lifter::Name>,
#include "translator/decode/a64.def"
#undef INST
};

}  // namespace

LiftResult lift(ir::Builder& builder, uint64_t address, uint32_t encoding) {
    const decode::Row* row = decode::decode(encoding);
    if (builder.guest_count() == 0 || builder.address() != address)
        builder.begin_guest(address, encoding, kNoRow);
    if (row) builder.set_guest_row(static_cast<uint16_t>(row->id));
    Lifter lifter{builder, address, encoding};
    if (row && guest::enabled(row->feature)) {
        kHandlers[row->index()](lifter);
    } else {
        lifter.undefined();
    }
    return builder.ended() ? LiftResult::Ended : LiftResult::Continue;
}

}  // namespace armature::translator::lift
