// SPDX-License-Identifier: MIT
// The folding builder. Every fold is local and cheap: it looks at the operands' defining instructions only.
#include "translator/ir/builder.h"

#include <bit>
#include <cstddef>
#include <cstring>
#include <utility>

#include "guest/cpu_state.h"

namespace armature::translator::ir {
namespace {

uint64_t truncate(Type type, uint64_t value) {
    return type == Type::I32 ? static_cast<uint32_t>(value) : value;
}
unsigned bits_of(Type type) {
    return type == Type::I32 ? 32 : 64;
}
int64_t as_signed(Type type, uint64_t value) {
    return type == Type::I32 ? static_cast<int32_t>(value) : static_cast<int64_t>(value);
}
bool fits_displacement(uint64_t value) {
    const int64_t v = static_cast<int64_t>(value);
    return v >= INT32_MIN && v <= INT32_MAX;
}
constexpr uint64_t kBitFieldMask = 0xff;
constexpr size_t kMaxGuestInstructions = 512;  // of a block, as runtime/pipeline.cc makes them

}  // namespace

void Builder::begin(uint64_t address) {
    capacity_ = 256;
    // Not initialised as arrays: most blocks use a few instructions of the many there is room for.
    insts_ = arena_.make_room<Inst>(capacity_).data();
    insts_[0] = {};
    count_ = 1;
    guest_ = arena_.make_room<GuestInst>(kMaxGuestInstructions).data();
    guest_count_ = 0;
    address_ = address;
    end_ = {};
    set_x_ = set_v_ = v_written_ = v_noted_ = set_flags_ = 0;
    repeated_sets_ = false;
    zero_[0] = zero_[1] = {};
    forget_state();
}

void Builder::begin_guest(uint64_t address, uint32_t encoding, uint16_t row) {
    guest_[guest_count_++] = {address, encoding, row};
    tag_checked_ = false;
}

Block Builder::finish() {
    Block block;
    block.address = address_;
    block.insts = {insts_, count_};
    block.guest = {guest_, guest_count_};
    block.end = end_;
    block.repeated_sets = repeated_sets_;
    block.sets_flags = set_flags_;
    return block;
}

void Builder::forget_state() {
    for (Value& value : x_) value = {};
    for (Value& value : v_) value = {};
    flags_ = {};
}

void Builder::make_room() {
    void* bigger = arena_.allocate(sizeof(Inst) * capacity_ * 2, alignof(Inst));
    std::memcpy(bigger, insts_, sizeof(Inst) * count_);
    insts_ = static_cast<Inst*>(bigger);
    capacity_ *= 2;
}

inline Inst& Builder::next() {
    if (__builtin_expect(count_ == capacity_, false)) make_room();
    Inst& inst = *new (insts_ + count_++) Inst;
    inst.guest = static_cast<uint16_t>(guest_count_ ? guest_count_ - 1 : 0);
    return inst;
}

Value Builder::append(const Inst& inst) {
    Inst& copy = next();
    const uint16_t guest = copy.guest;
    copy = inst;
    copy.guest = guest;
    copy.operands = operands_of(copy);
    return {count_ - 1};
}

Value Builder::emit(Op op, Type type, Value a, Value b, Value c, Value d, uint64_t imm, uint8_t width) {
    Inst& inst = next();
    inst.op = op;
    inst.type = type;
    inst.width = width;
    inst.a = a;
    inst.b = b;
    inst.c = c;
    inst.d = d;
    inst.operands = operands_of(inst);
    inst.imm = imm;
    // A helper may read or write guest state; probes that do are handled by their emitter.
    if (op == Op::CallHelper || op == Op::CallHelperV) flags_ = {};
    return {count_ - 1};
}

Value Builder::constant(Type type, uint64_t value) {
    Value& zero = zero_[type == Type::I64];
    if (value == 0 && zero) return zero;
    Inst& inst = next();
    inst.op = Op::Const;
    inst.type = type;
    inst.imm = truncate(type, value);
    if (value == 0) zero = {count_ - 1};
    return {count_ - 1};
}

bool Builder::is_const(Value value, uint64_t* imm) const {
    const Inst& inst = insts_[value.id];
    if (!value || inst.op != Op::Const) return false;
    if (imm) *imm = inst.imm;
    return true;
}

// --- Guest state
// ----------------------------------------------------------------------------------------------------

Value Builder::get_x(unsigned n) {
    if (!x_[n]) x_[n] = emit(Op::GetX, Type::I64, {}, {}, {}, {}, n);
    return x_[n];
}

// Is the value a multiple of 16 if the stack pointer is one?
bool Builder::keeps_stack_aligned(Value value, unsigned depth) const {
    constexpr unsigned kDepth = 6;
    const Inst& from = inst(value);
    if (depth == kDepth) return false;
    switch (from.op) {
        case Op::Const:
            return from.imm % 16 == 0;
        case Op::GetX:
            return from.imm == 31;
        case Op::Add:
        case Op::Sub:
            return keeps_stack_aligned(from.a, depth + 1) && keeps_stack_aligned(from.b, depth + 1);
        case Op::And: {
            uint64_t mask = 0;
            return is_const(from.b, &mask) && mask % 16 == 0;
        }
        default:
            return false;
    }
}

void Builder::set_x(unsigned n, Value value) {
    if (x_[n] == value) return;
    if (n == 31 && stack_check_ == StackCheck::Changes && !keeps_stack_aligned(value))
        emit(Op::CheckAlign, Type::None, value, {}, {}, {}, 16, kAlignStackChange);
    emit(Op::SetX, Type::None, value, {}, {}, {}, n);
    note_set(set_x_, n);
    x_[n] = value;
}

Value Builder::get_r(Type type, unsigned n) {
    if (n == 31) return constant(type, 0);
    const Value value = get_x(n);
    return type == Type::I32 ? trunc(value) : value;
}

void Builder::set_r(unsigned n, Value value) {
    if (n == 31) return;
    set_x(n, zext(value));
}

Value Builder::get_r_sp(Type type, unsigned n) {
    const Value value = get_x(n);
    return type == Type::I32 ? trunc(value) : value;
}

void Builder::set_r_sp(unsigned n, Value value) {
    set_x(n, zext(value));
}

Value Builder::get_v(unsigned n) {
    if (!v_[n]) v_[n] = emit(Op::GetV, Type::V128, {}, {}, {}, {}, n);
    return v_[n];
}

void Builder::set_v(unsigned n, Value value) {
    v_written_ |= 1u << n;
    if (v_[n] == value) return;
    emit(Op::SetV, Type::None, value, {}, {}, {}, n);
    note_set(set_v_, n);
    v_[n] = value;
}

void Builder::note_v_writes() {
    const uint32_t written = std::exchange(v_written_, 0);
    if (!records_v_writes_) return;
    for (uint32_t left = written & ~v_noted_; left; left &= left - 1) {
        const auto n = static_cast<unsigned>(std::countr_zero(left));
        emit(Op::StoreState, Type::None, i32(0), {}, {}, {}, offsetof(guest::CpuState, z_upper) + n, 1);
    }
    v_noted_ |= written;
}

void Builder::call_sve(uint32_t word, unsigned row) {
    emit(Op::CallSve, Type::None, {}, {}, {}, {}, word | uint64_t{row} << 32);
    forget_state();
    v_noted_ = 0;
}

void Builder::sve(const SveFields& fields, Value mask) {
    emit(Op::Sve, Type::None, mask, {}, {}, {}, std::bit_cast<uint64_t>(fields));
    forget_state();
    v_noted_ = 0;
}

Value Builder::get_flags() {
    if (!flags_) flags_ = emit(Op::GetFlags, Type::Flags);
    return flags_;
}

void Builder::set_flags(Value flags) {
    emit(Op::SetFlags, Type::None, flags);
    note_set(set_flags_, 0);
    flags_ = flags;
}

Value Builder::load_state(Type type, size_t offset) {
    return emit(Op::LoadState, type, {}, {}, {}, {}, offset, type == Type::I32 ? 4 : 8);
}

void Builder::store_state(size_t offset, Value value) {
    emit(Op::StoreState, Type::None, value, {}, {}, {}, offset, type(value) == Type::I32 ? 4 : 8);
}

// --- Integer
// --------------------------------------------------------------------------------------------------------

Value Builder::add(Value a, Value b) {
    uint64_t x = 0;
    uint64_t y = 0;
    if (is_const(a)) std::swap(a, b);
    if (is_const(b, &y)) {
        if (y == 0) return a;
        if (is_const(a, &x)) return constant(type(a), x + y);
        const Inst& inner = insts_[a.id];
        uint64_t z = 0;
        if (inner.op == Op::Add && is_const(inner.b, &z) && cheaper_than(inner.a, a))
            return add(inner.a, constant(type(a), y + z));
    }
    return emit(Op::Add, type(a), a, b);
}

// Is it at least as good to compute from `origin` as from `value`, which is made of it? Not if only `value`
// is in a guest register: then `origin` would have to be kept for nothing else, beside it.
bool Builder::cheaper_than(Value origin, Value value) const {
    bool value_kept = false;
    bool origin_kept = false;
    for (const Value x : x_) {
        value_kept |= x == value;
        origin_kept |= x == origin;
    }
    return origin_kept || !value_kept;
}

Value Builder::sub(Value a, Value b) {
    uint64_t y = 0;
    if (is_const(b, &y)) return add(a, constant(type(a), 0 - y));
    if (a == b) return constant(type(a), 0);
    uint64_t x = 0;
    if (is_const(a, &x) && x == 0) return neg(b);
    return emit(Op::Sub, type(a), a, b);
}

Value Builder::and_(Value a, Value b) {
    uint64_t x = 0;
    uint64_t y = 0;
    if (is_const(a)) std::swap(a, b);
    if (a == b) return a;
    if (is_const(b, &y)) {
        if (y == 0) return b;
        if (y == truncate(type(a), ~uint64_t{0})) return a;
        if (is_const(a, &x)) return constant(type(a), x & y);
    }
    return emit(Op::And, type(a), a, b);
}

Value Builder::or_(Value a, Value b) {
    uint64_t x = 0;
    uint64_t y = 0;
    if (is_const(a)) std::swap(a, b);
    if (a == b) return a;
    if (is_const(b, &y)) {
        if (y == 0) return a;
        if (is_const(a, &x)) return constant(type(a), x | y);
    }
    return emit(Op::Or, type(a), a, b);
}

Value Builder::xor_(Value a, Value b) {
    uint64_t x = 0;
    uint64_t y = 0;
    if (is_const(a)) std::swap(a, b);
    if (a == b) return constant(type(a), 0);
    if (is_const(b, &y)) {
        if (y == 0) return a;
        if (y == truncate(type(a), ~uint64_t{0})) return not_(a);
        if (is_const(a, &x)) return constant(type(a), x ^ y);
    }
    return emit(Op::Xor, type(a), a, b);
}

Value Builder::and_not(Value a, Value b) {
    uint64_t y = 0;
    if (is_const(b, &y)) return and_(a, constant(type(a), ~y));
    if (a == b) return constant(type(a), 0);
    return emit(Op::AndNot, type(a), a, b);
}

Value Builder::not_(Value a) {
    uint64_t x = 0;
    if (is_const(a, &x)) return constant(type(a), ~x);
    const Inst& inner = insts_[a.id];
    return inner.op == Op::Not ? inner.a : emit(Op::Not, type(a), a);
}

Value Builder::neg(Value a) {
    uint64_t x = 0;
    if (is_const(a, &x)) return constant(type(a), 0 - x);
    return emit(Op::Neg, type(a), a);
}

Value Builder::mul(Value a, Value b) {
    uint64_t x = 0;
    uint64_t y = 0;
    if (is_const(a)) std::swap(a, b);
    if (is_const(b, &y)) {
        if (is_const(a, &x)) return constant(type(a), x * y);
        if (y == 0) return b;
        if (y == 1) return a;
        if ((y & (y - 1)) == 0) return shl(a, static_cast<unsigned>(__builtin_ctzll(y)));
    }
    return emit(Op::Mul, type(a), a, b);
}

Value Builder::shl(Value a, Value count) {
    uint64_t x = 0;
    uint64_t n = 0;
    if (is_const(count, &n)) {
        n %= bits_of(type(a));
        if (n == 0) return a;
        if (is_const(a, &x)) return constant(type(a), x << n);
    }
    return emit(Op::Shl, type(a), a, count);
}

Value Builder::shr(Value a, Value count) {
    uint64_t x = 0;
    uint64_t n = 0;
    if (is_const(count, &n)) {
        n %= bits_of(type(a));
        if (n == 0) return a;
        if (is_const(a, &x)) return constant(type(a), x >> n);
    }
    return emit(Op::Shr, type(a), a, count);
}

Value Builder::sar(Value a, Value count) {
    uint64_t x = 0;
    uint64_t n = 0;
    if (is_const(count, &n)) {
        n %= bits_of(type(a));
        if (n == 0) return a;
        if (is_const(a, &x)) return constant(type(a), static_cast<uint64_t>(as_signed(type(a), x) >> n));
    }
    return emit(Op::Sar, type(a), a, count);
}

Value Builder::ror(Value a, Value count) {
    uint64_t n = 0;
    if (is_const(count, &n) && n % bits_of(type(a)) == 0) return a;
    return emit(Op::Ror, type(a), a, count);
}

Value Builder::trunc(Value a) {
    if (type(a) == Type::I32) return a;
    const Inst& inner = insts_[a.id];
    if (inner.op == Op::Const) return constant(Type::I32, inner.imm);
    if (inner.op == Op::ZExt32 || inner.op == Op::SExt32) return inner.a;
    return emit(Op::Trunc, Type::I32, a);
}

Value Builder::zext(Value a) {
    if (type(a) == Type::I64) return a;
    const Inst& inner = insts_[a.id];
    if (inner.op == Op::Const) return constant(Type::I64, inner.imm);
    if (inner.op == Op::Trunc) {
        // The low half of a value whose upper half is zero already.
        const Inst& whole = insts_[inner.a.id];
        if (whole.op == Op::ZExt32) return inner.a;
        if (whole.op == Op::Load && whole.width <= 4) return inner.a;
    }
    return emit(Op::ZExt32, Type::I64, a);
}

Value Builder::sext(Value a) {
    if (type(a) == Type::I64) return a;
    uint64_t x = 0;
    if (is_const(a, &x)) return constant(Type::I64, static_cast<uint64_t>(int64_t{static_cast<int32_t>(x)}));
    return emit(Op::SExt32, Type::I64, a);
}

Value Builder::extend(Value a, unsigned from_bits, bool is_signed, Type to) {
    if (from_bits == 64) return a;
    if (from_bits == 32) {
        const Value low = trunc(a);
        if (to == Type::I32) return low;
        return is_signed ? sext(low) : zext(low);
    }
    const Value source = to == Type::I32 ? trunc(a) : type(a) == Type::I64 ? a : zext(a);
    uint64_t x = 0;
    if (is_const(source, &x)) {
        const unsigned shift = 64 - from_bits;
        const uint64_t wide = x << shift;
        return constant(
            to, is_signed ? static_cast<uint64_t>(static_cast<int64_t>(wide) >> shift) : wide >> shift);
    }
    if (from_bits == 8) return emit(is_signed ? Op::SExt8 : Op::ZExt8, to, source);
    return emit(is_signed ? Op::SExt16 : Op::ZExt16, to, source);
}

Value Builder::ubfx(Value a, unsigned lsb, unsigned bits) {
    const unsigned width = bits_of(type(a));
    if (lsb + bits == width) return shr(a, lsb);
    if (lsb == 0 && bits == 32) return zext(trunc(a));
    if (lsb == 0 && (bits == 8 || bits == 16)) return extend(a, bits, false, type(a));
    return emit(Op::Ubfx, type(a), a, {}, {}, {}, lsb | bits << 8);
}

Value Builder::sbfx(Value a, unsigned lsb, unsigned bits) {
    const unsigned width = bits_of(type(a));
    if (lsb + bits == width) return sar(a, lsb);
    if (lsb == 0 && (bits == 8 || bits == 16 || bits == 32)) return extend(a, bits, true, type(a));
    return emit(Op::Sbfx, type(a), a, {}, {}, {}, lsb | bits << 8);
}

Value Builder::bfi(Value into, Value from, unsigned lsb, unsigned bits) {
    if (bits == bits_of(type(into))) return from;
    return emit(Op::Bfi, type(into), into, from, {}, {}, lsb | (bits & kBitFieldMask) << 8);
}

// --- Flags
// ----------------------------------------------------------------------------------------------------------

Value Builder::select(Cond cond, Value flags, Value if_true, Value if_false) {
    if (cond >= Cond::AL || if_true == if_false) return if_true;
    const Value result = emit(Op::Select, type(if_true), flags, if_true, if_false);
    insts_[result.id].cond = cond;
    return result;
}

Value Builder::cond_bit(Type type, Cond cond, Value flags) {
    if (cond >= Cond::AL) return constant(type, 1);
    const Value result = emit(Op::CondBit, type, flags);
    insts_[result.id].cond = cond;
    return result;
}

Value Builder::ccmp(Op op, Cond cond, Value flags, Value a, Value b, unsigned nzcv) {
    const Value result = emit(op, Type::Flags, flags, a, b, {}, nzcv, type(a) == Type::I32 ? 4 : 8);
    insts_[result.id].cond = cond;
    return result;
}

// --- Memory
// ---------------------------------------------------------------------------------------------------------

// Turns the address into base + index << scale + displacement by looking through additions. The parts are
// Values that exist already, so this never changes what is computed, only what the host's addressing mode
// computes.
void Builder::fold_address(Inst& inst, const Displaced& address) {
    Value base = address.from;
    uint64_t displacement = static_cast<uint64_t>(address.offset);
    uint64_t imm = 0;
    const Inst* at = &insts_[base.id];
    if (at->op == Op::Const) {
        inst.a = displacement ? i64(at->imm + displacement) : base;
        return;
    }
    if (at->op == Op::Add && is_const(at->b, &imm) && fits_displacement(imm + displacement) &&
        cheaper_than(at->a, base)) {
        base = at->a;
        displacement += imm;
        at = &insts_[base.id];
    }
    inst.imm = displacement;
    if (at->op == Op::Add && !is_const(at->b) && cheaper_than(at->a, base)) {
        const Inst& right = insts_[at->b.id];
        uint64_t n = 0;
        inst.a = at->a;
        if (right.op == Op::Shl && is_const(right.b, &n) && n <= 3) {
            inst.b = right.a;
            inst.scale = static_cast<uint8_t>(n);
        } else {
            inst.b = at->b;
        }
        return;
    }
    inst.a = base;
}

void Builder::emit_tag_check(const Displaced& address, unsigned bytes, bool store_only) {
    emit(Op::CheckTag, Type::None, address, {}, {}, {}, store_only, static_cast<uint8_t>(bytes));
}

Value Builder::load(Type type, const Displaced& address, unsigned bytes, bool is_signed) {
    check_tag(address, bytes, false);
    Inst inst;
    inst.op = is_signed && bytes < bits_of(type) / 8 ? Op::LoadSigned : Op::Load;
    inst.type = type;
    inst.width = static_cast<uint8_t>(bytes);
    fold_address(inst, address);
    return append(inst);
}

void Builder::store(const Displaced& address, Value value, unsigned bytes, bool release) {
    check_tag(address, bytes, true);
    Inst inst;
    inst.op = release ? Op::StoreRelease : Op::Store;
    inst.width = static_cast<uint8_t>(bytes);
    inst.c = value;
    fold_address(inst, address);
    append(inst);
}

Value Builder::load_v(const Displaced& address, unsigned bytes) {
    check_tag(address, bytes, false);
    Inst inst;
    inst.op = Op::LoadV;
    inst.type = Type::V128;
    inst.width = static_cast<uint8_t>(bytes);
    inst.upper_zero = bytes == 16 ? 0 : bytes == 8 ? 1 : bytes == 4 ? 2 : 3;
    fold_address(inst, address);
    return append(inst);
}

void Builder::store_v(const Displaced& address, Value value, unsigned bytes) {
    check_tag(address, bytes, true);
    Inst inst;
    inst.op = Op::StoreV;
    inst.width = static_cast<uint8_t>(bytes);
    inst.c = value;
    fold_address(inst, address);
    append(inst);
}

Value Builder::access_v(Op op, Type type, Value address, Value vector, unsigned width) {
    check_tag(address, op == Op::VLoadDup ? width : 1u << (width & 3), op == Op::VStoreLane);
    return access(op, type, address, vector, width);
}

Value Builder::atomic(Op op, Type type, Value address, Value operand, unsigned bytes) {
    check_tag(address, bytes, false);
    return access(op, type, address, operand, bytes);
}

Value Builder::access(Op op, Type type, Value address, Value operand, unsigned width) {
    Inst inst;
    inst.op = op;
    inst.type = type;
    inst.width = static_cast<uint8_t>(width);
    inst.c = operand;
    fold_address(inst, displaced(address, 0));
    return append(inst);
}

Value Builder::cas(Type type, Value address, Value expected, Value desired, unsigned bytes) {
    check_tag(address, bytes, false);
    return emit(Op::Cas, type, address, {}, expected, desired, 0, static_cast<uint8_t>(bytes));
}

Value Builder::call_helper(unsigned helper, Value a, Value b, Value c) {
    const Value zero = a && b && c ? Value{} : i64(0);
    return emit(Op::CallHelper, Type::I64, a ? a : zero, b ? b : zero, c ? c : zero, {}, helper);
}

Value Builder::call_helper_v(unsigned helper, Value a, Value b, Value c, unsigned immediate) {
    return emit(Op::CallHelperV, Type::V128, a, b, c, {}, helper | uint64_t{immediate} << 32);
}

}  // namespace armature::translator::ir
