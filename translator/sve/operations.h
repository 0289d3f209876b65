// SPDX-License-Identifier: MIT
// What happens to one element of an integer vector: function objects on the unsigned type T of the element's
// size. S is its signed twin, kBits its width.
#pragma once

#include "translator/decode/bit_masks.h"
#include "translator/sve/machine.h"

namespace armature::translator::sve {

#define SVE_OP1(Name, ...)                                             \
    struct Name {                                                      \
        template <typename T>                                          \
        T operator()([[maybe_unused]] T a) const {                     \
            using S [[maybe_unused]] = Signed<T>;                      \
            [[maybe_unused]] constexpr unsigned kBits = sizeof(T) * 8; \
            return static_cast<T>(__VA_ARGS__);                        \
        }                                                              \
    };
#define SVE_OP2(Name, ...)                                               \
    struct Name {                                                        \
        template <typename T>                                            \
        T operator()([[maybe_unused]] T a, [[maybe_unused]] T b) const { \
            using S [[maybe_unused]] = Signed<T>;                        \
            [[maybe_unused]] constexpr unsigned kBits = sizeof(T) * 8;   \
            return static_cast<T>(__VA_ARGS__);                          \
        }                                                                \
    };
#define SVE_OP3(Name, ...)                                                                     \
    struct Name {                                                                              \
        template <typename T>                                                                  \
        T operator()([[maybe_unused]] T d, [[maybe_unused]] T a, [[maybe_unused]] T b) const { \
            using S [[maybe_unused]] = Signed<T>;                                              \
            [[maybe_unused]] constexpr unsigned kBits = sizeof(T) * 8;                         \
            return static_cast<T>(__VA_ARGS__);                                                \
        }                                                                                      \
    };
// A condition.
#define SVE_TEST(Name, ...)                                                 \
    struct Name {                                                           \
        template <typename T>                                               \
        bool operator()([[maybe_unused]] T a, [[maybe_unused]] T b) const { \
            using S [[maybe_unused]] = Signed<T>;                           \
            return __VA_ARGS__;                                             \
        }                                                                   \
    };

// The operands the other way round.
template <typename Op>
struct Reverse {
    template <typename T>
    T operator()(T a, T b) const {
        return Op{}(b, a);
    }
};

SVE_OP2(Add, a + b)
SVE_OP2(Sub, a - b)
SVE_OP2(Mul, uint64_t{a} * b)
SVE_OP2(And, a& b)
SVE_OP2(Orr, a | b)
SVE_OP2(Eor, a ^ b)
SVE_OP2(Bic, a & ~b)
SVE_OP2(Smax, S(a) > S(b) ? a : b)
SVE_OP2(Umax, a > b ? a : b)
SVE_OP2(Smin, S(a) < S(b) ? a : b)
SVE_OP2(Umin, a < b ? a : b)
SVE_OP2(Sabd, S(a) > S(b) ? a - b : b - a)
SVE_OP2(Uabd, a > b ? a - b : b - a)
SVE_OP2(Smulh, static_cast<WiderSigned<T>>(static_cast<WiderSigned<T>>(S(a)) * S(b)) >> kBits)
SVE_OP2(Umulh, static_cast<Wider<T>>(static_cast<Wider<T>>(a) * b) >> kBits)
SVE_OP2(Udiv, b ? a / b : 0)
SVE_OP2(Sdiv, b == 0 ? 0 : b == static_cast<T>(-1) ? 0 - uint64_t{a} : static_cast<uint64_t>(S(a) / S(b)))
// By amounts that may be larger than the element.
SVE_OP2(Asr, S(a) >> (b < kBits ? b : kBits - 1))
SVE_OP2(Lsr, b < kBits ? a >> b : 0)
SVE_OP2(Lsl, b < kBits ? uint64_t{a} << b : 0)
// A signed division by 2^b.
SVE_OP2(Asrd, (static_cast<__int128>(S(a)) + (S(a) < 0 ? (static_cast<__int128>(1) << b) - 1 : 0)) >> b)

SVE_OP2(Sqadd, saturate<S>(static_cast<__int128>(S(a)) + S(b)))
SVE_OP2(Uqadd, static_cast<T>(a + b) < a ? T(~T(0)) : static_cast<T>(a + b))
SVE_OP2(Sqsub, saturate<S>(static_cast<__int128>(S(a)) - S(b)))
SVE_OP2(Uqsub, a > b ? a - b : 0)
SVE_OP2(Suqadd, saturate<S>(static_cast<__int128>(S(a)) + b))
SVE_OP2(Squsub, saturate<S>(static_cast<__int128>(S(a)) - b))
SVE_OP2(Usqadd, saturate<T>(static_cast<__int128>(a) + S(b)))

SVE_OP2(Shadd, (S(a) >> 1) + (S(b) >> 1) + (a & b & 1))
SVE_OP2(Uhadd, (a >> 1) + (b >> 1) + (a & b & 1))
SVE_OP2(Srhadd, (S(a) >> 1) + (S(b) >> 1) + ((a | b) & 1))
SVE_OP2(Urhadd, (a >> 1) + (b >> 1) + ((a | b) & 1))
SVE_OP2(Shsub, (S(a) >> 1) - (S(b) >> 1) - (~a & b & 1))
SVE_OP2(Uhsub, (a >> 1) - (b >> 1) - (~a & b & 1))

// x shifted left, or right if the count is negative, into D.
template <typename D, bool round, bool saturates, typename S>
D shift(S x, int count) {
    constexpr int kWidth = sizeof(S) * 8;
    constexpr int kBeyond = 66;  // more than an element and its sign and rounding bit
    __int128 value = x;
    if (count < 0) {
        const int right = -count < kBeyond ? -count : kBeyond;
        if (round) value += static_cast<__int128>(1) << (right - 1);
        value >>= right;
    } else if (count < kWidth) {
        value *= static_cast<__int128>(1) << count;
    } else if (value != 0) {
        value = !saturates  ? 0
                : value < 0 ? -(static_cast<__int128>(1) << kBeyond)
                            : static_cast<__int128>(1) << kBeyond;
    }
    return saturates ? saturate<D>(value) : static_cast<D>(value);
}
// An element as an amount: beyond any width it makes no difference.
template <typename S>
int amount(S x) {
    constexpr int kBeyond = 66;
    return x < -kBeyond ? -kBeyond : x > kBeyond ? kBeyond : static_cast<int>(x);
}
SVE_OP2(Srshl, shift<S, true, false>(S(a), amount(S(b))))
SVE_OP2(Urshl, shift<T, true, false>(a, amount(S(b))))
SVE_OP2(Sqshl, shift<S, false, true>(S(a), amount(S(b))))
SVE_OP2(Uqshl, shift<T, false, true>(a, amount(S(b))))
SVE_OP2(Sqrshl, shift<S, true, true>(S(a), amount(S(b))))
SVE_OP2(Uqrshl, shift<T, true, true>(a, amount(S(b))))
SVE_OP2(Sqshlu, shift<T, false, true>(S(a), amount(S(b))))
// Right by an immediate.
SVE_OP2(Srshr, shift<S, true, false>(S(a), -int(b)))
SVE_OP2(Urshr, shift<T, true, false>(a, -int(b)))

// The upper halves of doubled products. A product of doublewords just fits, doubled it does not: so it is
// shifted one bit less.
template <typename S>
__int128 doubled_high(S a, S b, bool round, bool negative = false) {
    constexpr unsigned kBits = sizeof(S) * 8;
    const __int128 product = static_cast<__int128>(a) * b;
    return ((negative ? -product : product) + (round ? static_cast<__int128>(1) << (kBits - 2) : 0)) >>
           (kBits - 1);
}
SVE_OP2(Sqdmulh, saturate<S>(doubled_high(S(a), S(b), false)))
SVE_OP2(Sqrdmulh, saturate<S>(doubled_high(S(a), S(b), true)))

template <typename Result>
Result carryless(uint64_t a, uint64_t b) {
    Result product = 0;
    for (unsigned bit = 0; bit < 64; bit++)
        if (b >> bit & 1) product ^= static_cast<Result>(static_cast<Result>(a) << bit);
    return product;
}
SVE_OP2(Pmul, carryless<T>(a, b))

SVE_OP1(Abs, S(a) < 0 ? 0 - uint64_t{a} : a)
SVE_OP1(Neg, 0 - uint64_t{a})
SVE_OP1(Not, ~a)
SVE_OP1(Cnot, a == 0)
SVE_OP1(Cnt, std::popcount(a))
SVE_OP1(Clz, std::countl_zero(a))
SVE_OP1(Cls, std::countl_zero(static_cast<T>(a ^ static_cast<T>(S(a) >> 1))) - 1)
SVE_OP1(Fabs, a&(T(~T(0)) >> 1))
SVE_OP1(Fneg, a ^ (T(1) << (kBits - 1)))
SVE_OP1(Sqabs, saturate<S>(S(a) < 0 ? -static_cast<__int128>(S(a)) : S(a)))
SVE_OP1(Sqneg, saturate<S>(-static_cast<__int128>(S(a))))
SVE_OP1(Sxtb, int8_t(a))
SVE_OP1(Sxth, int16_t(a))
SVE_OP1(Sxtw, int32_t(a))
SVE_OP1(Uxtb, uint8_t(a))
SVE_OP1(Uxth, uint16_t(a))
SVE_OP1(Uxtw, uint32_t(a))

// Pieces of `Piece` bits in reverse order.
template <typename T>
T reverse_pieces(T value, unsigned piece) {
    uint64_t result = 0;
    const uint64_t mask = (uint64_t{1} << piece) - 1;
    for (unsigned at = 0; at < sizeof(T) * 8; at += piece)
        result |= (value >> at & mask) << (sizeof(T) * 8 - piece - at);
    return static_cast<T>(result);
}
SVE_OP1(Rbit, reverse_pieces(a, 1))
SVE_OP1(Revb, reverse_pieces(a, 8))
SVE_OP1(Revh, reverse_pieces(a, 16))
SVE_OP1(Revw, reverse_pieces(a, 32))

SVE_OP3(Mla, d + uint64_t{a} * b)
SVE_OP3(Mls, d - uint64_t{a} * b)
SVE_OP3(Saba, d + Sabd{}(a, b))
SVE_OP3(Uaba, d + Uabd{}(a, b))
SVE_OP3(Sqrdmlah, saturate<S>(S(d) + doubled_high(S(a), S(b), true)))
SVE_OP3(Sqrdmlsh, saturate<S>(S(d) + doubled_high(S(a), S(b), true, true)))
// Bitwise with three operands, d n m as Arm writes them: d is also an operand.
SVE_OP3(Eor3, d ^ a ^ b)
SVE_OP3(Bcax, d ^ (a & ~b))
SVE_OP3(Bsl, (d & b) | (a & ~b))
SVE_OP3(Bsl1n, (~d & b) | (a & ~b))
SVE_OP3(Bsl2n, (d & b) | (~a & ~b))
SVE_OP3(Nbsl, ~((d & b) | (a & ~b)))

SVE_TEST(Eq, a == b)
SVE_TEST(Ne, a != b)
SVE_TEST(Ge, S(a) >= S(b))
SVE_TEST(Gt, S(a) > S(b))
SVE_TEST(Le, S(a) <= S(b))
SVE_TEST(Lt, S(a) < S(b))
SVE_TEST(Hs, a >= b)
SVE_TEST(Hi, a > b)
SVE_TEST(Ls, a <= b)
SVE_TEST(Lo, a < b)

}  // namespace armature::translator::sve
