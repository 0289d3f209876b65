// SPDX-License-Identifier: MIT
// Everything about the bytes: memory operands, jumps, links, out-of-line code, constants, the fault map.
#include <memory>

#include "translator/x64/allocator.h"
#include "translator/x64/encode.h"

namespace armature::translator::x64 {

using ir::Inst;
using Xbyak::Address;
using Xbyak::Reg64;
using Xbyak::RegExp;
using Xbyak::util::r15;
using Xbyak::util::rax;
using Xbyak::util::rip;

namespace {

constexpr uint8_t kMovLoad = 0x8b;
constexpr uint8_t kMovStore = 0x89;
constexpr Form kMovaps{0x28, false, true};
constexpr Form kMovapsStore{0x29, false, true};

constexpr Form kMovImmediate{0xc7, true};

constexpr unsigned kLine = 16;  // a rel32 that is patched while others execute it stays inside such a line

template <typename T>
void append(support::Arena& arena, T*& array, unsigned& count, unsigned& capacity, const T& item) {
    if (count == capacity) {
        const unsigned bigger = capacity ? capacity * 2 : 8;
        T* grown = arena.make_room<T>(bigger).data();
        std::uninitialized_copy(array, array + count, grown);
        array = grown;
        capacity = bigger;
    }
    new (array + count++) T(item);
}

}  // namespace

// --- Memory operands

Address Context::state(size_t offset, unsigned bits) const {
    return Xbyak::AddressFrame(bits)[r15 + (static_cast<int>(offset) - kStateBias)];
}

size_t Allocator::slot_offset(Bank bank, unsigned n) {
    if (bank == Bank::Vector) return offsetof(guest::CpuState, v) + n * sizeof(guest::Vec128);
    return n == 31 ? offsetof(guest::CpuState, sp) : n * sizeof(uint64_t);
}

size_t Allocator::spill_offset(int16_t index) {
    return offsetof(guest::CpuState, spill) + static_cast<size_t>(index) * sizeof(guest::Vec128);
}

Address Allocator::slot(Bank bank, unsigned n) const {
    return state(slot_offset(bank, n), bank == Bank::Vector ? 128 : 64);
}

Address Allocator::spill_slot(int16_t index, unsigned bits) const {
    return state(spill_offset(index), bits);
}

void Allocator::move(Bank bank, int to, int from, bool wide) {
    const bool vector = bank == Bank::Vector;
    encode(c, vector ? kMovaps : Form{kMovLoad, wide}, to, from);
}

void Allocator::load_state(Bank bank, int reg, size_t offset, bool wide) {
    const bool vector = bank == Bank::Vector;
    encode(c, vector ? kMovaps : Form{kMovLoad, wide}, reg, R15, static_cast<int>(offset) - kStateBias);
}

void Allocator::store_state(Bank bank, int reg, size_t offset) {
    const bool vector = bank == Bank::Vector;
    encode(c, vector ? kMovapsStore : Form{kMovStore, true}, reg, R15, static_cast<int>(offset) - kStateBias);
}

RegExp Allocator::masked(RegExp exp) {
    if (!block_.mask_tags) return exp;
    clobber_flags();
    const Reg64 t = temp();
    c.lea(t, c.ptr[exp]);
    c.shl(t, 8);
    c.sar(t, 8);
    return RegExp(t);
}

void Allocator::store_state_constant(size_t offset, int32_t value) {
    encode(c, kMovImmediate, 0, R15, static_cast<int>(offset) - kStateBias);
    c.dd(static_cast<uint32_t>(value));
}

void Allocator::test_exit_request() {
    constexpr Form kCompare{0x83};
    constexpr int kCmp = 7;
    encode(c, kCompare, kCmp, R15, static_cast<int>(offsetof(guest::CpuState, exit_request)) - kStateBias);
    c.db(0);
}

// A base and an index in registers is what most accesses have.
HostAddress Allocator::host_address(const Inst& i) {
    const int64_t displacement = static_cast<int64_t>(i.imm);
    uint64_t fixed = 0;
    if (block_.mask_tags || displacement != static_cast<int32_t>(displacement) || constant(i.a, &fixed))
        return HostAddress(address(i));
    HostAddress result;
    result.base = use_register(Bank::General, i.a);
    result.displacement = static_cast<int32_t>(displacement);
    if (i.b) {
        result.index = use_register(Bank::General, i.b);
        result.scale = i.scale;
    }
    return result;
}

RegExp Context::address(const Inst& i) {
    Allocator& e = impl(*this);
    const int64_t displacement = static_cast<int64_t>(i.imm);
    const int64_t small = displacement == static_cast<int32_t>(displacement) ? displacement : 0;
    uint64_t base = 0;
    RegExp exp;
    const bool fixed = e.constant(i.a, &base);
    if (fixed) {
        base += static_cast<uint64_t>(displacement);
        if (base <= INT32_MAX) {
            exp = RegExp(static_cast<size_t>(base));
        } else {
            const Reg64 t = e.temp();
            c.mov(t, base);
            exp = RegExp(t);
        }
    } else if (small != displacement) {
        const Reg64 t = e.temp();
        c.mov(t, i.imm);
        exp = RegExp(t);
    } else {
        exp = use(i.a) + static_cast<size_t>(small);
    }
    if (i.b) exp = exp + use(i.b) * (1 << i.scale);
    if (!fixed && small != displacement) {
        const Reg64 t(exp.getBase().getIdx());
        c.lea(t, c.ptr[exp]);
        exp = use(i.a) + t;
    }
    exp = e.masked(exp);
    if (e.block_.mask_tags) {
        // Only the masked copy is needed from here on.
        for (const ir::Value part : {i.a, i.b}) {
            if (!part || (i.c && e.root(part) == e.root(i.c)) || (i.d && e.root(part) == e.root(i.d)))
                continue;
            const int reg = e.track(e.root(part)).reg;
            if (reg >= 0) e.release(Reg64(reg));
        }
    }
    return exp;
}

// --- The fault map

void Allocator::add_fault(const FaultPoint& point) {
    append(arena_, faults_, fault_count_, fault_capacity_, point);
    if (point.kind != kFaultTiny && (file(Bank::General).borrowed | file(Bank::Vector).borrowed)) fail();
}

void Context::fault_point(const Inst& i, bool is_store) {
    Allocator& e = impl(*this);
    FaultPoint point;
    point.offset = here();
    point.guest = i.guest;
    point.flags = e.in_cold_ ? e.cold_flags_ : e.flags_now();
    point.is_store = is_store;
    point.calls_back = e.on_cxx_stack_;
    e.add_fault(point);
}

void Context::tiny_fault_point(const Inst& i, uint32_t at, Jump special) {
    Allocator& e = impl(*this);
    if (!e.block_.exact_status) return;
    FaultPoint point;
    point.offset = at;
    point.guest = i.guest;
    point.kind = kFaultTiny;
    point.restart = static_cast<uint8_t>(special.at - at);
    e.add_fault(point);
}

void Allocator::redo_fault_point(const Inst& i, uint32_t at, Jump redo) {
    FaultPoint point;
    point.offset = at;
    point.guest = i.guest;
    point.kind = kFaultRedo;
    point.restart = static_cast<uint8_t>(redo.at - at);
    add_fault(point);
}

void Allocator::fault_with_x0_in_state(const Inst& i) {
    fault_point(i, true);
    if (fault_count_) faults_[fault_count_ - 1].x0_in_state = true;
}

void Allocator::push_fault_point(uint32_t restart) {
    FaultPoint point;
    point.offset = here();
    point.guest = static_cast<uint16_t>(block_.guest.empty() ? 0 : block_.guest.size() - 1);
    point.kind = kFaultPush;
    point.restart = static_cast<uint8_t>(point.offset - restart);
    if (point.offset - restart != point.restart) return fail();
    add_fault(point);
}

void Allocator::trap(const Inst& i, FaultKind kind, bool is_store) {
    FaultPoint point;
    point.offset = here();
    point.guest = i.guest;
    point.flags = in_cold_ ? cold_flags_ : flags_now();
    point.kind = kind;
    point.is_store = is_store;
    point.calls_back = on_cxx_stack_;
    add_fault(point);
    c.ud2();
}

// --- Jumps

uint32_t Context::here() const {
    return static_cast<uint32_t>(c.getSize());
}

Context::Jump Context::jcc_forward(uint8_t cc) {
    c.db(0x0f);
    c.db(0x80 | cc);
    const Jump jump{here()};
    c.dd(0);
    return jump;
}

Context::Jump Context::jmp_forward() {
    c.db(0xe9);
    const Jump jump{here()};
    c.dd(0);
    return jump;
}

Context::Jump Allocator::never_jump() {
    c.db(0x0f);  // nop [rax + disp32]
    c.db(0x1f);
    c.db(0x80);
    const Jump jump{here()};
    c.dd(0);
    return jump;
}

void Context::bind(Jump jump) {
    if (jump.at + 4 <= here()) c.rewrite(jump.at, here() - (jump.at + 4), 4);
}

void Context::jmp_back(uint32_t offset) {
    c.db(0xe9);
    c.dd(offset - (here() + 4));
}

Allocator::Short Allocator::jcc_short(uint8_t cc) {
    c.db(0x70 | cc);
    const Short jump{here()};
    c.db(0);
    return jump;
}

Allocator::Short Allocator::jmp_short() {
    c.db(0xeb);
    const Short jump{here()};
    c.db(0);
    return jump;
}

void Allocator::bind(Short jump) {
    const uint32_t distance = here() - (jump.at + 1);
    if (distance > 127) return fail();
    c.rewrite(jump.at, distance, 1);
}

void Allocator::jcc_to(uint8_t cc, uint32_t offset) {
    c.db(0x0f);
    c.db(0x80 | cc);
    c.dd(offset - (here() + 4));
}

// --- Links

// The next instruction has `prefix` bytes, then a rel32, which must not cross a line.
void Allocator::align_link(unsigned prefix) {
    const unsigned at = (here() + prefix) % kLine;
    if (at > kLine - 4) c.nop(kLine - at);
}

void Allocator::add_link(uint32_t offset, uint64_t target) {
    if (link_count_ == kMaxLinks) return fail();
    links_[link_count_++] = {offset, 0, target};
}

void Allocator::link_jump(uint64_t target) {
    align_link(1);
    c.db(0xe9);
    add_link(here(), target);
    c.dd(0);
}

void Allocator::link_jcc(uint8_t cc, uint64_t target) {
    align_link(2);
    c.db(0x0f);
    c.db(0x80 | cc);
    add_link(here(), target);
    c.dd(0);
}

void Allocator::link_call(uint64_t target, uint32_t restart) {
    align_link(1);
    push_fault_point(restart);
    c.db(0xe8);
    add_link(here(), target);
    c.dd(0);
}

// What a link goes to until it is patched: tells the runtime which one it is.
void Allocator::emit_stubs() {
    for (unsigned n = 0; n < link_count_; n++) {
        LinkSite& link = links_[n];
        link.stub = here();
        c.rewrite(link.offset, link.stub - (link.offset + 4), 4);
        c.db(0xb8);  // mov eax, number of the site
        c.dd(0);
        jump_thunk(thunks.save_and_link);
    }
}

uint64_t Allocator::guest_address() const {
    if (block_.guest.empty()) return block_.address;
    return index_ < last_instruction() ? block_.guest[current().guest].address : block_.guest.back().address;
}

void Allocator::store_pc(uint64_t pc) {
    if (static_cast<int64_t>(pc) == static_cast<int32_t>(pc)) {
        store_state_constant(kStatePc, static_cast<int32_t>(pc));
        return;
    }
    encode_constant(c, RAX, pc);
    store_state(Bank::General, RAX, kStatePc);
}

void Allocator::thunk_jump(const void* thunk) {
    append(arena_, thunk_jumps_, thunk_jump_count_, thunk_jump_capacity_, {here(), thunk});
    c.dd(0);
}

void Allocator::jump_thunk(const void* thunk) {
    c.db(0xe9);
    thunk_jump(thunk);
}

void Allocator::call_thunk(const void* thunk) {
    if (!in_cold_) sve.forget();
    if (!on_cxx_stack_) push_fault_point(here());
    c.db(0xe8);
    thunk_jump(thunk);
}

void Allocator::call_pointer(const void* function) {
    c.db(0xff);
    c.db(0x15);
    append(arena_, words_, word_count_, word_capacity_, {here(), reinterpret_cast<uint64_t>(function)});
    c.dd(0);
}

void Allocator::push_constant(uint64_t value) {
    if (static_cast<int64_t>(value) == static_cast<int32_t>(value)) {
        c.push(static_cast<uint32_t>(value));
        return;
    }
    c.db(0xff);  // push [rip + constant in the pool]
    c.db(0x35);
    append(arena_, words_, word_count_, word_capacity_, {here(), value});
    c.dd(0);
}

// --- Out-of-line code

void Context::cold(const Cold& cold) {
    Allocator& e = impl(*this);
    // It may call C++. Operation Sve sees to that itself.
    if (e.index_ == e.last_instruction() || e.current().op != ir::Op::Sve) e.sve.forget();
    append(e.arena_, e.colds_, e.cold_count_, e.cold_capacity_,
           {cold, e.on_cxx_stack_, e.index_, e.flags_now()});
}

void Allocator::emit_cold() {
    in_cold_ = true;
    for (unsigned n = 0; n < cold_count_; n++) {
        const PendingCold pending = colds_[n];
        cold_flags_ = pending.flags;
        on_cxx_stack_ = pending.on_cxx_stack;
        if (pending.cold.from.at) bind(pending.cold.from);
        pending.cold.emit(*this, pending.cold);
    }
    in_cold_ = false;
}

void Context::call_cold(const void* function) {
    Allocator& e = impl(*this);
    c.mov(rax, reinterpret_cast<uint64_t>(function));
    e.call_thunk(thunks.call_cold[e.on_cxx_stack_]);
}

// --- Constants, behind the code

Address Context::constant128(uint64_t lo, uint64_t hi) {
    Allocator& e = impl(*this);
    unsigned n = 0;
    while (n < e.constant_count_ && !(e.constants_[n].lo == lo && e.constants_[n].hi == hi)) n++;
    if (n == e.constant_count_) {
        if (n == e.constant_labels_.size()) {
            e.fail();
            n--;
        } else {
            e.constants_[e.constant_count_++] = {lo, hi};
        }
    }
    return c.xword[rip + e.constant_labels_[n]];
}

void Allocator::emit_pool() {
    for (unsigned n = 0; n < word_count_; n++) {
        const PooledWord& pooled = words_[n];
        if (!pooled.at) continue;
        while (here() % 8) c.db(0xcc);
        for (unsigned other = n; other < word_count_; other++) {
            if (!words_[other].at || words_[other].value != pooled.value) continue;
            c.rewrite(words_[other].at, here() - (words_[other].at + 4), 4);
            if (other != n) words_[other].at = 0;
        }
        c.dq(pooled.value);
    }
    for (unsigned n = 0; n < constant_count_; n++) {
        while (here() % 16) c.db(0xcc);
        c.L(constant_labels_[n]);
        c.dq(constants_[n].lo);
        c.dq(constants_[n].hi);
    }
}

}  // namespace armature::translator::x64
