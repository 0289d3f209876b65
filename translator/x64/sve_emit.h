// SPDX-License-Identifier: MIT
// Operation Sve: the forms of ir/sve_direct.def in AVX-512.
//
// All guest registers are at home, pinned or in CpuState, when such an operation begins, and when it ends.
// Inside a block, registers of SVE are kept as copies too (sve_cache.h). A vector has the block's length: an
// xmm, ymm or zmm register. The mask of an instruction is made of its predicate by taking one bit for each
// element.
//
// What is not certain is done again by C++ (redo): all that follows a fault - which element, FFR, tags - and
// floating point whose result the host sees otherwise than Arm. So nothing of the guest's may be changed
// before the last test.
#pragma once

#include "translator/ir/sve.h"
#include "translator/x64/emit.h"

namespace armature::translator::x64 {

class Sve;

// The call of C++ for an instruction: EFLAGS say whether it met no fault.
void call_sve(Context& e, uint32_t word, unsigned row);
// The same, and what follows a fault. No guest register is anywhere but at home.
void call_sve_or_trap(Context& e, const ir::Inst& i, uint32_t word, unsigned row);

namespace sve {

// d = a op b, on elements of the instruction's size. d may have a mask, and may be an operand.
using Binary = void (*)(Sve& s, const Xbyak::Xmm& d, const Xbyak::Xmm& a, const Xbyak::Xmm& b);
using Unary = void (*)(Sve& s, const Xbyak::Xmm& d, const Xbyak::Xmm& a);
using ByImmediate = void (*)(Sve& s, const Xbyak::Xmm& d, const Xbyak::Xmm& a, unsigned amount);

#define SVE_BINARY(name) void name(Sve& s, const Xbyak::Xmm& d, const Xbyak::Xmm& a, const Xbyak::Xmm& b)
#define SVE_UNARY(name) void name(Sve& s, const Xbyak::Xmm& d, const Xbyak::Xmm& a)
#define SVE_BY(name) void name(Sve& s, const Xbyak::Xmm& d, const Xbyak::Xmm& a, unsigned amount)
SVE_BINARY(add);
SVE_BINARY(sub);
SVE_BINARY(mul);
SVE_BINARY(bit_and);
SVE_BINARY(bit_or);
SVE_BINARY(bit_xor);
SVE_BINARY(bit_clear);
SVE_BINARY(smulh);
SVE_BINARY(umulh);
SVE_BINARY(sqadd);
SVE_BINARY(uqadd);
SVE_BINARY(sqsub);
SVE_BINARY(uqsub);
SVE_BINARY(smax);
SVE_BINARY(umax);
SVE_BINARY(smin);
SVE_BINARY(umin);
SVE_BINARY(sabd);
SVE_BINARY(uabd);
SVE_BINARY(urhadd);
SVE_BINARY(asr);
SVE_BINARY(lsr);
SVE_BINARY(lsl);
SVE_UNARY(abs);
SVE_UNARY(neg);
SVE_UNARY(bit_not);
SVE_UNARY(clz);
SVE_UNARY(fabs);
SVE_UNARY(fneg);
SVE_UNARY(revb);
SVE_UNARY(sxtb);
SVE_UNARY(sxth);
SVE_UNARY(sxtw);
SVE_UNARY(uxtb);
SVE_UNARY(uxth);
SVE_UNARY(uxtw);
SVE_BY(asr_by);
SVE_BY(lsr_by);
SVE_BY(lsl_by);
SVE_BINARY(fadd);
SVE_BINARY(fsub);
SVE_BINARY(fmul);
SVE_BINARY(fdiv);

// Predicates of VPCMP.
enum Condition : uint8_t { kEqual, kLess, kNotGreater, kNotEqual = 4, kNotLess, kGreater };
// Predicates of VCMPPS that raise what Arm raises.
enum FloatCondition : uint8_t {
    kFloatEqual = 0,
    kFloatLess = 1,
    kFloatNotGreater = 2,
    kFloatUnordered = 3,
    kFloatNotEqual = 4,
    kFloatNotLess = 13,
    kFloatGreater = 14,
};
enum Logic : uint8_t { kAnd, kBic, kEor, kOrr, kOrn, kNor, kNand, kSelect };
enum Counting : uint8_t { kCount, kIncrease, kDecrease };
enum IndexBase : bool { kImmediateBase, kRegisterBase };
enum IndexStep : bool { kImmediateStep, kRegisterStep };
enum Permutation : uint8_t { kZip1, kZip2, kUzp1, kUzp2, kTrn1, kTrn2, kReverse };
// What inactive elements count as in a reduction.
enum Neutral : uint8_t { kZero, kOnes, kLeast, kGreatest };
enum Into : bool { kScalar, kGeneral };
// What the addresses of a gather are made of: a base and words, a base and doublewords, doublewords alone.
enum Addressing : uint8_t { kExtended, kOffsets, kBases };
enum Conversion : uint8_t {
    kSigned32ToSingle,
    kSigned32ToDouble,
    kSigned64ToDouble,
    kUnsigned32ToSingle,
    kUnsigned32ToDouble,
    kUnsigned64ToDouble,
    kSingleToSigned32,
    kDoubleToSigned64,
    kSingleToUnsigned32,
    kDoubleToUnsigned64,
    kSigned64ToSingle,
    kUnsigned64ToSingle,
    kDoubleToSigned32,
    kSingleToSigned64,
    kDoubleToUnsigned32,
    kSingleToUnsigned64,
};

}  // namespace sve

class Sve {
  public:
    using Xmm = Xbyak::Xmm;
    using Opmask = Xbyak::Opmask;
    using Reg64 = Xbyak::Reg64;

    Sve(Context& context, const ir::Inst& inst);
    void finish();   // what was put off until the result is where it belongs
    void by_call();  // instead: the host lacks something, after all

    Context& e;
    Allocator& r;
    Xbyak::CodeGenerator& c;
    const ir::Inst& i;
    const ir::SveFields f;
    const unsigned length;  // of vectors, in bytes

    unsigned size() const { return f.size; }
    unsigned elements() const { return length >> f.size; }

    // --- Registers. What is handed out stays put until the operation ends.
    Xmm vector(int host, unsigned bytes) const {
        return Xmm(bytes == 64   ? Xbyak::Operand::ZMM
                   : bytes == 32 ? Xbyak::Operand::YMM
                                 : Xbyak::Operand::XMM,
                   host);
    }
    Xmm part(const Xmm& x, unsigned bytes) const { return vector(x.getIdx(), bytes < 16 ? 16 : bytes); }
    Xmm z(unsigned n);  // read it; or change it, then set_z
    Xmm fresh();        // a new one: of a result, or temporary
    void set_z(unsigned n, const Xmm& value);
    Opmask mask(unsigned predicate, unsigned element_size);
    Opmask mask() { return mask(f.g, f.size); }
    Opmask fresh_mask();
    void set_mask(unsigned predicate, const Opmask& value);  // elements of the instruction's size
    void get_p(const Reg64& to, unsigned predicate);
    void set_p(unsigned predicate, const Reg64& from);
    Reg64 x(unsigned n, const Reg64& scratch);     // 31: zero
    Reg64 x_sp(unsigned n, const Reg64& scratch);  // 31: the stack pointer
    void set_x(unsigned n, const Reg64& from);
    // NZCV of the elements `result` among those of `governing`: destroys both, and rax and rsi.
    void set_flags(const Reg64& governing, const Reg64& result);
    void store_flags(const Xbyak::Reg32& from);

    // Masks and vectors by the element's size.
    template <typename To, typename From>  // registers, or one is memory; `to` has a mask, perhaps
    void assign(const To& to, const From& from) {
        switch (size()) {
            case 0:
                return c.vmovdqu8(to, from);
            case 1:
                return c.vmovdqu16(to, from);
            case 2:
                return c.vmovdqu32(to, from);
            default:
                return c.vmovdqu64(to, from);
        }
    }
    void broadcast(const Xmm& d, const Reg64& from);
    void broadcast(const Xmm& d, int64_t value);  // rax
    void zero(const Xmm& d) { c.vpxord(d, d, d); }
    void set_scalar(unsigned n, const Xmm& value);  // the first element, and zeros: rax
    void permute_into(sve::Permutation how, const Xmm& d, const Xmm& a, const Xmm& b);
    void permute_by(const Xmm& indices, const Xmm& a, const Xmm& b);  // the result replaces the indices
    bool can_permute() const { return size() || e.host.avx512_vbmi; }

    // --- Doing it again in C++, from the start, if...
    void redo_if(uint8_t condition);           // EFLAGS say so
    void redo_if_any(const Opmask& elements);  // there is one
    template <typename Fn>
    void access(Fn fn) {  // the host instruction that fn emits faults
        const uint32_t at = e.here();
        fn();
        const Context::Jump jump = r.never_jump();
        r.redo_fault_point(i, at, jump);
        add_redo(jump);
    }

    // --- Emitters: of integers (sve_integer.cc)
    void zzz(sve::Binary op);
    void zgzz(sve::Binary op, bool reversed = false);
    void zgz(sve::Unary op);
    void zzi(sve::ByImmediate op);
    void zgzi(sve::ByImmediate op);
    void shift_accumulate(sve::ByImmediate op);
    void with_immediate(sve::Binary op, bool reversed = false);
    void with_mask(sve::Binary op);
    void count_bits();
    void accumulate(sve::Binary op);
    void multiply_add(sve::Binary op);
    void dot(bool first_signed, bool second_signed);
    void compare(sve::Condition condition, bool is_signed);
    void compare_immediate(sve::Condition condition, bool is_signed);
    // sve_reduce.cc
    void add_across(bool is_signed);
    void reduce(sve::Binary op, sve::Neutral neutral);
    void fadd_across();
    void fadd_ordered();
    void fminmax_across(bool maximum, bool numbers);
    void last(bool after, sve::Into into, bool conditional);
    // sve_permute.cc
    void move();
    void move_active();
    void select();
    void duplicate_general();
    void duplicate_immediate();
    void duplicate_mask();
    void duplicate_float();
    void duplicate_element();
    void copy_general();
    void copy_scalar();
    void copy_immediate();
    void copy_float();
    void index(sve::IndexBase base, sve::IndexStep step);
    void permute(sve::Permutation how);
    void unpack(bool is_signed, bool high);
    void compact();
    void extract();
    // sve_predicate.cc
    void ptrue(bool sets_flags);
    void pfalse();
    void ptest();
    void logic(sve::Logic how, bool sets_flags);
    void break_at(bool after, bool sets_flags);
    void pfirst();
    void unpack_predicate(bool high);
    void set_ffr();
    void write_ffr();
    void read_ffr(bool governed, bool sets_flags);
    void while_less(bool wide, bool is_signed);
    void count_predicate(sve::Counting how);
    // sve_memory.cc
    void load();
    void store();
    void load_replicated();
    void load_vector();
    void store_vector();
    void load_predicate();
    void store_predicate();
    void load_quads();
    // sve_gather.cc
    void load_structures();
    void store_structures();
    void gather(unsigned element, sve::Addressing addressing);
    void scatter(unsigned element, sve::Addressing addressing);
    // sve_fp.cc
    void fzzz(sve::Binary op);
    void fzgzz(sve::Binary op, bool reversed);
    void fzgzi(sve::Binary op, bool reversed, double first, double second);
    void fsqrt();
    void fused(bool into_factor, bool negate_addend, bool negate_product);
    void fcompare(sve::FloatCondition condition);
    void fminmax(bool maximum);
    void convert(sve::Conversion how);
    void narrow();
    void widen();
    void fround(uint8_t mode);
    void fabd();
    void fminmax_with(bool maximum);
    void fused_element(bool negate_product);
    void fmul_element();

  private:
    Sve(Context& context, const ir::Inst& inst, const SveCache& cache);
    static constexpr unsigned kMostRedos = 4;
    struct Redo {
        SveCache cache;  // what it must load again
        Context::Jump jumps[kMostRedos];
        unsigned count = 0;
    };
    void add_redo(Context::Jump jump);
    static void emit_redo(Context& e, const Context::Cold& cold);
    int take_vector();
    int take_mask();
    void load_z(unsigned n, int host);
    void load_mask(unsigned predicate, unsigned element_size, int host);
    Xbyak::RegExp address();
    bool is_double() const { return f.size == 3; }
    void redo_if_flushing();
    void redo_if_strange(const Xmm& result, const Opmask* active, bool rounds_when_tiny);
    void convert_with(sve::Conversion how, const Xmm& d, const Xmm& a);
    void broadcast_float(const Xmm& d);
    void broadcast_wide(const Xmm& d, uint64_t value);
    void join_extremes(bool maximum, const Xmm& d, const Xmm& a, const Xmm& b);
    void extremes_of(bool maximum, const Xmm& b);
    Xmm indexed_element();
    template <typename Op>
    void fold(const Xmm& x, Op op);
    Opmask structure_mask(unsigned piece);
    Xmm permuted(sve::Permutation how, const Xmm& a, const Xmm& b);
    Xmm every_third(unsigned first, const Xmm* pieces);
    Xmm by_threes(unsigned piece, const Xmm* values);
    Xmm of_three(const void* indices, uint64_t of_last, const Xmm* sources);
    Xbyak::RegExp gather_address(sve::Addressing addressing, const Xmm& offsets);
    Xmm doubleword_offsets(sve::Addressing addressing);
    template <typename Fn>
    void by_halves(const Opmask& active, Fn fn);

    Context::Jump redos_[kMostRedos];
    unsigned redo_count_ = 0;
};

}  // namespace armature::translator::x64
