// SPDX-License-Identifier: MIT
// Advanced SIMD load/store structures: LD1 to LD4, ST1 to ST4, one lane, and one structure in all lanes.
//
// The interleaved forms transfer whole registers and permute in registers: pairs and fours by zip and unzip,
// threes by byte shuffles. Plugins see LD1 and ST1 of whole registers in pieces of 8 bytes, the others
// element by element.
#include "translator/lift/memory.h"
#include "translator/lift/simd.h"

namespace armature::translator::lift {
namespace {

constexpr unsigned kMaxRegisters = 4;

// The address, and the base after a post-indexed access of `bytes` in all.
template <typename F>
Address structure_address(const Lifter& l, F f, unsigned bytes) {
    if constexpr (requires { f.m(); }) {
        if (f.m() == 31) return post_index(l, f.n(), bytes);
        const Value base = base_of(l, f.n());
        l.b.set_tag_checked(true);
        return {l.b.displaced(base, 0), f.n(), l.b.get_r(Type::I64, f.m())};
    } else {
        return based(l, f.n(), 0);
    }
}

ir::Displaced offset(const Address& address, unsigned bytes) {
    return address.at + bytes;
}

unsigned next(unsigned t, unsigned i) {
    return (t + i) % 32;
}

// --- LD1, ST1: registers one after the other

unsigned register_count(unsigned opcode) {
    return opcode == 7 ? 1 : opcode == 10 ? 2 : opcode == 6 ? 3 : 4;
}

void report_pieces(const Lifter& l, const Address& address, unsigned at, unsigned bytes, Value v,
                   bool store) {
    if (!l.b.reports_accesses()) return;
    for (unsigned half = 0; half < bytes / 8; half++) {
        l.b.report_access(offset(address, at + half * 8), vector_half(l, v, half),
                          store ? store_info(3) : load_info(3));
    }
}

template <typename F>
void load_registers(Lifter& l, F f) {
    const unsigned count = register_count(f.o());
    const unsigned bytes = f.Q() ? 16 : 8;
    const Address address = structure_address(l, f, count * bytes);
    Value loaded[kMaxRegisters];
    for (unsigned i = 0; i < count; i++) {
        loaded[i] = l.b.load_v(offset(address, i * bytes), bytes);
        report_pieces(l, address, i * bytes, bytes, loaded[i], false);
    }
    for (unsigned i = 0; i < count; i++) l.b.set_v(next(f.t(), i), loaded[i]);
    write_back(l, address);
}

template <typename F>
void store_registers(Lifter& l, F f) {
    const unsigned count = register_count(f.o());
    const unsigned bytes = f.Q() ? 16 : 8;
    const Address address = structure_address(l, f, count * bytes);
    for (unsigned i = 0; i < count; i++) {
        const Value v = l.b.get_v(next(f.t(), i));
        l.b.store_v(offset(address, i * bytes), v, bytes);
        report_pieces(l, address, i * bytes, bytes, v, true);
    }
    write_back(l, address);
}

// --- LD2 to LD4, ST2 to ST4. `regs` are the guest registers, `memory` 16-byte pieces of memory (the last may
// be 8).

struct Structures {
    const Lifter& l;
    const Simd s;
    unsigned lane;
    unsigned count;
    bool q;
    Value regs[kMaxRegisters] = {};
    Value memory[kMaxRegisters] = {};

    unsigned bytes() const { return count * (q ? 16 : 8); }
    unsigned pieces() const { return (bytes() + 15) / 16; }

    void deinterleave();
    void interleave();
    void report(const Address& address, bool store) const;

  private:
    Value gather(const Value* from, unsigned sources,
                 uint8_t (*source)(const Structures&, unsigned to, unsigned byte), unsigned to) const;
};

// Where byte `byte` of the `to`th result comes from: source * 16 + byte, for three interleaved registers.
uint8_t from_memory(const Structures& x, unsigned to, unsigned byte) {
    const unsigned size = 1u << x.lane;
    return static_cast<uint8_t>((byte / size * 3 + to) * size + byte % size);
}
uint8_t from_registers(const Structures& x, unsigned to, unsigned byte) {
    const unsigned size = 1u << x.lane;
    const unsigned element = (to * 16 + byte) / size;
    return static_cast<uint8_t>(element % 3 * 16 + element / 3 * size + byte % size);
}

Value Structures::gather(const Value* from, unsigned sources,
                         uint8_t (*source)(const Structures&, unsigned to, unsigned byte),
                         unsigned to) const {
    Value result;
    for (unsigned piece = 0; piece < sources; piece++) {
        uint64_t half[2] = {};
        bool any = false;
        for (unsigned byte = 0; byte < 16; byte++) {
            const unsigned at = source(*this, to, byte);
            const bool here = at / 16 == piece;
            any |= here;
            half[byte / 8] |= uint64_t{here ? at % 16 : 0x80} << byte % 8 * 8;
        }
        if (!any) continue;
        const Value part = s.op(Op::VShuffle, 0, from[piece], s.constant(half[0], half[1]));
        result = result ? s.or_(result, part) : part;
    }
    return result;
}

void Structures::deinterleave() {
    if (count == 3) {
        for (unsigned i = 0; i < 3; i++) regs[i] = gather(memory, pieces(), from_memory, i);
    } else if (count == 2) {
        const Value high = q ? memory[1] : memory[0];
        regs[0] = s.even(lane, memory[0], high);
        regs[1] = s.odd(lane, memory[0], high);
    } else {
        const auto quarter = [&](Value (Simd::*pick)(unsigned, Value, Value) const, Value* first,
                                 Value* second) {
            const Value low = (s.*pick)(lane, memory[0], memory[1]);
            const Value high = q ? (s.*pick)(lane, memory[2], memory[3]) : low;
            *first = s.even(lane, low, high);
            *second = s.odd(lane, low, high);
        };
        quarter(&Simd::even, &regs[0], &regs[2]);
        quarter(&Simd::odd, &regs[1], &regs[3]);
    }
    for (unsigned i = 0; i < count; i++) regs[i] = s.cut(regs[i], q ? 16 : 8);
}

void Structures::interleave() {
    const auto zip = [&](Op o, Value a, Value v) { return s.op(o, lane, a, v); };
    if (count == 3) {
        for (unsigned i = 0; i < pieces(); i++) memory[i] = gather(regs, 3, from_registers, i);
    } else if (count == 2) {
        memory[0] = zip(Op::VZip1, regs[0], regs[1]);
        if (q) memory[1] = zip(Op::VZip2, regs[0], regs[1]);
    } else {
        for (unsigned half = 0; half < (q ? 2u : 1u); half++) {
            const Op o = half ? Op::VZip2 : Op::VZip1;
            const Value even = zip(o, regs[0], regs[2]);
            const Value odd = zip(o, regs[1], regs[3]);
            memory[half * 2] = zip(Op::VZip1, even, odd);
            memory[half * 2 + 1] = zip(Op::VZip2, even, odd);
        }
    }
}

void Structures::report(const Address& address, bool store) const {
    if (!l.b.reports_accesses()) return;
    const unsigned elements = (q ? 16u : 8u) >> lane;
    for (unsigned i = 0; i < elements * count; i++) {
        const Value value = l.b.emit(Op::VExtractI, Type::I64, regs[i % count], {}, {}, {}, i / count,
                                     static_cast<uint8_t>(lane));
        l.b.report_access(offset(address, i << lane), value, store ? store_info(lane) : load_info(lane));
    }
}

template <typename F>
void load_structures(Lifter& l, F f, unsigned count) {
    Structures x{l, Simd{l.b}, f.s(), count, f.Q() != 0};
    const Address address = structure_address(l, f, x.bytes());
    for (unsigned i = 0; i < x.pieces(); i++) {
        const unsigned left = x.bytes() - i * 16;
        x.memory[i] = l.b.load_v(offset(address, i * 16), left < 16 ? left : 16);
    }
    x.deinterleave();
    x.report(address, false);
    write_back(l, address);
    for (unsigned i = 0; i < count; i++) l.b.set_v(next(f.t(), i), x.regs[i]);
}

template <typename F>
void store_structures(Lifter& l, F f, unsigned count) {
    Structures x{l, Simd{l.b}, f.s(), count, f.Q() != 0};
    const Address address = structure_address(l, f, x.bytes());
    for (unsigned i = 0; i < count; i++) x.regs[i] = l.b.get_v(next(f.t(), i));
    x.interleave();
    for (unsigned i = 0; i < x.pieces(); i++) {
        const unsigned left = x.bytes() - i * 16;
        l.b.store_v(offset(address, i * 16), x.memory[i], left < 16 ? left : 16);
    }
    x.report(address, true);
    write_back(l, address);
}

// --- One lane. Q:S:size give the lane's index, less what the lane's size leaves of it.

struct OneLane {
    unsigned lane;
    unsigned index;
};

template <typename F>
OneLane one_lane(F f) {
    const unsigned all = f.Q() << 3 | f.S() << 2 | f.s();
    switch (f.o()) {
        case 0:
            return {0, all};
        case 1:
            return {1, all >> 1};
        default:
            return f.s() & 1 ? OneLane{3, f.Q()} : OneLane{2, all >> 2};
    }
}

Value lane_value(const Lifter& l, const OneLane& x, Value v) {
    return l.b.emit(Op::VExtractI, Type::I64, v, {}, {}, {}, x.index, static_cast<uint8_t>(x.lane));
}

template <typename F>
void load_lane(Lifter& l, F f, unsigned count) {
    const OneLane x = one_lane(f);
    const unsigned size = 1u << x.lane;
    const Address address = structure_address(l, f, count * size);
    Value loaded[kMaxRegisters];
    for (unsigned i = 0; i < count; i++) {
        const Value v = l.b.get_v(next(f.t(), i));
        loaded[i] =
            l.b.access_v(Op::VLoadLane, Type::V128, offset(address, i * size), v, x.lane | x.index << 2);
    }
    for (unsigned i = 0; i < count && l.b.reports_accesses(); i++) {
        l.b.report_access(offset(address, i * size), lane_value(l, x, loaded[i]), load_info(x.lane));
    }
    write_back(l, address);
    for (unsigned i = 0; i < count; i++) l.b.set_v(next(f.t(), i), loaded[i]);
}

template <typename F>
void store_lane(Lifter& l, F f, unsigned count) {
    const OneLane x = one_lane(f);
    const unsigned size = 1u << x.lane;
    const Address address = structure_address(l, f, count * size);
    for (unsigned i = 0; i < count; i++) {
        const Value v = l.b.get_v(next(f.t(), i));
        l.b.access_v(Op::VStoreLane, Type::None, offset(address, i * size), v, x.lane | x.index << 2);
    }
    for (unsigned i = 0; i < count && l.b.reports_accesses(); i++) {
        const Value v = l.b.get_v(next(f.t(), i));
        l.b.report_access(offset(address, i * size), lane_value(l, x, v), store_info(x.lane));
    }
    write_back(l, address);
}

template <typename F>
void load_replicate(Lifter& l, F f, unsigned count) {
    const unsigned size = 1u << f.s();
    const Address address = structure_address(l, f, count * size);
    const Simd s{l.b, f.Q() ? 16u : 8u};
    Value loaded[kMaxRegisters];
    for (unsigned i = 0; i < count; i++) {
        loaded[i] = l.b.access_v(Op::VLoadDup, Type::V128, offset(address, i * size), {}, size);
    }
    for (unsigned i = 0; i < count && l.b.reports_accesses(); i++) {
        l.b.report_access(offset(address, i * size), lane_value(l, {f.s(), 0}, loaded[i]), load_info(f.s()));
    }
    write_back(l, address);
    for (unsigned i = 0; i < count; i++) l.b.set_v(next(f.t(), i), s.cut(loaded[i]));
}

}  // namespace

// Every instruction has a row without and one with post-index.
#define BOTH(Name, ...)    \
    HANDLER(Name) {        \
        __VA_ARGS__;       \
    }                      \
    HANDLER(Name##_post) { \
        __VA_ARGS__;       \
    }

BOTH(LD1_multiple, load_registers(*this, f))
BOTH(ST1_multiple, store_registers(*this, f))
BOTH(LD2_multiple, load_structures(*this, f, 2))
BOTH(ST2_multiple, store_structures(*this, f, 2))
BOTH(LD3_multiple, load_structures(*this, f, 3))
BOTH(ST3_multiple, store_structures(*this, f, 3))
BOTH(LD4_multiple, load_structures(*this, f, 4))
BOTH(ST4_multiple, store_structures(*this, f, 4))
BOTH(LD1_single, load_lane(*this, f, 1))
BOTH(ST1_single, store_lane(*this, f, 1))
BOTH(LD2_single, load_lane(*this, f, 2))
BOTH(ST2_single, store_lane(*this, f, 2))
BOTH(LD3_single, load_lane(*this, f, 3))
BOTH(ST3_single, store_lane(*this, f, 3))
BOTH(LD4_single, load_lane(*this, f, 4))
BOTH(ST4_single, store_lane(*this, f, 4))
BOTH(LD1R, load_replicate(*this, f, 1))
BOTH(LD2R, load_replicate(*this, f, 2))
BOTH(LD3R, load_replicate(*this, f, 3))
BOTH(LD4R, load_replicate(*this, f, 4))

}  // namespace armature::translator::lift
