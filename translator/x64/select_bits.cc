// SPDX-License-Identifier: MIT
// Shifts, bit fields, bit counts, reversals, CRC32.
#include <array>

#include "translator/x64/emit.h"

namespace armature::translator::x64 {

using ir::Inst;
using ir::Type;
using Xbyak::Operand;
using Xbyak::Reg;
using Xbyak::Reg32e;
using Xbyak::Reg64;
using Xbyak::util::cl;
using Xbyak::util::eax;
using Xbyak::util::rax;
using Xbyak::util::rcx;

namespace {

enum class Shift { Left, Right, Arithmetic, Rotate };

void shift_by(Context& e, Shift kind, const Reg& d, int count) {
    switch (kind) {
        case Shift::Left:
            return e.c.shl(d, count);
        case Shift::Right:
            return e.c.shr(d, count);
        case Shift::Arithmetic:
            return e.c.sar(d, count);
        case Shift::Rotate:
            return e.c.ror(d, count);
    }
}

// BMI2: any register for the count, no EFLAGS.
void shift_without_flags(Context& e, Shift kind, const Reg32e& d, const Operand& a, const Reg32e& count) {
    switch (kind) {
        case Shift::Left:
            return e.c.shlx(d, a, count);
        case Shift::Right:
            return e.c.shrx(d, a, count);
        default:
            return e.c.sarx(d, a, count);
    }
}

Reg32e wide_or_narrow(Type type, Reg64 r) {
    return type == Type::I64 ? static_cast<Reg32e>(r) : static_cast<Reg32e>(r.cvt32());
}

void shift_by_constant(Context& e, const Inst& i, Shift kind, unsigned count) {
    Allocator& r = impl(e);
    const bool busy = r.flags_busy();
    if (kind == Shift::Rotate && e.host.bmi2 && (busy || !r.reuses(i.a))) {
        const Operand& a = e.use_rm(i.a, bits_of(i.type));
        e.c.rorx(wide_or_narrow(i.type, r.def_last(self(e))), a, static_cast<uint8_t>(count));
        return;
    }
    if (kind == Shift::Left && count <= 3 && (busy || !r.reuses(i.a))) {
        const Reg64 a = e.use(i.a);
        const Xbyak::RegExp exp = count == 1 ? a + a : Xbyak::RegExp(a * (1 << count));
        e.c.lea(reg(i.type, r.def_last(self(e))), e.c.ptr[exp]);
        return;
    }
    if (busy && e.host.bmi2 && kind != Shift::Rotate) {
        const Operand& a = e.use_rm(i.a, bits_of(i.type));
        const Reg64 n = e.temp();
        e.c.mov(n.cvt32(), count);
        shift_without_flags(e, kind, wide_or_narrow(i.type, e.def(self(e))), a, wide_or_narrow(i.type, n));
        return;
    }
    e.clobber_flags();
    shift_by(e, kind, reg(i.type, e.def_as(self(e), i.a)), static_cast<int>(count));
}

void shift(Context& e, const Inst& i, Shift kind) {
    uint64_t count = 0;
    if (impl(e).constant(i.b, &count)) {
        return shift_by_constant(e, i, kind, static_cast<unsigned>(count) & (bits_of(i.type) - 1));
    }
    if (e.host.bmi2 && kind != Shift::Rotate) {
        const Reg64 n = e.use(i.b);
        const Operand& a = e.use_rm(i.a, bits_of(i.type));
        shift_without_flags(e, kind, wide_or_narrow(i.type, impl(e).def_last(self(e))), a,
                            wide_or_narrow(i.type, n));
        return;
    }
    e.clobber_flags();
    e.use_in(i.b, rcx);
    const Reg d = reg(i.type, e.def_as(self(e), i.a));
    switch (kind) {
        case Shift::Left:
            return e.c.shl(d, cl);
        case Shift::Right:
            return e.c.shr(d, cl);
        case Shift::Arithmetic:
            return e.c.sar(d, cl);
        case Shift::Rotate:
            return e.c.ror(d, cl);
    }
}

struct Field {
    unsigned lsb;
    unsigned bits;
};
Field field(const Inst& i) {
    return {static_cast<unsigned>(i.imm & 0xff), static_cast<unsigned>(i.imm >> 8 & 0xff)};
}

}  // namespace

void emit_Shl(Context& e, const Inst& i) {
    shift(e, i, Shift::Left);
}
void emit_Shr(Context& e, const Inst& i) {
    shift(e, i, Shift::Right);
}
void emit_Sar(Context& e, const Inst& i) {
    shift(e, i, Shift::Arithmetic);
}
void emit_Ror(Context& e, const Inst& i) {
    shift(e, i, Shift::Rotate);
}

void emit_Extract(Context& e, const Inst& i) {
    if (impl(e).root(i.a) == impl(e).root(i.b))
        return shift_by_constant(e, i, Shift::Rotate, static_cast<unsigned>(i.imm));
    e.clobber_flags();
    const Reg a = reg(i.type, e.use(i.a));
    const Reg d = reg(i.type, e.def_as(self(e), i.b));
    e.c.shrd(d, a, static_cast<uint8_t>(i.imm));
}

// --- Bit fields

void emit_Ubfx(Context& e, const Inst& i) {
    const auto [lsb, bits] = field(i);
    const unsigned width = bits_of(i.type);
    if (lsb == 0 && bits == 32) {
        const Operand& a = e.use_rm(i.a, 32);
        e.c.mov(impl(e).def_last(self(e)).cvt32(), a);
        return;
    }
    if (lsb % 8 == 0 && (bits == 8 || bits == 16) && lsb == 0) {
        const Operand& a = e.use_rm(i.a, bits);
        e.c.movzx(impl(e).def_last(self(e)).cvt32(), a);
        return;
    }
    e.clobber_flags();
    const Reg64 d = e.def_as(self(e), i.a);
    if (lsb + bits == width) {
        e.c.shr(reg(i.type, d), static_cast<int>(lsb));
    } else if (bits < 32) {
        if (lsb) e.c.shr(reg(i.type, d), static_cast<int>(lsb));
        if (bits == 8 || bits == 16) {
            e.c.movzx(d.cvt32(), sized(d, bits));
        } else {
            e.c.and_(d.cvt32(), (1u << bits) - 1);
        }
    } else if (lsb && bits == 32) {
        e.c.shr(d, static_cast<int>(lsb));
        e.c.mov(d.cvt32(), d.cvt32());
    } else {
        e.c.shl(d, static_cast<int>(64 - lsb - bits));
        e.c.shr(d, static_cast<int>(64 - bits));
    }
}

void emit_Sbfx(Context& e, const Inst& i) {
    const auto [lsb, bits] = field(i);
    const unsigned width = bits_of(i.type);
    if (lsb == 0 && (bits == 8 || bits == 16)) {
        const Operand& a = e.use_rm(i.a, bits);
        e.c.movsx(reg(i.type, impl(e).def_last(self(e))), a);
        return;
    }
    if (lsb == 0 && bits == 32 && width == 64) {
        const Operand& a = e.use_rm(i.a, 32);
        e.c.movsxd(impl(e).def_last(self(e)), a);
        return;
    }
    e.clobber_flags();
    const Reg d = reg(i.type, e.def_as(self(e), i.a));
    if (width != lsb + bits) e.c.shl(d, static_cast<int>(width - lsb - bits));
    e.c.sar(d, static_cast<int>(width - bits));
}

// The field is rotated to the bottom, replaced by shifting b in from above, and rotated back: no masks, no
// temporary.
void emit_Bfi(Context& e, const Inst& i) {
    const auto [lsb, bits] = field(i);
    const unsigned width = bits_of(i.type);
    e.clobber_flags();
    const Reg b = reg(i.type, e.use(i.b));
    const Reg d = reg(i.type, e.def_as(self(e), i.a));
    if (bits == width) {
        e.c.mov(d, b);
        return;
    }
    if (lsb) e.c.ror(d, static_cast<int>(lsb));
    e.c.shrd(d, b, static_cast<uint8_t>(bits));
    const unsigned back = (lsb + bits) % width;
    if (back) e.c.rol(d, static_cast<int>(back));
}

// --- Counts and reversals

void emit_Clz(Context& e, const Inst& i) {
    e.clobber_flags();
    const unsigned width = bits_of(i.type);
    const Operand& a = e.use_rm(i.a, width);
    if (e.host.lzcnt) {
        e.c.lzcnt(reg(i.type, impl(e).def_last(self(e))), a);
        return;
    }
    const Reg d = reg(i.type, e.def(self(e)));
    e.c.bsr(reg(i.type, rax), a);
    e.c.mov(d.cvt32(), 2 * width - 1);
    e.c.cmovz(eax, d.cvt32());
    e.c.xor_(eax, width - 1);
    e.c.mov(d.cvt32(), eax);
}

// Leading bits equal to the sign bit: the leading zeros of x ^ (x << 1), with a one below that stops the
// count.
void emit_Cls(Context& e, const Inst& i) {
    e.clobber_flags();
    const unsigned width = bits_of(i.type);
    const Reg64 a = e.use(i.a);
    const Reg d = reg(i.type, e.def(self(e)));
    const Reg t = reg(i.type, rax);
    e.c.lea(t, e.c.ptr[a + a]);
    e.c.xor_(t, reg(i.type, a));
    e.c.or_(t, 1);
    if (e.host.lzcnt) {
        e.c.lzcnt(d, t);
    } else {
        e.c.bsr(d, t);
        e.c.xor_(d.cvt32(), width - 1);
    }
}

void emit_Bswap(Context& e, const Inst& i) {
    e.c.bswap(wide_or_narrow(i.type, e.def_as(self(e), i.a)));
}

namespace {

// d = bits of d exchanged in groups of `distance`, `mask` naming the lower group of each pair.
void swap_groups(Context& e, Type type, Reg64 d, Reg64 t, unsigned distance, uint64_t mask) {
    const Reg low = reg(type, rax);
    const Reg high = reg(type, d);
    e.c.mov(low, high);
    e.c.shr(high, static_cast<int>(distance));
    if (type == Type::I64) {
        e.c.mov(t, mask);
        e.c.and_(low, t);
        e.c.and_(high, t);
    } else {
        e.c.and_(low, static_cast<uint32_t>(mask));
        e.c.and_(high, static_cast<uint32_t>(mask));
    }
    e.c.shl(low, static_cast<int>(distance));
    e.c.or_(high, low);
}

}  // namespace

void emit_Rbit(Context& e, const Inst& i) {
    e.clobber_flags();
    const Reg64 t = e.temp();
    const Reg64 d = e.def_as(self(e), i.a);
    e.c.bswap(wide_or_narrow(i.type, d));
    swap_groups(e, i.type, d, t, 4, 0x0f0f0f0f0f0f0f0f);
    swap_groups(e, i.type, d, t, 2, 0x3333333333333333);
    swap_groups(e, i.type, d, t, 1, 0x5555555555555555);
}

void emit_Rev16(Context& e, const Inst& i) {
    e.clobber_flags();
    if (i.type == Type::I32) {
        const Reg64 d = e.def_as(self(e), i.a);
        e.c.bswap(d.cvt32());
        e.c.rol(d.cvt32(), 16);
        return;
    }
    const Reg64 t = e.temp();
    const Reg64 d = e.def_as(self(e), i.a);
    swap_groups(e, i.type, d, t, 8, 0x00ff00ff00ff00ff);
}

// --- CRC32

namespace {

constexpr uint32_t kCrc32 = 0xedb88320;   // IEEE 802.3, reflected
constexpr uint32_t kCrc32c = 0x82f63b78;  // Castagnoli, reflected

constexpr std::array<uint32_t, 256> crc_table(uint32_t polynomial) {
    std::array<uint32_t, 256> table{};
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int n = 0; n < 8; n++) crc = crc >> 1 ^ (crc & 1 ? polynomial : 0);
        table[byte] = crc;
    }
    return table;
}
constexpr auto kCrc32Table = crc_table(kCrc32);
constexpr auto kCrc32cTable = crc_table(kCrc32c);

// scratch: [0] sum so far and result, [1] data, [2] bytes, [3] is it CRC32C.
void crc32_by_table(guest::CpuState* cpu) {
    const auto& table = cpu->scratch[3] ? kCrc32cTable : kCrc32Table;
    auto crc = static_cast<uint32_t>(cpu->scratch[0]);
    uint64_t data = cpu->scratch[1];
    for (uint64_t n = 0; n < cpu->scratch[2]; n++, data >>= 8) crc = crc >> 8 ^ table[(crc ^ data) & 0xff];
    cpu->scratch[0] = crc;
}

// The carry-less way: with reflected polynomials, x = (sum ^ data) << (64 - n) is multiplied by the
// polynomial's inverse (giving the quotient) and by the polynomial; what is left above is the remainder.
struct Barrett {
    uint64_t inverse;     // floor(x^64 / P), reflected, without its lowest coefficient's carry: 64 bits
    uint64_t polynomial;  // P without x^32, reflected, times x
};

// The inverse of P as a power series in the reflected representation: 64 coefficients of 1 / P.
constexpr Barrett barrett(uint32_t reflected) {
    // P = 1 + sum p_k x^k in reflected bit order (bit k of `p` is the coefficient of x^(k)): 33 bits, lowest
    // is x^32's.
    const uint64_t p = uint64_t{reflected} << 1 | 1;
    uint64_t inverse = 0;
    uint64_t remainder = 1;
    for (int n = 0; n < 64; n++) {
        if (remainder >> n & 1) {
            inverse |= uint64_t{1} << n;
            remainder ^= p << n;
        }
    }
    return {inverse, p};
}

}  // namespace

void emit_Crc32(Context& e, const Inst& i) {
    const unsigned bytes = i.width;
    e.clobber_flags();
    if (i.imm && e.host.sse42) {
        const Operand& data = e.use_rm(i.b, bytes * 8);
        const Reg64 d = e.def_as(self(e), i.a);
        if (bytes == 8) {
            e.c.crc32(d, data);
        } else {
            e.c.crc32(d.cvt32(), data);
        }
        return;
    }
    if (e.host.pclmul) {
        const Barrett constants = barrett(i.imm ? kCrc32c : kCrc32);
        const Reg64 a = e.use(i.a);
        const Reg64 b = e.use(i.b);
        const Xbyak::Xmm x = e.vtemp();
        const Xbyak::Xmm k = e.vtemp();
        // n bits of (sum ^ data); the sum's other bits join at the end.
        if (bytes < 8) {
            e.c.mov(eax, a.cvt32());
            e.c.xor_(eax, b.cvt32());
            if (bytes < 4) e.c.shl(rax, static_cast<int>(64 - bytes * 8));
            if (bytes == 4) e.c.shl(rax, 32);
        } else {
            e.c.mov(eax, a.cvt32());
            e.c.xor_(rax, b);
        }
        e.c.movq(x, rax);
        e.c.movdqa(k, e.constant128(constants.inverse, constants.polynomial));
        e.c.pclmulqdq(x, k, 0x00);  // low 64 bits: the quotient
        e.c.pclmulqdq(x, k, 0x10);  // times P: 97 bits, of which 64..95 are the remainder
        const Reg64 d = e.def(self(e));
        e.c.pextrd(eax, x, 2);
        if (bytes < 4) {
            e.c.mov(d.cvt32(), a.cvt32());
            e.c.shr(d.cvt32(), static_cast<int>(bytes * 8));
            e.c.xor_(d.cvt32(), eax);
        } else {
            e.c.mov(d.cvt32(), eax);
        }
        return;
    }
    constexpr size_t kScratch = offsetof(guest::CpuState, scratch);
    e.c.mov(e.state(kScratch, 64), e.use(i.a));
    e.c.mov(e.state(kScratch + 8, 64), e.use(i.b));
    e.c.mov(e.state(kScratch + 16, 64), bytes);
    e.c.mov(e.state(kScratch + 24, 64), static_cast<uint32_t>(i.imm != 0));
    e.call_cold(reinterpret_cast<const void*>(crc32_by_table));
    e.c.mov(e.def(self(e)).cvt32(), e.state(kScratch, 32));
}

}  // namespace armature::translator::x64
