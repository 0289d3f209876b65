// SPDX-License-Identifier: MIT
// Cryptographic extensions.
//
// Arm splits rounds differently from x86: an AES round is AESE (add key, shift rows, substitute) then AESMC
// (mix columns), while AESENC does shift rows, substitute, mix columns, then adds the key. So a pair of Arm's
// becomes one AESENC with key zero, and where the next AESE adds its key to that, the addition moves into the
// AESENC. SHA-256 computes both halves of the state at once where Arm has two instructions: the second finds
// what the first left.
#include <utility>

#include "translator/lift/simd.h"

namespace armature::translator::lift {
namespace {

// a ^ key, moved into the AESENC or AESDEC that makes a, if that adds nothing yet.
Value add_round_key(const Simd& s, Value a, Value key) {
    for (const auto& [state, round_key] : {std::pair{a, key}, std::pair{key, a}}) {
        const ir::Inst inst = s.b.inst(state);
        if ((inst.op == Op::VAesEnc || inst.op == Op::VAesDec) && s.b.inst(inst.b).op == Op::VZero) {
            return s.op(inst.op, 0, inst.a, round_key);
        }
    }
    return s.xor_(a, key);
}

template <typename F>
void aes_substitute(Lifter& l, F f, Op o) {
    const Simd s{l.b};
    const Value d = l.b.get_v(f.d());
    const Value state = add_round_key(s, d, l.b.get_v(f.n()));
    l.b.set_v(f.d(), s.op(o, 0, state, s.zero()));
}

constexpr unsigned kUpperLanes = 0xbb;  // VShuffle32x2: lanes 3 2 of both operands
constexpr unsigned kLowerLanes = 0x11;  // lanes 1 0

// Of two registers that are themselves the two shuffles of one pair: that pair.
Value shuffle_pair(const Simd& s, Value a, Value v, unsigned control) {
    const ir::Inst& x = s.b.inst(a);
    const ir::Inst& y = s.b.inst(v);
    if (x.op == Op::VShuffle32x2 && y.op == Op::VShuffle32x2 && x.a == y.a && x.b == y.b &&
        x.imm == kLowerLanes && y.imm == kUpperLanes) {
        return control == kLowerLanes ? x.a : x.b;
    }
    return s.find_or_op(Op::VShuffle32x2, 2, a, v, {}, control);
}

struct Sha256State {
    Value abef;
    Value cdgh;
};

// Four rounds. The host's instruction makes two; what was ABEF before them is CDGH after.
Sha256State sha256_rounds(const Simd& s, Value abcd, Value efgh, Value wk) {
    const Value abef = shuffle_pair(s, efgh, abcd, kLowerLanes);
    const Value cdgh = shuffle_pair(s, efgh, abcd, kUpperLanes);
    const Value middle = s.find_or_op(Op::VSha256Rounds, 2, cdgh, abef, wk);
    const Value wk_upper = s.find_or_op(Op::VShuffle32, 2, wk, {}, {}, 0x0e);
    return {s.find_or_op(Op::VSha256Rounds, 2, abef, middle, wk_upper), middle};
}

// Lanes in the opposite order.
Value reversed(const Simd& s, Value a) {
    constexpr unsigned kReverse = 0x1b;
    const ir::Inst& inst = s.b.inst(a);
    return inst.op == Op::VShuffle32 && inst.imm == kReverse ? inst.a : s.shuffle32(a, kReverse);
}

// Four rounds on hash words a, b, c, d (abcd), e, with W + K in wk. The host adds K itself, so it is taken
// off again; it numbers lanes from the top.
template <typename F>
void sha1_rounds(Lifter& l, F f, unsigned function, uint32_t k) {
    const Simd s{l.b};
    const Value abcd = l.b.get_v(f.d());
    const Value e = s.cut(l.b.get_v(f.n()), 4);
    Value w = s.sub(2, l.b.get_v(f.m()), s.splat(2, k));
    w = s.add(2, w, e);
    const Value state = reversed(s, abcd);
    l.b.set_v(f.d(), reversed(s, s.op(Op::VSha1Rounds, 2, state, reversed(s, w), {}, function)));
}

Value rotate_left(const Simd& s, unsigned lane, Value a, unsigned n) {
    return s.or_(s.shl(lane, a, n), s.shr(lane, a, (8u << lane) - n));
}

}  // namespace

HANDLER(AESE) {
    aes_substitute(*this, f, Op::VAesEncLast);
}
HANDLER(AESD) {
    aes_substitute(*this, f, Op::VAesDecLast);
}
HANDLER(AESMC) {
    const Simd s{b};
    const Value n = b.get_v(f.n());
    const ir::Inst inst = b.inst(n);
    const Value zero = s.zero();
    if (inst.op == Op::VAesEncLast) return b.set_v(f.d(), s.op(Op::VAesEnc, 0, inst.a, zero));
    // Undo the substitution that AESENC makes.
    b.set_v(f.d(), s.op(Op::VAesEnc, 0, s.op(Op::VAesDecLast, 0, n, zero), zero));
}
HANDLER(AESIMC) {
    const Simd s{b};
    const Value n = b.get_v(f.n());
    const ir::Inst inst = b.inst(n);
    if (inst.op == Op::VAesDecLast) return b.set_v(f.d(), s.op(Op::VAesDec, 0, inst.a, s.zero()));
    b.set_v(f.d(), s.op(Op::VAesInvMix, 0, n));
}

HANDLER(SHA1C) {
    sha1_rounds(*this, f, 0, 0x5a827999);
}
HANDLER(SHA1P) {
    sha1_rounds(*this, f, 1, 0x6ed9eba1);
}
HANDLER(SHA1M) {
    sha1_rounds(*this, f, 2, 0x8f1bbcdc);
}
HANDLER(SHA1H) {
    const Simd s{b, 4};
    b.set_v(f.d(), s.cut(rotate_left(s, 2, b.get_v(f.n()), 30)));
}
HANDLER(SHA1SU0) {
    const Simd s{b};
    const Value d = b.get_v(f.d());
    const Value m = b.get_v(f.m());
    b.set_v(f.d(), s.op(Op::VXor3, 0, s.op(Op::VExt, 0, d, b.get_v(f.n()), {}, 8), d, m));
}
HANDLER(SHA1SU1) {
    const Simd s{b};
    const Value n = b.get_v(f.n());
    const Value mixed = s.xor_(b.get_v(f.d()), s.op(Op::VShrBytes, 0, n, {}, {}, 4));
    const Value rotated = rotate_left(s, 2, mixed, 1);
    // The last word depends on the first of the new ones.
    const Value again = rotate_left(s, 2, s.op(Op::VShlBytes, 0, rotated, {}, {}, 12), 1);
    b.set_v(f.d(), s.xor_(rotated, again));
}

HANDLER(SHA256H) {
    const Simd s{b};
    const Value abcd = b.get_v(f.d());
    const Value efgh = b.get_v(f.n());
    const Sha256State x = sha256_rounds(s, abcd, efgh, b.get_v(f.m()));
    b.set_v(f.d(), s.op(Op::VShuffle32x2, 2, x.abef, x.cdgh, {}, kUpperLanes));
}
HANDLER(SHA256H2) {
    const Simd s{b};
    const Value efgh = b.get_v(f.d());
    const Value abcd = b.get_v(f.n());
    const Sha256State x = sha256_rounds(s, abcd, efgh, b.get_v(f.m()));
    b.set_v(f.d(), s.op(Op::VShuffle32x2, 2, x.abef, x.cdgh, {}, kLowerLanes));
}
HANDLER(SHA256SU0) {
    const Simd s{b};
    const Value d = b.get_v(f.d());
    b.set_v(f.d(), s.op(Op::VSha256Schedule1, 2, d, b.get_v(f.n())));
}
HANDLER(SHA256SU1) {
    const Simd s{b};
    const Value d = b.get_v(f.d());
    const Value n = b.get_v(f.n());
    const Value m = b.get_v(f.m());
    const Value sum = s.add(2, d, s.op(Op::VExt, 0, n, m, {}, 4));
    b.set_v(f.d(), s.op(Op::VSha256Schedule2, 2, sum, m));
}

// --- SHA-512, SHA-3, SM3, SM4

namespace {

template <typename F>
void three_operand_helper(Lifter& l, F f, Helper which) {
    const Simd s{l.b};
    const Value d = l.b.get_v(f.d());
    const Value n = l.b.get_v(f.n());
    l.b.set_v(f.d(), s.helper(which, 0, d, n, l.b.get_v(f.m())));
}

template <typename F>
void sm3_helper(Lifter& l, F f, Helper which) {
    const Simd s{l.b};
    const Value d = l.b.get_v(f.d());
    const Value n = l.b.get_v(f.n());
    l.b.set_v(f.d(), s.helper(which, f.i(), d, n, l.b.get_v(f.m())));
}

}  // namespace

HANDLER(SHA512H) {
    three_operand_helper(*this, f, Helper::VSha512h);
}
HANDLER(SHA512H2) {
    three_operand_helper(*this, f, Helper::VSha512h2);
}
HANDLER(SHA512SU1) {
    three_operand_helper(*this, f, Helper::VSha512su1);
}
HANDLER(SHA512SU0) {
    const Simd s{b};
    const Value d = b.get_v(f.d());
    b.set_v(f.d(), s.helper(Helper::VSha512su0, 0, d, b.get_v(f.n())));
}
HANDLER(EOR3) {
    const Simd s{b};
    const Value n = b.get_v(f.n());
    const Value m = b.get_v(f.m());
    b.set_v(f.d(), s.op(Op::VXor3, 0, n, m, b.get_v(f.a())));
}
HANDLER(BCAX) {
    const Simd s{b};
    const Value n = b.get_v(f.n());
    const Value m = b.get_v(f.m());
    b.set_v(f.d(), s.xor_(n, s.and_not(m, b.get_v(f.a()))));
}
HANDLER(RAX1) {
    const Simd s{b};
    const Value n = b.get_v(f.n());
    b.set_v(f.d(), s.xor_(n, rotate_left(s, 3, b.get_v(f.m()), 1)));
}
HANDLER(XAR) {
    const Simd s{b};
    const Value n = b.get_v(f.n());
    const Value mixed = s.xor_(n, b.get_v(f.m()));
    b.set_v(f.d(), f.i() ? rotate_left(s, 3, mixed, 64 - f.i()) : mixed);
}
HANDLER(SM3PARTW1) {
    three_operand_helper(*this, f, Helper::VSm3partw1);
}
HANDLER(SM3PARTW2) {
    three_operand_helper(*this, f, Helper::VSm3partw2);
}
HANDLER(SM3SS1) {
    const Simd s{b};
    const Value n = b.get_v(f.n());
    const Value m = b.get_v(f.m());
    b.set_v(f.d(), s.helper(Helper::VSm3ss1, 0, n, m, b.get_v(f.a())));
}
HANDLER(SM3TT1A) {
    sm3_helper(*this, f, Helper::VSm3tt1a);
}
HANDLER(SM3TT1B) {
    sm3_helper(*this, f, Helper::VSm3tt1b);
}
HANDLER(SM3TT2A) {
    sm3_helper(*this, f, Helper::VSm3tt2a);
}
HANDLER(SM3TT2B) {
    sm3_helper(*this, f, Helper::VSm3tt2b);
}
HANDLER(SM4E) {
    const Simd s{b};
    const Value d = b.get_v(f.d());
    b.set_v(f.d(), s.helper(Helper::VSm4e, 0, d, b.get_v(f.n())));
}
HANDLER(SM4EKEY) {
    const Simd s{b};
    const Value n = b.get_v(f.n());
    b.set_v(f.d(), s.helper(Helper::VSm4ekey, 0, n, b.get_v(f.m())));
}

}  // namespace armature::translator::lift
