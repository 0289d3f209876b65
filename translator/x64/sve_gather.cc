// SPDX-License-Identifier: MIT
// SVE: structures, gathers and scatters. A fault may come after some of the accesses:
// C++ then makes them all again, which changes nothing.
#include "translator/x64/sve_emit.h"

namespace armature::translator::x64 {

using Xbyak::Address;
using Xbyak::Opmask;
using Xbyak::RegExp;
using Xbyak::Xmm;
using Xbyak::Ymm;
using Xbyak::Zmm;
using Xbyak::util::ecx;
using Xbyak::util::rax;
using Xbyak::util::rcx;
using Xbyak::util::rdx;
using Xbyak::util::rsi;

// --- Structures: as many pieces of memory as registers, each as long as one.

// The elements of memory in a piece that belong to active structures: for each place in a structure, the bits
// of those whose element is in the piece go there.
Opmask Sve::structure_mask(unsigned piece) {
    const unsigned registers = f.registers, begin = piece * elements(), end = begin + elements();
    const Opmask structures = mask(), d = fresh_mask();
    c.xor_(ecx, ecx);
    for (unsigned place = 0; place < registers; place++) {
        const unsigned first = begin <= place ? 0 : (begin - place + registers - 1) / registers;
        uint64_t to = 0;
        for (unsigned at = first * registers + place; at < end; at += registers)
            to |= uint64_t{1} << (at - begin);
        c.kmovq(rax, structures);
        if (first) c.shr(rax, static_cast<int>(first));
        c.mov(rdx, to);
        c.pdep(rax, rax, rdx);
        c.or_(rcx, rax);
    }
    c.kmovq(d, rcx);
    r.sve.locked_masks &= ~(1u << d.getIdx());  // for one access
    return d;
}

Xmm Sve::permuted(sve::Permutation how, const Xmm& a, const Xmm& b) {
    const Xmm d = fresh();
    permute_into(how, d, a, b);
    return d;
}

void Sve::load_structures() {
    if (!can_permute()) return by_call();
    const unsigned registers = f.registers;
    const RegExp from = address();
    Xmm piece[4];
    for (unsigned n = 0; n < registers; n++) {
        piece[n] = fresh();
        const Opmask active = structure_mask(n);
        access([&] { assign(piece[n] | active | Xbyak::util::T_z, c.ptr[from + n * length]); });
    }
    if (registers == 3) {
        const Xmm first = every_third(0, piece), second = every_third(1, piece),
                  third = every_third(2, piece);
        set_z(f.d, first);
        set_z((f.d + 1) & 31, second);
        set_z((f.d + 2) & 31, third);
        return;
    }
    const Xmm even = permuted(sve::kUzp1, piece[0], piece[1]), odd = permuted(sve::kUzp2, piece[0], piece[1]);
    if (registers == 2) {
        set_z(f.d, even);
        set_z((f.d + 1) & 31, odd);
        return;
    }
    const Xmm more_even = permuted(sve::kUzp1, piece[2], piece[3]);
    const Xmm more_odd = permuted(sve::kUzp2, piece[2], piece[3]);
    set_z(f.d, permuted(sve::kUzp1, even, more_even));
    set_z((f.d + 1) & 31, permuted(sve::kUzp1, odd, more_odd));
    set_z((f.d + 2) & 31, permuted(sve::kUzp2, even, more_even));
    set_z((f.d + 3) & 31, permuted(sve::kUzp2, odd, more_odd));
}

void Sve::store_structures() {
    if (!can_permute()) return by_call();
    const unsigned registers = f.registers;
    Xmm value[4], piece[4];
    for (unsigned n = 0; n < registers; n++) value[n] = z((f.d + n) & 31);
    if (registers == 2) {
        piece[0] = permuted(sve::kZip1, value[0], value[1]);
        piece[1] = permuted(sve::kZip2, value[0], value[1]);
    } else if (registers == 3) {
        for (unsigned n = 0; n < 3; n++) piece[n] = by_threes(n, value);
    } else {
        const Xmm even = permuted(sve::kZip1, value[0], value[2]);
        const Xmm odd = permuted(sve::kZip1, value[1], value[3]);
        const Xmm more_even = permuted(sve::kZip2, value[0], value[2]);
        const Xmm more_odd = permuted(sve::kZip2, value[1], value[3]);
        piece[0] = permuted(sve::kZip1, even, odd);
        piece[1] = permuted(sve::kZip2, even, odd);
        piece[2] = permuted(sve::kZip1, more_even, more_odd);
        piece[3] = permuted(sve::kZip2, more_even, more_odd);
    }
    const RegExp to = address();
    for (unsigned n = 0; n < registers; n++) {
        const Opmask active = structure_mask(n);
        access([&] { assign(c.ptr[to + n * length] | active, piece[n]); });
    }
}

// --- Gathers and scatters

// Of elements of doublewords.
Xmm Sve::doubleword_offsets(sve::Addressing addressing) {
    if (addressing == sve::kBases) return z(f.n);
    const Xmm all = z(f.m);
    if (addressing == sve::kOffsets) return all;
    const Xmm offsets = fresh();
    c.vpsllq(offsets, all, 32);
    f.imm& ir::kGatherSigned ? c.vpsraq(offsets, offsets, 32) : c.vpsrlq(offsets, offsets, 32);
    return offsets;
}

RegExp Sve::gather_address(sve::Addressing addressing, const Xmm& offsets) {
    if (addressing == sve::kBases) return offsets * 1 + static_cast<int>(f.imm);
    const int scale = f.imm & ir::kGatherScaled ? 1 << f.memory : 1;
    return x_sp(f.n, rsi) + offsets * scale;
}

// Words by unsigned words: as two halves with offsets of doublewords. fn(half, its offsets, its elements).
template <typename Fn>
void Sve::by_halves(const Opmask& active, Fn fn) {
    const Xmm all = z(f.m), offsets = fresh();
    const unsigned bytes = length / 2 < 16 ? 16 : length / 2;
    for (unsigned half = 0; half < 2; half++) {
        Xmm words = part(all, bytes);
        if (half) {
            words = part(offsets, bytes);
            if (length == 64) {
                c.vextracti64x4(Ymm(words.getIdx()), Zmm(all.getIdx()), 1);
            } else if (length == 32) {
                c.vextracti32x4(words, Ymm(all.getIdx()), 1);
            } else {
                c.vpshufd(words, all, 0xee);
            }
        }
        c.vpmovzxdq(offsets, words);
        const Opmask part_active = fresh_mask();
        half ? c.kshiftrq(part_active, active, static_cast<uint8_t>(length / 8))
             : c.kmovq(part_active, active);
        fn(half, offsets, part_active);
    }
}

void Sve::gather(unsigned element, sve::Addressing addressing) {
    if (e.block().mask_tags) return by_call();
    const Opmask active = mask(f.g, element);
    const Xmm d = fresh();
    zero(d);
    const bool halves = element == 2 && !(f.imm & ir::kGatherSigned);
    if (halves) {
        const Xmm upper = fresh();
        zero(upper);
        by_halves(active, [&](unsigned half, const Xmm& offsets, const Opmask& elements_left) {
            const Address from = c.ptr[gather_address(addressing, offsets)];
            const Xmm to = part(half ? upper : d, length / 2);
            access([&] { c.vpgatherqd(to | elements_left, from); });
        });
        if (length == 64) {
            c.vinserti64x4(Zmm(d.getIdx()), Zmm(d.getIdx()), Ymm(upper.getIdx()), 1);
        } else if (length == 32) {
            c.vinserti32x4(Ymm(d.getIdx()), Ymm(d.getIdx()), part(upper, 16), 1);
        } else {
            c.vpunpcklqdq(d, d, upper);
        }
    } else {
        const Xmm offsets = element == 2 ? z(f.m) : doubleword_offsets(addressing);
        const Address from = c.ptr[gather_address(addressing, offsets)];
        const Opmask left = fresh_mask();
        c.kmovq(left, active);
        access([&] {
            if (element == 2) {
                c.vpgatherdd(d | left, from);
            } else if (f.memory == 3) {
                c.vpgatherqq(d | left, from);
            } else {
                c.vpgatherqd(part(d, length / 2) | left, from);
            }
        });
        if (element == 3 && f.memory < 3) c.vpmovzxdq(d, part(d, length / 2));
    }
    // More than wanted was read, or it is to be extended.
    const auto unused = static_cast<uint8_t>((8u << element) - (8u << f.memory));
    if (unused && element == 2) {
        c.vpslld(d, d, unused);
        f.option ? c.vpsrad(d, d, unused) : c.vpsrld(d, d, unused);
    } else if (unused) {
        c.vpsllq(d, d, unused);
        f.option ? c.vpsraq(d, d, unused) : c.vpsrlq(d, d, unused);
    }
    set_z(f.d, d);
}

void Sve::scatter(unsigned element, sve::Addressing addressing) {
    if (e.block().mask_tags || f.memory < 2) return by_call();
    const Opmask active = mask(f.g, element);
    const Xmm value = z(f.d);
    if (element == 2 && !(f.imm & ir::kGatherSigned)) {
        const Xmm upper = fresh();
        by_halves(active, [&](unsigned half, const Xmm& offsets, const Opmask& elements_left) {
            Xmm from = part(value, length / 2);
            if (half) {
                from = part(upper, length / 2);
                if (length == 64) {
                    c.vextracti64x4(Ymm(from.getIdx()), Zmm(value.getIdx()), 1);
                } else if (length == 32) {
                    c.vextracti32x4(from, Ymm(value.getIdx()), 1);
                } else {
                    c.vpshufd(from, value, 0xee);
                }
            }
            const Address to = c.ptr[gather_address(addressing, offsets)] | elements_left;
            access([&] { c.vpscatterqd(to, from); });
        });
        return;
    }
    const Xmm offsets = element == 2 ? z(f.m) : doubleword_offsets(addressing);
    const Opmask left = fresh_mask();
    c.kmovq(left, active);
    const Address to = c.ptr[gather_address(addressing, offsets)] | left;
    Xmm from = value;
    if (element == 3 && f.memory == 2) {
        from = part(fresh(), length / 2);
        c.vpmovqd(from, value);
    }
    access([&] {
        if (element == 2) {
            c.vpscatterdd(to, from);
        } else {
            f.memory == 3 ? c.vpscatterqq(to, from) : c.vpscatterqd(to, from);
        }
    });
}

}  // namespace armature::translator::x64
