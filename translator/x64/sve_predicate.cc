// SPDX-License-Identifier: MIT
// SVE: predicates, loops, counting. Predicates are numbers in general registers.
#include "guest/sve_state.h"
#include "translator/x64/sve_emit.h"

namespace armature::translator::x64 {

using Xbyak::util::eax;
using Xbyak::util::ecx;
using Xbyak::util::edx;
using Xbyak::util::rax;
using Xbyak::util::rcx;
using Xbyak::util::rdi;
using Xbyak::util::rdx;

namespace {

constexpr size_t kFfr = offsetof(guest::CpuState, sve) + offsetof(guest::SveState, ffr);
constexpr uint64_t kLowestOfPair = 0x5555555555555555;

constexpr uint64_t element_bits(unsigned size) {
    constexpr uint64_t kBits[] = {~uint64_t{0}, kLowestOfPair, 0x1111111111111111, 0x0101010101010101};
    return kBits[size];
}
constexpr uint64_t low_bits(unsigned count) {
    return count >= 64 ? ~uint64_t{0} : (uint64_t{1} << count) - 1;
}

// CpuState::flags of a predicate's test.
constexpr uint32_t kNone = guest::kFlagZ;
constexpr uint32_t kFirst = guest::kFlagN;
constexpr uint32_t kFirstAndLast = guest::kFlagN | guest::kFlagNotC;

}  // namespace

void Sve::ptrue(bool sets_flags) {
    const auto count = static_cast<unsigned>(f.imm);
    const uint64_t bits = low_bits(count << size()) & element_bits(size());
    c.mov(rax, bits);
    set_p(f.d, rax);
    if (!sets_flags) return;
    c.mov(eax, bits ? kFirstAndLast : kNone);
    store_flags(eax);
}

void Sve::pfalse() {
    c.xor_(eax, eax);
    set_p(f.d, rax);
}

void Sve::ptest() {
    get_p(rcx, f.g);
    get_p(rdx, f.n);
    c.and_(rdx, rcx);
    set_flags(rcx, rdx);
}

void Sve::logic(sve::Logic how, bool sets_flags) {
    get_p(rdx, f.n);
    get_p(rdi, f.m);
    get_p(rcx, f.g);
    switch (how) {
        case sve::kAnd:
            c.and_(rdx, rdi);
            break;
        case sve::kBic:
            c.andn(rdx, rdi, rdx);
            break;
        case sve::kEor:
            c.xor_(rdx, rdi);
            break;
        case sve::kOrr:
            c.or_(rdx, rdi);
            break;
        case sve::kOrn:
            c.not_(rdi);
            c.or_(rdx, rdi);
            break;
        case sve::kNor:
            c.or_(rdx, rdi);
            c.not_(rdx);
            break;
        case sve::kNand:
            c.and_(rdx, rdi);
            c.not_(rdx);
            break;
        case sve::kSelect:
            c.xor_(rdx, rdi);
            c.and_(rdx, rcx);
            c.xor_(rdx, rdi);
            break;
    }
    if (how != sve::kSelect) c.and_(rdx, rcx);
    set_p(f.d, rdx);
    if (sets_flags) set_flags(rcx, rdx);
}

void Sve::break_at(bool after, bool sets_flags) {
    get_p(rcx, f.g);
    get_p(rax, f.n);
    c.and_(rax, rcx);
    // Up to and with the lowest bit, or without it: all if there is none.
    if (after) {
        c.blsmsk(rdx, rax);
    } else {
        c.lea(rdx, c.ptr[rax - 1]);
        c.andn(rdx, rax, rdx);
    }
    c.and_(rdx, rcx);
    if (f.option) {
        get_p(rax, f.d);
        c.andn(rax, rcx, rax);
        c.or_(rdx, rax);
    }
    set_p(f.d, rdx);
    if (sets_flags) set_flags(rcx, rdx);
}

void Sve::pfirst() {
    get_p(rcx, f.g);
    c.blsi(rdx, rcx);
    get_p(rax, f.d);
    c.or_(rdx, rax);
    set_p(f.d, rdx);
    c.and_(rdx, rcx);
    set_flags(rcx, rdx);
}

void Sve::unpack_predicate(bool high) {
    get_p(rax, f.n);
    if (high) c.shr(rax, static_cast<int>(length / 2));
    c.mov(rdx, kLowestOfPair & low_bits(length));
    c.pdep(rax, rax, rdx);
    set_p(f.d, rax);
}

void Sve::set_ffr() {
    c.mov(rax, low_bits(length));
    c.mov(e.state(kFfr), rax);
}

void Sve::write_ffr() {
    get_p(rax, f.n);
    c.mov(e.state(kFfr), rax);
}

void Sve::read_ffr(bool governed, bool sets_flags) {
    c.mov(rdx, e.state(kFfr));
    if (governed) {
        get_p(rcx, f.g);
        c.and_(rdx, rcx);
    }
    set_p(f.d, rdx);
    if (sets_flags) set_flags(rcx, rdx);
}

// As many elements, from the first, as the first number is less than the second.
void Sve::while_less(bool wide, bool is_signed) {
    const auto sized = [wide](const Reg64& reg) {
        return wide ? static_cast<Xbyak::Reg>(reg) : static_cast<Xbyak::Reg>(reg.cvt32());
    };
    const Reg64 n = x(f.n, rcx);
    const Reg64 m = x(f.m, rdx);
    if (m.getIdx() != rdx.getIdx()) c.mov(sized(rdx), sized(m));
    c.mov(eax, 0);
    c.sub(sized(rdx), sized(n));
    if (wide) {
        is_signed ? c.cmovle(rdx, rax) : c.cmovbe(rdx, rax);
    } else {
        is_signed ? c.cmovle(edx, eax) : c.cmovbe(edx, eax);
    }
    c.mov(ecx, elements());
    c.cmp(rdx, rcx);
    c.cmova(rdx, rcx);
    const Xbyak::Opmask result = fresh_mask();
    c.mov(rax, -1);
    c.bzhi(rdi, rax, rdx);
    c.kmovq(result, rdi);
    // The flags, while the number of elements is there.
    c.cmp(edx, ecx);
    c.mov(eax, kFirst);
    c.mov(ecx, kFirstAndLast);
    c.cmove(eax, ecx);
    c.mov(ecx, kNone);
    c.test(edx, edx);
    c.cmove(eax, ecx);
    store_flags(eax);
    if (size()) {
        c.mov(rax, element_bits(size()));
        c.pdep(rdi, rdi, rax);
    }
    set_p(f.d, rdi);
    r.sve.masks[result.getIdx()] = {static_cast<int8_t>(f.d), static_cast<uint8_t>(size()), r.sve.now};
}

void Sve::count_predicate(sve::Counting how) {
    get_p(rax, f.g);
    if (how == sve::kCount) {
        get_p(rdx, f.n);
        c.and_(rax, rdx);
    }
    if (size()) {
        c.mov(rdx, element_bits(size()));
        c.and_(rax, rdx);
    }
    c.popcnt(rax, rax);
    if (f.d == 31) return;
    if (how == sve::kIncrease) {
        c.add(rax, x(f.d, rdx));
    } else if (how == sve::kDecrease) {
        c.neg(rax);
        c.add(rax, x(f.d, rdx));
    }
    set_x(f.d, rax);
}

}  // namespace armature::translator::x64
