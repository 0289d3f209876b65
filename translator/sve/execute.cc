// SPDX-License-Identifier: MIT
// From translated code to the function of a row.
#include "translator/decode/decoder.h"
#include "translator/ir/helpers.h"
#include "translator/sve/machine.h"

namespace armature::translator {

namespace sve {

#define SVE_ROW(Name, ...) void run_##Name(Machine& m);
#define SVE_IF SVE_ROW
#include "translator/decode/a64_sve.def"
#undef SVE_ROW
#undef SVE_IF

// A switch and not a table of functions: that would be addresses, to be relocated at every start.
void run(Machine& m, decode::RowId id) {
    switch (id) {
#define SVE_ROW(Name, ...)    \
    case decode::RowId::Name: \
        return run_##Name(m);
#define SVE_IF SVE_ROW
#include "translator/decode/a64_sve.def"
#undef SVE_ROW
#undef SVE_IF
        default:
            return;
    }
}

}  // namespace sve

uint64_t helper::SveExecute(guest::CpuState* cpu, uint64_t word, uint64_t row, uint64_t) {
    if (!cpu->sve_vl) cpu->sve_vl = static_cast<uint8_t>(guest::sve_default_vl());
    sve::Machine machine{*cpu, guest::sve_state(*cpu), static_cast<uint32_t>(word), cpu->sve_vl};
    sve::run(machine, static_cast<decode::RowId>(row));
    return machine.faulted;
}

}  // namespace armature::translator
