// SPDX-License-Identifier: MIT
// SVE: floating point. As in select_fp.cc the host computes, and one test finds the results that Arm may see
// otherwise: then C++ does the whole instruction. Only active elements raise anything.
//
// Where FPSR must be exact, FPCR.FZ may be set, too: then C++ does it all.
#include <bit>

#include "translator/x64/sve_emit.h"

namespace armature::translator::x64 {

using Xbyak::Opmask;
using Xbyak::Xmm;
using Xbyak::util::rax;

namespace {

constexpr uint8_t kUnordered = 3;
constexpr uint8_t kEqualOrUnordered = 8;
constexpr uint32_t kFpcrPlain = 3u << 22 | 1u << 25;  // RMode and DN: what the tests leave to be right

}  // namespace

namespace sve {

#define FLOATING(operation, ...) \
    s.size() == 3 ? s.c.operation##pd(__VA_ARGS__) : s.c.operation##ps(__VA_ARGS__)
SVE_BINARY(fadd) {
    FLOATING(vadd, d, a, b);
}
SVE_BINARY(fsub) {
    FLOATING(vsub, d, a, b);
}
SVE_BINARY(fmul) {
    FLOATING(vmul, d, a, b);
}
SVE_BINARY(fdiv) {
    FLOATING(vdiv, d, a, b);
}

namespace {

// A sum that is tiny is exact, so it does not matter whether that is seen before or after rounding.
bool rounds_when_tiny(Binary op) {
    return op == fmul || op == fdiv;
}

}  // namespace
}  // namespace sve

void Sve::redo_if_flushing() {
    if (!e.block().exact_status) return;
    c.test(e.state(offsetof(guest::CpuState, fpcr), 32), ~kFpcrPlain);
    redo_if(kNE);
}

// An element of the result is a NaN or, perhaps, the smallest normal number.
void Sve::redo_if_strange(const Xmm& result, const Opmask* active, bool rounds_when_tiny) {
    const Opmask strange = fresh_mask();
    const Opmask to = active ? strange | *active : strange;
    if (!e.block().exact_status || !rounds_when_tiny) {
        is_double() ? c.vcmppd(to, result, result, kUnordered) : c.vcmpps(to, result, result, kUnordered);
    } else {
        const Xmm magnitude = fresh(), smallest = fresh();
        sve::fabs(*this, magnitude, result);
        broadcast(smallest, is_double() ? 0x0010000000000000 : 0x00800000);
        is_double() ? c.vcmppd(to, magnitude, smallest, kEqualOrUnordered)
                    : c.vcmpps(to, magnitude, smallest, kEqualOrUnordered);
    }
    redo_if_any(strange);
}

void Sve::fzzz(sve::Binary op) {
    redo_if_flushing();
    const Xmm a = z(f.n), b = z(f.m), d = fresh();
    op(*this, d, a, b);
    redo_if_strange(d, nullptr, sve::rounds_when_tiny(op));
    set_z(f.d, d);
}

void Sve::fzgzz(sve::Binary op, bool reversed) {
    redo_if_flushing();
    const Opmask active = mask();
    const Xmm b = z(f.m), d = z(f.d);
    reversed ? op(*this, d | active, b, d) : op(*this, d | active, d, b);
    redo_if_strange(d, &active, sve::rounds_when_tiny(op));
    set_z(f.d, d);
}

void Sve::fzgzi(sve::Binary op, bool reversed, double first, double second) {
    redo_if_flushing();
    const Opmask active = mask();
    const Xmm d = z(f.d), b = fresh();
    const double value = f.imm ? second : first;
    is_double() ? broadcast(b, std::bit_cast<int64_t>(value))
                : broadcast(b, std::bit_cast<int32_t>(static_cast<float>(value)));
    reversed ? op(*this, d | active, b, d) : op(*this, d | active, d, b);
    redo_if_strange(d, &active, sve::rounds_when_tiny(op));
    set_z(f.d, d);
}

void Sve::fsqrt() {
    redo_if_flushing();
    const Opmask active = mask();
    const Xmm a = z(f.n), d = z(f.d);
    is_double() ? c.vsqrtpd(d | active, a) : c.vsqrtps(d | active, a);
    redo_if_strange(d, &active, false);
    set_z(f.d, d);
}

// (-)addend + (-)n * m, or with the factor d: the addend is then n.
void Sve::fused(bool into_factor, bool negate_addend, bool negate_product) {
    redo_if_flushing();
    const Opmask active = mask();
    const Xmm a = z(f.n), b = z(f.m), d = z(f.d);
    const Xmm to = d | active;
    const auto emit = [&](auto with_product, auto with_factor) {
        into_factor ? (c.*with_factor)(to, b, a) : (c.*with_product)(to, a, b);
    };
    using Code = Xbyak::CodeGenerator;
    if (!negate_addend && !negate_product) {
        is_double() ? emit(&Code::vfmadd231pd, &Code::vfmadd213pd)
                    : emit(&Code::vfmadd231ps, &Code::vfmadd213ps);
    } else if (!negate_addend) {
        is_double() ? emit(&Code::vfnmadd231pd, &Code::vfnmadd213pd)
                    : emit(&Code::vfnmadd231ps, &Code::vfnmadd213ps);
    } else if (negate_product) {
        is_double() ? emit(&Code::vfnmsub231pd, &Code::vfnmsub213pd)
                    : emit(&Code::vfnmsub231ps, &Code::vfnmsub213ps);
    } else {
        is_double() ? emit(&Code::vfmsub231pd, &Code::vfmsub213pd)
                    : emit(&Code::vfmsub231ps, &Code::vfmsub213ps);
    }
    redo_if_strange(d, &active, true);
    set_z(f.d, d);
}

void Sve::fcompare(sve::FloatCondition condition) {
    redo_if_flushing();
    const Opmask active = mask(), hits = fresh_mask();
    const Xmm a = z(f.n), b = f.option ? z(f.m) : fresh();
    if (!f.option) zero(b);
    is_double() ? c.vcmppd(hits | active, a, b, condition) : c.vcmpps(hits | active, a, b, condition);
    set_mask(f.d, hits);
}

// The host gives its second operand when both are zeros: computed both ways round, the bits joined are Arm's
// signed zero. It would call any NaN invalid: they are looked for first.
void Sve::join_extremes(bool maximum, const Xmm& d, const Xmm& a, const Xmm& b) {
    const Xmm t = fresh(), u = fresh();
    const auto emit = [&](const Xmm& to, const Xmm& first, const Xmm& second) {
        if (maximum) {
            is_double() ? c.vmaxpd(to, first, second) : c.vmaxps(to, first, second);
        } else {
            is_double() ? c.vminpd(to, first, second) : c.vminps(to, first, second);
        }
    };
    emit(t, a, b);
    emit(u, b, a);
    maximum ? sve::bit_and(*this, d, t, u) : sve::bit_or(*this, d, t, u);
}

void Sve::extremes_of(bool maximum, const Xmm& b) {
    redo_if_flushing();
    const Opmask active = mask(), unordered = fresh_mask();
    const Xmm d = z(f.d);
    is_double() ? c.vcmppd(unordered | active, d, b, kUnordered)
                : c.vcmpps(unordered | active, d, b, kUnordered);
    redo_if_any(unordered);
    // Inactive elements may be NaNs: zeros in their places.
    const Xmm x = fresh(), y = fresh();
    assign(x | active | Xbyak::util::T_z, d);
    assign(y | active | Xbyak::util::T_z, b);
    join_extremes(maximum, d | active, x, y);
    set_z(f.d, d);
}

void Sve::fminmax(bool maximum) {
    extremes_of(maximum, z(f.m));
}

void Sve::fminmax_with(bool maximum) {
    const Xmm b = fresh();
    const double value = f.imm ? 1.0 : 0.0;
    is_double() ? broadcast(b, std::bit_cast<int64_t>(value))
                : broadcast(b, std::bit_cast<int32_t>(static_cast<float>(value)));
    extremes_of(maximum, b);
}

void Sve::fround(uint8_t mode) {
    redo_if_flushing();
    const Opmask active = mask();
    const Xmm a = z(f.n), d = z(f.d);
    is_double() ? c.vrndscalepd(d | active, a, mode) : c.vrndscaleps(d | active, a, mode);
    redo_if_strange(d, &active, false);
    set_z(f.d, d);
}

void Sve::fabd() {
    redo_if_flushing();
    const Opmask active = mask();
    const Xmm b = z(f.m), d = z(f.d);
    sve::fsub(*this, d | active, d, b);
    redo_if_strange(d, &active, false);
    sve::fabs(*this, d | active, d);
    set_z(f.d, d);
}

// m's element, all over its 128 bits.
Xmm Sve::indexed_element() {
    const Xmm all = z(f.m), d = fresh();
    constexpr uint8_t kWord[] = {0x00, 0x55, 0xaa, 0xff}, kDoubleword[] = {0x44, 0xee};
    c.vpshufd(d, all, is_double() ? kDoubleword[f.imm & 1] : kWord[f.imm & 3]);
    return d;
}

void Sve::fused_element(bool negate_product) {
    redo_if_flushing();
    const Xmm a = z(f.n), d = z(f.d), b = indexed_element();
    if (negate_product) {
        is_double() ? c.vfnmadd231pd(d, a, b) : c.vfnmadd231ps(d, a, b);
    } else {
        is_double() ? c.vfmadd231pd(d, a, b) : c.vfmadd231ps(d, a, b);
    }
    redo_if_strange(d, nullptr, true);
    set_z(f.d, d);
}

void Sve::fmul_element() {
    redo_if_flushing();
    const Xmm a = z(f.n), b = indexed_element(), d = fresh();
    sve::fmul(*this, d, a, b);
    redo_if_strange(d, nullptr, true);
    set_z(f.d, d);
}

// --- Conversions, in elements of the larger of the two sizes.

namespace {

// In elements of words or doublewords. Narrower numbers are as many of the lower half of a register.
struct Converted {
    bool wide;         // elements
    bool narrow_from;  // their numbers are words
    bool narrow_to;    // the results are words, in doublewords
    bool is_signed;    // ...and fill those with their sign
    uint64_t misfit;   // what the host makes of numbers that do not fit; 0: all fit
};
constexpr uint64_t kLeast32 = 0x80000000, kOnes32 = 0xffffffff, kLeast64 = uint64_t{1} << 63;
constexpr Converted kConverted[] = {
    {false, false, false, false, 0},            // kSigned32ToSingle
    {true, true, false, false, 0},              // kSigned32ToDouble
    {true, false, false, false, 0},             // kSigned64ToDouble
    {false, false, false, false, 0},            // kUnsigned32ToSingle
    {true, true, false, false, 0},              // kUnsigned32ToDouble
    {true, false, false, false, 0},             // kUnsigned64ToDouble
    {false, false, false, false, kLeast32},     // kSingleToSigned32
    {true, false, false, false, kLeast64},      // kDoubleToSigned64
    {false, false, false, false, kOnes32},      // kSingleToUnsigned32
    {true, false, false, false, ~uint64_t{0}},  // kDoubleToUnsigned64
    {true, false, true, false, 0},              // kSigned64ToSingle
    {true, false, true, false, 0},              // kUnsigned64ToSingle
    {true, false, true, true, kLeast32},        // kDoubleToSigned32
    {true, true, false, false, kLeast64},       // kSingleToSigned64
    {true, false, true, false, kOnes32},        // kDoubleToUnsigned32
    {true, true, false, false, ~uint64_t{0}},   // kSingleToUnsigned64
};

}  // namespace

void Sve::convert_with(sve::Conversion how, const Xmm& d, const Xmm& a) {
    switch (how) {
        case sve::kSigned32ToSingle:
            return c.vcvtdq2ps(d, a);
        case sve::kSigned32ToDouble:
            return c.vcvtdq2pd(d, a);
        case sve::kSigned64ToDouble:
            return c.vcvtqq2pd(d, a);
        case sve::kUnsigned32ToSingle:
            return c.vcvtudq2ps(d, a);
        case sve::kUnsigned32ToDouble:
            return c.vcvtudq2pd(d, a);
        case sve::kUnsigned64ToDouble:
            return c.vcvtuqq2pd(d, a);
        case sve::kSingleToSigned32:
            return c.vcvttps2dq(d, a);
        case sve::kDoubleToSigned64:
            return c.vcvttpd2qq(d, a);
        case sve::kSingleToUnsigned32:
            return c.vcvttps2udq(d, a);
        case sve::kDoubleToUnsigned64:
            return c.vcvttpd2uqq(d, a);
        case sve::kSigned64ToSingle:
            return c.vcvtqq2ps(d, a);
        case sve::kUnsigned64ToSingle:
            return c.vcvtuqq2ps(d, a);
        case sve::kDoubleToSigned32:
            return c.vcvttpd2dq(d, a);
        case sve::kSingleToSigned64:
            return c.vcvttps2qq(d, a);
        case sve::kDoubleToUnsigned32:
            return c.vcvttpd2udq(d, a);
        case sve::kSingleToUnsigned64:
            return c.vcvttps2uqq(d, a);
    }
}

void Sve::convert(sve::Conversion how) {
    redo_if_flushing();
    const Converted& of = kConverted[how];
    const Opmask active = mask(f.g, of.wide ? 3 : 2);
    const Xmm d = z(f.d);
    Xmm a = z(f.n);
    if (of.narrow_from) {
        const Xmm narrow = part(fresh(), length / 2);
        c.vpmovqd(narrow, a);
        a = narrow;
    }
    const Xmm result = of.narrow_to ? part(fresh(), length / 2) : d;
    convert_with(how, of.narrow_to ? result | active | Xbyak::util::T_z : result | active, a);
    if (of.misfit) {
        const bool words = !of.wide || of.narrow_to;
        const Xmm misfit = words ? part(fresh(), of.narrow_to ? length / 2 : length) : fresh();
        const Opmask strange = fresh_mask();
        c.mov(rax, of.misfit);
        words ? c.vpbroadcastd(misfit, rax.cvt32()) : c.vpbroadcastq(misfit, rax);
        words ? c.vpcmpeqd(strange | active, result, misfit) : c.vpcmpeqq(strange | active, result, misfit);
        redo_if_any(strange);
    }
    if (of.narrow_to) {
        of.is_signed ? c.vpmovsxdq(d | active, result) : c.vpmovzxdq(d | active, result);
    }
    set_z(f.d, d);
}

// Doubles to singles.
void Sve::narrow() {
    redo_if_flushing();
    const Opmask active = mask(f.g, 3), strange = fresh_mask();
    const Xmm a = z(f.n), d = z(f.d);
    const Xmm result = part(fresh(), length / 2);
    c.vcvtpd2ps(result | active | Xbyak::util::T_z, a);
    if (e.block().exact_status) {
        const Xmm magnitude = part(fresh(), length / 2), smallest = part(fresh(), length / 2);
        c.vpslld(magnitude, result, 1);
        c.vpsrld(magnitude, magnitude, 1);
        c.mov(rax, 0x00800000);
        c.vpbroadcastd(smallest, rax.cvt32());
        c.vcmpps(strange | active, magnitude, smallest, kEqualOrUnordered);
    } else {
        c.vcmpps(strange | active, result, result, kUnordered);
    }
    redo_if_any(strange);
    c.vpmovzxdq(d | active, result);
    set_z(f.d, d);
}

// Singles to doubles.
void Sve::widen() {
    redo_if_flushing();
    const Opmask active = mask(f.g, 3), strange = fresh_mask();
    const Xmm a = z(f.n), d = z(f.d);
    const Xmm singles = part(fresh(), length / 2);
    c.vpmovqd(singles, a);
    c.vcvtps2pd(d | active, singles);
    c.vcmppd(strange | active, d, d, kUnordered);
    redo_if_any(strange);
    set_z(f.d, d);
}

}  // namespace armature::translator::x64
