// SPDX-License-Identifier: MIT
// Cryptography, by AdvSIMD's functions for 128 bits, and bit permutes.
#pragma once

#include "translator/ir/helpers.h"
#include "translator/sve/forms_permute.h"

namespace armature::translator::sve {

using Quad = guest::Vec128;
using QuadHelper = void (*)(CpuState*, unsigned);

inline Quad call(CpuState& cpu, QuadHelper helper, const Quad& a, const Quad& b) {
    cpu.vector_scratch[0] = a;
    cpu.vector_scratch[1] = b;
    helper(&cpu, 0);
    return cpu.vector_scratch[0];
}
template <typename Fn>
Lanes<Quad> map_quads(const Lanes<Quad>& a, const Lanes<Quad>& b, Fn fn) {
    Lanes<Quad> r;
    for (unsigned i = 0; i < r.size(); i++) r[i] = fn(a[i], b[i]);
    return r;
}
inline Quad exclusive_or(const Quad& a, const Quad& b) {
    return {a.lo ^ b.lo, a.hi ^ b.hi};
}

template <bool encrypt>
struct AesRound {
    template <typename F>
    static void run(Machine& m, F f) {
        m.set_z(f.d(), map_quads(m.z<Quad>(f.d()), m.z<Quad>(f.n()), [&](const Quad& state, const Quad& key) {
                    return call(m.cpu, encrypt ? helper::VAesEncLast : helper::VAesDecLast,
                                exclusive_or(state, key), {});
                }));
    }
};
template <bool encrypt>
struct AesMix {
    template <typename F>
    static void run(Machine& m, F f) {
        const auto d = m.z<Quad>(f.d());
        m.set_z(f.d(), map_quads(d, d, [&](const Quad& state, const Quad&) {
                    if (!encrypt) return call(m.cpu, helper::VAesInvMix, state, {});
                    // Undo the substitution that comes with it.
                    return call(m.cpu, helper::VAesEnc, call(m.cpu, helper::VAesDecLast, state, {}), {});
                }));
    }
};
template <QuadHelper helper>
struct CryptoDestructive {
    template <typename F>
    static void run(Machine& m, F f) {
        m.set_z(f.d(), map_quads(m.z<Quad>(f.d()), m.z<Quad>(f.n()),
                                 [&](const Quad& a, const Quad& b) { return call(m.cpu, helper, a, b); }));
    }
};
template <QuadHelper helper>
struct CryptoVectors {
    template <typename F>
    static void run(Machine& m, F f) {
        m.set_z(f.d(), map_quads(m.z<Quad>(f.n()), m.z<Quad>(f.m()),
                                 [&](const Quad& a, const Quad& b) { return call(m.cpu, helper, a, b); }));
    }
};
struct RotateExclusiveOr {
    template <typename F>
    static void run(Machine& m, F f) {
        m.set_z(f.d(), map(m.z<uint64_t>(f.n()), m.z<uint64_t>(f.m()),
                           [](uint64_t a, uint64_t b) { return a ^ std::rotl(b, 1); }));
    }
};
template <unsigned top>
struct PmullQuads {
    template <typename F>
    static void run(Machine& m, F f) {
        m.set_z(f.d(), map_quads(m.z<Quad>(f.n()), m.z<Quad>(f.m()), [](const Quad& a, const Quad& b) {
                    const auto r = carryless<unsigned __int128>(top ? a.hi : a.lo, top ? b.hi : b.lo);
                    return Quad{static_cast<uint64_t>(r), static_cast<uint64_t>(r >> 64)};
                }));
    }
};

// The bits of a under b's ones, moved to the low end; and back.
inline uint64_t gathered_bits(uint64_t a, uint64_t mask) {
    uint64_t result = 0;
    for (unsigned at = 0; mask; mask &= mask - 1) result |= (a >> std::countr_zero(mask) & 1) << at++;
    return result;
}
inline uint64_t scattered_bits(uint64_t a, uint64_t mask) {
    uint64_t result = 0;
    for (unsigned at = 0; mask; mask &= mask - 1) result |= (a >> at++ & 1) << std::countr_zero(mask);
    return result;
}
SVE_OP2(BitExtract, gathered_bits(a, b))
SVE_OP2(BitDeposit, scattered_bits(a, b))
SVE_OP2(BitGroup, gathered_bits(a, b) | (b == 0 ? a
                                         : std::popcount(b) == int(kBits)
                                             ? 0
                                             : gathered_bits(a, static_cast<T>(~b)) << std::popcount(b)))

}  // namespace armature::translator::sve
