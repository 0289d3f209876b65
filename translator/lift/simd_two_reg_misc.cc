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

}  // namespace armature::translator::lift
