// SPDX-License-Identifier: MIT
// SVE: one number of a vector's active elements.
#include <bit>

#include "translator/x64/sve_emit.h"

namespace armature::translator::x64 {

using Xbyak::Opmask;
using Xbyak::Xmm;
using Xbyak::Ymm;
using Xbyak::Zmm;
using Xbyak::util::eax;
using Xbyak::util::rax;
using Xbyak::util::rcx;
using Xbyak::util::rdx;

namespace {

constexpr uint8_t kSwapHalves = 0x4e;  // of four
constexpr uint8_t kSwapPairs = 0xb1;   // neighbours
constexpr uint8_t kUnordered = 3;

}  // namespace

// The first element of x becomes that of all; the others become anything. For operations that do not mind the
// order: op(d, a, b).
template <typename Op>
void Sve::fold(const Xmm& x, Op op) {
    const Xmm t = fresh();
    const auto step = [&](unsigned bytes, auto take) {
        const Xmm part_x = part(x, bytes), part_t = part(t, bytes);
        take(part_t, part_x);
        op(part_x, part_x, part_t);
    };
    if (length == 64) {
        step(32, [&](const Xmm& to, const Xmm& from) {
            c.vextracti64x4(Ymm(to.getIdx()), Zmm(from.getIdx()), 1);
        });
    }
    if (length >= 32)
        step(16, [&](const Xmm& to, const Xmm& from) { c.vextracti32x4(to, Ymm(from.getIdx()), 1); });
    step(16, [&](const Xmm& to, const Xmm& from) { c.vpshufd(to, from, kSwapHalves); });
    if (size() < 3) step(16, [&](const Xmm& to, const Xmm& from) { c.vpshufd(to, from, kSwapPairs); });
    if (size() < 2) step(16, [&](const Xmm& to, const Xmm& from) { c.vpsrld(to, from, 16); });
    if (size() < 1) step(16, [&](const Xmm& to, const Xmm& from) { c.vpsrlw(to, from, 8); });
}

void Sve::reduce(sve::Binary op, sve::Neutral neutral) {
    const Opmask active = mask();
    const Xmm a = z(f.n), x = fresh();
    const uint64_t sign = uint64_t{1} << ((8u << size()) - 1);
    switch (neutral) {
        case sve::kZero:
            zero(x);
            break;
        case sve::kOnes:
            broadcast(x, -1);
            break;
        case sve::kLeast:
            broadcast(x, static_cast<int64_t>(sign));
            break;
        case sve::kGreatest:
            broadcast(x, static_cast<int64_t>(sign - 1));
            break;
    }
    assign(x | active, a);
    fold(x, [&](const Xmm& d, const Xmm& first, const Xmm& second) { op(*this, d, first, second); });
    set_scalar(f.d, x);
}

// As doublewords: first sums of what is in each of them.
void Sve::add_across(bool is_signed) {
    const Opmask active = mask();
    const Xmm a = z(f.n), x = fresh(), t = fresh();
    assign(x | active | Xbyak::util::T_z, a);
    const auto halves_of_words = [&] {
        c.vpslld(t, x, 16);
        is_signed ? c.vpsrad(t, t, 16) : c.vpsrld(t, t, 16);
        is_signed ? c.vpsrad(x, x, 16) : c.vpsrld(x, x, 16);
        c.vpaddd(x, x, t);
    };
    const auto halves_of_doublewords = [&] {
        c.vpsllq(t, x, 32);
        is_signed ? c.vpsraq(t, t, 32) : c.vpsrlq(t, t, 32);
        is_signed ? c.vpsraq(x, x, 32) : c.vpsrlq(x, x, 32);
        c.vpaddq(x, x, t);
    };
    constexpr uint64_t kSigns = 0x8080808080808080;
    switch (size()) {
        case 0:
            if (is_signed) {  // by 128 more each, which is taken back
                c.mov(rax, kSigns);
                c.vpbroadcastq(t, rax);
                c.vpxorq(x, x, t);
            }
            zero(t);
            c.vpsadbw(x, x, t);
            break;
        case 1:
            halves_of_words();
            halves_of_doublewords();
            break;
        case 2:
            halves_of_doublewords();
            break;
        default:
            break;
    }
    const Xmm rest = fresh(), d = fresh();
    if (length == 64) {
        c.vextracti64x4(Ymm(rest.getIdx()), Zmm(x.getIdx()), 1);
        c.vpaddq(part(x, 32), part(x, 32), part(rest, 32));
    }
    if (length >= 32) {
        c.vextracti32x4(part(rest, 16), Ymm(x.getIdx()), 1);
        c.vpaddq(part(x, 16), part(x, 16), part(rest, 16));
    }
    c.vpshufd(part(rest, 16), part(x, 16), kSwapHalves);
    c.vpaddq(part(x, 16), part(x, 16), part(rest, 16));
    c.vmovq(rax, part(x, 16));
    if (size() == 0 && is_signed) c.sub(rax, 128 * length);
    c.vmovq(part(d, 16), rax);
    set_z(f.d, d);
}

// Neighbours first, as the manual adds; every element gets the sum.
void Sve::fadd_across() {
    redo_if_flushing();
    const Opmask active = mask();
    const Xmm a = z(f.n), x = fresh(), t = fresh();
    assign(x | active | Xbyak::util::T_z, a);
    if (!is_double()) {
        c.vpshufd(t, x, kSwapPairs);
        sve::fadd(*this, x, x, t);
    }
    c.vpshufd(t, x, kSwapHalves);
    sve::fadd(*this, x, x, t);
    if (length == 32) {
        c.vshuff64x2(Ymm(t.getIdx()), Ymm(x.getIdx()), x, 1);
        sve::fadd(*this, x, x, t);
    } else if (length == 64) {
        for (const uint8_t swap : {kSwapPairs, kSwapHalves}) {
            c.vshuff64x2(Zmm(t.getIdx()), Zmm(x.getIdx()), x, swap);
            sve::fadd(*this, x, x, t);
        }
    }
    redo_if_strange(x, nullptr, false);
    set_scalar(f.d, x);
}

// One after the other: masked scalar sums, while mask and vector move on.
void Sve::fadd_ordered() {
    redo_if_flushing();
    const Opmask active = mask(), left = fresh_mask();
    const Xmm a = z(f.m), d = z(f.d), sum = fresh(), x = fresh();
    const Xmm low = part(sum, 16);
    c.vmovdqa64(low, part(d, 16));
    c.vmovdqa64(x, a);
    c.kmovq(left, active);
    for (unsigned n = 0; n < elements(); n++) {
        if (n) {
            is_double() ? c.valignq(x, x, x, 1) : c.valignd(x, x, x, 1);
            c.kshiftrq(left, left, 1);
        }
        is_double() ? c.vaddsd(low | left, low, part(x, 16)) : c.vaddss(low | left, low, part(x, 16));
    }
    const Opmask strange = fresh_mask();
    // Without a compare: if no element is active, a signalling NaN is still there.
    constexpr uint8_t kNans = 0x81;
    is_double() ? c.vfpclasssd(strange, low, kNans) : c.vfpclassss(strange, low, kNans);
    redo_if_any(strange);
    set_scalar(f.d, sum);
}

// With numbers, NaNs and no element at all are C++'s.
void Sve::fminmax_across(bool maximum, bool numbers) {
    redo_if_flushing();
    const Opmask active = mask(), unordered = fresh_mask();
    const Xmm a = z(f.n), x = fresh();
    is_double() ? c.vcmppd(unordered | active, a, a, kUnordered)
                : c.vcmpps(unordered | active, a, a, kUnordered);
    redo_if_any(unordered);
    if (numbers) {
        c.kortestq(active, active);
        redo_if(kE);
    }
    const uint64_t infinity = is_double() ? 0x7ff0000000000000 : 0x7f800000;
    const uint64_t sign = uint64_t{1} << ((8u << size()) - 1);
    broadcast(x, static_cast<int64_t>(maximum ? infinity | sign : infinity));
    assign(x | active, a);
    const Xmm t = fresh(), u = fresh();
    fold(x, [&](const Xmm& d, const Xmm& first, const Xmm& second) {
        const Xmm one = vector(t.getIdx(), d.getBit() / 8), other = vector(u.getIdx(), d.getBit() / 8);
        if (maximum) {
            is_double() ? c.vmaxpd(one, first, second) : c.vmaxps(one, first, second);
            is_double() ? c.vmaxpd(other, second, first) : c.vmaxps(other, second, first);
            c.vpandq(d, one, other);
        } else {
            is_double() ? c.vminpd(one, first, second) : c.vminps(one, first, second);
            is_double() ? c.vminpd(other, second, first) : c.vminps(other, second, first);
            c.vporq(d, one, other);
        }
    });
    set_scalar(f.d, x);
}

// The last active element, or the one behind it. If none is active: the last of all, or the first; or, if it
// is conditional, what was there.
void Sve::last(bool after, sve::Into into, bool conditional) {
    const Opmask active = mask();
    const Xmm a = z(conditional ? f.m : f.n), index = fresh();
    c.kmovq(rcx, active);
    c.bsr(rax, rcx);
    c.mov(rdx, -1);
    c.test(rcx, rcx);
    c.cmove(rax, rdx);
    if (after) c.add(rax, 1);
    c.and_(eax, elements() - 1);
    broadcast(index, rax);
    permute_by(index, a, a);
    if (into == sve::kGeneral) {
        const Xmm low = part(index, 16);
        size() == 3 ? c.vmovq(rax, low) : c.vmovd(eax, low);
        if (size() == 1) c.movzx(eax, rax.cvt16());
        if (conditional) {
            const Reg64 before = x(f.d, rdx);
            c.mov(rdx, before);
            if (size() == 2) c.mov(rdx.cvt32(), rdx.cvt32());
            if (size() == 1) c.movzx(rdx.cvt32(), rdx.cvt16());
            c.test(rcx, rcx);
            c.cmove(rax, rdx);
        }
        return set_x(f.d, rax);
    }
    if (conditional) {  // under a mask of all elements, or none
        const Xmm d = z(f.d);
        const Opmask any = fresh_mask();
        c.neg(rcx);
        c.sbb(rdx, rdx);
        c.kmovq(any, rdx);
        const Xmm value = fresh();
        c.vmovdqa64(value, d);
        assign(value | any, index);
        return set_scalar(f.d, value);
    }
    set_scalar(f.d, index);
}

}  // namespace armature::translator::x64
