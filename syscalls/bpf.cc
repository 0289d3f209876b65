// SPDX-License-Identifier: MIT
#include "syscalls/bpf.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace armature::syscalls {
namespace {

constexpr uint32_t kWordBits = 32;

// Every operation that seccomp allows: the accumulator's arithmetic without remainders, loads of aligned
// words of seccomp_data, the scratch memory, jumps and returns. Several of the fields' values are 0, which
// clang-tidy takes for repetitions.
// NOLINTBEGIN(misc-redundant-expression)
constexpr uint16_t kAllowed[] = {BPF_RET | BPF_K,
                                 BPF_RET | BPF_A,
                                 BPF_ALU | BPF_ADD | BPF_K,
                                 BPF_ALU | BPF_ADD | BPF_X,
                                 BPF_ALU | BPF_SUB | BPF_K,
                                 BPF_ALU | BPF_SUB | BPF_X,
                                 BPF_ALU | BPF_MUL | BPF_K,
                                 BPF_ALU | BPF_MUL | BPF_X,
                                 BPF_ALU | BPF_DIV | BPF_K,
                                 BPF_ALU | BPF_DIV | BPF_X,
                                 BPF_ALU | BPF_AND | BPF_K,
                                 BPF_ALU | BPF_AND | BPF_X,
                                 BPF_ALU | BPF_OR | BPF_K,
                                 BPF_ALU | BPF_OR | BPF_X,
                                 BPF_ALU | BPF_XOR | BPF_K,
                                 BPF_ALU | BPF_XOR | BPF_X,
                                 BPF_ALU | BPF_LSH | BPF_K,
                                 BPF_ALU | BPF_LSH | BPF_X,
                                 BPF_ALU | BPF_RSH | BPF_K,
                                 BPF_ALU | BPF_RSH | BPF_X,
                                 BPF_ALU | BPF_NEG,
                                 BPF_LD | BPF_IMM,
                                 BPF_LDX | BPF_IMM,
                                 BPF_LD | BPF_W | BPF_ABS,
                                 BPF_LD | BPF_W | BPF_LEN,
                                 BPF_LDX | BPF_W | BPF_LEN,
                                 BPF_LD | BPF_MEM,
                                 BPF_LDX | BPF_MEM,
                                 BPF_ST,
                                 BPF_STX,
                                 BPF_MISC | BPF_TAX,
                                 BPF_MISC | BPF_TXA,
                                 BPF_JMP | BPF_JA,
                                 BPF_JMP | BPF_JEQ | BPF_K,
                                 BPF_JMP | BPF_JEQ | BPF_X,
                                 BPF_JMP | BPF_JGE | BPF_K,
                                 BPF_JMP | BPF_JGE | BPF_X,
                                 BPF_JMP | BPF_JGT | BPF_K,
                                 BPF_JMP | BPF_JGT | BPF_X,
                                 BPF_JMP | BPF_JSET | BPF_K,
                                 BPF_JMP | BPF_JSET | BPF_X};
// NOLINTEND(misc-redundant-expression)

bool is_jump(const sock_filter& insn) {
    return BPF_CLASS(insn.code) == BPF_JMP;
}

bool is_memory_load(const sock_filter& insn) {
    return insn.code == (BPF_LD | BPF_MEM) || insn.code == (BPF_LDX | BPF_MEM);
}

bool is_memory_store(const sock_filter& insn) {
    return insn.code == BPF_ST || insn.code == BPF_STX;
}

bool operands_are_valid(const sock_filter& insn, size_t instructions_left) {
    switch (insn.code) {
        case BPF_ALU | BPF_DIV | BPF_K:
            return insn.k != 0;
        case BPF_ALU | BPF_LSH | BPF_K:
        case BPF_ALU | BPF_RSH | BPF_K:
            return insn.k < kWordBits;
        case BPF_LD | BPF_W | BPF_ABS:
            return insn.k < sizeof(seccomp_data) && insn.k % sizeof(uint32_t) == 0;
        case BPF_JMP | BPF_JA:
            return insn.k < instructions_left;
        default:
            break;
    }
    if (is_memory_load(insn) || is_memory_store(insn)) return insn.k < BPF_MEMWORDS;
    return !is_jump(insn) || (insn.jt < instructions_left && insn.jf < instructions_left);
}

// No word of the scratch memory is read that not every way there has written. Jumps go forward only, so one
// pass does: at each instruction, `written` is what all ways to it have in common.
bool memory_is_written_before_read(const BpfProgram& program) {
    std::vector<uint16_t> common(program.size(), 0xffff);
    uint16_t written = 0;
    for (size_t pc = 0; pc < program.size(); pc++) {
        const sock_filter& insn = program[pc];
        written &= common[pc];
        if (is_memory_store(insn)) written |= static_cast<uint16_t>(1u << insn.k);
        if (is_memory_load(insn) && !(written & 1u << insn.k)) return false;
        if (!is_jump(insn)) continue;
        if (insn.code == (BPF_JMP | BPF_JA)) {
            common[pc + 1 + insn.k] &= written;
        } else {
            common[pc + 1 + insn.jt] &= written;
            common[pc + 1 + insn.jf] &= written;
        }
        written = 0xffff;  // the next instruction is reached only by jumps
    }
    return true;
}

uint32_t arithmetic(uint16_t operation, uint32_t a, uint32_t b) {
    switch (operation) {
        case BPF_ADD:
            return a + b;
        case BPF_SUB:
            return a - b;
        case BPF_MUL:
            return a * b;
        case BPF_DIV:
            return a / b;
        case BPF_AND:
            return a & b;
        case BPF_OR:
            return a | b;
        case BPF_XOR:
            return a ^ b;
        case BPF_LSH:
            return a << b % kWordBits;
        case BPF_RSH:
            return a >> b % kWordBits;
        default:
            return -a;  // BPF_NEG
    }
}

bool condition(uint16_t operation, uint32_t a, uint32_t b) {
    switch (operation) {
        case BPF_JEQ:
            return a == b;
        case BPF_JGT:
            return a > b;
        case BPF_JGE:
            return a >= b;
        default:
            return (a & b) != 0;  // BPF_JSET
    }
}

}  // namespace

bool bpf_is_valid(const BpfProgram& program) {
    if (program.empty() || program.size() > BPF_MAXINSNS) return false;
    for (size_t pc = 0; pc < program.size(); pc++) {
        const sock_filter& insn = program[pc];
        if (std::find(std::begin(kAllowed), std::end(kAllowed), insn.code) == std::end(kAllowed))
            return false;
        if (!operands_are_valid(insn, program.size() - pc - 1)) return false;
    }
    return BPF_CLASS(program.back().code) == BPF_RET && memory_is_written_before_read(program);
}

uint32_t bpf_run(const BpfProgram& program, const seccomp_data& data) {
    uint32_t a = 0;
    uint32_t x = 0;
    uint32_t memory[BPF_MEMWORDS] = {};
    for (size_t pc = 0;; pc++) {
        const sock_filter& insn = program[pc];
        const uint32_t operand = BPF_SRC(insn.code) == BPF_X ? x : insn.k;
        switch (BPF_CLASS(insn.code)) {
            case BPF_RET:
                return BPF_RVAL(insn.code) == BPF_A ? a : insn.k;
            case BPF_ALU:
                if (BPF_OP(insn.code) == BPF_DIV && operand == 0) return 0;
                a = arithmetic(BPF_OP(insn.code), a, operand);
                break;
            case BPF_LD:
            case BPF_LDX: {
                uint32_t value = insn.k;  // BPF_IMM
                if (BPF_MODE(insn.code) == BPF_ABS)
                    memcpy(&value, reinterpret_cast<const char*>(&data) + insn.k, sizeof value);
                if (BPF_MODE(insn.code) == BPF_LEN) value = sizeof data;
                if (BPF_MODE(insn.code) == BPF_MEM) value = memory[insn.k];
                (BPF_CLASS(insn.code) == BPF_LD ? a : x) = value;
                break;
            }
            case BPF_ST:
                memory[insn.k] = a;
                break;
            case BPF_STX:
                memory[insn.k] = x;
                break;
            case BPF_JMP:
                if (insn.code == (BPF_JMP | BPF_JA))
                    pc += insn.k;
                else
                    pc += condition(BPF_OP(insn.code), a, operand) ? insn.jt : insn.jf;
                break;
            default:  // BPF_MISC
                (BPF_MISCOP(insn.code) == BPF_TAX ? x : a) = BPF_MISCOP(insn.code) == BPF_TAX ? a : x;
                break;
        }
    }
}

}  // namespace armature::syscalls
