// SPDX-License-Identifier: MIT
// Builds a Block, folding as it goes: constants, identities, zero extensions of values that are zero-extended
// already, addresses into base + index * scale + displacement, and guest registers that the block has read or
// written before.
#pragma once

#include <cstdint>

#include "translator/ir/ir.h"
#include "translator/ir/sve.h"

namespace armature::translator::ir {

class Builder;

// A sum of a value and a constant that is made only if somebody needs it as a Value: accesses take it as it
// is.
struct Displaced {
    Builder* builder = nullptr;
    Value from;
    int64_t offset = 0;

    Displaced operator+(int64_t more) const { return {builder, from, offset + more}; }
    operator Value() const;
};

// The stack pointer must be a multiple of 16 where it is the base of an access. As long as it always was,
// only changes of it are checked, where they are not obviously harmless.
enum class StackCheck : uint8_t { None, Changes, Accesses };

class Builder {
  public:
    explicit Builder(support::Arena& arena) : arena_(arena) {}

    void begin(uint64_t address);
    void begin_guest(uint64_t address, uint32_t encoding,
                     uint16_t row);  // the following belongs to this instruction
    void set_guest_row(uint16_t row) { guest_[guest_count_ - 1].row = row; }
    Block finish();
    bool ended() const { return end_.kind != Terminator::None; }
    uint64_t address() const { return guest_[guest_count_ - 1].address; }
    unsigned guest_count() const { return guest_count_; }
    size_t size() const { return count_; }
    Inst& inst(Value value) { return insts_[value.id]; }
    const Inst& inst(Value value) const { return insts_[value.id]; }

    // Any operation, unfolded, by its row: the workhorse for lifters of vector and floating-point
    // instructions.
    Value emit(Op op, Type type, Value a = {}, Value b = {}, Value c = {}, Value d = {}, uint64_t imm = 0,
               uint8_t width = 0);

    void set_stack_check(StackCheck check) { stack_check_ = check; }
    StackCheck stack_check() const { return stack_check_; }

    // Allocation tags (MTE). If the block checks them at all, the accesses of an instruction that says so are
    // checked; those by way of the functions below of themselves.
    void set_tag_checks(bool on) { tag_checks_ = on; }
    bool tag_checks() const { return tag_checks_; }
    void set_tag_checked(bool on) { tag_checked_ = on && tag_checks_; }
    bool checks_tags() const { return tag_checked_; }
    void check_tag(const Displaced& address, unsigned bytes, bool store_only) {
        if (tag_checked_) [[unlikely]]
            emit_tag_check(address, bytes, store_only);
    }
    void check_tag(Value address, unsigned bytes, bool store_only) {
        check_tag(displaced(address, 0), bytes, store_only);
    }

    // Constants.
    Value i32(uint32_t value) { return constant(Type::I32, value); }
    Value i64(uint64_t value) { return constant(Type::I64, value); }
    Value constant(Type type, uint64_t value);
    bool is_const(Value value, uint64_t* imm = nullptr) const;

    // Guest registers. In get_x/set_x, 31 is SP; in get_r/set_r it is the zero register. The 32-bit forms
    // truncate and zero-extend.
    Value get_x(unsigned n);
    void set_x(unsigned n, Value value);
    Value get_r(Type type, unsigned n);     // X or W register, 31 = zero
    void set_r(unsigned n, Value value);    // value's type: I64, or I32 (zero-extended); 31: dropped
    Value get_r_sp(Type type, unsigned n);  // 31 = SP
    void set_r_sp(unsigned n, Value value);
    Value get_v(unsigned n);
    void set_v(unsigned n, Value value);  // all 128 bits
    // With SVE, what sets a V register also zeroes the rest of the Z register: called at the end of each
    // guest instruction.
    void note_v_writes();
    void set_records_v_writes(bool on) { records_v_writes_ = on; }
    void call_sve(uint32_t word, unsigned row);
    // An instruction of SVE as an operation of the host's, where there is one (ir/sve.h). Lengths in bytes;
    // 0: there are none.
    void set_sve_length(unsigned bytes) { sve_length_ = bytes; }
    unsigned sve_length() const { return sve_length_; }
    void sve(const SveFields& fields, Value mask = {});
    Value get_flags();
    void set_flags(Value flags);
    Value load_state(Type type, size_t offset);
    void store_state(size_t offset, Value value);  // of the value's size

    // Integer arithmetic, folded. Operands have equal types; shift counts too.
    Value add(Value a, Value b);
    Value sub(Value a, Value b);
    Value and_(Value a, Value b);
    Value or_(Value a, Value b);
    Value xor_(Value a, Value b);
    Value and_not(Value a, Value b);
    Value not_(Value a);
    Value neg(Value a);
    Value mul(Value a, Value b);
    Value shl(Value a, Value count);
    Value shr(Value a, Value count);
    Value sar(Value a, Value count);
    Value ror(Value a, Value count);
    Value shl(Value a, unsigned count) { return shl(a, constant(type(a), count)); }
    Value shr(Value a, unsigned count) { return shr(a, constant(type(a), count)); }
    Value sar(Value a, unsigned count) { return sar(a, constant(type(a), count)); }
    Value ror(Value a, unsigned count) { return ror(a, constant(type(a), count)); }
    Value unary(Op op, Value a) { return emit(op, type(a), a); }
    Value binary(Op op, Value a, Value b) { return emit(op, type(a), a, b); }
    Value trunc(Value a);                                                // I64 -> I32 (I32 stays)
    Value zext(Value a);                                                 // I32 -> I64 (I64 stays)
    Value sext(Value a);                                                 // I32 -> I64
    Value extend(Value a, unsigned from_bits, bool is_signed, Type to);  // from the low 8, 16, 32, 64 bits
    Value ubfx(Value a, unsigned lsb, unsigned bits);
    Value sbfx(Value a, unsigned lsb, unsigned bits);
    Value bfi(Value into, Value from, unsigned lsb, unsigned bits);

    // Flags. `*_s` return the value; flags_of() gives its flags.
    Value add_s(Value a, Value b) { return emit(Op::AddS, type(a), a, b); }
    Value sub_s(Value a, Value b) { return emit(Op::SubS, type(a), a, b); }
    Value and_s(Value a, Value b) { return emit(Op::AndS, type(a), a, b); }
    Value flags_of(Value s_value) { return emit(Op::FlagsOf, Type::Flags, s_value); }
    Value select(Cond cond, Value flags, Value if_true, Value if_false);
    Value cond_bit(Type type, Cond cond, Value flags);
    Value ccmp(Op op, Cond cond, Value flags, Value a, Value b, unsigned nzcv);

    // Memory. `bytes` 1, 2, 4, 8 (and 16 for vectors).
    Displaced displaced(Value from, int64_t offset) { return {this, from, offset}; }
    Value load(Type type, const Displaced& address, unsigned bytes, bool is_signed = false);
    Value load(Type type, Value address, unsigned bytes, bool is_signed = false) {
        return load(type, displaced(address, 0), bytes, is_signed);
    }
    void store(const Displaced& address, Value value, unsigned bytes, bool release = false);
    void store(Value address, Value value, unsigned bytes, bool release = false) {
        store(displaced(address, 0), value, bytes, release);
    }
    Value load_v(const Displaced& address, unsigned bytes);
    Value load_v(Value address, unsigned bytes) { return load_v(displaced(address, 0), bytes); }
    void store_v(const Displaced& address, Value value, unsigned bytes);
    void store_v(Value address, Value value, unsigned bytes) { store_v(displaced(address, 0), value, bytes); }
    Value access_v(Op op, Type type, Value address, Value vector,
                   unsigned width);  // VLoadDup, VLoadLane, VStoreLane
    Value atomic(Op op, Type type, Value address, Value operand, unsigned bytes);
    Value cas(Type type, Value address, Value expected, Value desired, unsigned bytes);

    Value call_helper(unsigned helper, Value a = {}, Value b = {}, Value c = {});
    Value call_helper_v(unsigned helper, Value a = {}, Value b = {}, Value c = {}, unsigned immediate = 0);

    // Guest registers may have changed: they are read anew from here on.
    void forget_state();

    // Ends the block.
    void end(const Terminator& terminator) { end_ = terminator; }

    Type type(Value value) const { return insts_[value.id].type; }

    // Instrumentation of memory accesses. A lifter reports each access as plugins count them (an LDP is one)
    // right after the operations that make it; `memory_info` as in translator/hooks.h. Nothing happens unless
    // a hook is set.
    void report_access(Value address, Value value, uint32_t memory_info, Value value2 = {}) {
        if (access_hook_) access_hook_(access_context_, address, value, value2, memory_info);
    }
    void report_access(const Displaced& address, Value value, uint32_t memory_info, Value value2 = {}) {
        if (access_hook_) report_access(static_cast<Value>(address), value, memory_info, value2);
    }
    // The same for an access that was made only if `status` is zero: the hook finds the status in
    // access_guard().
    void report_access_if_zero(Value status, Value address, Value value, uint32_t memory_info,
                               Value value2 = {}) {
        access_guard_ = status;
        report_access(address, value, memory_info, value2);
        access_guard_ = {};
    }
    Value access_guard() const { return access_guard_; }
    bool reports_accesses() const { return access_hook_ != nullptr; }
    void set_access_hook(void (*hook)(void*, Value address, Value value, Value value2, uint32_t memory_info),
                         void* context) {
        access_hook_ = hook;
        access_context_ = context;
    }

  private:
    bool keeps_stack_aligned(Value value, unsigned depth = 0) const;
    void emit_tag_check(const Displaced& address, unsigned bytes, bool store_only);
    StackCheck stack_check_ = StackCheck::None;
    unsigned sve_length_ = 0;
    bool tag_checks_ = false;
    bool tag_checked_ = false;  // by the present instruction
    void make_room();
    Inst& next();  // the next instruction, all zero
    static uint8_t operands_of(const Inst& inst) {
        return inst.d ? 4 : inst.c ? 3 : inst.b ? 2 : inst.a ? 1 : 0;
    }
    Value append(const Inst& inst);
    void note_set(uint32_t& seen, unsigned n) {
        repeated_sets_ |= seen >> n & 1;
        seen |= 1u << n;
    }
    Value access(Op op, Type type, Value address, Value operand, unsigned width);
    void fold_address(Inst& inst, const Displaced& address);
    bool cheaper_than(Value origin, Value value) const;
    support::Arena& arena_;
    Inst* insts_ = nullptr;
    uint32_t count_ = 0;
    uint32_t capacity_ = 0;
    GuestInst* guest_ = nullptr;
    unsigned guest_count_ = 0;
    uint64_t address_ = 0;
    Terminator end_;
    Value x_[32];
    Value v_[32];
    Value flags_;
    Value zero_[2];       // the constant, of type I32 and I64, once the block has it
    uint32_t set_x_ = 0;  // registers that the block has set
    uint32_t set_v_ = 0;
    uint32_t v_written_ = 0;  // since note_v_writes
    uint32_t v_noted_ = 0;    // since the last instruction of SVE: their upper parts are zero
    bool records_v_writes_ = false;
    uint32_t set_flags_ = 0;  // bit 0
    bool repeated_sets_ = false;
    void (*access_hook_)(void*, Value, Value, Value, uint32_t) = nullptr;
    void* access_context_ = nullptr;
    Value access_guard_;
};

inline Displaced::operator Value() const {
    return builder->add(from, builder->i64(static_cast<uint64_t>(offset)));
}

}  // namespace armature::translator::ir
