// SPDX-License-Identifier: MIT
// The reference for the code generator's tests: each operation in the plainest C++.
#include <bit>

#include "x64_machine.h"

namespace armature::test {
namespace {

using ir::Cond;
using ir::Inst;
using ir::Op;
using ir::Type;

struct Cell {
    uint64_t lo = 0;
    uint64_t hi = 0;
    unsigned nzcv = 0;  // of a Flags value; of the flags an S operation makes
};

bool holds(Cond cond, unsigned f) {
    const bool n = f & 8;
    const bool z = f & 4;
    const bool c = f & 2;
    const bool v = f & 1;
    bool r = true;
    switch (static_cast<unsigned>(cond) / 2) {
        case 0:
            r = z;
            break;
        case 1:
            r = c;
            break;
        case 2:
            r = n;
            break;
        case 3:
            r = v;
            break;
        case 4:
            r = c && !z;
            break;
        case 5:
            r = n == v;
            break;
        case 6:
            r = n == v && !z;
            break;
        default:
            return true;
    }
    return static_cast<unsigned>(cond) & 1 ? !r : r;
}

uint64_t truncated(unsigned bits, uint64_t value) {
    return bits == 64 ? value : value & ((uint64_t{1} << bits) - 1);
}
int64_t extended(unsigned bits, uint64_t value) {
    return static_cast<int64_t>(value << (64 - bits)) >> (64 - bits);
}

uint64_t add(unsigned bits, uint64_t a, uint64_t b, unsigned carry, unsigned* nzcv) {
    a = truncated(bits, a);
    b = truncated(bits, b);
    const auto wide = static_cast<unsigned __int128>(a) + b + carry;
    const uint64_t result = truncated(bits, static_cast<uint64_t>(wide));
    const bool n = result >> (bits - 1) & 1;
    const bool c = wide >> bits & 1;
    const bool v = ((a ^ result) & (b ^ result)) >> (bits - 1) & 1;
    *nzcv = (n ? 8u : 0) | (result == 0 ? 4u : 0) | (c ? 2u : 0) | (v ? 1u : 0);
    return result;
}

uint64_t reverse_bits(unsigned bits, uint64_t value) {
    uint64_t result = 0;
    for (unsigned n = 0; n < bits; n++) {
        if (value >> n & 1) result |= uint64_t{1} << (bits - 1 - n);
    }
    return result;
}

uint64_t crc32(uint32_t crc, uint64_t data, unsigned bytes, bool castagnoli) {
    const uint32_t polynomial = castagnoli ? 0x82f63b78 : 0xedb88320;
    for (unsigned n = 0; n < bytes * 8; n++, data >>= 1) {
        const bool bit = (crc ^ data) & 1;
        crc = crc >> 1 ^ (bit ? polynomial : 0);
    }
    return crc;
}

uint64_t divide(unsigned bits, uint64_t a, uint64_t b, bool is_signed) {
    if (b == 0) return 0;
    if (!is_signed) return a / b;
    const int64_t n = extended(bits, a);
    const int64_t d = extended(bits, b);
    if (d == -1) return truncated(bits, 0 - static_cast<uint64_t>(n));
    return truncated(bits, static_cast<uint64_t>(n / d));
}

class Interpreter {
  public:
    Interpreter(const ir::Block& block, CpuState& state, uint64_t forbidden)
        : block_(block), cpu_(state), forbidden_(forbidden), cells_(block.insts.size()) {}

    uint64_t run() {
        for (uint32_t id = 1; id < cells_.size(); id++) {
            const Inst& i = block_.insts[id];
            if ((ir::info(i.op).traits & ir::kFaults) && address(i) - forbidden_ < kPage) return kFaulted;
            cells_[id] = step(i);
            if (i.type == Type::I32) cells_[id].lo = static_cast<uint32_t>(cells_[id].lo);
        }
        return finish();
    }

  private:
    static constexpr uint64_t kPage = 4096;
    const Cell& get(ir::Value value) const { return cells_[value.id]; }
    uint64_t address(const Inst& i) const { return get(i.a).lo + (i.b ? get(i.b).lo << i.scale : 0) + i.imm; }
    static uint64_t read(uint64_t at, unsigned bytes) {
        uint64_t value = 0;
        std::memcpy(&value, reinterpret_cast<const void*>(at), bytes);
        return value;
    }
    static void write(uint64_t at, uint64_t value, unsigned bytes) {
        std::memcpy(reinterpret_cast<void*>(at), &value, bytes);
    }

    uint64_t finish() const {
        const ir::Terminator& end = block_.end;
        const uint64_t a = end.a ? get(end.a).lo : 0;
        switch (end.kind) {
            case ir::Terminator::Jump:
                return end.target;
            case ir::Terminator::IfCond:
                return holds(end.cond, get(end.a).nzcv) ? end.target : end.next;
            case ir::Terminator::IfZero:
                return a == 0 ? end.target : end.next;
            case ir::Terminator::IfNotZero:
                return a != 0 ? end.target : end.next;
            case ir::Terminator::IfBitClear:
                return a >> end.bit & 1 ? end.next : end.target;
            case ir::Terminator::IfBitSet:
                return a >> end.bit & 1 ? end.target : end.next;
            case ir::Terminator::Indirect:
            case ir::Terminator::Return:
                return a;
            default:
                return 0;
        }
    }

    Cell atomic(const Inst& i, uint64_t (*f)(unsigned bits, uint64_t old, uint64_t operand)) {
        const unsigned bits = i.width * 8u;
        const uint64_t old = read(address(i), i.width);
        write(address(i), f(bits, old, truncated(bits, get(i.c).lo)), i.width);
        return {old};
    }

    Cell step(const Inst& i) {
        const unsigned bits = i.type == Type::I64 ? 64 : 32;
        const uint64_t a = i.a ? get(i.a).lo : 0;
        const uint64_t b = i.b ? get(i.b).lo : 0;
        const uint64_t n = b & (bits - 1);
        const unsigned lsb = i.imm & 0xff;
        const unsigned count = i.imm >> 8 & 0xff;
        unsigned nzcv = 0;
        switch (i.op) {
            case Op::Const:
                return {i.imm};
            case Op::GetX:
                return {i.imm == 31 ? cpu_.sp : cpu_.x[i.imm]};
            case Op::SetX:
                (i.imm == 31 ? cpu_.sp : cpu_.x[i.imm]) = a;
                return {};
            case Op::GetV:
                return {cpu_.v[i.imm].lo, cpu_.v[i.imm].hi};
            case Op::SetV:
                cpu_.v[i.imm] = {get(i.a).lo, get(i.a).hi};
                return {};
            case Op::GetFlags:
                return {0, 0, cpu_.nzcv() >> 28};
            case Op::SetFlags:
                cpu_.set_nzcv(get(i.a).nzcv << 28);
                return {};
            case Op::LoadState:
                return {read(reinterpret_cast<uint64_t>(&cpu_) + i.imm, i.width)};
            case Op::StoreState:
                write(reinterpret_cast<uint64_t>(&cpu_) + i.imm, a, i.width);
                return {};
            case Op::Trunc:
            case Op::ZExt32:
                return {static_cast<uint32_t>(a)};
            case Op::SExt32:
                return {static_cast<uint64_t>(extended(32, a))};
            case Op::ZExt8:
                return {a & 0xff};
            case Op::ZExt16:
                return {a & 0xffff};
            case Op::SExt8:
                return {static_cast<uint64_t>(extended(8, a))};
            case Op::SExt16:
                return {static_cast<uint64_t>(extended(16, a))};
            case Op::Add:
                return {a + b};
            case Op::Sub:
                return {a - b};
            case Op::And:
                return {a & b};
            case Op::Or:
                return {a | b};
            case Op::Xor:
                return {a ^ b};
            case Op::AndNot:
                return {a & ~b};
            case Op::Not:
                return {~a};
            case Op::Neg:
                return {0 - a};
            case Op::Mul:
                return {a * b};
            case Op::UMulH:
                return {static_cast<uint64_t>(static_cast<unsigned __int128>(a) * b >> 64)};
            case Op::SMulH:
                return {static_cast<uint64_t>(
                    static_cast<__int128>(static_cast<int64_t>(a)) * static_cast<int64_t>(b) >> 64)};
            case Op::UDiv:
                return {divide(bits, a, b, false)};
            case Op::SDiv:
                return {divide(bits, a, b, true)};
            case Op::Shl:
                return {a << n};
            case Op::Shr:
                return {truncated(bits, a) >> n};
            case Op::Sar:
                return {static_cast<uint64_t>(extended(bits, a) >> n)};
            case Op::Ror:
                return {bits == 64 ? std::rotr(a, static_cast<int>(n))
                                   : std::rotr(static_cast<uint32_t>(a), static_cast<int>(n))};
            case Op::Extract:
                return {i.imm ? (b >> i.imm) | (a << (bits - i.imm)) : b};
            case Op::Ubfx:
                return {truncated(count, a >> lsb)};
            case Op::Sbfx:
                return {static_cast<uint64_t>(extended(count, a >> lsb))};
            case Op::Bfi: {
                const uint64_t mask = truncated(count, ~uint64_t{0}) << lsb;
                return {(a & ~mask) | (b << lsb & mask)};
            }
            case Op::Clz:
                return {static_cast<uint64_t>(std::countl_zero(a)) - (64 - bits)};
            case Op::Cls: {
                const uint64_t x = static_cast<uint64_t>(extended(bits, a));
                return {static_cast<uint64_t>(
                            std::countl_zero(x ^ static_cast<uint64_t>(static_cast<int64_t>(x) >> 63))) -
                        1 - (64 - bits)};
            }
            case Op::Rbit:
                return {reverse_bits(bits, a)};
            case Op::Bswap:
                return {bits == 64 ? __builtin_bswap64(a) : __builtin_bswap32(static_cast<uint32_t>(a))};
            case Op::Rev16:
                return {(a >> 8 & 0x00ff00ff00ff00ff) | (a & 0x00ff00ff00ff00ff) << 8};
            case Op::Crc32:
                return {crc32(static_cast<uint32_t>(a), b, i.width, i.imm != 0)};
            case Op::AddS:
                return {add(bits, a, b, 0, &nzcv), 0, nzcv};
            case Op::SubS:
                return {add(bits, a, ~b, 1, &nzcv), 0, nzcv};
            case Op::AdcS:
            case Op::Adc:
                return {add(bits, a, b, get(i.c).nzcv >> 1 & 1, &nzcv), 0, nzcv};
            case Op::SbcS:
            case Op::Sbc:
                return {add(bits, a, ~b, get(i.c).nzcv >> 1 & 1, &nzcv), 0, nzcv};
            case Op::AndS: {
                const uint64_t r = truncated(bits, a & b);
                return {r, 0, (r >> (bits - 1) & 1 ? 8u : 0) | (r == 0 ? 4u : 0)};
            }
            case Op::FlagsOf:
                return {0, 0, get(i.a).nzcv};
            case Op::FlagsFromNzcv:
                return {0, 0, static_cast<unsigned>(a >> 28 & 0xf)};
            case Op::NzcvFromFlags:
                return {uint64_t{get(i.a).nzcv} << 28};
            case Op::FlagsNzcv:
                return {0, 0, static_cast<unsigned>(i.imm & 0xf)};
            case Op::CcmpSub:
            case Op::CcmpAdd:
                if (!holds(i.cond, get(i.a).nzcv)) return {0, 0, static_cast<unsigned>(i.imm & 0xf)};
                if (i.op == Op::CcmpSub) {
                    add(i.width * 8u, b, ~get(i.c).lo, 1, &nzcv);
                } else {
                    add(i.width * 8u, b, get(i.c).lo, 0, &nzcv);
                }
                return {0, 0, nzcv};
            case Op::SelectFlags:
            case Op::Select:
            case Op::SelectV:
                return holds(i.cond, get(i.a).nzcv) ? get(i.b) : get(i.c);
            case Op::CondBit:
                return {holds(i.cond, get(i.a).nzcv) ? 1u : 0};
            case Op::Load:
            case Op::LoadV:
                if (i.width == 16) return {read(address(i), 8), read(address(i) + 8, 8)};
                return {read(address(i), i.width)};
            case Op::LoadSigned:
                return {static_cast<uint64_t>(extended(i.width * 8u, read(address(i), i.width)))};
            case Op::Store:
            case Op::StoreRelease:
            case Op::StoreV:
                if (i.width == 16) {
                    write(address(i), get(i.c).lo, 8);
                    write(address(i) + 8, get(i.c).hi, 8);
                    return {};
                }
                write(address(i), get(i.c).lo, i.width);
                return {};
            case Op::AtomicAdd:
                return atomic(i, [](unsigned, uint64_t old, uint64_t x) { return old + x; });
            case Op::AtomicClear:
                return atomic(i, [](unsigned, uint64_t old, uint64_t x) { return old & ~x; });
            case Op::AtomicSet:
                return atomic(i, [](unsigned, uint64_t old, uint64_t x) { return old | x; });
            case Op::AtomicXor:
                return atomic(i, [](unsigned, uint64_t old, uint64_t x) { return old ^ x; });
            case Op::AtomicSwap:
                return atomic(i, [](unsigned, uint64_t, uint64_t x) { return x; });
            case Op::AtomicSMax:
                return atomic(i, [](unsigned w, uint64_t old, uint64_t x) {
                    return extended(w, old) > extended(w, x) ? old : x;
                });
            case Op::AtomicSMin:
                return atomic(i, [](unsigned w, uint64_t old, uint64_t x) {
                    return extended(w, old) < extended(w, x) ? old : x;
                });
            case Op::AtomicUMax:
                return atomic(i, [](unsigned, uint64_t old, uint64_t x) { return old > x ? old : x; });
            case Op::AtomicUMin:
                return atomic(i, [](unsigned, uint64_t old, uint64_t x) { return old < x ? old : x; });
            case Op::Cas: {
                const uint64_t old = read(address(i), i.width);
                if (old == truncated(i.width * 8u, get(i.c).lo)) write(address(i), get(i.d).lo, i.width);
                return {old};
            }
            case Op::Cas128: {
                const Cell old{read(address(i), 8), read(address(i) + 8, 8)};
                if (old.lo == get(i.c).lo && old.hi == get(i.c).hi) {
                    write(address(i), get(i.d).lo, 8);
                    write(address(i) + 8, get(i.d).hi, 8);
                }
                return old;
            }
            case Op::Fence:
                return {};
            default:
                __builtin_trap();
        }
    }

    const ir::Block& block_;
    CpuState& cpu_;
    uint64_t forbidden_;
    std::vector<Cell> cells_;
};

}  // namespace

uint64_t interpret(const ir::Block& block, CpuState& cpu, uint64_t forbidden) {
    return Interpreter(block, cpu, forbidden).run();
}

}  // namespace armature::test
