// SPDX-License-Identifier: MIT
#include "translator/opt/opt.h"

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

void count_uses(ir::Block& block) {
    ir::Inst* const insts = block.insts.data();
    for (ir::Inst& inst : block.insts) inst.uses = 0;
    for (const ir::Inst& inst : block.insts) {
        insts[inst.a.id].uses++;
        insts[inst.b.id].uses++;
        insts[inst.c.id].uses++;
        insts[inst.d.id].uses++;
    }
    insts[block.end.a.id].uses++;
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
    // Backwards: a register is "covered" while a later write is known and nothing in between could look.
    uint32_t covered_x = 0;
    uint32_t covered_v = 0;
    bool covered_flags = false;
    for (size_t id = block.insts.size(); id-- > 1;) {
        ir::Inst& inst = block.insts[id];
        const uint8_t traits = ir::info(inst.op).traits;
        if (traits & (ir::kFaults | ir::kEffect | ir::kHelper)) {
            covered_x = covered_v = 0;
            covered_flags = false;
        } else if (inst.op == ir::Op::SetX) {
            if (covered_x & 1u << inst.imm) {
                erase(inst);
            } else {
                covered_x |= 1u << inst.imm;
            }
        } else if (inst.op == ir::Op::SetV) {
            if (covered_v & 1u << inst.imm) {
                erase(inst);
            } else {
                covered_v |= 1u << inst.imm;
            }
        } else if (inst.op == ir::Op::SetFlags) {
            if (covered_flags) {
                erase(inst);
            } else {
                covered_flags = true;
            }
        } else if (inst.op == ir::Op::GetX) {
            covered_x &= ~(1u << inst.imm);
        } else if (inst.op == ir::Op::GetV) {
            covered_v &= ~(1u << inst.imm);
        } else if (inst.op == ir::Op::GetFlags) {
            covered_flags = false;
        }
    }
}

void drop_dead_code(ir::Block& block) {
    for (size_t id = block.insts.size(); id-- > 1;) {
        ir::Inst& inst = block.insts[id];
        constexpr uint8_t kDroppable = ir::kPure | ir::kReadsState;
        if (inst.uses || !(ir::info(inst.op).traits & kDroppable) || inst.op == ir::Op::Const) continue;
        for (unsigned i = 0; i < 4; i++) block.insts[inst.operand(i).id].uses--;
        erase(inst);
    }
}

void optimise(ir::Block& block) {
    if (enabled(k_drop_dead_state)) drop_dead_state(block);
    count_uses(block);
    if (enabled(k_drop_dead_code)) drop_dead_code(block);
}

}  // namespace armature::translator::opt
