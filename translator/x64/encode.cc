// SPDX-License-Identifier: MIT
#include "translator/x64/encode.h"

#include <cstring>

namespace armature::translator::x64 {
namespace {

constexpr unsigned kLongest = 16;  // bytes of an instruction, and a spare one
constexpr int kNone = HostAddress::kNoRegister;
constexpr int kNeedsSib = 4;           // rsp, r12 as a base
constexpr int kNeedsDisplacement = 5;  // rbp, r13 as a base

// The bytes of one instruction, put where the assembler stands.
class Writer {
  public:
    explicit Writer(Xbyak::CodeGenerator& generator) : c_(generator), size_(generator.getSize()) {
        fits_ = size_ + kLongest <= kBufferSize;
        at_ = fits_ ? const_cast<uint8_t*>(generator.getCode()) + size_ : nowhere_;
    }
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;
    ~Writer() {
        if (fits_) {
            c_.setSize(static_cast<size_t>(at_ - c_.getCode()));
        } else {
            for (unsigned n = 0; n < kLongest; n++) c_.db(0xcc);  // the assembler notes the overflow
        }
    }
    void byte(unsigned value) { *at_++ = static_cast<uint8_t>(value); }
    template <typename T>
    void word(T value) {
        std::memcpy(at_, &value, sizeof value);
        at_ += sizeof value;
    }

  private:
    Xbyak::CodeGenerator& c_;
    size_t size_;
    uint8_t* at_;
    bool fits_;
    uint8_t nowhere_[kLongest];
};

void opcode(Writer& w, const Form& form, int reg, int index, int base) {
    if (form.prefix) w.byte(form.prefix);
    const unsigned rex =
        (form.wide ? 8u : 0u) | (reg & 8 ? 4u : 0u) | (index & 8 ? 2u : 0u) | (base & 8 ? 1u : 0u);
    if (rex || (form.byte_register && reg >= 4)) w.byte(0x40 | rex);
    if (form.escape) w.byte(0x0f);
    w.byte(form.opcode);
}

void memory(Writer& w, int reg, const HostAddress& at) {
    const unsigned low = static_cast<unsigned>(reg & 7) << 3;
    const unsigned sib = at.scale << 6 | (at.index == kNone ? 4u : static_cast<unsigned>(at.index & 7)) << 3;
    if (at.base == kNone) {  // an absolute address, without rip
        w.byte(low | 4);
        w.byte(sib | 5);
        w.word(at.displacement);
        return;
    }
    const int rm = at.base & 7;
    const bool tiny = at.displacement == static_cast<int8_t>(at.displacement);
    const unsigned mod = at.displacement == 0 && rm != kNeedsDisplacement ? 0 : tiny ? 0x40 : 0x80;
    if (at.index != kNone || rm == kNeedsSib) {
        w.byte(mod | low | 4);
        w.byte(sib | static_cast<unsigned>(rm));
    } else {
        w.byte(mod | low | static_cast<unsigned>(rm));
    }
    if (mod == 0x40) w.byte(static_cast<unsigned>(at.displacement));
    if (mod == 0x80) w.word(at.displacement);
}

}  // namespace

void encode(Xbyak::CodeGenerator& c, const Form& form, int reg, int rm) {
    Writer w(c);
    opcode(w, form, reg, 0, rm);
    w.byte(0xc0 | static_cast<unsigned>(reg & 7) << 3 | static_cast<unsigned>(rm & 7));
}

HostAddress::HostAddress(const Xbyak::RegExp& at) : displacement(static_cast<int32_t>(at.getDisp())) {
    if (at.getBase().getBit()) base = at.getBase().getIdx();
    if (!at.getIndex().getBit()) return;
    index = at.getIndex().getIdx();
    scale = static_cast<unsigned>(__builtin_ctz(static_cast<unsigned>(at.getScale())));
}

void encode(Xbyak::CodeGenerator& c, const Form& form, int reg, const HostAddress& at) {
    Writer w(c);
    opcode(w, form, reg, at.index == kNone ? 0 : at.index, at.base == kNone ? 0 : at.base);
    memory(w, reg, at);
}

void encode(Xbyak::CodeGenerator& c, const Form& form, int reg, int base, int32_t displacement) {
    HostAddress at;
    at.base = base;
    at.displacement = displacement;
    encode(c, form, reg, at);
}

void encode_alu(Xbyak::CodeGenerator& c, AluCode code, bool wide, int to, const Xbyak::Operand& from) {
    const Form form{static_cast<uint8_t>(static_cast<unsigned>(code) << 3 | 3), wide};
    if (from.isMEM()) {
        encode(c, form, to, HostAddress(static_cast<const Xbyak::Address&>(from).getRegExp()));
    } else {
        encode(c, form, to, from.getIdx());
    }
}

void encode_alu(Xbyak::CodeGenerator& c, AluCode code, bool wide, int to, int32_t immediate) {
    const bool tiny = immediate == static_cast<int8_t>(immediate);
    Writer w(c);
    opcode(w, {static_cast<uint8_t>(tiny ? 0x83 : 0x81), wide}, 0, 0, to);
    w.byte(0xc0 | static_cast<unsigned>(code) << 3 | static_cast<unsigned>(to & 7));
    if (tiny) {
        w.byte(static_cast<unsigned>(immediate));
    } else {
        w.word(immediate);
    }
}

void encode_constant(Xbyak::CodeGenerator& c, int to, uint64_t value) {
    const unsigned low = static_cast<unsigned>(to & 7);
    Writer w(c);
    if (value == static_cast<uint32_t>(value)) {
        if (to >= 8) w.byte(0x41);
        w.byte(0xb8 | low);
        w.word(static_cast<uint32_t>(value));
    } else if (static_cast<int64_t>(value) == static_cast<int32_t>(value)) {
        opcode(w, {0xc7, true}, 0, 0, to);
        w.byte(0xc0 | low);
        w.word(static_cast<int32_t>(value));
    } else {
        w.byte(0x48 | (to >= 8 ? 1u : 0u));
        w.byte(0xb8 | low);
        w.word(value);
    }
}

}  // namespace armature::translator::x64
