// SPDX-License-Identifier: MIT
// Advanced SIMD permute, extract, table lookup. The 64-bit forms work on both operands joined in one
// register.
#include "translator/lift/simd.h"

namespace armature::translator::lift {
namespace {

template <typename F>
void transpose(Lifter& l, F f, Op o) {
    binary(l, f, [o](const Simd& s, unsigned lane, Value n, Value m) { return s.op(o, lane, n, m); });
}

template <typename F>
void unzip(Lifter& l, F f, Op o) {
    binary(l, f, [o](const Simd& s, unsigned lane, Value n, Value m) {
        if (s.bytes == 16) return s.op(o, lane, n, m);
        const Value both = s.join_low(n, m);
        return s.op(o, lane, both, both);
    });
}

// Byte i of the result is byte m[i] of the table of 1 to 4 registers, or zero (TBL) or unchanged (TBX)
// outside it. VShuffle gives zero where the index's top bit is set and else looks at four bits: a saturating
// add moves every index outside [0, 15] to 128 or above.
template <typename F>
void table(Lifter& l, F f, bool keep) {
    const Simd s{l.b, f.Q() ? 16u : 8u};
    const unsigned registers = f.l() + 1;
    const Value index = s.cut(l.b.get_v(f.m()));
    Value result;
    for (unsigned i = 0; i < registers; i++) {
        const Value own = i ? s.sub(0, index, s.splat(0, i * 16)) : index;
        const Value limited = s.op(Op::VQAddU, 0, own, s.splat(0, 0x70));
        const Value part = s.op(Op::VShuffle, 0, l.b.get_v((f.n() + i) % 32), limited);
        result = result ? s.or_(result, part) : part;
    }
    if (keep) {
        const Value inside = s.ge(0, s.splat(0, registers * 16 - 1), index, false);
        result = s.select(inside, result, l.b.get_v(f.d()));
    }
    l.b.set_v(f.d(), s.cut(result));
}

}  // namespace

HANDLER(ZIP1) {
    transpose(*this, f, Op::VZip1);
}
HANDLER(ZIP2) {
    binary(*this, f, [](const Simd& s, unsigned lane, Value n, Value m) {
        if (s.bytes == 16) return s.op(Op::VZip2, lane, n, m);
        return s.op(Op::VShrBytes, 0, s.op(Op::VZip1, lane, n, m), {}, {}, 8);
    });
}
HANDLER(TRN1) {
    transpose(*this, f, Op::VTrn1);
}
HANDLER(TRN2) {
    transpose(*this, f, Op::VTrn2);
}
HANDLER(UZP1) {
    unzip(*this, f, Op::VUzp1);
}
HANDLER(UZP2) {
    unzip(*this, f, Op::VUzp2);
}

HANDLER(EXT) {
    const Simd s{b, f.Q() ? 16u : 8u};
    const Value n = b.get_v(f.n());
    const Value m = b.get_v(f.m());
    const unsigned bytes = f.i();
    Value result = n;
    if (f.Q()) {
        if (bytes) result = s.op(Op::VExt, 0, n, m, {}, bytes);
    } else if (bytes) {
        result = s.op(Op::VShrBytes, 0, s.join_low(n, m), {}, {}, bytes);
    }
    b.set_v(f.d(), s.cut(result));
}

HANDLER(TBL) {
    table(*this, f, false);
}
HANDLER(TBX) {
    table(*this, f, true);
}

}  // namespace armature::translator::lift
