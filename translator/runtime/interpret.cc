// SPDX-License-Identifier: MIT
#include "translator/runtime/interpret.h"

#include <array>
#include <atomic>
#include <bit>

#include "guest/address_space.h"
#include "guest/features.h"
#include "guest/options.h"
#include "guest/user_access.h"
#include "support/log.h"
#include "translator/hooks.h"
#include "translator/opt/opt.h"

namespace armature::translator::runtime {
namespace {

using guest::CpuState;
using ir::Cond;
using ir::Inst;
using ir::Op;
using ir::Terminator;
using ir::Type;
using support::LogItem;

// --- What has been visited: a bit for each instruction's address, modulo 4 MiB. Two addresses that share one
// make the second be translated at once. Never cleared, so nothing is interpreted over and over.

constexpr size_t kVisitBits = size_t{1} << 20;
std::array<std::atomic<uint32_t>, kVisitBits / 32> visited;

uint64_t visit_number(uint64_t address) {
    return (address >> 2 ^ address >> 22) % kVisitBits;
}

// True if it was not marked before.
bool visit(uint64_t address) {
    const uint64_t number = visit_number(address);
    std::atomic<uint32_t>& word = visited[number / 32];
    const uint32_t bit = 1u << number % 32;
    const uint32_t before = word.load(std::memory_order_relaxed);
    if (before & bit) return false;
    word.fetch_or(bit, std::memory_order_relaxed);
    return true;
}

// --- Whether it pays: it costs a third of a translation. A program that comes back to most of its code has
// all of it translated at once from then on.

constexpr uint64_t kTrial = 2048;  // blocks
std::atomic<uint64_t> interpreted;
std::atomic<bool> pays{true};

void judge() {
    const uint64_t blocks = interpreted.fetch_add(1, std::memory_order_relaxed) + 1;
    if (blocks % kTrial == 0 && totals.blocks > blocks / 100 * 66)
        pays.store(false, std::memory_order_relaxed);
}

// --- Operations

constexpr unsigned bits_of(Type type) {
    return type == Type::I32 ? 32 : 64;
}
constexpr uint64_t low_bits(unsigned bits) {
    return bits >= 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1;
}
constexpr int64_t sign_extend(uint64_t value, unsigned bits) {
    return static_cast<int64_t>(value << (64 - bits)) >> (64 - bits);
}
constexpr uint64_t rotate_right(uint64_t value, unsigned count, unsigned bits) {
    return count ? value >> count | value << (bits - count) : value;
}
uint64_t divide_unsigned(uint64_t a, uint64_t b) {
    return b ? a / b : 0;
}
uint64_t divide_signed(int64_t a, int64_t b) {
    if (b == 0) return 0;
    return b == -1 ? 0 - static_cast<uint64_t>(a) : static_cast<uint64_t>(a / b);
}

// Pure operations on integers of `bits` bits: operands a and b are zero-extended, the result is cut
// afterwards.
#define PURE_OPERATIONS(OPERATION)                                                                        \
    OPERATION(Trunc, a)                                                                                   \
    OPERATION(ZExt32, a)                                                                                  \
    OPERATION(SExt32, static_cast<uint64_t>(sign_extend(a, 32)))                                          \
    OPERATION(ZExt8, a & 0xff)                                                                            \
    OPERATION(ZExt16, a & 0xffff)                                                                         \
    OPERATION(SExt8, static_cast<uint64_t>(sign_extend(a, 8)))                                            \
    OPERATION(SExt16, static_cast<uint64_t>(sign_extend(a, 16)))                                          \
    OPERATION(Add, a + b)                                                                                 \
    OPERATION(Sub, a - b)                                                                                 \
    OPERATION(AddS, a + b)                                                                                \
    OPERATION(SubS, a - b)                                                                                \
    OPERATION(AndS, a& b)                                                                                 \
    OPERATION(And, a& b)                                                                                  \
    OPERATION(Or, a | b)                                                                                  \
    OPERATION(Xor, a ^ b)                                                                                 \
    OPERATION(AndNot, a & ~b)                                                                             \
    OPERATION(Not, ~a)                                                                                    \
    OPERATION(Neg, 0 - a)                                                                                 \
    OPERATION(Mul, a* b)                                                                                  \
    OPERATION(UMulH, static_cast<uint64_t>(static_cast<unsigned __int128>(a) * b >> 64))                  \
    OPERATION(SMulH, static_cast<uint64_t>(                                                               \
                         static_cast<__int128>(static_cast<int64_t>(a)) * static_cast<int64_t>(b) >> 64)) \
    OPERATION(UDiv, divide_unsigned(a, b))                                                                \
    OPERATION(SDiv, divide_signed(sign_extend(a, bits), sign_extend(b, bits)))                            \
    OPERATION(Shl, a << (b & (bits - 1)))                                                                 \
    OPERATION(Shr, a >> (b & (bits - 1)))                                                                 \
    OPERATION(Sar, static_cast<uint64_t>(sign_extend(a, bits) >> (b & (bits - 1))))                       \
    OPERATION(Ror, rotate_right(a, b&(bits - 1), bits))                                                   \
    OPERATION(Ubfx, a >> (i.imm & 0xff) & low_bits(i.imm >> 8))                                           \
    OPERATION(Sbfx,                                                                                       \
              static_cast<uint64_t>(sign_extend(a >> (i.imm & 0xff), static_cast<unsigned>(i.imm >> 8)))) \
    OPERATION(Clz, static_cast<uint64_t>(std::countl_zero(a)) - (64 - bits))                              \
    OPERATION(Bswap, __builtin_bswap64(a) >> (64 - bits))

// The others that evaluate() knows.
constexpr Op kOtherOperations[] = {
    Op::Const,         Op::GetX,      Op::SetX,          Op::GetFlags,   Op::SetFlags, Op::FlagsOf,
    Op::FlagsFromNzcv, Op::FlagsNzcv, Op::NzcvFromFlags, Op::Select,     Op::CondBit,  Op::SelectFlags,
    Op::CcmpSub,       Op::CcmpAdd,   Op::Load,          Op::LoadSigned, Op::Store,    Op::CheckAlign,
};

constexpr auto kKnown = [] {
    std::array<bool, static_cast<size_t>(Op::Count)> known{};
#define OPERATION(name, expression) known[static_cast<size_t>(Op::name)] = true;
    PURE_OPERATIONS(OPERATION)
#undef OPERATION
    for (const Op op : kOtherOperations) known[static_cast<size_t>(op)] = true;
    return known;
}();

// NZCV are values like others: N in bit 3.
constexpr uint64_t kN = 8, kZ = 4, kC = 2, kV = 1;

uint64_t result_flags(uint64_t result, unsigned bits) {
    return (result >> (bits - 1) & 1 ? kN : 0) | (result == 0 ? kZ : 0);
}
uint64_t add_flags(uint64_t a, uint64_t b, unsigned bits) {
    const uint64_t sum = (a + b) & low_bits(bits);
    const bool overflow = (~(a ^ b) & (a ^ sum)) >> (bits - 1) & 1;
    return result_flags(sum, bits) | (sum < a ? kC : 0) | (overflow ? kV : 0);
}
uint64_t subtract_flags(uint64_t a, uint64_t b, unsigned bits) {
    const uint64_t difference = (a - b) & low_bits(bits);
    const bool overflow = ((a ^ b) & (a ^ difference)) >> (bits - 1) & 1;
    return result_flags(difference, bits) | (a >= b ? kC : 0) | (overflow ? kV : 0);
}

bool holds(Cond cond, uint64_t flags) {
    const bool n = flags & kN, z = flags & kZ, c = flags & kC, v = flags & kV;
    bool result = true;
    switch (static_cast<unsigned>(cond) >> 1) {
        case 0:
            result = z;
            break;
        case 1:
            result = c;
            break;
        case 2:
            result = n;
            break;
        case 3:
            result = v;
            break;
        case 4:
            result = c && !z;
            break;
        case 5:
            result = n == v;
            break;
        case 6:
            result = n == v && !z;
            break;
        default:
            return true;
    }
    return result != (static_cast<unsigned>(cond) & 1);
}

// One block's values, by the index of the instruction that makes them.
class Evaluation {
  public:
    Evaluation(CpuState& cpu, const ir::Block& block, support::Arena& arena)
        : cpu_(cpu), block_(block), values_(arena.make_room<uint64_t>(block.insts.size()).data()) {}

    // Does the guest instructions before number `end`. Returns that of the first that is not done, because
    // its memory access would fault.
    unsigned run(unsigned end) {
        for (uint32_t id = 1; id < block_.insts.size(); id++) {
            const Inst& i = block_.insts[id];
            if (i.guest >= end) break;
            if (!evaluate(i, id)) return i.guest;
        }
        return end;
    }

    uint64_t value(ir::Value v) const { return values_[v.id]; }

  private:
    bool evaluate(const Inst& i, uint32_t id);
    // AdcS and SbcS, the other two that have flags, are not known.
    uint64_t flags_of(const Inst& i) const {
        const unsigned bits = bits_of(i.type);
        if (i.op == Op::AddS) return add_flags(value(i.a), value(i.b), bits);
        if (i.op == Op::SubS) return subtract_flags(value(i.a), value(i.b), bits);
        return result_flags(value(i.a) & value(i.b), bits);
    }
    uint64_t address(const Inst& i) const { return value(i.a) + (i.b ? value(i.b) << i.scale : 0) + i.imm; }

    CpuState& cpu_;
    const ir::Block& block_;
    uint64_t* values_;
};

bool Evaluation::evaluate(const Inst& i, uint32_t id) {
    const unsigned bits = bits_of(i.type);
    const uint64_t a = i.a ? value(i.a) : 0;
    const uint64_t b = i.b ? value(i.b) : 0;
    uint64_t result = 0;
    switch (i.op) {
#define OPERATION(name, expression) \
    case Op::name:                  \
        result = (expression);      \
        break;
        PURE_OPERATIONS(OPERATION)
#undef OPERATION
        case Op::Const:
            result = i.imm;
            break;
        case Op::GetX:
            result = i.imm == 31 ? cpu_.sp : cpu_.x[i.imm];
            break;
        case Op::SetX:
            (i.imm == 31 ? cpu_.sp : cpu_.x[i.imm]) = a;
            return true;
        case Op::GetFlags:
            result = cpu_.nzcv() >> 28;
            break;
        case Op::SetFlags:
            cpu_.set_nzcv(static_cast<uint32_t>(a) << 28);
            return true;
        case Op::FlagsOf:
            result = flags_of(block_.insts[i.a.id]);
            break;
        case Op::FlagsFromNzcv:
            result = a >> 28 & 15;
            break;
        case Op::FlagsNzcv:
            result = i.imm;
            break;
        case Op::NzcvFromFlags:
            result = a << 28;
            break;
        case Op::CondBit:
            result = holds(i.cond, a);
            break;
        case Op::Select:
        case Op::SelectFlags:
            result = holds(i.cond, a) ? b : value(i.c);
            break;
        case Op::CcmpSub:
        case Op::CcmpAdd: {
            const auto compare = i.op == Op::CcmpSub ? subtract_flags : add_flags;
            result = holds(i.cond, a) ? compare(b, value(i.c), i.width * 8) : i.imm;
            break;
        }
        case Op::Load:
            if (!guest::read_memory(&result, address(i), i.width)) return false;
            break;
        case Op::LoadSigned:
            if (!guest::read_memory(&result, address(i), i.width)) return false;
            result = static_cast<uint64_t>(sign_extend(result, i.width * 8));
            break;
        case Op::Store: {
            const uint64_t stored = value(i.c);
            return guest::write_memory(address(i), &stored, i.width);
        }
        case Op::CheckAlign:
            return (i.b ? b : a) % i.imm == 0;
        default:
            support::fatal(1, "internal error: operation %u is not one that is interpreted",
                           static_cast<unsigned>(i.op));
    }
    values_[id] = i.type == Type::I32 ? static_cast<uint32_t>(result) : result;
    return true;
}

// The guest instructions that can be evaluated: those before the first with an unknown operation or end.
unsigned known_instructions(const ir::Block& block) {
    for (const Inst& i : block.insts.subspan(1)) {
        if (!kKnown[static_cast<size_t>(i.op)]) return i.guest;
    }
    const unsigned count = static_cast<unsigned>(block.guest.size());
    switch (block.end.kind) {
        case Terminator::Exit:
        case Terminator::Resync:
        case Terminator::None:
            return count - 1;
        default:
            return count;
    }
}

// A return takes its pair off the call stack, as translated code does. An interpreted call has pushed none.
void note_return(CpuState& cpu, uint64_t target) {
    const uint64_t* const top = reinterpret_cast<const uint64_t*>(cpu.host_sp);
    if (top[1] == target) cpu.host_sp += 2 * sizeof(uint64_t);
}

uint64_t next_address(CpuState& cpu, const ir::Block& block, const Evaluation& values) {
    const Terminator& end = block.end;
    const uint64_t a = end.a ? values.value(end.a) : 0;
    const auto choose = [&end](bool taken) { return taken ? end.target : end.next; };
    switch (end.kind) {
        case Terminator::IfCond:
            return choose(holds(end.cond, a));
        case Terminator::IfZero:
            return choose(a == 0);
        case Terminator::IfNotZero:
            return choose(a != 0);
        case Terminator::IfBitClear:
            return choose(!(a >> end.bit & 1));
        case Terminator::IfBitSet:
            return choose(a >> end.bit & 1);
        case Terminator::Return:
            note_return(cpu, a);
            return a;
        case Terminator::CallIndirect:
        case Terminator::Indirect:
            return a;
        default:
            return end.target;
    }
}

// Whoever watches code being translated or executed sees all of it translated. Under BTI and with tagged
// addresses translated code does more than its intermediate code says.
bool interprets() {
    constexpr unsigned kWatched =
        1u << static_cast<unsigned>(LogItem::InAsm) | 1u << static_cast<unsigned>(LogItem::Op) |
        1u << static_cast<unsigned>(LogItem::OpOpt) | 1u << static_cast<unsigned>(LogItem::OutAsm) |
        1u << static_cast<unsigned>(LogItem::Exec) | 1u << static_cast<unsigned>(LogItem::Cpu);
    return pays.load(std::memory_order_relaxed) && opt::enabled(opt::k_interpret_first) &&
           !__atomic_load_n(&hooks.translate, __ATOMIC_ACQUIRE) && !guest::options.one_insn_per_tb &&
           !guest::options.no_chain && !(support::log_mask() & kWatched) && !tags_seen &&
           !guest::enabled(guest::Feature::BTI);
}

// Does as much as it can of the block at cpu.pc. True if that was all of it.
bool interpret(ThreadRuntime& runtime) {
    CpuState& cpu = runtime.thread->cpu;
    runtime.arena.reset();
    if (!guest::AddressSpace::instance().is_executable(cpu.pc)) return false;
    const ir::Block block = lift_plain(runtime, cpu.pc);
    if (block.guest.empty()) return false;
    const unsigned count = static_cast<unsigned>(block.guest.size());
    Evaluation values(cpu, block, runtime.arena);
    const unsigned done = values.run(known_instructions(block));
    if (done == count) {
        cpu.pc = next_address(cpu, block, values);
        return true;
    }
    cpu.pc = block.guest[done].address;
    return false;
}

}  // namespace

bool run_unvisited(ThreadRuntime& runtime) {
    CpuState& cpu = runtime.thread->cpu;
    if (!interprets() || cpu.pc & 3 || !visit(cpu.pc)) return false;
    constexpr unsigned kMostBlocks = 64;  // then translated code has a chance to see an exit request
    for (unsigned n = 0; n < kMostBlocks; n++) {
        const uint64_t from = cpu.pc;
        judge();
        if (!interpret(runtime)) {
            note_visit(cpu.pc);
            return cpu.pc != from;
        }
        if (cpu.pc & 3 || cpu.pc >> 55 || !visit(cpu.pc)) return true;
    }
    return true;
}

void note_visit(uint64_t address) {
    visit(address);
}

}  // namespace armature::translator::runtime

namespace armature::translator {

void forget_visits(uint64_t begin, uint64_t end) {
    for (uint64_t address = begin; address < end; address += 4) {
        const uint64_t number = runtime::visit_number(address);
        runtime::visited[number / 32].fetch_and(~(1u << number % 32), std::memory_order_relaxed);
    }
}

}  // namespace armature::translator
