// SPDX-License-Identifier: MIT
// Advanced SIMD across lanes.
#include "translator/lift/simd.h"

namespace armature::translator::lift {
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
