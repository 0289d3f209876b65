// SPDX-License-Identifier: MIT
// The handful of instruction forms that are most of all translated code, encoded directly: the assembler's
// general way through operand classes takes several times as long. Everything else goes through Xbyak.
#pragma once

#ifndef XBYAK_NO_EXCEPTION
#define XBYAK_NO_EXCEPTION
#endif
#include <xbyak/xbyak.h>

#include <cstddef>
#include <cstdint>

namespace armature::translator::x64 {

inline constexpr size_t kBufferSize = 512u << 10;  // of the assembler's buffer

// [prefix] [REX] [0F] opcode ModRM ...
struct Form {
    uint8_t opcode = 0;
    bool wide = false;    // REX.W
    bool escape = false;  // 0F
    uint8_t prefix = 0;
    bool byte_register = false;  // `reg` is 8 bits: spl, bpl, sil and dil need a REX
};

// A memory operand. The index may be any register but rsp.
struct HostAddress {
    HostAddress() = default;
    explicit HostAddress(const Xbyak::RegExp& at);
    int base = kNoRegister;
    int index = kNoRegister;
    unsigned scale = 0;  // log2
    int32_t displacement = 0;
    static constexpr int kNoRegister = -1;
};

// `reg` is ModRM's register operand, a general or a vector register.
void encode(Xbyak::CodeGenerator& c, const Form& form, int reg, int rm);
void encode(Xbyak::CodeGenerator& c, const Form& form, int reg, const HostAddress& at);
void encode(Xbyak::CodeGenerator& c, const Form& form, int reg, int base, int32_t displacement);

// The eight operations of arithmetic, by their number in opcodes.
enum class AluCode : uint8_t { Add, Or, Adc, Sbb, And, Sub, Xor, Cmp };
void encode_alu(Xbyak::CodeGenerator& c, AluCode code, bool wide, int to, const Xbyak::Operand& from);
void encode_alu(Xbyak::CodeGenerator& c, AluCode code, bool wide, int to, int32_t immediate);

// The shortest MOV. EFLAGS stay.
void encode_constant(Xbyak::CodeGenerator& c, int to, uint64_t value);

}  // namespace armature::translator::x64
