// SPDX-License-Identifier: MIT
// Registers, flags and redoing for the emitters of SVE.
#include "translator/x64/sve_emit.h"

#include <bit>
#include <utility>

#include "guest/sve_state.h"
#include "translator/ir/helpers.h"

namespace armature::translator::x64 {

using Xbyak::Opmask;
using Xbyak::Reg32;
using Xbyak::Reg64;
using Xbyak::Xmm;
using Xbyak::util::al;
using Xbyak::util::eax;
using Xbyak::util::rax;
using Xbyak::util::rdx;
using Xbyak::util::rsi;

namespace {

constexpr size_t kUpper = offsetof(guest::CpuState, z_upper);
constexpr size_t kState = offsetof(guest::CpuState, sve);
constexpr size_t z_offset(unsigned n) {
    return kState + offsetof(guest::SveState, z) + n * guest::kSveMaxBytes;
}
constexpr size_t p_offset(unsigned n) {
    return kState + offsetof(guest::SveState, p) + n * sizeof(uint64_t);
}

// The host's registers of one kind: a free one, or the one whose copy was not used for longest.
template <typename Slots, typename Taken>
int take(const Slots& slots, int first, int count, uint32_t locked, Taken holds) {
    int best = -1;
    for (int n = first; n < count; n++) {
        if (locked >> n & 1) continue;
        if (!holds(slots[n])) return n;
        if (best < 0 || slots[n].used < slots[best].used) best = n;
    }
    return best;
}

// One bit for each element of 2^size bytes.
constexpr uint64_t element_bits(unsigned size) {
    constexpr uint64_t kBits[] = {~uint64_t{0}, 0x5555555555555555, 0x1111111111111111, 0x0101010101010101};
    return kBits[size];
}

}  // namespace

Sve::Sve(Context& context, const ir::Inst& inst)
    : e(context),
      r(impl(context)),
      c(context.c),
      i(inst),
      f(std::bit_cast<ir::SveFields>(inst.imm)),
      length(context.block().sve_length) {
    r.flush_guest_flags();
    r.before_call();
    r.forget_homes();
    r.sve.locked_vectors = r.sve.locked_masks = 0;
    r.sve.now++;
}

// For out-of-line code, which is to load what the host's registers had.
Sve::Sve(Context& context, const ir::Inst& inst, const SveCache& cache)
    : e(context),
      r(impl(context)),
      c(context.c),
      i(inst),
      f(std::bit_cast<ir::SveFields>(inst.imm)),
      length(context.block().sve_length) {
    r.sve = cache;
}

// --- Vectors

int Sve::take_vector() {
    SveCache& cache = r.sve;
    const int n = take(cache.vectors, 0, SveCache::kVectors, cache.locked_vectors,
                       [](const SveCache::Vector& vector) { return vector.guest >= 0; });
    if (n < 0) {
        r.fail();
        return 0;
    }
    cache.vectors[n].guest = SveCache::kNone;
    cache.vectors[n].used = cache.now;
    cache.locked_vectors |= 1u << n;
    return n;
}

void Sve::load_z(unsigned n, int host) {
    const int home = plan->v[n];
    const auto from_home = [&] {
        home == InMemory ? c.vmovdqa32(Xmm(host), r.slot(Bank::Vector, n))
                         : c.vmovdqa32(Xmm(host), Xmm(home));
    };
    if (length == 16) return from_home();
    const Xbyak::Address whole = c.ptr[e.state(z_offset(n)).getRegExp()];
    if (r.sve.upper_set >> n & 1) {
        c.vmovdqa64(vector(host, length), whole);
        return;
    }
    c.cmp(e.state(kUpper + n, 8), 0);
    const Allocator::Short is_set = r.jcc_short(kNE);
    from_home();  // and zeros
    const Allocator::Short done = r.jmp_short();
    r.bind(is_set);
    c.vmovdqa64(vector(host, length), whole);
    r.bind(done);
}

Xmm Sve::z(unsigned n) {
    SveCache& cache = r.sve;
    for (int k = 0; k < SveCache::kVectors; k++) {
        if (cache.vectors[k].guest != static_cast<int>(n)) continue;
        cache.vectors[k].used = cache.now;
        cache.locked_vectors |= 1u << k;
        return vector(SveCache::kFirst + k, length);
    }
    const int k = take_vector();
    load_z(n, SveCache::kFirst + k);
    cache.vectors[k].guest = static_cast<int8_t>(n);
    return vector(SveCache::kFirst + k, length);
}

Xmm Sve::fresh() {
    return vector(SveCache::kFirst + take_vector(), length);
}

void Sve::set_z(unsigned n, const Xmm& value) {
    const int host = value.getIdx(), home = plan->v[n];
    home == InMemory ? c.vmovdqa32(r.slot(Bank::Vector, n), Xmm(host)) : c.vmovdqa32(Xmm(home), Xmm(host));
    if (length > 16) {
        c.vmovdqa64(c.ptr[e.state(z_offset(n)).getRegExp()], vector(host, length));
        if (!(r.sve.upper_set >> n & 1)) c.mov(e.state(kUpper + n, 8), 1);
    }
    const uint32_t known = r.sve.upper_set;
    r.sve.forget_vector(n);
    r.sve.upper_set = length > 16 ? known | 1u << n : known;
    r.sve.vectors[host - SveCache::kFirst].guest = static_cast<int8_t>(n);
}

// --- Masks and predicates

int Sve::take_mask() {
    SveCache& cache = r.sve;
    const int n = take(cache.masks, 1, SveCache::kMasks, cache.locked_masks,
                       [](const SveCache::Mask& mask) { return mask.predicate >= 0; });
    if (n < 0) {
        r.fail();
        return 1;
    }
    cache.masks[n] = {SveCache::kNone, 0, cache.now};
    cache.locked_masks |= 1u << n;
    return n;
}

void Sve::load_mask(unsigned predicate, unsigned element_size, int host) {
    if (element_size == 0) {
        c.kmovq(Opmask(host), e.state(p_offset(predicate)));
        return;
    }
    c.mov(rdx, e.state(p_offset(predicate)));
    c.mov(rax, element_bits(element_size));
    c.pext(rax, rdx, rax);
    c.kmovq(Opmask(host), rax);
}

Opmask Sve::mask(unsigned predicate, unsigned element_size) {
    SveCache& cache = r.sve;
    for (int k = 1; k < SveCache::kMasks; k++) {
        SveCache::Mask& mask = cache.masks[k];
        if (mask.predicate != static_cast<int>(predicate) || mask.size != element_size) continue;
        mask.used = cache.now;
        cache.locked_masks |= 1u << k;
        return Opmask(k);
    }
    const int k = take_mask();
    load_mask(predicate, element_size, k);
    cache.masks[k] = {static_cast<int8_t>(predicate), static_cast<uint8_t>(element_size), cache.now};
    return Opmask(k);
}

Opmask Sve::fresh_mask() {
    return Opmask(take_mask());
}

void Sve::get_p(const Reg64& to, unsigned predicate) {
    c.mov(to, e.state(p_offset(predicate)));
}

void Sve::set_p(unsigned predicate, const Reg64& from) {
    c.mov(e.state(p_offset(predicate)), from);
    r.sve.forget_predicate(predicate);
}

void Sve::set_mask(unsigned predicate, const Opmask& value) {
    c.kmovq(rax, value);
    if (size()) {
        c.mov(rdx, element_bits(size()));
        c.pdep(rax, rax, rdx);
    }
    set_p(predicate, rax);
    r.sve.masks[value.getIdx()] = {static_cast<int8_t>(predicate), static_cast<uint8_t>(size()), r.sve.now};
}

// --- General registers

Reg64 Sve::x(unsigned n, const Reg64& scratch) {
    if (n != 31) return x_sp(n, scratch);
    c.xor_(scratch.cvt32(), scratch.cvt32());
    return scratch;
}

Reg64 Sve::x_sp(unsigned n, const Reg64& scratch) {
    if (plan->x[n] != InMemory) return Reg64(plan->x[n]);
    c.mov(scratch, r.slot(Bank::General, n));
    return scratch;
}

void Sve::set_x(unsigned n, const Reg64& from) {
    if (n == 31) return;
    plan->x[n] == InMemory ? c.mov(r.slot(Bank::General, n), from) : c.mov(Reg64(plan->x[n]), from);
}

// --- Flags: in the format of CpuState::flags, N Z !C are bits 15 14 8.

void Sve::store_flags(const Reg32& from) {
    c.mov(e.state(kStateFlags, 32), from);
}

void Sve::set_flags(const Reg64& governing, const Reg64& result) {
    const Reg32 g = governing.cvt32(), x = result.cvt32();
    // The last active element is true if taking the true ones away leaves less than they are.
    c.mov(rsi, governing);
    c.xor_(rsi, result);
    c.xor_(eax, eax);
    c.cmp(rsi, result);
    c.setb(al);
    c.blsi(rsi, governing);
    c.and_(rsi, result);
    c.setne(governing.cvt8());
    c.movzx(g, governing.cvt8());
    c.shl(g, 7);
    c.or_(eax, g);
    c.test(result, result);
    c.sete(result.cvt8());
    c.movzx(x, result.cvt8());
    c.shl(x, 6);
    c.or_(eax, x);
    c.shl(eax, 8);
    store_flags(eax);
}

// --- By the element's size

void Sve::broadcast(const Xmm& d, const Reg64& from) {
    switch (size()) {
        case 0:
            return c.vpbroadcastb(d, from.cvt8());
        case 1:
            return c.vpbroadcastw(d, from.cvt16());
        case 2:
            return c.vpbroadcastd(d, from.cvt32());
        default:
            return c.vpbroadcastq(d, from);
    }
}

void Sve::broadcast(const Xmm& d, int64_t value) {
    if (value == 0 && !d.getOpmaskIdx()) return zero(d);
    c.mov(rax, static_cast<uint64_t>(value));
    broadcast(d, rax);
}

void Sve::set_scalar(unsigned n, const Xmm& value) {
    const Xmm x = part(value, 16), d = fresh();
    const Xmm low = part(d, 16);
    if (size() == 3) {
        c.vmovq(rax, x);
        c.vmovq(low, rax);
    } else {
        c.vmovd(eax, x);
        if (size() == 1) c.movzx(eax, rax.cvt16());
        if (size() == 0) c.movzx(eax, al);
        c.vmovd(low, eax);
    }
    set_z(n, d);
}

// --- Redoing

void Sve::add_redo(Context::Jump jump) {
    if (redo_count_ == kMostRedos) return r.fail();
    redos_[redo_count_++] = jump;
}

void Sve::redo_if(uint8_t condition) {
    add_redo(e.jcc_forward(condition));
}

void Sve::redo_if_any(const Opmask& which) {
    c.kortestq(which, which);
    redo_if(kNE);
}

void Sve::by_call() {
    const ir::GuestInst& guest = e.block().guest[i.guest];
    call_sve_or_trap(e, i, guest.encoding, guest.row);
}

void Sve::finish() {
    if (!redo_count_) return;
    Redo& redo = *r.arena().make<Redo>();
    redo.cache = r.sve;
    redo.count = redo_count_;
    for (unsigned n = 0; n < redo_count_; n++) redo.jumps[n] = redos_[n];
    Context::Cold cold;
    cold.inst = &i;
    cold.back = e.here();
    cold.data = reinterpret_cast<uint64_t>(&redo);
    cold.emit = emit_redo;
    e.cold(cold);
}

// The call of C++, as the instruction without a direct form has it (select_sve.cc).
void Sve::emit_redo(Context& e, const Context::Cold& cold) {
    const Redo& redo = *reinterpret_cast<const Redo*>(cold.data);
    for (unsigned n = 0; n < redo.count; n++) e.bind(redo.jumps[n]);
    const ir::GuestInst& guest = e.block().guest[cold.inst->guest];
    call_sve(e, guest.encoding, guest.row);
    Allocator& r = impl(e);
    const Allocator::Short fine = r.jcc_short(kE);
    r.trap(*cold.inst, kFaultCalled, false);
    r.bind(fine);
    const SveCache& cache = redo.cache;
    Sve self(e, *cold.inst, cache);
    for (int n = 0; n < SveCache::kVectors; n++) {
        if (cache.vectors[n].guest >= 0)
            self.load_z(static_cast<unsigned>(cache.vectors[n].guest), SveCache::kFirst + n);
    }
    for (int n = 1; n < SveCache::kMasks; n++) {
        const SveCache::Mask& mask = cache.masks[n];
        if (mask.predicate >= 0) self.load_mask(static_cast<unsigned>(mask.predicate), mask.size, n);
    }
    e.jmp_back(cold.back);
}

}  // namespace armature::translator::x64
