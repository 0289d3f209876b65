// SPDX-License-Identifier: MIT
#include "translator/opt/opt.h"

#include "translator/hooks.h"

namespace armature::translator::opt {
namespace {

const char* const kNames[] = {
#define PASS(function, name, text) name,
#include "translator/opt/passes.def"
#undef PASS
};

uint32_t disabled_mask = 0;

// An instruction that nobody uses: an unused constant costs nothing.
void erase(ir::Inst& inst) {
    inst = {};
    inst.type = ir::Type::I64;
}

// A Probe that does not look at registers.
bool is_blind(const ir::Inst& inst) {
    if (inst.op != ir::Op::Probe && inst.op != ir::Op::MemoryProbe && inst.op != ir::Op::MemoryProbeV)
        return false;
    return reinterpret_cast<const Probe*>(inst.imm)->access_level == 0;
}

}  // namespace

bool enabled(Pass pass) {
    return !(disabled_mask & 1u << pass);
}

bool disable_passes(const std::string& words, std::string* bad) {
    size_t begin = 0;
    while (begin < words.size()) {
        const size_t comma = words.find(',', begin);
        const size_t end = comma == std::string::npos ? words.size() : comma;
        const std::string word = words.substr(begin, end - begin);
        unsigned pass = 0;
        while (pass < kPassCount && word != kNames[pass]) pass++;
        if (word == "all") {
            disabled_mask = (1u << kPassCount) - 1;
        } else if (pass < kPassCount) {
            disabled_mask |= 1u << pass;
        } else {
            *bad = word;
            return false;
        }
        begin = end + 1;
    }
    return true;
}

void drop_dead_state(ir::Block& block) {
    if (!block.repeated_sets) return;
    // Backwards: a register is "covered" while a later write is known and nothing in between could look.
    uint32_t covered_x = 0;
    uint32_t covered_v = 0;
    uint32_t covered_flags = 0;  // bit 0, as a SetFlags has imm 0
    const auto set = [](ir::Inst& inst, uint32_t& covered) {
        const uint32_t bit = 1u << inst.imm;
        if (covered & bit) {
            erase(inst);
        } else {
            covered |= bit;
        }
    };
    ir::Inst* const insts = block.insts.data();
    for (size_t id = block.insts.size(); id-- > 1;) {
        ir::Inst& inst = insts[id];
        const uint8_t traits = ir::traits(inst.op);
        if (traits == ir::kPure) continue;
        if (is_blind(inst)) continue;
        if (traits & (ir::kFaults | ir::kEffect | ir::kHelper)) {
            covered_x = covered_v = covered_flags = 0;
            continue;
        }
        switch (inst.op) {
            case ir::Op::SetX:
                set(inst, covered_x);
                break;
            case ir::Op::SetV:
                set(inst, covered_v);
                break;
            case ir::Op::SetFlags:
                set(inst, covered_flags);
                break;
            case ir::Op::GetX:
                covered_x &= ~(1u << inst.imm);
                break;
            case ir::Op::GetV:
                covered_v &= ~(1u << inst.imm);
                break;
            case ir::Op::GetFlags:
                covered_flags = 0;
                break;
            default:
                break;
        }
    }
}

void optimise(ir::Block& block) {
    if (enabled(k_drop_dead_state)) drop_dead_state(block);
}

}  // namespace armature::translator::opt
