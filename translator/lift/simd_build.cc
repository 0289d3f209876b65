// SPDX-License-Identifier: MIT
// The vocabulary of the vector lifters, built from the IR's vector operations.
#include <algorithm>

#include "translator/lift/simd.h"

namespace armature::translator::lift {
namespace {

constexpr uint8_t kAllZero = 5;

// Known zero bytes above the value: Inst::upper_zero as a code that grows with them (1: above 8 bytes, 2: 4,
// 3: 2, 4: 1).
uint8_t zero_code(const ir::Builder& b, Value v) {
    const ir::Inst& inst = b.inst(v);
    if (inst.op == Op::VZero) return kAllZero;
    if (inst.op == Op::VFromI) return b.type(inst.a) == Type::I64 ? 1 : 2;
    return inst.upper_zero;
}

// Operations whose lanes are zero where both operands' are.
bool keeps_zero(Op o) {
    switch (o) {
        case Op::VOr:
        case Op::VXor:
        case Op::VAdd:
        case Op::VSub:
        case Op::VQAddS:
        case Op::VQAddU:
        case Op::VQSubS:
        case Op::VQSubU:
        case Op::VMinS:
        case Op::VMinU:
        case Op::VMaxS:
        case Op::VMaxU:
        case Op::VAbs:
        case Op::VMul:
        case Op::VShlI:
        case Op::VShrI:
        case Op::VSarI:
        case Op::VShiftU:
        case Op::VShiftS:
        case Op::VPopcount:
        case Op::VReverseBits:
            return true;
        default:
            return false;
    }
}

constexpr unsigned bits(unsigned lane) {
    return 8u << lane;
}

}  // namespace

Value Simd::op(Op o, unsigned lane, Value a, Value v, Value c, uint64_t imm) const {
    uint8_t code = 0;
    if (o == Op::VAnd) {
        code = std::max(zero_code(b, a), zero_code(b, v));
    } else if (keeps_zero(o)) {
        code = zero_code(b, a);
        if (v) code = std::min(code, zero_code(b, v));
    } else if (o == Op::VNarrow) {
        code = 1;
    } else if (o == Op::VSumBytes) {
        // A sum has at most 11 bits, eight population counts at most 7.
        code = zero_code(b, a) == 0 ? 0 : b.inst(a).op == Op::VPopcount ? 4 : 3;
    }
    const Value result = b.emit(o, Type::V128, a, v, c, {}, imm, static_cast<uint8_t>(lane));
    b.inst(result).upper_zero = code;
    return result;
}

Value Simd::find_or_op(Op o, unsigned lane, Value a, Value v, Value c, uint64_t imm) const {
    constexpr size_t kWindow = 32;
    const size_t count = b.size();
    for (size_t id = count; id-- > 1 && count - id <= kWindow;) {
        const Value value{static_cast<uint32_t>(id)};
        const ir::Inst& inst = b.inst(value);
        if (inst.op == o && inst.width == lane && inst.a == a && inst.b == v && inst.c == c &&
            inst.imm == imm) {
            return value;
        }
    }
    return op(o, lane, a, v, c, imm);
}

Value Simd::splat(unsigned lane, uint64_t value) const {
    if (lane < 3) value &= (uint64_t{1} << bits(lane)) - 1;
    for (unsigned size = bits(lane); size < 64; size *= 2) value |= value << size;
    return value ? b.emit(Op::VConst, Type::V128, {}, {}, {}, {}, value) : b.emit(Op::VZero, Type::V128);
}

Value Simd::constant(uint64_t lo, uint64_t hi) const {
    if (lo == hi) return splat(3, lo);
    const Value low = b.i64(lo);
    const Value result = b.emit(Op::VCombine64, Type::V128, low, b.i64(hi));
    if (hi == 0) b.inst(result).upper_zero = lo >> 32 ? 1 : lo >> 16 ? 2 : lo >> 8 ? 3 : 4;
    return result;
}

Value Simd::cut(Value v, unsigned size) const {
    if (size == 16) return v;
    const uint8_t code = size == 8 ? 1 : size == 4 ? 2 : size == 2 ? 3 : 4;
    if (zero_code(b, v) >= code) return v;
    const unsigned lane = size == 4 ? 2 : size == 2 ? 1 : 0;
    const Value result = b.emit(size == 8 ? Op::VTrunc64 : Op::VTruncLane, Type::V128, v, {}, {}, {}, 0,
                                static_cast<uint8_t>(lane));
    b.inst(result).upper_zero = code;
    return result;
}

// (a + (1 << (n - 1))) >> n as if the sum could not overflow.
Value Simd::round_shift_right(unsigned lane, Value a, unsigned n, bool is_signed) const {
    if (n == 0) return a;
    const Value half = shift_right(lane, a, n - 1, is_signed);
    return add(lane, shift_right(lane, a, n, is_signed), and_(half, splat(lane, 1)));
}

Value Simd::mul(unsigned lane, Value a, Value v) const {
    if (lane) return op(Op::VMul, lane, a, v);
    const Value low = splat(1, 0x00ff);
    const Value even_products = and_(op(Op::VMul, 1, a, v), low);
    const Value odd_products = op(Op::VMul, 1, shr(1, a, 8), and_not(v, low));
    return or_(even_products, odd_products);
}

Value Simd::abs(unsigned lane, Value a) const {
    if (lane < 3) return op(Op::VAbs, lane, a);
    const Value sign = sar(3, a, 63);
    return sub(3, xor_(a, sign), sign);
}

Value Simd::min(unsigned lane, Value a, Value v, bool is_signed) const {
    return op(is_signed ? Op::VMinS : Op::VMinU, lane, a, v);
}

Value Simd::max(unsigned lane, Value a, Value v, bool is_signed) const {
    return op(is_signed ? Op::VMaxS : Op::VMaxU, lane, a, v);
}

Value Simd::difference(unsigned lane, Value a, Value v, bool is_signed) const {
    if (!is_signed && lane < 2) return or_(op(Op::VQSubU, lane, a, v), op(Op::VQSubU, lane, v, a));
    return sub(lane, max(lane, a, v, is_signed), min(lane, a, v, is_signed));
}

Value Simd::gt(unsigned lane, Value a, Value v, bool is_signed) const {
    if (is_signed) return op(Op::VCmpGtS, lane, a, v);
    if (lane < 3) return not_(ge(lane, v, a, false));
    const Value bias = minimum(lane);
    return op(Op::VCmpGtS, lane, xor_(a, bias), xor_(v, bias));
}

Value Simd::ge(unsigned lane, Value a, Value v, bool is_signed) const {
    if (lane < 3) return eq(lane, max(lane, a, v, is_signed), a);
    return not_(gt(lane, v, a, is_signed));
}

Value Simd::mul_long(unsigned lane, Value a, Value v, bool is_signed, bool upper) const {
    if (lane == 0) {
        const Value wide = extend(0, a, is_signed, upper);
        return mul(1, wide, extend(0, v, is_signed, upper));
    }
    if (lane == 1) {
        const Value low = find_or_op(Op::VMul, 1, a, v);
        const Value high = find_or_op(is_signed ? Op::VMulHiS : Op::VMulHiU, 1, a, v);
        return op(upper ? Op::VZip2 : Op::VZip1, 1, low, high);
    }
    const unsigned control = upper ? 0xfa : 0x50;  // lanes 2 2 3 3 or 0 0 1 1
    const Value x = shuffle32(a, control);
    return op(is_signed ? Op::VMulEvenS : Op::VMulEvenU, 2, x, shuffle32(v, control));
}

Value Simd::narrow(unsigned lane, Value a) const {
    return op(Op::VNarrow, lane, a);
}

Value Simd::narrow_saturating(unsigned lane, Value a, Saturation how) const {
    if (lane == 2) {
        // Sets QC itself; lanes that do not count must not be seen.
        return helper(Helper::VSaturateNarrow64, how, cut(a, bytes == 4 ? 8 : 16));
    }
    const Value source = bytes < 8 ? cut(a, bytes * 2) : a;
    Value result;
    if (how == kUnsigned) {
        const Value limited = min(lane + 1, source, splat(lane + 1, (uint64_t{1} << bits(lane)) - 1), false);
        result = narrow(lane, limited);
    } else {
        result = cut(op(how == kSigned ? Op::VPackS : Op::VPackU, lane, source, source), 8);
    }
    const Simd whole{b, 16};
    whole.set_qc(xor_(extend(lane, result, how == kSigned, false), source));
    return result;
}

// Signed overflow happens where both operands differ in sign from the sum; then the result is the first
// operand's sign's extreme.
Value Simd::add_saturating(unsigned lane, Value a, Value v, bool is_signed) const {
    const Value exact = add(lane, a, v);
    if (lane < 2) {
        const Value result = op(is_signed ? Op::VQAddS : Op::VQAddU, lane, a, v);
        set_qc(xor_(result, exact));
        return result;
    }
    if (!is_signed) {
        const Value carry = gt(lane, a, exact, false);
        set_qc(carry);
        return or_(exact, carry);
    }
    const Value overflow = sar(lane, and_not(xor_(a, exact), xor_(a, v)), bits(lane) - 1);
    const Value extreme =
        xor_(sar(lane, a, bits(lane) - 1), splat(lane, (uint64_t{1} << (bits(lane) - 1)) - 1));
    set_qc(overflow);
    return select(overflow, extreme, exact);
}

Value Simd::sub_saturating(unsigned lane, Value a, Value v, bool is_signed) const {
    const Value exact = sub(lane, a, v);
    if (lane < 2) {
        const Value result = op(is_signed ? Op::VQSubS : Op::VQSubU, lane, a, v);
        set_qc(xor_(result, exact));
        return result;
    }
    if (!is_signed) {
        const Value borrow = gt(lane, v, a, false);
        set_qc(borrow);
        return and_not(exact, borrow);
    }
    const Value overflow = sar(lane, and_(xor_(a, exact), xor_(a, v)), bits(lane) - 1);
    const Value extreme =
        xor_(sar(lane, a, bits(lane) - 1), splat(lane, (uint64_t{1} << (bits(lane) - 1)) - 1));
    set_qc(overflow);
    return select(overflow, extreme, exact);
}

// Only minimum * minimum overflows, and only it gives the minimum: complementing that gives the maximum.
Value Simd::mul_doubling_high(unsigned lane, Value a, Value v, bool round) const {
    Value product;
    if (lane == 1) {
        if (round) {
            product = op(Op::VMulRoundS, 1, a, v);
        } else {
            const Value high = op(Op::VMulHiS, 1, a, v);
            product = or_(shl(1, high, 1), shr(1, op(Op::VMul, 1, a, v), 15));
        }
    } else {
        Value low = op(Op::VMulEvenS, 2, a, v);
        Value high = op(Op::VMulEvenS, 2, shr(3, a, 32), shr(3, v, 32));
        low = add(3, low, low);
        high = add(3, high, high);
        if (round) {
            const Value half = splat(3, uint64_t{1} << 31);
            low = add(3, low, half);
            high = add(3, high, half);
        }
        product = op(Op::VTrn2, 2, low, high);
    }
    const Value overflow = eq(lane, product, minimum(lane));
    set_qc(overflow);
    return xor_(product, overflow);
}

Value Simd::mul_doubling_long(unsigned lane, Value a, Value v, bool upper) const {
    const Value product = mul_long(lane, a, v, true, upper);
    const Value doubled = add(lane + 1, product, product);
    const Value overflow = eq(lane + 1, doubled, minimum(lane + 1));
    set_qc(overflow);
    return xor_(doubled, overflow);
}

Value Simd::add_pairs_long(unsigned lane, Value a, bool is_signed) const {
    if (lane == 0) {
        const Value one = splat(0, 1);
        return is_signed ? op(Op::VMulPairsUS, 0, one, a) : op(Op::VMulPairsUS, 0, a, one);
    }
    if (lane == 1 && is_signed) return op(Op::VMulPairsS, 1, a, splat(1, 1));
    const unsigned wide = lane + 1;
    const unsigned half = bits(lane);
    const Value high = shift_right(wide, a, half, is_signed);
    const Value low =
        is_signed ? sar(wide, shl(wide, a, half), half) : and_(a, splat(wide, (uint64_t{1} << half) - 1));
    return add(wide, high, low);
}

Value Simd::dot(Value a, bool a_signed, Value v, bool v_signed) const {
    const auto even_bytes = [&](Value x, bool is_signed) {
        return is_signed ? sar(1, shl(1, x, 8), 8) : and_(x, splat(1, 0x00ff));
    };
    const auto odd_bytes = [&](Value x, bool is_signed) { return shift_right(1, x, 8, is_signed); };
    const Value low = op(Op::VMulPairsS, 1, even_bytes(a, a_signed), even_bytes(v, v_signed));
    const Value high = op(Op::VMulPairsS, 1, odd_bytes(a, a_signed), odd_bytes(v, v_signed));
    return add(2, low, high);
}

void Simd::set_qc(Value difference) const {
    b.emit(Op::VSetQc, Type::None, cut(difference));
}

}  // namespace armature::translator::lift
