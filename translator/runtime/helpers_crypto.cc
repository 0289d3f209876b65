// SPDX-License-Identifier: MIT
// Cryptography in plain C++: AES, SHA-1 and SHA-256 steps as the host's instructions define them, for hosts
// without those, and Arm's SHA-512, SM3 and SM4 instructions, which few hosts have. The substitution tables
// are computed from their definitions. (Table look-ups are not constant-time; hosts without AES instructions
// have no better.)
#include <array>
#include <bit>
#include <cstddef>

#include "translator/ir/helpers.h"

namespace armature::translator::helper {

using guest::CpuState;
using guest::Vec128;

namespace {

using Bytes = std::array<uint8_t, 16>;
using Words = std::array<uint32_t, 4>;
using Longs = std::array<uint64_t, 2>;

template <typename T>
T operand(const CpuState* cpu, unsigned n) {
    return std::bit_cast<T>(cpu->vector_scratch[n]);
}

template <typename T>
void result(CpuState* cpu, const T& value) {
    cpu->vector_scratch[0] = std::bit_cast<Vec128>(value);
}

constexpr unsigned kAesPolynomial = 0x11b;
constexpr unsigned kSm4Polynomial = 0x1f5;

constexpr uint8_t field_multiply(unsigned a, unsigned b, unsigned polynomial) {
    unsigned product = 0;
    for (; b; b >>= 1) {
        if (b & 1) product ^= a;
        a <<= 1;
        if (a & 0x100) a ^= polynomial;
    }
    return static_cast<uint8_t>(product);
}

// x^254, the inverse of x (0 for 0).
constexpr uint8_t field_inverse(uint8_t x, unsigned polynomial) {
    uint8_t power = x;
    uint8_t inverse = 1;
    for (unsigned i = 1; i < 8; i++) {
        power = field_multiply(power, power, polynomial);
        inverse = field_multiply(inverse, power, polynomial);
    }
    return inverse;
}

// Bit i is the parity of x & (row rotated left by i).
constexpr uint8_t circulant(uint8_t row, uint8_t x) {
    unsigned bits = 0;
    for (int i = 0; i < 8; i++)
        bits |= (std::popcount(static_cast<uint8_t>(std::rotl(row, i) & x)) & 1u) << i;
    return static_cast<uint8_t>(bits);
}

struct Tables {
    uint8_t aes[256] = {};
    uint8_t aes_inverse[256] = {};
    uint8_t sm4[256] = {};
};

constexpr Tables make_tables() {
    constexpr uint8_t kAesRow = 0xf1;
    constexpr uint8_t kAesConstant = 0x63;
    constexpr uint8_t kSm4Row = 0xa7;
    constexpr uint8_t kSm4Constant = 0xd3;
    Tables tables;
    for (unsigned i = 0; i < 256; i++) {
        const uint8_t x = static_cast<uint8_t>(i);
        tables.aes[i] = circulant(kAesRow, field_inverse(x, kAesPolynomial)) ^ kAesConstant;
        tables.aes_inverse[tables.aes[i]] = x;
        const uint8_t inner = circulant(kSm4Row, x) ^ kSm4Constant;
        tables.sm4[i] = circulant(kSm4Row, field_inverse(inner, kSm4Polynomial)) ^ kSm4Constant;
    }
    return tables;
}

const Tables& tables() {
    static const Tables kTables = make_tables();
    return kTables;
}

// Shift rows and substitute, or their inverses.
Bytes aes_substitute(const Bytes& state, bool inverse) {
    const uint8_t* box = inverse ? tables().aes_inverse : tables().aes;
    Bytes out{};
    for (unsigned column = 0; column < 4; column++) {
        for (unsigned row = 0; row < 4; row++) {
            const unsigned from = inverse ? column + 4 - row : column + row;
            out[column * 4 + row] = box[state[from % 4 * 4 + row]];
        }
    }
    return out;
}

// Each column times a circulant matrix with this first row.
Bytes aes_mix(const Bytes& state, const std::array<uint8_t, 4>& factors) {
    Bytes out{};
    for (unsigned i = 0; i < 16; i++) {
        for (unsigned k = 0; k < 4; k++) {
            out[i] ^= field_multiply(state[i / 4 * 4 + k], factors[(k + 4 - i % 4) % 4], kAesPolynomial);
        }
    }
    return out;
}

constexpr std::array<uint8_t, 4> kMix = {2, 3, 1, 1};
constexpr std::array<uint8_t, 4> kInverseMix = {14, 11, 13, 9};

void add_key(CpuState* cpu, Bytes state) {
    const Bytes key = operand<Bytes>(cpu, 1);
    for (unsigned i = 0; i < 16; i++) state[i] ^= key[i];
    result(cpu, state);
}

}  // namespace

void VAesEnc(CpuState* cpu, unsigned) {
    add_key(cpu, aes_mix(aes_substitute(operand<Bytes>(cpu, 0), false), kMix));
}
void VAesEncLast(CpuState* cpu, unsigned) {
    add_key(cpu, aes_substitute(operand<Bytes>(cpu, 0), false));
}
void VAesDec(CpuState* cpu, unsigned) {
    add_key(cpu, aes_mix(aes_substitute(operand<Bytes>(cpu, 0), true), kInverseMix));
}
void VAesDecLast(CpuState* cpu, unsigned) {
    add_key(cpu, aes_substitute(operand<Bytes>(cpu, 0), true));
}
void VAesInvMix(CpuState* cpu, unsigned) {
    result(cpu, aes_mix(operand<Bytes>(cpu, 0), kInverseMix));
}

namespace {

uint32_t choose(uint32_t x, uint32_t y, uint32_t z) {
    return (x & y) | (~x & z);
}
uint32_t parity(uint32_t x, uint32_t y, uint32_t z) {
    return x ^ y ^ z;
}
uint32_t majority(uint32_t x, uint32_t y, uint32_t z) {
    return (x & y) | (x & z) | (y & z);
}

void sha1_rounds(CpuState* cpu, uint32_t (*function)(uint32_t, uint32_t, uint32_t), uint32_t k) {
    const Words state = operand<Words>(cpu, 0);
    const Words w = operand<Words>(cpu, 1);
    uint32_t a = state[3], b = state[2], c = state[1], d = state[0], e = 0;
    for (int i = 3; i >= 0; i--) {
        const uint32_t next = function(b, c, d) + std::rotl(a, 5) + w[static_cast<size_t>(i)] + e + k;
        e = d;
        d = c;
        c = std::rotl(b, 30);
        b = a;
        a = next;
    }
    result(cpu, Words{d, c, b, a});
}

}  // namespace

void VSha1Rounds0(CpuState* cpu, unsigned) {
    sha1_rounds(cpu, choose, 0x5a827999);
}
void VSha1Rounds1(CpuState* cpu, unsigned) {
    sha1_rounds(cpu, parity, 0x6ed9eba1);
}
void VSha1Rounds2(CpuState* cpu, unsigned) {
    sha1_rounds(cpu, majority, 0x8f1bbcdc);
}
void VSha1Rounds3(CpuState* cpu, unsigned) {
    sha1_rounds(cpu, parity, 0xca62c1d6);
}

void VSha256Rounds(CpuState* cpu, unsigned) {
    const Words cdgh = operand<Words>(cpu, 0);
    const Words abef = operand<Words>(cpu, 1);
    const Words wk = operand<Words>(cpu, 2);
    uint32_t a = abef[3], b = abef[2], c = cdgh[3], d = cdgh[2];
    uint32_t e = abef[1], f = abef[0], g = cdgh[1], h = cdgh[0];
    for (unsigned i = 0; i < 2; i++) {
        const uint32_t sum1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
        const uint32_t sum0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
        const uint32_t t = h + sum1 + choose(e, f, g) + wk[i];
        h = g;
        g = f;
        f = e;
        e = d + t;
        d = c;
        c = b;
        b = a;
        a = t + sum0 + majority(b, c, d);
    }
    result(cpu, Words{f, e, b, a});
}

void VSha256Schedule1(CpuState* cpu, unsigned) {
    const Words w = operand<Words>(cpu, 0);
    const uint32_t after = operand<Words>(cpu, 1)[0];
    Words out{};
    for (unsigned i = 0; i < 4; i++) {
        const uint32_t x = i < 3 ? w[i + 1] : after;
        out[i] = w[i] + (std::rotr(x, 7) ^ std::rotr(x, 18) ^ x >> 3);
    }
    result(cpu, out);
}

void VSha256Schedule2(CpuState* cpu, unsigned) {
    Words w = operand<Words>(cpu, 0);
    const Words before = operand<Words>(cpu, 1);
    for (unsigned i = 0; i < 4; i++) {
        const uint32_t x = i < 2 ? before[i + 2] : w[i - 2];
        w[i] += std::rotr(x, 17) ^ std::rotr(x, 19) ^ x >> 10;
    }
    result(cpu, w);
}

// --- SHA-512, named as in Arm's pseudocode: W = Vd, X = Vn, Y = Vm; index 0 is the lower half.

void VSha512h(CpuState* cpu, unsigned) {
    const Longs w = operand<Longs>(cpu, 0), x = operand<Longs>(cpu, 1), y = operand<Longs>(cpu, 2);
    const auto sigma = [](uint64_t v) { return std::rotr(v, 14) ^ std::rotr(v, 18) ^ std::rotr(v, 41); };
    const uint64_t high = ((y[1] & x[0]) ^ (~y[1] & x[1])) + sigma(y[1]) + w[1];
    const uint64_t t = high + y[0];
    const uint64_t low = ((t & y[1]) ^ (~t & x[0])) + sigma(t) + w[0];
    result(cpu, Longs{low, high});
}

void VSha512h2(CpuState* cpu, unsigned) {
    const Longs w = operand<Longs>(cpu, 0), x = operand<Longs>(cpu, 1), y = operand<Longs>(cpu, 2);
    const auto sigma = [](uint64_t v) { return std::rotr(v, 28) ^ std::rotr(v, 34) ^ std::rotr(v, 39); };
    const auto most = [](uint64_t p, uint64_t q, uint64_t r) { return (p & q) ^ (p & r) ^ (q & r); };
    const uint64_t high = most(x[0], y[1], y[0]) + sigma(y[0]) + w[1];
    const uint64_t low = most(high, y[0], y[1]) + sigma(high) + w[0];
    result(cpu, Longs{low, high});
}

void VSha512su0(CpuState* cpu, unsigned) {
    const Longs w = operand<Longs>(cpu, 0), x = operand<Longs>(cpu, 1);
    const auto sigma = [](uint64_t v) { return std::rotr(v, 1) ^ std::rotr(v, 8) ^ v >> 7; };
    result(cpu, Longs{w[0] + sigma(w[1]), w[1] + sigma(x[0])});
}

void VSha512su1(CpuState* cpu, unsigned) {
    const Longs w = operand<Longs>(cpu, 0), x = operand<Longs>(cpu, 1), y = operand<Longs>(cpu, 2);
    const auto sigma = [](uint64_t v) { return std::rotr(v, 19) ^ std::rotr(v, 61) ^ v >> 6; };
    result(cpu, Longs{w[0] + sigma(x[0]) + y[0], w[1] + sigma(x[1]) + y[1]});
}

// --- SM3

void VSm3partw1(CpuState* cpu, unsigned) {
    const Words d = operand<Words>(cpu, 0), n = operand<Words>(cpu, 1), m = operand<Words>(cpu, 2);
    Words out{};
    for (unsigned i = 0; i < 4; i++) {
        const uint32_t x = d[i] ^ n[i] ^ std::rotl(i < 3 ? m[i + 1] : out[0], 15);
        out[i] = x ^ std::rotl(x, 15) ^ std::rotl(x, 23);
    }
    result(cpu, out);
}

void VSm3partw2(CpuState* cpu, unsigned) {
    Words d = operand<Words>(cpu, 0);
    const Words n = operand<Words>(cpu, 1), m = operand<Words>(cpu, 2);
    uint32_t first = 0;
    for (unsigned i = 0; i < 4; i++) {
        const uint32_t x = n[i] ^ std::rotl(m[i], 7);
        d[i] ^= x;
        if (i == 0) first = std::rotl(x, 15);
    }
    d[3] ^= first ^ std::rotl(first, 15) ^ std::rotl(first, 23);
    result(cpu, d);
}

void VSm3ss1(CpuState* cpu, unsigned) {
    const Words n = operand<Words>(cpu, 0), m = operand<Words>(cpu, 1), a = operand<Words>(cpu, 2);
    result(cpu, Words{0, 0, 0, std::rotl(std::rotl(n[3], 12) + m[3] + a[3], 7)});
}

namespace {

// TT1: the function of d's words, plus words of n and m.
void sm3_tt1(CpuState* cpu, unsigned lane, uint32_t (*function)(uint32_t, uint32_t, uint32_t)) {
    const Words d = operand<Words>(cpu, 0), n = operand<Words>(cpu, 1), m = operand<Words>(cpu, 2);
    const uint32_t ss2 = n[3] ^ std::rotl(d[3], 12);
    const uint32_t tt1 = function(d[3], d[2], d[1]) + d[0] + ss2 + m[lane];
    result(cpu, Words{d[1], std::rotl(d[2], 9), d[3], tt1});
}

void sm3_tt2(CpuState* cpu, unsigned lane, uint32_t (*function)(uint32_t, uint32_t, uint32_t)) {
    const Words d = operand<Words>(cpu, 0), n = operand<Words>(cpu, 1), m = operand<Words>(cpu, 2);
    const uint32_t tt2 = function(d[3], d[2], d[1]) + d[0] + n[3] + m[lane];
    result(cpu, Words{d[1], std::rotl(d[2], 19), d[3], tt2 ^ std::rotl(tt2, 9) ^ std::rotl(tt2, 17)});
}

}  // namespace

void VSm3tt1a(CpuState* cpu, unsigned lane) {
    sm3_tt1(cpu, lane, parity);
}
void VSm3tt1b(CpuState* cpu, unsigned lane) {
    sm3_tt1(cpu, lane, majority);
}
void VSm3tt2a(CpuState* cpu, unsigned lane) {
    sm3_tt2(cpu, lane, parity);
}
void VSm3tt2b(CpuState* cpu, unsigned lane) {
    sm3_tt2(cpu, lane, choose);
}

// --- SM4

namespace {

uint32_t sm4_substitute(uint32_t x) {
    const uint8_t* box = tables().sm4;
    return uint32_t{box[x & 0xff]} | uint32_t{box[x >> 8 & 0xff]} << 8 | uint32_t{box[x >> 16 & 0xff]} << 16 |
           uint32_t{box[x >> 24]} << 24;
}

// Four rounds on `state` with the words of `keys`; `mix` is the linear transformation.
void sm4_rounds(CpuState* cpu, uint32_t (*mix)(uint32_t)) {
    Words state = operand<Words>(cpu, 0);
    const Words keys = operand<Words>(cpu, 1);
    for (unsigned i = 0; i < 4; i++) {
        const uint32_t x = sm4_substitute(state[3] ^ state[2] ^ state[1] ^ keys[i]);
        state = {state[1], state[2], state[3], state[0] ^ mix(x)};
    }
    result(cpu, state);
}

}  // namespace

void VSm4e(CpuState* cpu, unsigned) {
    sm4_rounds(cpu, [](uint32_t x) {
        return x ^ std::rotl(x, 2) ^ std::rotl(x, 10) ^ std::rotl(x, 18) ^ std::rotl(x, 24);
    });
}

void VSm4ekey(CpuState* cpu, unsigned) {
    sm4_rounds(cpu, [](uint32_t x) { return x ^ std::rotl(x, 13) ^ std::rotl(x, 23); });
}

}  // namespace armature::translator::helper
