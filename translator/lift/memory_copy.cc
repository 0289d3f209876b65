// SPDX-License-Identifier: MIT
// Memory copy and set (MOPS): the runtime does them, see runtime/emulate.cc.
#include "translator/lift/memory.h"

namespace armature::translator::lift {
namespace {

void emulate(Lifter& l) {
    l.b.report_access(l.b.displaced(l.b.i64(0), 0), l.b.i64(0), kMemoryEmulated);
    l.end_exit(ir::ExitKind::Emulate, l.pc, 0);
}

}  // namespace

HANDLER(CPYP) {
    emulate(*this);
}

HANDLER(CPYM) {
    emulate(*this);
}

HANDLER(CPYE) {
    emulate(*this);
}

HANDLER(SETP) {
    emulate(*this);
}

HANDLER(SETM) {
    emulate(*this);
}

HANDLER(SETE) {
    emulate(*this);
}

// With allocation tags: they belong to both features.
#define SET_WITH_TAGS(Name)                                                  \
    HANDLER(Name) {                                                          \
        guest::enabled(guest::Feature::MOPS) ? emulate(*this) : undefined(); \
    }
SET_WITH_TAGS(SETGP)
SET_WITH_TAGS(SETGM)
SET_WITH_TAGS(SETGE)
#undef SET_WITH_TAGS

}  // namespace armature::translator::lift
