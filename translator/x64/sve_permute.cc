// SPDX-License-Identifier: MIT
// SVE: moves, copies of one value, sequences, permutes.
#include <array>
#include <bit>

#include "translator/x64/sve_emit.h"

namespace armature::translator::x64 {

using Xbyak::Xmm;
using Xbyak::util::rax;

namespace {

struct alignas(64) Bytes {
    uint8_t at[64] = {};
    template <typename T>
    constexpr void set(unsigned index, T value) {
        for (unsigned n = 0; n < sizeof(T); n++)
            at[index * sizeof(T) + n] = static_cast<uint8_t>(value >> 8 * n);
    }
};

constexpr unsigned kSizes = 4;
constexpr unsigned kLengths = 3;
constexpr unsigned kPermutations = 7;

// Element i of the result is this one of the first vector, or of the second if there are as many or more.
constexpr unsigned source_of(sve::Permutation how, unsigned i, unsigned count) {
    switch (how) {
        case sve::kZip1:
        case sve::kZip2:
            return (i & 1) * count + i / 2 + (how == sve::kZip2 ? count / 2 : 0);
        case sve::kUzp1:
        case sve::kUzp2:
            return i * 2 + (how == sve::kUzp2);
        case sve::kTrn1:
        case sve::kTrn2:
            return (i & 1) * count + (i & ~1u) + (how == sve::kTrn2);
        default:
            return count - 1 - i;
    }
}

template <typename T>
constexpr Bytes indices(sve::Permutation how, unsigned length) {
    Bytes bytes;
    const auto count = static_cast<unsigned>(length / sizeof(T));
    for (unsigned i = 0; i < count; i++) bytes.set(i, static_cast<T>(source_of(how, i, count)));
    return bytes;
}
template <typename T>
constexpr Bytes counting() {
    Bytes bytes;
    for (unsigned i = 0; i < 64 / sizeof(T); i++) bytes.set(i, static_cast<T>(i));
    return bytes;
}

struct Tables {
    Bytes permutation[kPermutations][kLengths][kSizes];
    Bytes sequence[kSizes];
    Bytes third[3][kSizes];             // 3i + n
    Bytes threes[3][kLengths][kSizes];  // where the elements of a piece come from: register, then element
};

// Element i of piece n of structures of three comes from this register.
constexpr unsigned register_of(unsigned n, unsigned i, unsigned count) {
    return (n * count + i) % 3;
}
template <typename T>
constexpr Bytes thirds(unsigned n) {
    Bytes bytes;
    for (unsigned i = 0; i < 64 / sizeof(T); i++) {
        const unsigned element = 3 * i + n;
        bytes.set(i, T(element));
    }
    return bytes;
}
template <typename T>
constexpr Bytes by_three(unsigned n, unsigned length) {
    Bytes bytes;
    const auto count = static_cast<unsigned>(length / sizeof(T));
    for (unsigned i = 0; i < count; i++) {
        const unsigned element = (n * count + i) / 3;
        const unsigned source = register_of(n, i, count) == 1 ? element + count : element;
        bytes.set(i, T(source));
    }
    return bytes;
}
constexpr Tables make_tables() {
    Tables t;
    for (unsigned how = 0; how < kPermutations; how++) {
        for (unsigned k = 0; k < kLengths; k++) {
            const auto permutation = static_cast<sve::Permutation>(how);
            t.permutation[how][k][0] = indices<uint8_t>(permutation, 16u << k);
            t.permutation[how][k][1] = indices<uint16_t>(permutation, 16u << k);
            t.permutation[how][k][2] = indices<uint32_t>(permutation, 16u << k);
            t.permutation[how][k][3] = indices<uint64_t>(permutation, 16u << k);
        }
    }
    for (unsigned n = 0; n < 3; n++) {
        t.third[n][0] = thirds<uint8_t>(n);
        t.third[n][1] = thirds<uint16_t>(n);
        t.third[n][2] = thirds<uint32_t>(n);
        t.third[n][3] = thirds<uint64_t>(n);
        for (unsigned k = 0; k < kLengths; k++) {
            t.threes[n][k][0] = by_three<uint8_t>(n, 16u << k);
            t.threes[n][k][1] = by_three<uint16_t>(n, 16u << k);
            t.threes[n][k][2] = by_three<uint32_t>(n, 16u << k);
            t.threes[n][k][3] = by_three<uint64_t>(n, 16u << k);
        }
    }
    t.sequence[0] = counting<uint8_t>();
    t.sequence[1] = counting<uint16_t>();
    t.sequence[2] = counting<uint32_t>();
    t.sequence[3] = counting<uint64_t>();
    return t;
}
constexpr Tables kTables = make_tables();

void load_constant(Sve& s, const Xmm& d, const Bytes& bytes) {
    s.c.mov(rax, reinterpret_cast<uint64_t>(&bytes));
    s.c.vmovdqa64(d, s.c.ptr[rax]);
}

}  // namespace

void Sve::permute_by(const Xmm& indices, const Xmm& a, const Xmm& b) {
    switch (size()) {
        case 0:
            return c.vpermi2b(indices, a, b);
        case 1:
            return c.vpermi2w(indices, a, b);
        case 2:
            return c.vpermi2d(indices, a, b);
        default:
            return c.vpermi2q(indices, a, b);
    }
}

void Sve::permute_into(sve::Permutation how, const Xmm& d, const Xmm& a, const Xmm& b) {
    const auto which = static_cast<unsigned>(std::countr_zero(length / 16));
    load_constant(*this, d, kTables.permutation[how][which][size()]);
    permute_by(d, a, b);
}

// Elements of three registers: of the third where `of_last` has a bit, of the first two elsewhere. Indices
// count modulo what there is.
Xmm Sve::of_three(const void* indices, uint64_t of_last, const Xmm* sources) {
    const Xmm d = fresh(), t = fresh();
    load_constant(*this, d, *static_cast<const Bytes*>(indices));
    c.vmovdqa64(t, d);
    permute_by(d, sources[0], sources[1]);
    permute_by(t, sources[2], sources[2]);
    c.mov(rax, of_last);
    const Opmask last = fresh_mask();
    c.kmovq(last, rax);
    assign(d | last, t);
    r.sve.locked_masks &= ~(1u << last.getIdx());
    r.sve.locked_vectors &= ~(1u << (t.getIdx() - SveCache::kFirst));
    return d;
}

Xmm Sve::every_third(unsigned first, const Xmm* pieces) {
    uint64_t of_last = 0;
    for (unsigned k = 0; k < elements(); k++) of_last |= uint64_t{3 * k + first >= 2 * elements()} << k;
    return of_three(&kTables.third[first][size()], of_last, pieces);
}

Xmm Sve::by_threes(unsigned piece, const Xmm* values) {
    const auto which = static_cast<unsigned>(std::countr_zero(length / 16));
    uint64_t of_last = 0;
    for (unsigned k = 0; k < elements(); k++)
        of_last |= uint64_t{register_of(piece, k, elements()) == 2} << k;
    return of_three(&kTables.threes[piece][which][size()], of_last, values);
}

void Sve::move() {
    const Xmm a = z(f.n), d = fresh();
    c.vmovdqa64(d, a);
    set_z(f.d, d);
}

void Sve::move_active() {
    const Opmask active = mask();
    const Xmm a = z(f.n), d = f.option ? z(f.d) : fresh();
    assign(f.option ? d | active : d | active | Xbyak::util::T_z, a);
    set_z(f.d, d);
}

void Sve::select() {
    const Opmask active = mask();
    const Xmm a = z(f.n), b = z(f.m), d = fresh();
    switch (size()) {
        case 0:
            c.vpblendmb(d | active, b, a);
            break;
        case 1:
            c.vpblendmw(d | active, b, a);
            break;
        case 2:
            c.vpblendmd(d | active, b, a);
            break;
        default:
            c.vpblendmq(d | active, b, a);
    }
    set_z(f.d, d);
}

void Sve::duplicate_general() {
    const Xmm d = fresh();
    broadcast(d, x_sp(f.n, rax));
    set_z(f.d, d);
}

void Sve::duplicate_immediate() {
    const Xmm d = fresh();
    broadcast(d, f.imm);
    set_z(f.d, d);
}

void Sve::duplicate_mask() {
    uint64_t mask = 0;
    if (!r.constant(i.a, &mask)) return r.fail();
    const Xmm d = fresh();
    broadcast(d, static_cast<int64_t>(mask));
    set_z(f.d, d);
}

// The upper 16 bits of an element.
void Sve::broadcast_float(const Xmm& d) {
    broadcast(d, static_cast<int64_t>(static_cast<uint64_t>(f.imm) << ((8u << size()) - 16)));
}

void Sve::duplicate_float() {
    const Xmm d = fresh();
    broadcast_float(d);
    set_z(f.d, d);
}

void Sve::duplicate_element() {
    const Xmm a = z(f.n), d = fresh();
    const Xmm low = part(a, 16);
    if (f.imm) {
        broadcast(d, f.imm);
        permute_by(d, a, a);
    } else if (size() == 1) {
        c.vpbroadcastw(d, low);
    } else {
        size() == 2 ? c.vpbroadcastd(d, low) : c.vpbroadcastq(d, low);
    }
    set_z(f.d, d);
}

void Sve::copy_general() {
    const Opmask active = mask();
    const Xmm d = z(f.d);
    broadcast(d | active, x_sp(f.n, rax));
    set_z(f.d, d);
}

void Sve::copy_scalar() {
    const Opmask active = mask();
    const Xmm a = part(z(f.n), 16), d = z(f.d);
    switch (size()) {
        case 0:
            c.vpbroadcastb(d | active, a);
            break;
        case 1:
            c.vpbroadcastw(d | active, a);
            break;
        case 2:
            c.vpbroadcastd(d | active, a);
            break;
        default:
            c.vpbroadcastq(d | active, a);
    }
    set_z(f.d, d);
}

void Sve::copy_immediate() {
    const Opmask active = mask();
    const Xmm d = f.option ? z(f.d) : fresh();
    broadcast(f.option ? d | active : d | active | Xbyak::util::T_z, f.imm);
    set_z(f.d, d);
}

void Sve::copy_float() {
    const Opmask active = mask();
    const Xmm d = z(f.d);
    broadcast_float(d | active);
    set_z(f.d, d);
}

void Sve::index(sve::IndexBase base, sve::IndexStep step) {
    const Xmm d = fresh(), t = fresh();
    step == sve::kRegisterStep ? broadcast(t, x(f.m, rax)) : broadcast(t, f.imm >> 8);
    load_constant(*this, d, kTables.sequence[size()]);
    sve::mul(*this, d, d, t);
    base == sve::kRegisterBase ? broadcast(t, x(f.n, rax)) : broadcast(t, static_cast<int8_t>(f.imm));
    sve::add(*this, d, d, t);
    set_z(f.d, d);
}

void Sve::permute(sve::Permutation how) {
    if (!can_permute()) return by_call();
    const Xmm a = z(f.n), b = how == sve::kReverse ? a : z(f.m), d = fresh();
    permute_into(how, d, a, b);
    set_z(f.d, d);
}

// Of d and m behind it, from a byte on.
void Sve::extract() {
    if (!can_permute()) return by_call();
    const Xmm a = z(f.d), b = z(f.m), d = fresh(), t = fresh();
    load_constant(*this, d, kTables.sequence[0]);
    broadcast(t, f.imm);
    c.vpaddb(d, d, t);
    permute_by(d, a, b);
    set_z(f.d, d);
}

void Sve::unpack(bool is_signed, bool high) {
    const Xmm a = z(f.n), d = fresh();
    Xmm half = part(a, length / 2);
    if (high) {
        half = part(fresh(), length / 2);
        if (length == 64) {
            c.vextracti64x4(Xbyak::Ymm(half.getIdx()), Xbyak::Zmm(a.getIdx()), 1);
        } else if (length == 32) {
            c.vextracti32x4(half, Xbyak::Ymm(a.getIdx()), 1);
        } else {
            c.vpshufd(half, a, 0xee);
        }
    }
    switch (size()) {
        case 1:
            is_signed ? c.vpmovsxbw(d, half) : c.vpmovzxbw(d, half);
            break;
        case 2:
            is_signed ? c.vpmovsxwd(d, half) : c.vpmovzxwd(d, half);
            break;
        default:
            is_signed ? c.vpmovsxdq(d, half) : c.vpmovzxdq(d, half);
    }
    set_z(f.d, d);
}

void Sve::compact() {
    const Opmask active = mask();
    const Xmm a = z(f.n), d = fresh();
    size() == 2 ? c.vpcompressd(d | active | Xbyak::util::T_z, a)
                : c.vpcompressq(d | active | Xbyak::util::T_z, a);
    set_z(f.d, d);
}

}  // namespace armature::translator::x64
