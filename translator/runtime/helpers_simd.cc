// SPDX-License-Identifier: MIT
// Rare vector instructions, and what single IR operations need on hosts without the instruction for it. Plain
// C++, lane by lane, as Arm's pseudocode has it.
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <type_traits>

#include "translator/ir/helpers.h"
#include "translator/ir/shift_mode.h"

namespace armature::translator::helper {

using guest::CpuState;
using guest::Vec128;

namespace {

using Wide = __int128;

template <typename T>
using Lanes = std::array<T, 16 / sizeof(T)>;

template <typename T>
Lanes<T> lanes(const Vec128& v) {
    return std::bit_cast<Lanes<T>>(v);
}

template <typename T>
Lanes<T> operand(const CpuState* cpu, unsigned n) {
    return lanes<T>(cpu->vector_scratch[n]);
}

template <typename T>
void result(CpuState* cpu, const Lanes<T>& v) {
    cpu->vector_scratch[0] = std::bit_cast<Vec128>(v);
}

// x, or the nearest number that T has.
template <typename T>
T saturate(CpuState* cpu, Wide x) {
    constexpr Wide kMin = std::numeric_limits<T>::min();
    constexpr Wide kMax = std::numeric_limits<T>::max();
    if (x >= kMin && x <= kMax) return static_cast<T>(x);
    cpu->fpsr |= guest::kFpsrQC;
    return x < kMin ? std::numeric_limits<T>::min() : std::numeric_limits<T>::max();
}

// Calls fn(T{}) with the signed integer type of a lane.
template <typename Fn>
void by_lane(unsigned lane, Fn fn) {
    switch (lane) {
        case 0:
            return fn(int8_t{});
        case 1:
            return fn(int16_t{});
        case 2:
            return fn(int32_t{});
        default:
            return fn(int64_t{});
    }
}

struct Shift {
    bool round = false;
    bool saturate = false;
};

// From lanes of S to lanes of D of the same size.
template <typename S, typename D>
void shift_lanes(CpuState* cpu, const Shift& how) {
    constexpr int kBits = sizeof(S) * 8;
    constexpr int kBeyond = 66;  // more than a lane and its sign and rounding bit
    const auto n = operand<S>(cpu, 0);
    const auto m = operand<S>(cpu, 1);
    Lanes<D> d{};
    for (size_t i = 0; i < n.size(); i++) {
        const int count = static_cast<int8_t>(m[i]);
        Wide x = n[i];
        if (count < 0) {
            const int right = -count < kBeyond ? -count : kBeyond;
            if (how.round) x += Wide{1} << (right - 1);
            x >>= right;
        } else if (count < kBits) {
            x *= Wide{1} << count;
        } else if (x != 0) {
            // Too large for any lane, or nothing left of it.
            x = !how.saturate ? 0 : x < 0 ? -(Wide{1} << kBeyond) : Wide{1} << kBeyond;
        }
        d[i] = how.saturate ? saturate<D>(cpu, x) : static_cast<D>(x);
    }
    result(cpu, d);
}

}  // namespace

void VUshl8(CpuState* cpu, unsigned) {
    shift_lanes<uint8_t, uint8_t>(cpu, {});
}
void VUshl16(CpuState* cpu, unsigned) {
    shift_lanes<uint16_t, uint16_t>(cpu, {});
}
void VUshl32(CpuState* cpu, unsigned) {
    shift_lanes<uint32_t, uint32_t>(cpu, {});
}
void VUshl64(CpuState* cpu, unsigned) {
    shift_lanes<uint64_t, uint64_t>(cpu, {});
}
void VSshl8(CpuState* cpu, unsigned) {
    shift_lanes<int8_t, int8_t>(cpu, {});
}
void VSshl16(CpuState* cpu, unsigned) {
    shift_lanes<int16_t, int16_t>(cpu, {});
}
void VSshl32(CpuState* cpu, unsigned) {
    shift_lanes<int32_t, int32_t>(cpu, {});
}
void VSshl64(CpuState* cpu, unsigned) {
    shift_lanes<int64_t, int64_t>(cpu, {});
}

void VShift(CpuState* cpu, unsigned mode) {
    using ir::ShiftMode;
    const Shift how{(mode & ShiftMode::kRound) != 0, (mode & ShiftMode::kSaturate) != 0};
    by_lane(mode & ShiftMode::kLane, [&](auto type) {
        using S = decltype(type);
        using U = std::make_unsigned_t<S>;
        if (mode & ShiftMode::kUnsigned) {
            shift_lanes<U, U>(cpu, how);
        } else if (mode & ShiftMode::kToUnsigned) {
            shift_lanes<S, U>(cpu, how);
        } else {
            shift_lanes<S, S>(cpu, how);
        }
    });
}

void VSaturateNarrow64(CpuState* cpu, unsigned kind) {
    const auto n = operand<uint64_t>(cpu, 0);
    Lanes<uint32_t> d{};
    for (size_t i = 0; i < n.size(); i++) {
        const auto as_signed = static_cast<int64_t>(n[i]);
        d[i] = kind == 0   ? static_cast<uint32_t>(saturate<int32_t>(cpu, as_signed))
               : kind == 1 ? saturate<uint32_t>(cpu, n[i])
                           : saturate<uint32_t>(cpu, as_signed);
    }
    result(cpu, d);
}

void VSuqadd(CpuState* cpu, unsigned lane) {
    by_lane(lane, [&](auto type) {
        using S = decltype(type);
        auto d = operand<S>(cpu, 0);
        const auto n = operand<std::make_unsigned_t<S>>(cpu, 1);
        for (size_t i = 0; i < d.size(); i++) d[i] = saturate<S>(cpu, Wide{d[i]} + n[i]);
        result(cpu, d);
    });
}

void VUsqadd(CpuState* cpu, unsigned lane) {
    by_lane(lane, [&](auto type) {
        using S = decltype(type);
        using U = std::make_unsigned_t<S>;
        auto d = operand<U>(cpu, 0);
        const auto n = operand<S>(cpu, 1);
        for (size_t i = 0; i < d.size(); i++) d[i] = saturate<U>(cpu, Wide{d[i]} + n[i]);
        result(cpu, d);
    });
}

namespace {

// d + or - the doubled product, its upper half, rounded.
void multiply_accumulate_high(CpuState* cpu, unsigned lane, int sign) {
    by_lane(lane, [&](auto type) {
        using S = decltype(type);
        constexpr unsigned kBits = sizeof(S) * 8;
        auto d = operand<S>(cpu, 0);
        const auto n = operand<S>(cpu, 1);
        const auto m = operand<S>(cpu, 2);
        for (size_t i = 0; i < d.size(); i++) {
            const Wide sum = (Wide{d[i]} << kBits) + sign * 2 * Wide{n[i]} * m[i] + (Wide{1} << (kBits - 1));
            d[i] = saturate<S>(cpu, sum >> kBits);
        }
        result(cpu, d);
    });
}

}  // namespace

void VSqrdmlah(CpuState* cpu, unsigned lane) {
    multiply_accumulate_high(cpu, lane, 1);
}
void VSqrdmlsh(CpuState* cpu, unsigned lane) {
    multiply_accumulate_high(cpu, lane, -1);
}

namespace {

// Carry-less product; the result has twice the bits.
template <typename Result>
Result multiply_polynomials(uint64_t a, uint64_t b) {
    Result product = 0;
    for (unsigned bit = 0; bit < 64; bit++) {
        if (b >> bit & 1) product ^= static_cast<Result>(static_cast<Result>(a) << bit);
    }
    return product;
}

}  // namespace

void VPmul(CpuState* cpu, unsigned) {
    auto n = operand<uint8_t>(cpu, 0);
    const auto m = operand<uint8_t>(cpu, 1);
    for (size_t i = 0; i < n.size(); i++)
        n[i] = static_cast<uint8_t>(multiply_polynomials<uint64_t>(n[i], m[i]));
    result(cpu, n);
}

void VPmull(CpuState* cpu, unsigned) {
    const auto n = operand<uint8_t>(cpu, 0);
    const auto m = operand<uint8_t>(cpu, 1);
    Lanes<uint16_t> d{};
    for (size_t i = 0; i < d.size(); i++)
        d[i] = static_cast<uint16_t>(multiply_polynomials<uint64_t>(n[i], m[i]));
    result(cpu, d);
}

void VMulPoly64(CpuState* cpu, unsigned) {
    const auto product =
        multiply_polynomials<unsigned __int128>(operand<uint64_t>(cpu, 0)[0], operand<uint64_t>(cpu, 1)[0]);
    result<uint64_t>(cpu, {static_cast<uint64_t>(product), static_cast<uint64_t>(product >> 64)});
}

// The estimates are Arm's, bit for bit: nine bits of the result by a fixed division or search.
void VUrecpe(CpuState* cpu, unsigned) {
    auto n = operand<uint32_t>(cpu, 0);
    for (uint32_t& x : n) {
        if (!(x >> 31)) {
            x = ~0u;
            continue;
        }
        const uint32_t a = (x >> 23) * 2 + 1;
        x = ((1u << 19) / a + 1) / 2 << 23;
    }
    result(cpu, n);
}

void VUrsqrte(CpuState* cpu, unsigned) {
    auto n = operand<uint32_t>(cpu, 0);
    for (uint32_t& x : n) {
        if (!(x >> 30)) {
            x = ~0u;
            continue;
        }
        uint32_t a = x >> 23;
        a = a < 256 ? a * 2 + 1 : (a / 2 * 2 + 1) * 2;
        uint32_t estimate = 512;
        while (uint64_t{a} * (estimate + 1) * (estimate + 1) < 1u << 28) estimate++;
        x = (estimate + 1) / 2 << 23;
    }
    result(cpu, n);
}

void VMatrixMultiply(CpuState* cpu, unsigned mode) {
    auto d = operand<uint32_t>(cpu, 0);
    const auto n = operand<int8_t>(cpu, 1);
    const auto m = operand<int8_t>(cpu, 2);
    const auto number = [](int8_t x, bool is_unsigned) {
        return is_unsigned ? int{static_cast<uint8_t>(x)} : int{x};
    };
    for (unsigned row = 0; row < 2; row++) {
        for (unsigned column = 0; column < 2; column++) {
            int sum = 0;
            for (unsigned k = 0; k < 8; k++) {
                sum += number(n[row * 8 + k], mode & 1) * number(m[column * 8 + k], mode & 2);
            }
            d[row * 2 + column] += static_cast<uint32_t>(sum);
        }
    }
    result(cpu, d);
}

}  // namespace armature::translator::helper
