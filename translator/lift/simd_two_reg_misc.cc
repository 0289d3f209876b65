// SPDX-License-Identifier: MIT
// Advanced SIMD two-register miscellaneous, and its scalar forms.
#include "translator/lift/simd.h"

namespace armature::translator::lift {
namespace {

Value reverse(const Simd& s, unsigned lane, Value n, unsigned container) {
    return s.op(Op::VReverse, lane, n, {}, {}, container);
}

// The IR counts leading zeros up to 32 bits, which is all that Arm has.
Value leading_zeros(const Simd& s, unsigned lane, Value n) {
    return s.op(Op::VClz, lane, n);
}

// The minimum has no counterpart: 0 - minimum = minimum, which saturates to its complement.
Value saturate_minimum(const Simd& s, unsigned lane, Value n, Value result) {
    const Value overflow = s.eq(lane, n, s.minimum(lane));
    s.set_qc(overflow);
    return s.xor_(result, overflow);
}

template <typename F>
void narrowing(Lifter& l, F f, Simd::Saturation how) {
    const unsigned lane = f.s();
    const bool vector = requires {
        f.Q();
    };
    const Simd s{l.b, vector ? 16 : 1u << lane};
    const Value result = s.narrow_saturating(lane, l.b.get_v(f.n()), how);
    set_narrow(l, f, s, vector ? result : s.cut(result));
}

}  // namespace

#define VECTOR_AND_SCALAR(Name, wrapper, ...) \
    HANDLER(Name##_v) {                       \
        wrapper(*this, f, __VA_ARGS__);       \
    }                                         \
    HANDLER(Name##_s) {                       \
        wrapper(*this, f, __VA_ARGS__);       \
    }
#define LANES [](const Simd& s, unsigned lane, Value n)

HANDLER(REV64_v) {
    unary(
        *this, f, LANES { return reverse(s, lane, n, 8); });
}
HANDLER(REV32_v) {
    unary(
        *this, f, LANES { return reverse(s, lane, n, 4); });
}
HANDLER(REV16_v) {
    unary(
        *this, f, LANES { return reverse(s, lane, n, 2); });
}
HANDLER(SADDLP) {
    unary(
        *this, f, LANES { return s.add_pairs_long(lane, n, true); });
}
HANDLER(UADDLP) {
    unary(
        *this, f, LANES { return s.add_pairs_long(lane, n, false); });
}
HANDLER(SADALP) {
    const Value d = b.get_v(f.d());
    unary(*this, f, [&](const Simd& s, unsigned lane, Value n) {
        return s.add(lane + 1, d, s.add_pairs_long(lane, n, true));
    });
}
HANDLER(UADALP) {
    const Value d = b.get_v(f.d());
    unary(*this, f, [&](const Simd& s, unsigned lane, Value n) {
        return s.add(lane + 1, d, s.add_pairs_long(lane, n, false));
    });
}
HANDLER(CLS_v) {
    unary(
        *this, f, LANES {
            // Bits equal to the sign become zeros; the sign's own bit does not count.
            const Value changes = s.xor_(n, s.sar(lane, n, 1));
            return s.add(lane, leading_zeros(s, lane, changes), s.ones());
        });
}
HANDLER(CLZ_v) {
    unary(
        *this, f, LANES { return leading_zeros(s, lane, n); });
}
HANDLER(CNT_v) {
    unary(
        *this, f, LANES { return s.op(Op::VPopcount, lane, n); });
}
HANDLER(NOT_v) {
    unary(
        *this, f, LANES { return s.not_(n); });
}
HANDLER(RBIT_v) {
    unary(
        *this, f, LANES { return s.op(Op::VReverseBits, 0, n); });
}
HANDLER(URECPE) {
    unary(
        *this, f, LANES { return s.helper(Helper::VUrecpe, 0, n); });
}
HANDLER(URSQRTE) {
    unary(
        *this, f, LANES { return s.helper(Helper::VUrsqrte, 0, n); });
}

VECTOR_AND_SCALAR(
    ABS, unary, LANES { return s.abs(lane, n); })
VECTOR_AND_SCALAR(
    NEG, unary, LANES { return s.sub(lane, s.zero(), n); })
VECTOR_AND_SCALAR(
    CMGT_zero, unary, LANES { return s.gt(lane, n, s.zero(), true); })
VECTOR_AND_SCALAR(
    CMGE_zero, unary, LANES { return s.gt(lane, n, s.ones(), true); })
VECTOR_AND_SCALAR(
    CMEQ_zero, unary, LANES { return s.eq(lane, n, s.zero()); })
VECTOR_AND_SCALAR(
    CMLE_zero, unary, LANES { return s.ge(lane, s.zero(), n, true); })
VECTOR_AND_SCALAR(
    CMLT_zero, unary, LANES { return s.gt(lane, s.zero(), n, true); })
VECTOR_AND_SCALAR(
    SQABS, unary, LANES { return saturate_minimum(s, lane, n, s.abs(lane, n)); })
VECTOR_AND_SCALAR(
    SQNEG, unary, LANES { return saturate_minimum(s, lane, n, s.sub(lane, s.zero(), n)); })

namespace {

// d + n where one is signed and the other is not.
template <typename F>
void mixed_add(Lifter& l, F f, Helper which) {
    const Value d = l.b.get_v(f.d());
    unary(l, f,
          [&](const Simd& s, unsigned lane, Value n) { return s.helper(which, lane, s.cut(d), s.cut(n)); });
}

}  // namespace

HANDLER(SUQADD_v) {
    mixed_add(*this, f, Helper::VSuqadd);
}
HANDLER(SUQADD_s) {
    mixed_add(*this, f, Helper::VSuqadd);
}
HANDLER(USQADD_v) {
    mixed_add(*this, f, Helper::VUsqadd);
}
HANDLER(USQADD_s) {
    mixed_add(*this, f, Helper::VUsqadd);
}

HANDLER(XTN) {
    const Simd s{b};
    set_narrow(*this, f, s, s.narrow(f.s(), b.get_v(f.n())));
}
VECTOR_AND_SCALAR(SQXTN, narrowing, Simd::kSigned)
VECTOR_AND_SCALAR(UQXTN, narrowing, Simd::kUnsigned)
VECTOR_AND_SCALAR(SQXTUN, narrowing, Simd::kSignedToUnsigned)

HANDLER(SHLL) {
    const Simd s{b};
    const Value wide = s.extend(f.s(), b.get_v(f.n()), false, f.Q());
    b.set_v(f.d(), s.shl(f.s() + 1, wide, 8u << f.s()));
}

// --- Across lanes

namespace {

// Folds the upper half onto the lower until one lane is left in lane 0. `bytes` 8 or 16.
template <typename Fn>
Value fold(const Simd& s, unsigned lane, Value v, unsigned bytes, Fn fn) {
    for (unsigned half = bytes / 2; half >= 1u << lane; half /= 2) {
        const Value moved = half == 8   ? s.shuffle32(v, 0xee)
                            : half == 4 ? s.shuffle32(v, 0x55)
                                        : s.op(Op::VShrBytes, 0, v, {}, {}, half);
        v = fn(v, moved);
    }
    return v;
}

template <typename F>
void minimum_across(Lifter& l, F f, bool is_signed, bool maximum) {
    const unsigned lane = f.s();
    const unsigned bytes = f.Q() ? 16 : 8;
    const Simd s{l.b, 1u << lane};
    Value n = l.b.get_v(f.n());
    if (lane == 2) {
        const Value result = fold(s, lane, n, bytes, [&](Value x, Value y) {
            return maximum ? s.max(lane, x, y, is_signed) : s.min(lane, x, y, is_signed);
        });
        return l.b.set_v(f.d(), s.cut(result));
    }
    // The host has the minimum of eight unsigned words: the others are that of their complement, or with the
    // sign flipped; bytes are folded to words first.
    uint64_t flip = maximum ? ~uint64_t{0} : 0;
    if (is_signed) flip ^= lane == 0 ? 0x8080808080808080 : 0x8000800080008000;
    if (!f.Q()) n = s.join_low(n, n);
    if (flip) n = s.xor_(n, s.splat(3, flip));
    if (lane == 0) n = s.min(0, n, s.shr(1, n, 8), false);
    Value result = s.op(Op::VMinPosU, 1, n);
    if (flip) result = s.xor_(result, s.splat(3, flip));
    l.b.set_v(f.d(), s.cut(result));
}

}  // namespace

HANDLER(ADDV) {
    const unsigned lane = f.s();
    const unsigned bytes = f.Q() ? 16 : 8;
    const Simd s{b, 1u << lane};
    Value n = b.get_v(f.n());
    if (lane == 0) {
        n = s.op(Op::VSumBytes, 0, n);
        if (f.Q()) n = s.add(2, n, s.shuffle32(n, 0xee));
    } else {
        n = fold(s, lane, n, bytes, [&](Value x, Value y) { return s.add(lane, x, y); });
    }
    b.set_v(f.d(), s.cut(n));
}

namespace {

template <typename F>
void add_across_long(Lifter& l, F f, bool is_signed) {
    const unsigned lane = f.s();
    const unsigned bytes = f.Q() ? 16 : 8;
    const Simd s{l.b, 2u << lane};
    Value n = l.b.get_v(f.n());
    if (lane == 0 && !is_signed) {
        n = s.op(Op::VSumBytes, 0, n);
        if (f.Q()) n = s.add(2, n, s.shuffle32(n, 0xee));
    } else {
        n = s.add_pairs_long(lane, n, is_signed);
        n = fold(s, lane + 1, n, bytes, [&](Value x, Value y) { return s.add(lane + 1, x, y); });
    }
    l.b.set_v(f.d(), s.cut(n));
}

}  // namespace

HANDLER(SADDLV) {
    add_across_long(*this, f, true);
}
HANDLER(UADDLV) {
    add_across_long(*this, f, false);
}
HANDLER(SMAXV) {
    minimum_across(*this, f, true, true);
}
HANDLER(UMAXV) {
    minimum_across(*this, f, false, true);
}
HANDLER(SMINV) {
    minimum_across(*this, f, true, false);
}
HANDLER(UMINV) {
    minimum_across(*this, f, false, false);
}

}  // namespace armature::translator::lift
