// SPDX-License-Identifier: MIT
// The code generator's state while it walks over one block: where every value is, what every host register
// holds, where the condition flags are.
//
// One forward pass over the instructions, with what a backward pass learned first (liveness.cc): how often
// each value is used, which instructions are dead, into which pinned register a result may be computed
// directly, and from where on the guest's flags matter.
//
// Invariants between two instructions:
//   - a pinned host register holds the present value of its guest register, and CpuState's slot holds the
//   present value
//     of every other guest register: a fault needs no further bookkeeping;
//   - a value with uses left is in at least one of: a register (owner[reg] is it), its memory home, its spill
//   slot; or it
//     is a constant;
//   - an I32 value has a zero upper half in its register, except where it aliases an I64 value (Trunc). So
//   ZExt32 of
//     anything computed in 32 bits is an alias, too;
//   - the guest's NZCV are in CpuState::flags, or in EFLAGS (flags_in_eflags_), or nobody will ask for them
//   before they
//     change.
#pragma once

#include <new>
#include <span>

#include "guest/cpu_state.h"
#include "translator/x64/context.h"
#include "translator/x64/encode.h"
#include "translator/x64/sve_cache.h"

namespace armature::translator::x64 {

enum class Bank : uint8_t { General, Vector };

// What is known of a Value. Indexed by the Value's id; aliases use their root's.
struct alignas(32) Track {
    uint32_t root = 0;
    uint32_t remaining = 0;  // uses that are still to come, the present instruction's included
    uint32_t last_use = 0;   // instruction index
    uint32_t flags = 0;      // of an S operation: the FlagsOf that is wanted
    int16_t reg = -1;        // host register that holds it
    int16_t home = -1;       // guest register whose slot in CpuState holds it
    int16_t hint = -1;       // guest register, pinned, that it may be computed into directly
    int16_t spill = -1;      // slot in CpuState::spill that holds it
    bool dead = false;       // instruction needs no code
};

// The registers of one bank.
struct RegisterFile {
    uint32_t owner[16] = {};   // value in host register
    uint32_t memory[32] = {};  // value in the slot of guest register n, for those with a memory home
    uint16_t temporaries = 0;  // registers that values may use
    uint16_t locked = 0;       // handed out to the present emitter
    uint16_t reserved = 0;     // its temporaries
    uint16_t borrowed = 0;     // pinned registers that serve as temporaries until it returns
    uint16_t lent = 0;         // pinned registers that are temporaries until their guest register is set
    const int* plan = nullptr;
};

class Allocator final : public Context {
  public:
    Allocator(Xbyak::CodeGenerator& generator, const HostFeatures& features, const ir::Block& block,
              support::Arena& arena, std::span<Xbyak::Label> constant_labels);

    bool run();  // emits the block; false: it does not fit
    std::span<LinkSite> links() const { return {links_, link_count_}; }
    std::span<ThunkJump> thunk_jumps() const { return {thunk_jumps_, thunk_jump_count_}; }
    std::span<FaultPoint> faults() const { return {faults_, fault_count_}; }
    std::span<uint32_t> guest_offsets() const { return guest_offsets_; }

    // --- Values (allocator.cc)
    uint32_t root(ir::Value value) const {
        uint32_t id = tracks_[value.id].root;
        while (tracks_[id].root != id) id = tracks_[id].root;
        return id;
    }
    Track& track(uint32_t id) { return tracks_[id]; }
    const Track& track(uint32_t id) const { return tracks_[id]; }
    RegisterFile& file(Bank bank) { return files_[static_cast<unsigned>(bank)]; }
    bool constant(ir::Value value, uint64_t* imm) const;
    bool vector_constant(uint32_t id, uint64_t* lo, uint64_t* hi) const;
    bool rematerialises(uint32_t id) const;  // a constant of either bank: made again wherever it is needed
    ir::Value self() const { return {index_}; }  // the result of the present instruction
    const ir::Inst& current() const { return block_.insts[index_]; }
    // Among the present instruction's operands.
    unsigned occurrences(uint32_t id) const {
        if (index_ == last_instruction()) return block_.end.a && root(block_.end.a) == id;
        const ir::Inst& i = current();
        unsigned count = 0;
        for (unsigned n = 0; n < i.operands; n++) {
            if (i.operand(n) && root(i.operand(n)) == id) count++;
        }
        return count;
    }
    bool dies(uint32_t id) const { return tracks_[id].remaining <= occurrences(id); }
    bool value_used() const { return tracks_[index_].remaining != 0; }

    int use_register(Bank bank, ir::Value value);
    int copy_register(Bank bank, ir::Value value);
    int define(Bank bank, uint32_t id);
    int define_as(Bank bank, uint32_t id, ir::Value a);
    int define_last(Bank bank,
                    uint32_t id);  // may be any dying operand's register: written by the last instruction
    int define_over(Bank bank, uint32_t id, ir::Value a);
    int temporary(Bank bank);
    bool reuses(ir::Value a) const;  // would def_as(self, a) need no move?
    Xbyak::Reg64 def_last(ir::Value result) { return Xbyak::Reg64(define_last(Bank::General, result.id)); }
    Xbyak::Xmm vdef_last(ir::Value result) { return Xbyak::Xmm(define_last(Bank::Vector, result.id)); }
    void drop_operand(Bank bank,
                      ir::Value a);  // it has been copied: not worth spilling if this is its last use
    void spill_everything();         // values that outlive this instruction go to memory: a call follows
    void forget_homes();             // guest registers may have changed behind the allocator's back
    bool in_memory(ir::Value value) const {
        const Track& t = tracks_[root(value)];
        return t.reg < 0 && (t.home >= 0 || t.spill >= 0);
    }
    void load_value(int reg, ir::Value value);  // a copy into a register that is not under management, I64
    void release(Xbyak::Reg64 reg) {
        file(Bank::General).locked &= static_cast<uint16_t>(~(1u << reg.getIdx()));
    }

    // --- Guest registers (select_state.cc)
    void read_home(Bank bank, uint32_t id, unsigned n);
    void write_home(Bank bank, ir::Value value, unsigned n);
    void evict_home(Bank bank, int reg);
    void before_call();
    void call_helper();  // the C++ function whose address is in rax

    // --- Flags (flags.cc)
    bool flags_busy() const;           // EFLAGS hold something that is still needed
    void keep_flags(ir::Value flags);  // before condition() by an instruction that then destroys EFLAGS
    void set_guest_flags(ir::Value flags);
    void read_guest_flags(uint32_t id);
    void flush_guest_flags();  // CpuState::flags is up to date; EFLAGS stay as they are if they can
    void flags_to_slot(ir::Value flags);         // makes a copy in memory, in CpuState::flags' format
    Xbyak::Address flags_slot(ir::Value flags);  // ...and this is where it is
    void flags_from_rax(ir::Value result);       // eax has the format of CpuState::flags
    void carry_in(ir::Value flags,
                  bool as_borrow);  // CF = C, or = !C. Consumes EFLAGS: the next instruction uses CF

    // --- Plugins (select_probe.cc)
    void enter_block();  // call plan: MXCSR and the stack are as the block needs them
    void leave_block();
    void park_mxcsr();  // saves the guest's MXCSR and loads the emulator's
    void unpark_mxcsr();

    // --- Code (code.cc)
    HostAddress host_address(const ir::Inst& i);  // as address(), for the forms of encode.h
    static size_t slot_offset(Bank bank, unsigned guest_register);
    static size_t spill_offset(int16_t index);
    Xbyak::Address slot(Bank bank, unsigned guest_register) const;
    Xbyak::Address spill_slot(int16_t index, unsigned bits) const;
    Xbyak::RegExp masked(Xbyak::RegExp exp);  // the address without its tag, if the block asks for it
    void link_jump(uint64_t target);          // jmp rel32, patched by the runtime
    void link_jcc(uint8_t cc, uint64_t target);
    void link_call(uint64_t target, uint32_t restart);
    void push_fault_point(uint32_t restart);
    void trap(const ir::Inst& i, FaultKind kind, bool is_store);  // emits the instruction that faults
    void fault_with_x0_in_state(const ir::Inst& i);               // a store that has borrowed rbx
    void push_constant(uint64_t value);
    struct Short {
        uint32_t at = 0;
    };
    Short jcc_short(uint8_t cc);  // forward, at most 127 bytes
    Short jmp_short();
    using Context::bind;
    void bind(Short jump);
    void jcc_to(uint8_t cc, uint32_t offset);  // backward
    unsigned constants_used() const { return constant_count_; }
    void jump_thunk(const void* thunk);  // without touching any register
    void call_thunk(const void* thunk);
    void call_pointer(const void* function);
    void store_state_constant(size_t offset, int32_t value);  // 8 bytes
    void test_exit_request();                                 // ZF: nobody has asked translated code to leave
    uint64_t guest_address() const;                           // of the present guest instruction
    void store_pc(uint64_t pc);                               // clobbers rax
    uint32_t last_instruction() const { return static_cast<uint32_t>(block_.insts.size()); }
    void fail() { failed_ = true; }
    support::Arena& arena() { return arena_; }
    // A memory access at offset `at` that goes where the jump `redo` goes if it faults.
    void redo_fault_point(const ir::Inst& i, uint32_t at, Jump redo);
    Jump never_jump();  // no instruction, but the place of a jump's distance

    SveCache sve;  // what the host registers have that only SVE uses

  private:
    friend class Context;
    // Whose MXCSR the host has, where that is known: in blocks that call back.
    enum class Parking : uint8_t { Untracked, Guest, Host };
    static bool uses_mxcsr(ir::Op op) { return op >= ir::Op::FAdd && op <= ir::Op::FNarrow; }
    struct PendingCold {
        Cold cold;
        bool on_cxx_stack = false;
        uint32_t index = 0;
        FlagsAt flags = FlagsAt::State;
    };
    struct PooledConstant {
        uint64_t lo;
        uint64_t hi;
    };
    struct PooledWord {
        uint32_t at;
        uint64_t value;
    };

    void analyse();  // liveness.cc
    void find_aliases();
    void find_uses();
    bool produces_zero_upper(uint32_t id) const;
    bool can_hint(const ir::Inst& inst) const;

    int allocate(Bank bank, uint16_t avoid = 0);
    int lend(Bank bank, uint16_t busy);
    int borrow(Bank bank);
    void evict(Bank bank, int reg);
    void bind_register(Bank bank, int reg, uint32_t id);
    void unbind(Bank bank, uint32_t id);
    void load(Bank bank, int reg, uint32_t id, bool wide);
    void load_vector_constant(int reg, uint64_t lo, uint64_t hi);
    void move(Bank bank, int to, int from, bool wide);
    // CpuState's member at `offset` into the register, and back: 8 bytes (4 if not wide) or 16.
    void load_state(Bank bank, int reg, size_t offset, bool wide = true);
    void store_state(Bank bank, int reg, size_t offset);
    void vacate(int reg);  // a general register that an instruction demands
    int hinted(Bank bank, uint32_t id, uint32_t a, bool any_dying);
    int16_t allocate_spill();
    void store_spill(Bank bank, uint32_t id);
    void return_borrowed(Bank bank);
    void finish_instruction();
    bool is_temporary(Bank bank, int reg) const {
        const RegisterFile& f = files_[static_cast<unsigned>(bank)];
        return (f.temporaries | f.lent) >> reg & 1;
    }
    Xbyak::Operand& operand_slot(const Xbyak::Operand& operand, bool is_address);

    void save_eflags(const Xbyak::Address& where);
    void normalise_eflags();
    void load_eflags(uint32_t id);
    bool guest_flags_needed() const;
    void keep_state_flags();  // before CpuState::flags is overwritten
    FlagsAt flags_now() const { return flags_in_eflags_ ? eflags_kind_ : FlagsAt::State; }

    void emit_cold();
    void emit_stubs();
    void emit_pool();
    void thunk_jump(const void* thunk);
    void add_link(uint32_t offset, uint64_t target);
    void align_link(unsigned prefix);
    void add_fault(const FaultPoint& point);

    const ir::Block& block_;
    support::Arena& arena_;
    std::span<Track> tracks_;
    // Per instruction, what holds from its end on.
    struct Outlook {
        uint32_t
            overwritten[2];  // by bank: guest registers that are set again before anybody can look at them
        bool flags_needed;   // the guest's NZCV may be read before they are set again
    };
    std::span<Outlook> outlook_;
    RegisterFile files_[2];
    uint64_t spill_used_ = 0;
    uint32_t index_ = 0;  // present instruction; insts.size() while the terminator is emitted
    bool failed_ = false;
    bool in_cold_ = false;
    bool on_cxx_stack_ = false;
    Parking park_state_ = Parking::Untracked;
    FlagsAt cold_flags_ = FlagsAt::State;

    uint32_t eflags_value_ = 0;  // Flags value in EFLAGS
    FlagsAt eflags_kind_ = FlagsAt::State;
    bool flags_in_eflags_ = false;    // ...and it is the guest's NZCV, not in CpuState::flags
    uint32_t state_flags_value_ = 0;  // Flags value in CpuState::flags
    bool flags_consumed_ = false;     // the present instruction has read its Flags operand

    alignas(Xbyak::Address) unsigned char operands_[4][sizeof(Xbyak::Address)];
    unsigned next_operand_ = 0;

    std::span<Xbyak::Label> constant_labels_;
    PooledConstant* constants_ = nullptr;
    unsigned constant_count_ = 0;
    PooledWord* words_ = nullptr;
    unsigned word_count_ = 0;
    unsigned word_capacity_ = 0;
    PendingCold* colds_ = nullptr;
    unsigned cold_count_ = 0;
    unsigned cold_capacity_ = 0;
    ThunkJump* thunk_jumps_ = nullptr;
    unsigned thunk_jump_count_ = 0;
    unsigned thunk_jump_capacity_ = 0;
    LinkSite* links_ = nullptr;
    unsigned link_count_ = 0;
    FaultPoint* faults_ = nullptr;
    unsigned fault_count_ = 0;
    unsigned fault_capacity_ = 0;
    std::span<uint32_t> guest_offsets_;
};

inline Allocator& impl(Context& e) {
    return static_cast<Allocator&>(e);
}

// Emits what ends the block (select_terminator.cc).
void emit_terminator(Allocator& e);

using Emitter = void (*)(Context&, const ir::Inst&);
extern const Emitter kEmitters[];  // by ir::Op (select_table.cc)

inline constexpr unsigned kStubNumber = 1;  // where the number of its site is in a stub: mov eax, imm32

inline constexpr size_t kStateFlags = offsetof(guest::CpuState, flags);
inline constexpr size_t kStatePc = offsetof(guest::CpuState, pc);

// x86 condition codes.
enum : uint8_t { kO, kNO, kB, kAE, kE, kNE, kBE, kA, kS, kNS, kP, kNP, kL, kGE, kLE, kG };
inline constexpr uint8_t kNoCondition = 0xff;

}  // namespace armature::translator::x64
