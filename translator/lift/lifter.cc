// SPDX-License-Identifier: MIT
#include "translator/lift/lifter.h"

#include "translator/lift/handlers.h"

namespace armature::translator::lift {
namespace {

// A switch and not a table of functions: that would be addresses, to be relocated at every start.
void lift_row(Lifter& lifter, decode::RowId id) {
    switch (id) {
#define INST(Name, ...)       \
    case decode::RowId::Name: \
        return lifter.Name(decode::fields::Name{lifter.word});
#include "translator/decode/a64.def"
#undef INST
        case decode::RowId::Count:
            break;
    }
}

}  // namespace

LiftResult lift(ir::Builder& builder, uint64_t address, uint32_t encoding) {
    const decode::Row* row = decode::decode(encoding);
    if (builder.guest_count() == 0 || builder.address() != address)
        builder.begin_guest(address, encoding, kNoRow);
    if (row) builder.set_guest_row(static_cast<uint16_t>(row->id));
    Lifter lifter{builder, address, encoding};
    if (row && guest::enabled(row->feature)) {
        lift_row(lifter, row->id);
        if (!builder.ended()) builder.note_v_writes();
    } else {
        lifter.undefined();
    }
    return builder.ended() ? LiftResult::Ended : LiftResult::Continue;
}

}  // namespace armature::translator::lift
