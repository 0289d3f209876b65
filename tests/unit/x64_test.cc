// SPDX-License-Identifier: MIT
// The code generator against an interpreter: random blocks of integer operations, with operands in pinned
// registers, memory homes, constants and temporaries, more live values than registers, flags that must
// survive whatever destroys EFLAGS; once with all the host offers and once with each feature masked.
#include <gtest/gtest.h>

#include <cstdio>
#include <random>

#include "translator/hooks.h"
#include "translator/ir/builder.h"
#include "translator/ir/helpers.h"
#include "translator/x64/counting_callback.h"
#include "translator/x64/host_features.h"
#include "x64_machine.h"

using armature::guest::CpuState;
using armature::guest::Vec128;
using armature::support::Arena;
using armature::test::Machine;
namespace ir = armature::translator::ir;
namespace x64 = armature::translator::x64;
using ir::Cond;
using ir::Op;
using ir::Type;
using ir::Value;

namespace {

uint64_t weighted_sum(CpuState*, uint64_t a, uint64_t b, uint64_t c) {
    return a + 2 * b + 3 * c;
}

constexpr uint64_t kBlockAddress = 0x400000;
constexpr uint64_t kTarget = 0x500000;
constexpr uint64_t kNext = 0x7f0000600000;
constexpr size_t kDataSize = 256;

alignas(64) uint8_t data[kDataSize];

uint64_t forbidden_page() {
    static void* page = mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return reinterpret_cast<uint64_t>(page);
}

void print_block(const ir::Block& block) {
    ir::Printer::print(
        block, [](void*, const char* text, size_t size) { std::fwrite(text, 1, size, stderr); }, nullptr);
}

// Makes random blocks.
class Generator {
  public:
    Generator(Arena& arena, uint32_t seed) : b(arena), random_(seed) {}

    ir::Block block(unsigned size, bool memory) {
        b.begin(kBlockAddress);
        b.begin_guest(kBlockAddress, 0, 0);
        for (unsigned n = 0; n < 4; n++) get();
        vectors_.push_back(b.emit(Op::GetV, Type::V128, {}, {}, {}, {}, 0));
        vectors_.push_back(b.emit(Op::GetV, Type::V128, {}, {}, {}, {}, 20));
        for (unsigned n = 0; n < size; n++) step(memory);
        finish();
        return b.finish();
    }
    uint32_t pick(uint32_t limit) { return random_() % limit; }
    uint64_t number() {
        static constexpr uint64_t kSpecial[] = {0,
                                                1,
                                                2,
                                                0x7f,
                                                0x80,
                                                0xff,
                                                0xffff,
                                                0x7fffffff,
                                                0x80000000,
                                                0xffffffff,
                                                ~uint64_t{0},
                                                uint64_t{1} << 63,
                                                (uint64_t{1} << 63) - 1,
                                                0x100000000};
        if (pick(3)) return kSpecial[pick(std::size(kSpecial))];
        return uint64_t{static_cast<uint32_t>(random_())} << 32 | static_cast<uint32_t>(random_());
    }

  private:
    static constexpr Op kBinary[] = {Op::Add, Op::Sub,  Op::And,  Op::Or,  Op::Xor, Op::AndNot,
                                     Op::Mul, Op::UDiv, Op::SDiv, Op::Shl, Op::Shr, Op::Sar,
                                     Op::Ror, Op::Add,  Op::Sub,  Op::Add};
    static constexpr Op kUnary[] = {Op::ZExt8, Op::ZExt16, Op::SExt8, Op::SExt16, Op::Not,  Op::Neg,
                                    Op::Clz,   Op::Cls,    Op::Rbit,  Op::Bswap,  Op::Rev16};
    static constexpr Op kFlagSetters[] = {Op::AddS, Op::SubS, Op::SubS, Op::AndS};
    static constexpr Op kAtomic[] = {Op::AtomicAdd,  Op::AtomicClear, Op::AtomicSet,
                                     Op::AtomicXor,  Op::AtomicSwap,  Op::AtomicSMax,
                                     Op::AtomicSMin, Op::AtomicUMax,  Op::AtomicUMin};

    Type type() { return pick(2) ? Type::I64 : Type::I32; }
    std::vector<Value>& pool(Type t) { return t == Type::I64 ? wide_ : narrow_; }
    unsigned guest_register() {
        static constexpr uint8_t kChoice[] = {0, 1, 2, 5, 19, 31, 6, 7, 10, 22, 30};
        return kChoice[pick(std::size(kChoice))];
    }
    void get() { keep(b.emit(Op::GetX, Type::I64, {}, {}, {}, {}, guest_register())); }
    Value keep(Value value) {
        pool(b.type(value)).push_back(value);
        return value;
    }
    Value value(Type t) {
        if (pool(t).empty() || pick(8) == 0) return b.constant(t, number());
        // Mostly recent ones, so that values die.
        const std::vector<Value>& p = pool(t);
        const size_t range = pick(6) ? std::min<size_t>(p.size(), 5) : p.size();
        return p[p.size() - 1 - pick(static_cast<uint32_t>(range))];
    }
    Value vector() {
        return vectors_[vectors_.size() - 1 -
                        pick(std::min<uint32_t>(6, static_cast<uint32_t>(vectors_.size())))];
    }
    Value flags() {
        if (flags_.empty() || pick(6) == 0) {
            const Value f = pick(3) ? b.emit(Op::GetFlags, Type::Flags)
                                    : b.emit(Op::FlagsNzcv, Type::Flags, {}, {}, {}, {}, pick(16));
            flags_.push_back(f);
            return f;
        }
        return flags_[flags_.size() - 1 - pick(std::min<uint32_t>(3, static_cast<uint32_t>(flags_.size())))];
    }
    Value conditional(Op op, Type t, Value f, Value x = {}, Value y = {}, uint64_t imm = 0,
                      uint8_t width = 0) {
        const Value v = b.emit(op, t, f, x, y, {}, imm, width);
        b.inst(v).cond = static_cast<Cond>(pick(14));
        return v;
    }
    void access(Value address, Op op, Type t, Value c, Value d, uint8_t width) {
        // The address is the middle of the data plus an index that is masked to be small.
        const Value index = b.emit(Op::And, Type::I64, value(Type::I64), b.i64(7));
        const bool indexed = pick(2) && op != Op::Cas;
        const Value v = b.emit(op, t, address, indexed ? index : Value{}, c, d, pick(64), width);
        b.inst(v).scale = indexed ? static_cast<uint8_t>(pick(4)) : 0;
        if (t == Type::I32 || t == Type::I64) keep(v);
        if (t == Type::V128) vectors_.push_back(v);
    }
    void memory_step() {
        const Value address =
            b.constant(Type::I64, pick(16) ? reinterpret_cast<uint64_t>(data + 64) : forbidden_page() + 64);
        const Type t = type();
        const auto width = static_cast<uint8_t>(1u << pick(t == Type::I64 ? 4 : 3));
        static constexpr uint8_t kVectorWidth[] = {1, 2, 4, 8, 16};
        switch (pick(8)) {
            case 0:
                return access(address, Op::Load, t, {}, {}, width);
            case 1:
                return access(address, Op::LoadSigned, t, {}, {}, width);
            case 2:
                return access(address, Op::Store, Type::None, value(t), {}, width);
            case 3:
                return access(address, Op::StoreRelease, Type::None, value(t), {}, width);
            case 4:
                return access(address, kAtomic[pick(std::size(kAtomic))], t, value(t), {}, width);
            case 5:
                return access(address, Op::Cas, t, value(t), value(t), width);
            case 6:
                return access(address, Op::LoadV, Type::V128, {}, {}, kVectorWidth[pick(5)]);
            default:
                return access(address, Op::StoreV, Type::None, vector(), {}, kVectorWidth[pick(5)]);
        }
    }
    void step(bool memory) {
        const Type t = type();
        const unsigned bits = t == Type::I64 ? 64 : 32;
        switch (pick(memory ? 22 : 20)) {
            case 0:
                return get();
            case 1:
            case 2:
                b.emit(Op::SetX, Type::None, value(Type::I64), {}, {}, {}, guest_register());
                return;
            case 3:
            case 4:
            case 5:
                keep(b.emit(kBinary[pick(std::size(kBinary))], t, value(t), value(t)));
                return;
            case 6:
                keep(b.emit(kUnary[pick(std::size(kUnary))], t, value(t)));
                return;
            case 7:
                keep(b.emit(Op::Trunc, Type::I32, value(Type::I64)));
                return;
            case 8:
                keep(b.emit(pick(3) ? Op::ZExt32 : Op::SExt32, Type::I64, value(Type::I32)));
                return;
            case 9: {
                const unsigned lsb = pick(bits);
                const unsigned count = 1 + pick(bits - lsb);
                const Op op = pick(2) ? Op::Ubfx : pick(2) ? Op::Sbfx : Op::Bfi;
                keep(b.emit(op, t, value(t), op == Op::Bfi ? value(t) : Value{}, {}, {}, lsb | count << 8));
                return;
            }
            case 10:
                keep(b.emit(Op::Extract, t, value(t), value(t), {}, {}, pick(bits)));
                return;
            case 11:
                if (pick(2)) {
                    keep(b.emit(pick(2) ? Op::UMulH : Op::SMulH, Type::I64, value(Type::I64),
                                value(Type::I64)));
                } else {
                    keep(b.emit(Op::Crc32, Type::I32, value(Type::I32), value(Type::I64), {}, {}, pick(2),
                                static_cast<uint8_t>(1u << pick(4))));
                }
                return;
            case 12:
            case 13: {
                const Value v = b.emit(kFlagSetters[pick(std::size(kFlagSetters))], t, value(t), value(t));
                if (pick(3) == 0) keep(v);
                set(b.emit(Op::FlagsOf, Type::Flags, v));
                return;
            }
            case 14: {
                static constexpr Op kCarry[] = {Op::AdcS, Op::SbcS, Op::Adc, Op::Sbc};
                const Op op = kCarry[pick(4)];
                const Value v = keep(b.emit(op, t, value(t), value(t), flags()));
                if (op == Op::AdcS || op == Op::SbcS) set(b.emit(Op::FlagsOf, Type::Flags, v));
                return;
            }
            case 15:
                keep(conditional(Op::Select, t, flags(), value(t), value(t)));
                return;
            case 16:
                keep(conditional(Op::CondBit, t, flags()));
                return;
            case 17:
                set(conditional(pick(2) ? Op::CcmpSub : Op::CcmpAdd, Type::Flags, flags(), value(t), value(t),
                                pick(16), t == Type::I32 ? 4 : 8));
                return;
            case 18:
                switch (pick(4)) {
                    case 0:
                        return set(conditional(Op::SelectFlags, Type::Flags, flags(), flags(), flags()));
                    case 1:
                        return set(b.emit(Op::FlagsFromNzcv, Type::Flags, value(t)));
                    case 2:
                        keep(b.emit(Op::NzcvFromFlags, Type::I64, flags()));
                        return;
                    default:
                        b.emit(Op::SetFlags, Type::None, flags());
                        return;
                }
            case 19:
                if (pick(3) == 0) {
                    vectors_.push_back(conditional(Op::SelectV, Type::V128, flags(), vector(), vector()));
                } else if (pick(2)) {
                    vectors_.push_back(b.emit(Op::GetV, Type::V128, {}, {}, {}, {}, pick(4) * 8));
                } else {
                    b.emit(Op::SetV, Type::None, vector(), {}, {}, {}, pick(4) * 8 + pick(2));
                }
                return;
            default:
                return memory_step();
        }
    }
    void set(Value f) {
        flags_.push_back(f);
        if (pick(2)) b.emit(Op::SetFlags, Type::None, f);
    }
    void finish() {
        ir::Terminator end;
        end.target = kTarget;
        end.next = kNext;
        end.cond = static_cast<Cond>(pick(14));
        switch (pick(6)) {
            case 0:
                end.kind = ir::Terminator::Exit;
                break;
            case 1:
                end.kind = ir::Terminator::Jump;
                break;
            case 2:
                end.kind = ir::Terminator::IfCond;
                end.a = flags();
                break;
            case 3:
                end.kind = pick(2) ? ir::Terminator::IfZero : ir::Terminator::IfNotZero;
                end.a = value(type());
                break;
            case 4: {
                const Type t = type();
                end.kind = pick(2) ? ir::Terminator::IfBitClear : ir::Terminator::IfBitSet;
                end.a = value(t);
                end.bit = static_cast<uint8_t>(pick(t == Type::I64 ? 64 : 32));
                break;
            }
            default:
                end.kind = pick(2) ? ir::Terminator::Indirect : ir::Terminator::Return;
                end.a = value(Type::I64);
                break;
        }
        if (pick(3) == 0 && end.target) end.target = kBlockAddress;  // a loop: polls
        b.end(end);
    }

    ir::Builder b;
    std::mt19937 random_;
    std::vector<Value> wide_, narrow_, flags_, vectors_;
};

std::string difference(const CpuState& expected, const CpuState& got) {
    char text[128];
    for (unsigned n = 0; n < 32; n++) {
        const uint64_t e = n == 31 ? expected.sp : expected.x[n];
        const uint64_t g = n == 31 ? got.sp : got.x[n];
        if (e == g) continue;
        std::snprintf(text, sizeof text, "x%u: expected %#lx, got %#lx", n, e, g);
        return text;
    }
    for (unsigned n = 0; n < 32; n++) {
        if (!(expected.v[n] == got.v[n])) return "v" + std::to_string(n);
    }
    if (expected.nzcv() != got.nzcv()) {
        std::snprintf(text, sizeof text, "nzcv: expected %x, got %x", expected.nzcv() >> 28,
                      got.nzcv() >> 28);
        return text;
    }
    return "";
}

// Runs `count` random blocks of about `size` operations.
void fuzz(unsigned count, unsigned size, bool memory, uint32_t first_seed) {
    Machine machine;
    for (uint32_t seed = first_seed; seed < first_seed + count; seed++) {
        Arena arena;
        Generator generator(arena, seed);
        const ir::Block block = generator.block(size, memory);
        const char* wrong = ir::verify(block);
        ASSERT_EQ(wrong, nullptr) << wrong;

        uint8_t before[kDataSize];
        for (uint8_t& byte : before) byte = static_cast<uint8_t>(generator.pick(256));
        CpuState& cpu = machine.cpu;
        for (uint64_t& x : cpu.x) x = generator.number();
        cpu.sp = generator.number();
        for (Vec128& v : cpu.v) v = {generator.number(), generator.number()};
        cpu.set_nzcv(generator.pick(16) << 28);
        cpu.pc = 0;

        CpuState& expected = *new (arena.allocate(sizeof(CpuState), alignof(CpuState))) CpuState;
        std::memcpy(static_cast<void*>(&expected), &cpu, sizeof cpu);
        std::memcpy(data, before, kDataSize);
        const uint64_t target = armature::test::interpret(block, expected, forbidden_page());
        uint8_t after[kDataSize];
        std::memcpy(after, data, kDataSize);

        std::memcpy(data, before, kDataSize);
        ASSERT_TRUE(machine.run(block, arena)) << "seed " << seed;
        std::string wrong_state = difference(expected, cpu);
        if (wrong_state.empty() && std::memcmp(data, after, kDataSize) != 0) wrong_state = "memory";
        if (wrong_state.empty() &&
            (machine.end == Machine::End::Fault) != (target == armature::test::kFaulted))
            wrong_state = "fault or none";
        if (target == armature::test::kFaulted) machine.cpu.pc = target;
        if (wrong_state.empty() && block.end.kind != ir::Terminator::Exit && cpu.pc != target)
            wrong_state = "target";
        if (!wrong_state.empty()) {
            print_block(block);
            FAIL() << "seed " << seed << ", size " << size << ": " << wrong_state;
        }
    }
}

void fuzz_all(unsigned count, uint32_t seed) {
    fuzz(count * 4, 3, false, seed);
    fuzz(count * 2, 12, true, seed + 1000000);
    fuzz(count, 60, true, seed + 2000000);
    fuzz(count / 4, 300, true, seed + 3000000);
}

TEST(X64, RandomBlocks) {
    fuzz_all(2000, 1);
}

TEST(X64, HelperCallKeepsLiveValues) {
    Machine machine;
    Arena arena;
    ir::Builder b(arena);
    b.begin(kBlockAddress);
    b.begin_guest(kBlockAddress, 0, 0);
    const Value x0 = b.get_x(0);
    const Value x9 = b.get_x(9);
    const Value sum = b.add(x0, x9);
    const Value flags = b.flags_of(b.sub_s(x0, x9));
    const Value result = b.call_helper(0, x0, x9, sum);
    b.set_x(1, result);
    b.set_x(10, sum);
    b.set_x(2, b.cond_bit(Type::I64, Cond::CC, flags));
    ir::Terminator end;
    end.kind = ir::Terminator::Exit;
    b.end(end);
    machine.cpu.x[0] = 5;
    machine.cpu.x[9] = 7;
    machine.cpu.v[3] = {1, 2};
    ASSERT_TRUE(machine.run(b.finish(), arena));
    EXPECT_EQ(machine.cpu.x[0], 5u);
    EXPECT_EQ(machine.cpu.x[1], 5u + 14 + 36);
    EXPECT_EQ(machine.cpu.x[10], 12u);
    EXPECT_EQ(machine.cpu.x[2], 1u);
    EXPECT_EQ(machine.cpu.v[3], (Vec128{1, 2}));
}

TEST(X64, Exclusives) {
    Machine machine;
    for (const bool disturb : {false, true}) {
        Arena arena;
        ir::Builder b(arena);
        b.begin(kBlockAddress);
        b.begin_guest(kBlockAddress, 0, 0);
        const Value address = b.get_x(0);
        const Value old = b.emit(Op::LoadExclusive, Type::I64, address, {}, {}, {}, 0, 4);
        if (disturb) b.store(address, b.i32(77), 4);
        b.set_x(1, old);
        const Value status =
            b.emit(Op::StoreExclusive, Type::I32, address, {}, b.add(old, b.i64(1)), {}, 0, 4);
        b.set_r(2, status);
        b.set_r(3, b.emit(Op::StoreExclusive, Type::I32, address, {}, old, {}, 0, 4));  // the monitor is open
        ir::Terminator end;
        end.kind = ir::Terminator::Exit;
        b.end(end);
        uint32_t word = 41;
        std::memcpy(data, &word, 4);
        machine.cpu.x[0] = reinterpret_cast<uint64_t>(data);
        ASSERT_TRUE(machine.run(b.finish(), arena));
        std::memcpy(&word, data, 4);
        EXPECT_EQ(machine.cpu.x[1], 41u);
        EXPECT_EQ(machine.cpu.x[2], disturb ? 1u : 0u);
        EXPECT_EQ(machine.cpu.x[3], 1u);
        EXPECT_EQ(word, disturb ? 77u : 42u);
    }
}

TEST(X64, SixteenByteAtomics) {
    for (int masked = 0; masked < 2; masked++) {
        Machine machine;
        Arena arena;
        ir::Builder b(arena);
        b.begin(kBlockAddress);
        b.begin_guest(kBlockAddress, 0, 0);
        const Value address = b.get_x(0);
        const Value old = b.emit(Op::LoadV128Atomic, Type::V128, address, {}, {}, {}, 16, 16);
        b.set_v(1, old);
        b.set_v(2, b.emit(Op::Cas128, Type::V128, address, {}, old, b.get_v(0), 16, 16));
        b.set_v(3, b.emit(Op::Cas128, Type::V128, address, {}, old, old, 16, 16));
        b.emit(Op::StoreV128Atomic, Type::None, address, {}, b.get_v(9), {}, 32, 16);
        const Value second = b.add(address, b.i64(32));
        b.set_v(4, b.emit(Op::LoadExclusive128, Type::V128, second, {}, {}, {}, 0, 16));
        b.set_r(5, b.emit(Op::StoreExclusive128, Type::I32, second, {}, b.get_v(0), {}, 0, 16));
        ir::Terminator end;
        end.kind = ir::Terminator::Exit;
        b.end(end);
        const Vec128 initial{0x1111, 0x2222};
        std::memcpy(data + 16, &initial, 16);
        machine.cpu.x[0] = reinterpret_cast<uint64_t>(data);
        machine.cpu.v[0] = {0x3333, 0x4444};
        machine.cpu.v[9] = {0x5555, 0x6666};
        ASSERT_TRUE(machine.run(b.finish(), arena));
        Vec128 words[2];
        std::memcpy(words, data + 16, 32);
        EXPECT_EQ(machine.cpu.x[0], reinterpret_cast<uint64_t>(data));
        EXPECT_EQ(machine.cpu.v[1], initial);
        EXPECT_EQ(machine.cpu.v[2], initial);
        EXPECT_EQ(machine.cpu.v[3], (Vec128{0x3333, 0x4444}));
        EXPECT_EQ(words[0], (Vec128{0x3333, 0x4444}));
        EXPECT_EQ(machine.cpu.v[4], (Vec128{0x5555, 0x6666}));
        EXPECT_EQ(machine.cpu.x[5], 0u);
        EXPECT_EQ(words[1], (Vec128{0x3333, 0x4444}));
    }
}

TEST(X64, LinksStayInsideALine) {
    Machine machine;
    for (uint32_t seed = 1; seed < 200; seed++) {
        Arena arena;
        Generator generator(arena, seed);
        ASSERT_NE(machine.place(generator.block(10, true), arena), nullptr);
        for (const x64::LinkSite& link : machine.compiled.links) EXPECT_LE(link.offset % 16, 12u);
        uint32_t before = 0;
        for (const x64::FaultPoint& point : machine.compiled.faults) {
            EXPECT_GE(point.offset, before);
            before = point.offset;
        }
    }
}

namespace probes {

using armature::translator::Probe;
using armature::translator::ProbeKind;

unsigned calls;
uint64_t seen[4];
CpuState* state;

void callback(unsigned vcpu, void* userdata) {
    calls++;
    seen[0] = vcpu;
    seen[1] = reinterpret_cast<uint64_t>(userdata);
}
void register_callback(unsigned, void*) {
    calls++;
    seen[0] = state->x[0];
    seen[1] = state->x[9];
    seen[2] = state->nzcv();
    seen[3] = state->pc;
    EXPECT_EQ(state->callback_access, 2u);
    state->x[0] = 1000;
    state->x[9] = 2000;
}
void memory_callback(unsigned, uint32_t info, uint64_t address, void* userdata) {
    calls++;
    seen[0] = info;
    seen[1] = address;
    seen[2] = reinterpret_cast<uint64_t>(userdata);
    seen[3] = state->vector_scratch[0].lo;
}

}  // namespace probes

TEST(X64, Probes) {
    using probes::Probe;
    using probes::ProbeKind;
    Machine machine;
    probes::state = &machine.cpu;
    probes::calls = 0;
    Arena arena;
    uint64_t fixed = 10;
    uint64_t board[6] = {};
    uint8_t* board_base = reinterpret_cast<uint8_t*>(board);
    Probe plain{ProbeKind::Callback};
    plain.function = reinterpret_cast<void*>(probes::callback);
    plain.userdata = reinterpret_cast<void*>(0x1234);
    Probe add{ProbeKind::AddU64};
    add.counter.address = &fixed;
    add.immediate = 5;
    Probe per_vcpu = add;
    per_vcpu.counter = {nullptr, &board_base, 16, 8};
    per_vcpu.immediate = 0x1234567890;
    Probe conditional = plain;
    conditional.kind = ProbeKind::ConditionalCallback;
    conditional.condition = armature::translator::ProbeCondition::Gt;
    conditional.counter.address = &fixed;
    conditional.immediate = 20;
    Probe with_registers{ProbeKind::Callback};
    with_registers.access_level = 2;
    with_registers.function = reinterpret_cast<void*>(probes::register_callback);
    Probe memory{ProbeKind::MemoryCallback};
    memory.function = reinterpret_cast<void*>(probes::memory_callback);
    memory.userdata = reinterpret_cast<void*>(0x77);

    ir::Builder b(arena);
    auto probe = [&b](const Probe& p) {
        b.emit(Op::Probe, Type::None, {}, {}, {}, {}, reinterpret_cast<uint64_t>(&p));
    };
    auto finish = [&b, &machine, &arena] {
        ir::Terminator end;
        end.kind = ir::Terminator::Exit;
        end.next = kNext;
        b.end(end);
        ir::Block block = b.finish();
        block.calls_back = true;
        ASSERT_TRUE(machine.run(block, arena));
    };
    x64::select_plan(true);
    CpuState& cpu = machine.cpu;
    cpu.vcpu_index = 2;
    cpu.x[0] = 3;
    cpu.x[9] = 4;

    // Counters leave pending flags alone.
    b.begin(kBlockAddress);
    b.begin_guest(kBlockAddress, 0, 0);
    b.set_flags(b.flags_of(b.sub_s(b.get_x(0), b.get_x(9))));
    probe(add);
    probe(per_vcpu);
    probe(conditional);
    finish();
    EXPECT_EQ(fixed, 15u);
    EXPECT_EQ(board[5], 0x1234567890u);
    EXPECT_EQ(cpu.nzcv(), armature::guest::kPstateN);
    EXPECT_EQ(probes::calls, 0u);

    b.begin(kBlockAddress);
    b.begin_guest(kBlockAddress + 8, 0, 0);
    const Value sum = b.add(b.get_x(0), b.get_x(9));
    probe(add);
    probe(add);
    probe(conditional);
    b.set_x(1, sum);
    finish();
    EXPECT_EQ(probes::calls, 1u);
    EXPECT_EQ(probes::seen[0], 2u);
    EXPECT_EQ(probes::seen[1], 0x1234u);
    EXPECT_EQ(cpu.x[1], 7u);

    b.begin(kBlockAddress);
    b.begin_guest(kBlockAddress + 8, 0, 0);
    b.set_x(0, b.add(b.get_x(0), b.i64(1)));
    b.set_x(9, b.add(b.get_x(9), b.i64(1)));
    b.set_flags(b.flags_of(b.sub_s(b.get_x(0), b.get_x(0))));
    probe(with_registers);
    b.set_x(2, b.emit(Op::GetX, Type::I64, {}, {}, {}, {}, 0));
    b.set_x(3, b.emit(Op::GetX, Type::I64, {}, {}, {}, {}, 9));
    finish();
    EXPECT_EQ(probes::seen[0], 4u);
    EXPECT_EQ(probes::seen[1], 5u);
    EXPECT_EQ(probes::seen[2], armature::guest::kPstateZ | armature::guest::kPstateC);
    EXPECT_EQ(probes::seen[3], kBlockAddress + 8);
    EXPECT_EQ(cpu.callback_access, 0u);
    EXPECT_EQ(cpu.x[2], 1000u);
    EXPECT_EQ(cpu.x[3], 2000u);

    b.begin(kBlockAddress);
    b.begin_guest(kBlockAddress, 0, 0);
    const Value address = b.i64(reinterpret_cast<uint64_t>(data));
    const Value loaded = b.load(Type::I64, address, 8);
    b.emit(Op::MemoryProbe, Type::None, address, loaded, {}, {}, reinterpret_cast<uint64_t>(&memory), 3);
    b.set_x(4, loaded);
    const uint64_t word = 0xabcdef;
    std::memcpy(data, &word, 8);
    finish();
    EXPECT_EQ(probes::seen[0], 3u);
    EXPECT_EQ(probes::seen[1], reinterpret_cast<uint64_t>(data));
    EXPECT_EQ(probes::seen[2], 0x77u);
    EXPECT_EQ(probes::seen[3], word);
    EXPECT_EQ(cpu.x[4], word);
    x64::select_plan(false);
}

// Host functions as a compiler makes them, for the recognition of callbacks that only count.
asm(R"(
    .pushsection .text
counts_indexed:
    endbr64
    and $0x3f, %edi
    lea counted_cells(%rip), %rax
    shl $4, %rdi
    addq $3, 8(%rax,%rdi,1)
    ret
counts_userdata:
    addq $1, 24(%rsi)
    ret
counts_access:
    incq (%rcx)
    ret
counts_once_more:
    addq $1, (%rsi)
    addq $1, 8(%rsi)
    ret
counts_locked:
    lock addq $1, (%rsi)
    ret
counts_narrowly:
    addl $1, (%rsi)
    ret
counts_where_told:
    mov (%rsi), %rax
    addq $1, (%rax)
    ret
counts_address:
    addq $1, (%rdx)
    ret
counts_sum_of_address:
    add %rdx, %rdx
    orq %rdx, (%rcx)
    ret
counts_narrow_address:
    mov %edx, %edx
    orq %rdx, (%rcx)
    ret
combines_userdata:
    xorq %rsi, 8+counted_cells(%rip)
    ret
combines_access:
    orq %rdx, 16(%rcx)
    ret
counts_down:
    decq (%rsi)
    ret
counts_sometimes:
    test %edi, %edi
    je 1f
    addq $1, (%rsi)
1:  ret
    .popsection
)");
extern "C" {
[[gnu::visibility("hidden")]] uint64_t counted_cells[128];
void counts_indexed();
void counts_userdata();
void counts_access();
void counts_once_more();
void counts_locked();
void counts_narrowly();
void counts_where_told();
void counts_address();
void counts_sum_of_address();
void counts_narrow_address();
void combines_userdata();
void combines_access();
void counts_down();
void counts_sometimes();
}

TEST(X64, CountingCallbacks) {
    using armature::translator::Probe;
    using armature::translator::ProbeKind;
    using armature::translator::ProbeOperation;
    CpuState cpu;
    uint64_t cells[4] = {};
    const auto probe_of = [&cells](void (*function)(), ProbeKind kind) {
        Probe probe;
        probe.kind = kind;
        probe.function = reinterpret_cast<void*>(function);
        probe.userdata = cells;
        return probe;
    };
    Probe probe = probe_of(counts_indexed, ProbeKind::Callback);
    ASSERT_TRUE(x64::replace_counting_callback(&probe));
    EXPECT_EQ(probe.kind, ProbeKind::AddU64);
    EXPECT_EQ(probe.immediate, 3u);
    for (const unsigned vcpu : {0u, 5u, 63u, 64u, 70u}) {
        cpu.vcpu_index = vcpu;
        EXPECT_EQ(probe.counter.of(cpu), counted_cells + vcpu % 64 * 2 + 1);
    }
    probe = probe_of(counts_userdata, ProbeKind::Callback);
    ASSERT_TRUE(x64::replace_counting_callback(&probe));
    EXPECT_EQ(probe.counter.of(cpu), cells + 3);
    probe = probe_of(counts_access, ProbeKind::MemoryCallback);
    ASSERT_TRUE(x64::replace_counting_callback(&probe));
    EXPECT_EQ(probe.counter.of(cpu), cells);
    for (void (*const function)() : {counts_once_more, counts_locked, counts_narrowly, counts_where_told,
                                     counts_sometimes, counts_address, counts_access}) {
        probe = probe_of(function, ProbeKind::Callback);
        EXPECT_FALSE(x64::replace_counting_callback(&probe));
        EXPECT_EQ(probe.kind, ProbeKind::Callback);
    }
    for (void (*const function)() : {counts_sum_of_address, counts_narrow_address}) {
        probe = probe_of(function, ProbeKind::MemoryCallback);
        EXPECT_FALSE(x64::replace_counting_callback(&probe));
    }
    probe = probe_of(combines_userdata, ProbeKind::Callback);
    ASSERT_TRUE(x64::replace_counting_callback(&probe));
    EXPECT_EQ(probe.kind, ProbeKind::CombineU64);
    EXPECT_EQ(probe.operation, ProbeOperation::Xor);
    EXPECT_FALSE(probe.of_address);
    EXPECT_EQ(probe.immediate, reinterpret_cast<uint64_t>(cells));
    EXPECT_EQ(probe.counter.of(cpu), counted_cells + 1);
    probe = probe_of(combines_access, ProbeKind::MemoryCallback);
    ASSERT_TRUE(x64::replace_counting_callback(&probe));
    EXPECT_EQ(probe.kind, ProbeKind::CombineU64);
    EXPECT_EQ(probe.operation, ProbeOperation::Or);
    EXPECT_TRUE(probe.of_address);
    EXPECT_EQ(probe.counter.of(cpu), cells + 2);
    probe = probe_of(combines_access, ProbeKind::Callback);  // there is no address
    EXPECT_FALSE(x64::replace_counting_callback(&probe));
    probe = probe_of(counts_down, ProbeKind::Callback);
    ASSERT_TRUE(x64::replace_counting_callback(&probe));
    EXPECT_EQ(probe.operation, ProbeOperation::Sub);
    EXPECT_EQ(probe.immediate, 1u);
    probe = probe_of(counts_indexed, ProbeKind::Callback);
    probe.access_level = 1;
    EXPECT_FALSE(x64::replace_counting_callback(&probe));
}

// The last test: features do not come back.
TEST(X64, MaskedFeatures) {
    std::string bad;
    EXPECT_FALSE(x64::mask_host_features("-nothing", &bad));
    EXPECT_EQ(bad, "nothing");
    for (const char* words : {"-bmi2", "-bmi1,-lzcnt", "-sse42", "-pclmul", "-avx512", "-avx"}) {
        ASSERT_TRUE(x64::mask_host_features(words, &bad));
        fuzz_all(300, 5000000);
        if (HasFatalFailure()) break;
    }
}

}  // namespace

namespace armature::translator::ir {
const void* const kHelperFunctions[] = {reinterpret_cast<const void*>(weighted_sum)};
}
