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
void Sve::fminmax(bool maximum) {
    redo_if_flushing();
    const Opmask active = mask(), unordered = fresh_mask();
    const Xmm b = z(f.m), d = z(f.d), t = fresh(), u = fresh();
    is_double() ? c.vcmppd(unordered | active, d, b, kUnordered)
                : c.vcmpps(unordered | active, d, b, kUnordered);
    redo_if_any(unordered);
    const auto emit = [&](const Xmm& to, const Xmm& first, const Xmm& second) {
        if (maximum) {
            is_double() ? c.vmaxpd(to, first, second) : c.vmaxps(to, first, second);
        } else {
            is_double() ? c.vminpd(to, first, second) : c.vminps(to, first, second);
        }
    };
    emit(t | active | Xbyak::util::T_z, d, b);
    emit(u | active | Xbyak::util::T_z, b, d);
    maximum ? sve::bit_and(*this, d | active, t, u) : sve::bit_or(*this, d | active, t, u);
    set_z(f.d, d);
}

// --- Conversions, in elements of the larger of the two sizes.

namespace {

// What the host makes of numbers that do not fit; 0: all fit.
struct Converted {
    bool wide;  // doublewords
    uint64_t misfit;
};
constexpr Converted kConverted[] = {
    {false, 0},          {true, 0},
    {true, 0},           {false, 0},
    {true, 0},           {true, 0},
    {false, 0x80000000}, {true, uint64_t{1} << 63},
    {false, 0xffffffff}, {true, ~uint64_t{0}},
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
    }
}

void Sve::convert(sve::Conversion how) {
    redo_if_flushing();
    const Converted& of = kConverted[how];
    const Opmask active = mask(f.g, of.wide ? 3 : 2);
    const Xmm a = z(f.n), d = z(f.d);
    if (how == sve::kSigned32ToDouble || how == sve::kUnsigned32ToDouble) {
        const Xmm narrow = part(fresh(), length / 2);
        c.vpmovqd(narrow, a);
        convert_with(how, d | active, narrow);
    } else {
        convert_with(how, d | active, a);
    }
    if (of.misfit) {
        const Xmm misfit = fresh();
        const Opmask strange = fresh_mask();
        c.mov(rax, of.misfit);
        of.wide ? c.vpbroadcastq(misfit, rax) : c.vpbroadcastd(misfit, rax.cvt32());
        of.wide ? c.vpcmpeqq(strange | active, d, misfit) : c.vpcmpeqd(strange | active, d, misfit);
        redo_if_any(strange);
    }
    set_z(f.d, d);
}

}  // namespace armature::translator::x64
