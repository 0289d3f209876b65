// SPDX-License-Identifier: MIT
// SVE on vectors of integers.
#include "translator/x64/sve_emit.h"

namespace armature::translator::x64 {

using Xbyak::Opmask;
using Xbyak::Xmm;
using Xbyak::util::rcx;
using Xbyak::util::rdx;

namespace sve {
namespace {

bool is_masked(const Xmm& d) {
    return d.getOpmaskIdx() != 0;
}

// An operation that the host has for each size.
#define SIZED(operation, ...)                     \
    switch (s.size()) {                           \
        case 0:                                   \
            return s.c.operation##b(__VA_ARGS__); \
        case 1:                                   \
            return s.c.operation##w(__VA_ARGS__); \
        case 2:                                   \
            return s.c.operation##d(__VA_ARGS__); \
        default:                                  \
            return s.c.operation##q(__VA_ARGS__); \
    }
// One that it has not for bytes.
#define SIZED_WDQ(operation, ...)                 \
    switch (s.size()) {                           \
        case 1:                                   \
            return s.c.operation##w(__VA_ARGS__); \
        case 2:                                   \
            return s.c.operation##d(__VA_ARGS__); \
        default:                                  \
            return s.c.operation##q(__VA_ARGS__); \
    }
// One that has masks for words and doublewords only.
#define BITWISE(operation, a, b)              \
    switch (is_masked(d) ? s.size() : 3) {    \
        case 0:                               \
        case 1: {                             \
            const Xmm t = s.fresh();          \
            s.c.operation##q(t, a, b);        \
            return s.assign(d, t);            \
        }                                     \
        case 2:                               \
            return s.c.operation##d(d, a, b); \
        default:                              \
            return s.c.operation##q(d, a, b); \
    }

// d = t, all of it or under d's mask.
void put(Sve& s, const Xmm& d, const Xmm& t) {
    is_masked(d) ? s.assign(d, t) : s.c.vmovdqa64(d, t);
}

void mul_bytes(Sve& s, const Xmm& d, const Xmm& a, const Xmm& b) {
    const Xmm even = s.fresh(), odd = s.fresh(), t = s.fresh();
    s.c.vpmullw(even, a, b);
    s.c.vpsrlw(odd, a, 8);
    s.c.vpsrlw(t, b, 8);
    s.c.vpmullw(odd, odd, t);
    s.c.vpsllw(odd, odd, 8);
    s.c.vpsllw(even, even, 8);
    s.c.vpsrlw(even, even, 8);
    s.c.vporq(odd, odd, even);
    put(s, d, odd);
}

// The upper halves of products of words.
void mulh_words(Sve& s, const Xmm& d, const Xmm& a, const Xmm& b, bool is_signed) {
    const Xmm even = s.fresh(), odd = s.fresh(), t = s.fresh();
    s.c.vpsrlq(odd, a, 32);
    s.c.vpsrlq(t, b, 32);
    is_signed ? s.c.vpmuldq(odd, odd, t) : s.c.vpmuludq(odd, odd, t);
    is_signed ? s.c.vpmuldq(even, a, b) : s.c.vpmuludq(even, a, b);
    s.c.vpsrlq(odd, odd, 32);
    s.c.vpsllq(odd, odd, 32);
    s.c.vpsrlq(even, even, 32);
    s.c.vporq(odd, odd, even);
    put(s, d, odd);
}

}  // namespace

SVE_BINARY(add) {
    SIZED(vpadd, d, a, b);
}
SVE_BINARY(sub) {
    SIZED(vpsub, d, a, b);
}
SVE_BINARY(mul) {
    if (s.size() == 0) return mul_bytes(s, d, a, b);
    SIZED_WDQ(vpmull, d, a, b);
}
SVE_BINARY(bit_and) {
    BITWISE(vpand, a, b);
}
SVE_BINARY(bit_or) {
    BITWISE(vpor, a, b);
}
SVE_BINARY(bit_xor) {
    BITWISE(vpxor, a, b);
}
SVE_BINARY(bit_clear) {
    BITWISE(vpandn, b, a);
}
SVE_BINARY(smulh) {
    s.size() == 1 ? s.c.vpmulhw(d, a, b) : mulh_words(s, d, a, b, true);
}
SVE_BINARY(umulh) {
    s.size() == 1 ? s.c.vpmulhuw(d, a, b) : mulh_words(s, d, a, b, false);
}
SVE_BINARY(sqadd) {
    s.size() ? s.c.vpaddsw(d, a, b) : s.c.vpaddsb(d, a, b);
}
SVE_BINARY(uqadd) {
    s.size() ? s.c.vpaddusw(d, a, b) : s.c.vpaddusb(d, a, b);
}
SVE_BINARY(sqsub) {
    s.size() ? s.c.vpsubsw(d, a, b) : s.c.vpsubsb(d, a, b);
}
SVE_BINARY(uqsub) {
    s.size() ? s.c.vpsubusw(d, a, b) : s.c.vpsubusb(d, a, b);
}
SVE_BINARY(smax) {
    SIZED(vpmaxs, d, a, b);
}
SVE_BINARY(umax) {
    SIZED(vpmaxu, d, a, b);
}
SVE_BINARY(smin) {
    SIZED(vpmins, d, a, b);
}
SVE_BINARY(umin) {
    SIZED(vpminu, d, a, b);
}
SVE_BINARY(sabd) {
    const Xmm more = s.fresh(), less = s.fresh();
    smax(s, more, a, b);
    smin(s, less, a, b);
    sub(s, d, more, less);
}
SVE_BINARY(uabd) {
    const Xmm more = s.fresh(), less = s.fresh();
    umax(s, more, a, b);
    umin(s, less, a, b);
    sub(s, d, more, less);
}
SVE_BINARY(urhadd) {
    s.size() ? s.c.vpavgw(d, a, b) : s.c.vpavgb(d, a, b);
}
SVE_BINARY(asr) {
    SIZED_WDQ(vpsrav, d, a, b);
}
SVE_BINARY(lsr) {
    SIZED_WDQ(vpsrlv, d, a, b);
}
SVE_BINARY(lsl) {
    SIZED_WDQ(vpsllv, d, a, b);
}
SVE_UNARY(abs) {
    SIZED(vpabs, d, a);
}
SVE_UNARY(neg) {
    const Xmm zero = s.fresh();
    s.zero(zero);
    sub(s, d, zero, a);
}
SVE_UNARY(bit_not) {
    const Xmm ones = s.fresh();
    s.c.vpternlogd(ones, ones, ones, 0xff);
    bit_xor(s, d, a, ones);
}
SVE_UNARY(clz) {
    s.size() == 2 ? s.c.vplzcntd(d, a) : s.c.vplzcntq(d, a);
}
SVE_UNARY(fabs) {
    const Xmm sign = s.fresh();
    s.broadcast(sign, static_cast<int64_t>(~uint64_t{0} << ((8u << s.size()) - 1)));
    bit_clear(s, d, a, sign);
}
SVE_UNARY(fneg) {
    const Xmm sign = s.fresh();
    s.broadcast(sign, static_cast<int64_t>(~uint64_t{0} << ((8u << s.size()) - 1)));
    bit_xor(s, d, a, sign);
}

SVE_UNARY(revb) {
    // VPSHUFB's indices, the same in each 128 bits.
    static constexpr uint64_t kOrder[] = {0, 0x0607040502030001, 0x0405060700010203, 0x0001020304050607};
    constexpr uint64_t kUpper = 0x0808080808080808;
    const uint64_t order = kOrder[s.size()];
    const Xmm t = s.fresh();
    const Xbyak::Address both = s.e.constant128(order, order + kUpper);
    s.length == 16 ? s.c.vmovdqa32(t, both) : s.c.vbroadcasti32x4(Xbyak::Zmm(t.getIdx()), both);
    s.c.vpshufb(t, a, t);
    put(s, d, t);
}

namespace {

void shift(Sve& s, const Xmm& d, const Xmm& a, unsigned amount, bool left, bool is_signed) {
    const auto by = static_cast<uint8_t>(amount);
    if (left) {
        SIZED_WDQ(vpsll, d, a, by);
    }
    if (is_signed) {
        SIZED_WDQ(vpsra, d, a, by);
    }
    SIZED_WDQ(vpsrl, d, a, by);
}

// Bytes: as halfwords, without the neighbour's bits.
void shift_bytes(Sve& s, const Xmm& d, const Xmm& a, unsigned amount, bool left, bool is_signed) {
    const Xmm t = s.fresh(), m = s.fresh();
    const auto by = static_cast<uint8_t>(amount);
    left ? s.c.vpsllw(t, a, by) : s.c.vpsrlw(t, a, by);
    s.broadcast(m, left ? 0xff << amount & 0xff : 0xff >> amount);
    s.c.vpandq(t, t, m);
    if (is_signed) {  // the sign is where it was shifted to: spread it
        s.broadcast(m, 0x80 >> amount);
        s.c.vpxorq(t, t, m);
        s.c.vpsubb(t, t, m);
    }
    put(s, d, t);
}

void extend(Sve& s, const Xmm& d, const Xmm& a, unsigned bits, bool is_signed) {
    const unsigned unused = (8u << s.size()) - bits;
    const Xmm t = s.fresh();
    shift(s, t, a, unused, true, false);
    shift(s, d, t, unused, false, is_signed);
}

}  // namespace

SVE_UNARY(sxtb) {
    extend(s, d, a, 8, true);
}
SVE_UNARY(sxth) {
    extend(s, d, a, 16, true);
}
SVE_UNARY(sxtw) {
    extend(s, d, a, 32, true);
}
SVE_UNARY(uxtb) {
    extend(s, d, a, 8, false);
}
SVE_UNARY(uxth) {
    extend(s, d, a, 16, false);
}
SVE_UNARY(uxtw) {
    extend(s, d, a, 32, false);
}
SVE_BY(asr_by) {
    // All of a byte is as much as all but one bit.
    if (s.size() == 0) return shift_bytes(s, d, a, amount < 8 ? amount : 7, false, true);
    shift(s, d, a, amount, false, true);
}
SVE_BY(lsr_by) {
    s.size() ? shift(s, d, a, amount, false, false) : shift_bytes(s, d, a, amount, false, false);
}
SVE_BY(lsl_by) {
    s.size() ? shift(s, d, a, amount, true, false) : shift_bytes(s, d, a, amount, true, false);
}

}  // namespace sve

// --- Forms

void Sve::zzz(sve::Binary op) {
    const Xmm a = z(f.n), b = z(f.m), d = fresh();
    op(*this, d, a, b);
    set_z(f.d, d);
}

void Sve::zgzz(sve::Binary op, bool reversed) {
    const Opmask active = mask();
    const Xmm b = z(f.m), d = z(f.d);
    reversed ? op(*this, d | active, b, d) : op(*this, d | active, d, b);
    set_z(f.d, d);
}

void Sve::zgz(sve::Unary op) {
    const Opmask active = mask();
    const Xmm a = z(f.n), d = z(f.d);
    op(*this, d | active, a);
    set_z(f.d, d);
}

void Sve::zzi(sve::ByImmediate op) {
    const Xmm a = z(f.n), d = fresh();
    op(*this, d, a, static_cast<unsigned>(f.imm));
    set_z(f.d, d);
}

void Sve::zgzi(sve::ByImmediate op) {
    const Opmask active = mask();
    const Xmm d = z(f.d);
    op(*this, d | active, d, static_cast<unsigned>(f.imm));
    set_z(f.d, d);
}

void Sve::shift_accumulate(sve::ByImmediate op) {
    const Xmm a = z(f.n), d = z(f.d), t = fresh();
    op(*this, t, a, static_cast<unsigned>(f.imm));
    sve::add(*this, d, d, t);
    set_z(f.d, d);
}

void Sve::with_immediate(sve::Binary op, bool reversed) {
    const Xmm d = z(f.d), b = fresh();
    broadcast(b, f.imm);
    reversed ? op(*this, d, b, d) : op(*this, d, d, b);
    set_z(f.d, d);
}

void Sve::with_mask(sve::Binary op) {
    uint64_t mask = 0;
    if (!r.constant(i.a, &mask)) return r.fail();
    const Xmm d = z(f.d), b = fresh();
    broadcast(b, static_cast<int64_t>(mask));
    op(*this, d, d, b);
    set_z(f.d, d);
}

// By the bytes or halfwords of an element, which are then added up.
void Sve::count_bits() {
    if (!e.host.avx512_bitalg) return by_call();
    const Opmask active = mask();
    const Xmm a = z(f.n), d = z(f.d), t = fresh(), u = fresh();
    switch (size()) {
        case 0:
            c.vpopcntb(d | active, a);
            break;
        case 1:
            c.vpopcntw(d | active, a);
            break;
        case 2:
            c.vpopcntw(t, a);
            c.vpsrld(u, t, 16);
            c.vpaddd(t, t, u);
            c.vpslld(t, t, 16);
            c.vpsrld(d | active, t, 16);
            break;
        default:
            c.vpopcntb(t, a);
            zero(u);
            c.vpsadbw(t, t, u);
            assign(d | active, t);
    }
    set_z(f.d, d);
}

// d op= n * m
void Sve::accumulate(sve::Binary op) {
    const Opmask active = mask();
    const Xmm a = z(f.n), b = z(f.m), d = z(f.d), t = fresh();
    sve::mul(*this, t, a, b);
    op(*this, d | active, d, t);
    set_z(f.d, d);
}

// d = n op d * m
void Sve::multiply_add(sve::Binary op) {
    const Opmask active = mask();
    const Xmm a = z(f.n), b = z(f.m), d = z(f.d), t = fresh();
    sve::mul(*this, t, d, b);
    op(*this, d | active, a, t);
    set_z(f.d, d);
}

// Words plus four products of bytes: the even and the odd ones by halfwords.
void Sve::dot(bool first_signed, bool second_signed) {
    const Xmm a = z(f.n), b = z(f.m), d = z(f.d);
    const Xmm even_a = fresh(), odd_a = fresh(), even_b = fresh(), odd_b = fresh();
    const auto split = [this](const Xmm& even, const Xmm& odd, const Xmm& x, bool is_signed) {
        c.vpsllw(even, x, 8);
        is_signed ? c.vpsraw(even, even, 8) : c.vpsrlw(even, even, 8);
        is_signed ? c.vpsraw(odd, x, 8) : c.vpsrlw(odd, x, 8);
    };
    split(even_a, odd_a, a, first_signed);
    split(even_b, odd_b, b, second_signed);
    c.vpmaddwd(even_a, even_a, even_b);
    c.vpmaddwd(odd_a, odd_a, odd_b);
    c.vpaddd(d, d, even_a);
    c.vpaddd(d, d, odd_a);
    set_z(f.d, d);
}

namespace {

void compare_vectors(Sve& s, const Xmm& a, const Xmm& b, sve::Condition condition, bool is_signed) {
    const Opmask active = s.mask(), hits = s.fresh_mask();
    const auto emit = [&] {
        const Opmask d = hits | active;
        if (is_signed) {
            SIZED(vpcmp, d, a, b, condition);
        }
        SIZED(vpcmpu, d, a, b, condition);
    };
    emit();
    s.c.kmovq(rcx, active);
    s.set_mask(s.f.d, hits);
    s.c.kmovq(rdx, hits);
    s.set_flags(rcx, rdx);
}

}  // namespace

void Sve::compare(sve::Condition condition, bool is_signed) {
    const Xmm a = z(f.n), b = z(f.m);
    compare_vectors(*this, a, b, condition, is_signed);
}

void Sve::compare_immediate(sve::Condition condition, bool is_signed) {
    const Xmm a = z(f.n), b = fresh();
    broadcast(b, f.imm);
    compare_vectors(*this, a, b, condition, is_signed);
}

}  // namespace armature::translator::x64
