// SPDX-License-Identifier: MIT
// The table of operations, the verifier and the printer: all three read ops.def.
#include "translator/ir/ir.h"

#include <cinttypes>
#include <cstdarg>
#include <cstdio>
#include <cstring>

#include "translator/ir/helpers.h"

namespace armature::translator::ir {

const OpInfo kOpInfo[] = {
#define OP(Name, result, operands, traits) {#Name, Type::result, operands, traits},
#include "translator/ir/ops.def"
#undef OP
};

const uint8_t kTraits[] = {
#define OP(Name, result, operands, traits) traits,
#include "translator/ir/ops.def"
#undef OP
};

namespace {

const char* const kTypeNames[] = {"", "i32", "i64", "v128", "flags", "any"};
const char* const kCondNames[] = {"eq", "ne", "cs", "cc", "mi", "pl", "vs", "vc",
                                  "hi", "ls", "ge", "lt", "gt", "le", "al", "nv"};

bool type_matches(char letter, Type operand, Type own) {
    switch (letter) {
        case 'i':
            return operand == Type::I32;
        case 'l':
            return operand == Type::I64;
        case 'n':
            return own == Type::I32 || own == Type::I64 ? operand == own
                                                        : operand == Type::I32 || operand == Type::I64;
        case 'm':
            return operand == Type::I32 || operand == Type::I64;
        case 'v':
            return operand == Type::V128;
        case 'f':
            return operand == Type::Flags;
        default:
            return false;
    }
}

const char* verify_inst(const Block& block, uint32_t id) {
    const Inst& inst = block.insts[id];
    if (inst.op >= Op::Count) return "unknown operation";
    const OpInfo& row = info(inst.op);
    const bool result_ok =
        row.result == Type::Any ? inst.type == Type::I32 || inst.type == Type::I64 : inst.type == row.result;
    if (!result_ok) return "result type does not fit the operation";
    for (unsigned i = 0; i < 4; i++) {
        const Value value = inst.operand(i);
        const char letter = row.operands[i];
        if (letter == 'A') {
            if (!inst.a || inst.a.id >= id || block.insts[inst.a.id].type != Type::I64)
                return "bad address base";
            if (inst.b && (inst.b.id >= id || block.insts[inst.b.id].type != Type::I64))
                return "bad address index";
            i = 1;
            continue;
        }
        if (letter == '.') {
            if (value) return "operand where the operation has none";
            continue;
        }
        if (!value) {
            if (inst.op == Op::CallHelperV || inst.op == Op::MemoryProbe || inst.op == Op::MemoryProbeV ||
                inst.op == Op::Sve || (inst.op == Op::CheckAlign && i == 1))
                continue;  // optional operands
            return "operand missing";
        }
        if (value.id >= id) return "operand defined later";
        if (!type_matches(letter, block.insts[value.id].type, inst.type)) return "operand type does not fit";
    }
    return nullptr;
}

void put(Printer::Sink sink, void* context, const char* format, ...) __attribute__((format(printf, 3, 4)));
void put(Printer::Sink sink, void* context, const char* format, ...) {
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    const int size = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (size > 0)
        sink(context, text,
             static_cast<size_t>(size) < sizeof text ? static_cast<size_t>(size) : sizeof text - 1);
}

void print_inst(const Block& block, uint32_t id, Printer::Sink sink, void* context) {
    const Inst& inst = block.insts[id];
    const OpInfo& row = info(inst.op);
    if (inst.type != Type::None) {
        put(sink, context, "  %%%u:%s = %s", id, kTypeNames[static_cast<int>(inst.type)], row.name);
    } else {
        put(sink, context, "  %s", row.name);
    }
    if (inst.width) put(sink, context, ".%u", inst.width);
    if (inst.cond != Cond::AL) put(sink, context, " %s", kCondNames[static_cast<int>(inst.cond)]);
    const bool memory = row.operands[0] == 'A';
    if (memory) {
        put(sink, context, " [%%%u", inst.a.id);
        if (inst.b) put(sink, context, " + %%%u << %u", inst.b.id, inst.scale);
        if (inst.imm) put(sink, context, " + %" PRId64, static_cast<int64_t>(inst.imm));
        put(sink, context, "]");
    }
    for (unsigned i = memory ? 2 : 0; i < 4; i++) {
        if (inst.operand(i)) put(sink, context, " %%%u", inst.operand(i).id);
    }
    if (!memory && (inst.imm || inst.op == Op::Const || inst.op == Op::GetX || inst.op == Op::SetX ||
                    inst.op == Op::GetV || inst.op == Op::SetV)) {
        put(sink, context, " #0x%" PRIx64, inst.imm);
    }
    put(sink, context, "\n");
}

void print_end(const Block& block, Printer::Sink sink, void* context) {
    const Terminator& end = block.end;
    const char* const names[] = {"none",         "jump",       "if",    "if-zero",       "if-not-zero",
                                 "if-bit-clear", "if-bit-set", "call",  "call-indirect", "indirect",
                                 "return",       "exit",       "resync"};
    put(sink, context, "  %s", names[end.kind]);
    if (end.kind == Terminator::IfCond) put(sink, context, " %s", kCondNames[static_cast<int>(end.cond)]);
    if (end.a) put(sink, context, " %%%u", end.a.id);
    if (end.kind == Terminator::IfBitClear || end.kind == Terminator::IfBitSet)
        put(sink, context, " bit %u", end.bit);
    if (end.target) put(sink, context, " -> 0x%" PRIx64, end.target);
    if (end.next) put(sink, context, ", next 0x%" PRIx64, end.next);
    put(sink, context, "%s\n", block.flags_live_out ? "" : " (flags dead)");
}

}  // namespace

const char* verify(const Block& block) {
    for (uint32_t id = 1; id < block.insts.size(); id++) {
        if (const char* wrong = verify_inst(block, id)) return wrong;
    }
    if (block.end.kind == Terminator::None) return "no terminator";
    if (block.end.a && block.end.a.id >= block.insts.size()) return "terminator's operand is not defined";
    return nullptr;
}

void Printer::print(const Block& block, Sink sink, void* context) {
    put(sink, context, "block 0x%" PRIx64 ", %zu instructions\n", block.address, block.guest.size());
    uint32_t guest = ~0u;
    for (uint32_t id = 1; id < block.insts.size(); id++) {
        if (block.insts[id].guest != guest) {
            guest = block.insts[id].guest;
            if (guest < block.guest.size()) {
                put(sink, context, " ---- 0x%" PRIx64 " %08x\n", block.guest[guest].address,
                    block.guest[guest].encoding);
            }
        }
        print_inst(block, id, sink, context);
    }
    print_end(block, sink, context);
}

}  // namespace armature::translator::ir
