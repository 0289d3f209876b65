// SPDX-License-Identifier: MIT
// Forms of SVE2's integer instructions. "Bottom" and "top" are the even and the odd elements (0, 1).
#pragma once

#include "translator/ir/helpers.h"
#include "translator/sve/forms_permute.h"

namespace armature::translator::sve {

// Every other element of a vector of narrow ones, in the type T.
template <typename T, bool is_signed>
Lanes<T> widened(const Lanes<Narrower<T>>& a, unsigned top) {
    Lanes<T> r;
    for (unsigned i = 0; i < r.size(); i++) {
        const Narrower<T> x = a[2 * i + top];
        r[i] = is_signed ? static_cast<T>(static_cast<Signed<Narrower<T>>>(x)) : static_cast<T>(x);
    }
    return r;
}
// The element `index` of each 128-bit segment, all over it.
template <typename T>
Lanes<T> spread(const Lanes<T>& a, unsigned index) {
    constexpr unsigned kSegment = 16 / sizeof(T);
    Lanes<T> r;
    for (unsigned i = 0; i < r.size(); i++) r[i] = a[i / kSegment * kSegment + index];
    return r;
}

template <typename Op, bool is_signed, unsigned top_n, unsigned top_m>
struct Long {
    template <typename F>
    static void run(Machine& m, F f) {
        by_wide_size(m.size_field(), [&]<typename T>(T) {
            m.set_z(f.d(), map(widened<T, is_signed>(m.z<Narrower<T>>(f.n()), top_n),
                               widened<T, is_signed>(m.z<Narrower<T>>(f.m()), top_m), Op{}));
        });
    }
};
template <typename Op, bool is_signed, unsigned top>
struct LongElement {
    template <typename F>
    static void run(Machine& m, F f) {
        by_wide_size(m.size_field(), [&]<typename T>(T) {
            m.set_z(f.d(), map(widened<T, is_signed>(m.z<Narrower<T>>(f.n()), top),
                               widened<T, is_signed>(spread(m.z<Narrower<T>>(f.m()), f.i()), 0), Op{}));
        });
    }
};
template <typename Op, bool is_signed, unsigned top_n, unsigned top_m>
struct LongAccumulate {
    template <typename F>
    static void run(Machine& m, F f) {
        by_wide_size(m.size_field(), [&]<typename T>(T) {
            m.set_z(f.d(), map(m.z<T>(f.d()), widened<T, is_signed>(m.z<Narrower<T>>(f.n()), top_n),
                               widened<T, is_signed>(m.z<Narrower<T>>(f.m()), top_m), Op{}));
        });
    }
};
template <typename Op, bool is_signed, unsigned top>
struct LongAccumulateElement {
    template <typename F>
    static void run(Machine& m, F f) {
        by_wide_size(m.size_field(), [&]<typename T>(T) {
            m.set_z(f.d(), map(m.z<T>(f.d()), widened<T, is_signed>(m.z<Narrower<T>>(f.n()), top),
                               widened<T, is_signed>(spread(m.z<Narrower<T>>(f.m()), f.i()), 0), Op{}));
        });
    }
};
SVE_OP2(Sqdmull, saturate<S>(2 * static_cast<__int128>(S(a)) * S(b)))
SVE_OP3(Sqdmla, saturate<S>(static_cast<__int128>(S(d)) + S(Sqdmull{}(a, b))))
SVE_OP3(Sqdmls, saturate<S>(static_cast<__int128>(S(d)) - S(Sqdmull{}(a, b))))

template <typename Op, bool is_signed, unsigned top>
struct WideVector {
    template <typename F>
    static void run(Machine& m, F f) {
        by_wide_size(m.size_field(), [&]<typename T>(T) {
            m.set_z(f.d(), map(m.z<T>(f.n()), widened<T, is_signed>(m.z<Narrower<T>>(f.m()), top), Op{}));
        });
    }
};

// Narrow results: the bottom forms zero the other elements, the top forms keep them.
template <typename T, bool top, typename Fn>
void set_narrow(Machine& m, unsigned d, Fn fn) {
    auto r = top ? m.z<Narrower<T>>(d) : Lanes<Narrower<T>>{};
    for (unsigned i = 0; i < kSveMaxBytes / sizeof(T); i++) r[2 * i + top] = static_cast<Narrower<T>>(fn(i));
    m.set_z(d, r);
}
// The upper halves of sums or differences. The size is the result's plus one.
template <typename Op, bool round, bool top>
struct NarrowHigh {
    template <typename F>
    static void run(Machine& m, F f) {
        by_wide_size(m.size_field(), [&]<typename T>(T) {
            constexpr unsigned kHalf = sizeof(T) * 4;
            const auto sum = map(m.z<T>(f.n()), m.z<T>(f.m()), Op{});
            set_narrow<T, top>(m, f.d(), [&](unsigned i) {
                return static_cast<T>(sum[i] + (round ? T(T(1) << (kHalf - 1)) : T(0))) >> kHalf;
            });
        });
    }
};
enum class Narrowing { Plain, Signed, Unsigned, ToUnsigned };
template <typename T, Narrowing kind>
Narrower<T> narrowed(T x, unsigned right, bool round) {
    constexpr bool kSigned = kind == Narrowing::Signed || kind == Narrowing::ToUnsigned;
    __int128 value = kSigned ? static_cast<__int128>(static_cast<Signed<T>>(x)) : static_cast<__int128>(x);
    if (round) value += static_cast<__int128>(1) << (right - 1);
    value >>= right;
    if (kind == Narrowing::Plain) return static_cast<Narrower<T>>(value);
    if (kind == Narrowing::Signed) return static_cast<Narrower<T>>(saturate<Signed<Narrower<T>>>(value));
    return saturate<Narrower<T>>(value);
}
template <Narrowing kind, bool round, bool top>
struct ShiftNarrow {
    template <typename F>
    static void run(Machine& m, F f) {
        const ShiftImmediate s = shift_immediate(f.i());
        by_wide_size(s.size + 1, [&]<typename T>(T) {
            const auto n = m.z<T>(f.n());
            set_narrow<T, top>(m, f.d(), [&](unsigned i) { return narrowed<T, kind>(n[i], s.right, round); });
        });
    }
};
template <Narrowing kind, bool top>
struct SaturateNarrow {
    template <typename F>
    static void run(Machine& m, F f) {
        const unsigned size = static_cast<unsigned>(std::countr_zero(f.s()));
        by_wide_size(size + 1, [&]<typename T>(T) {
            const auto n = m.z<T>(f.n());
            set_narrow<T, top>(m, f.d(), [&](unsigned i) { return narrowed<T, kind>(n[i], 0, false); });
        });
    }
};
template <bool is_signed, unsigned top>
struct ShiftLong {
    template <typename F>
    static void run(Machine& m, F f) {
        const ShiftImmediate s = shift_immediate(f.i());
        by_wide_size(s.size + 1, [&]<typename T>(T) {
            m.set_z(f.d(), map(widened<T, is_signed>(m.z<Narrower<T>>(f.n()), top),
                               [&](T x) { return static_cast<T>(x << s.left); }));
        });
    }
};

// --- By an element of each segment
template <typename Op>
struct MultiplyElement {
    template <typename F>
    static void run(Machine& m, F f) {
        by_wide_size(m.size_field() < 2 ? 1 : m.size_field(), [&]<typename T>(T) {
            m.set_z(f.d(), map(m.z<T>(f.n()), spread(m.z<T>(f.m()), f.i()), Op{}));
        });
    }
};
template <typename Op>
struct AccumulateElement {
    template <typename F>
    static void run(Machine& m, F f) {
        by_wide_size(m.size_field() < 2 ? 1 : m.size_field(), [&]<typename T>(T) {
            m.set_z(f.d(), map(m.z<T>(f.d()), m.z<T>(f.n()), spread(m.z<T>(f.m()), f.i()), Op{}));
        });
    }
};

// --- Pairs
template <typename Op>
struct Pairwise {
    template <typename F>
    static void run(Machine& m, F f) {
        by_size(m.size_field(), [&]<typename T>(T) {
            const auto d = m.z<T>(f.d()), other = m.z<T>(f.m());
            Lanes<T> r;
            for (unsigned i = 0; i < r.size(); i += 2) {
                r[i] = Op{}(d[i], d[i + 1]);
                r[i + 1] = Op{}(other[i], other[i + 1]);
            }
            m.set_z(f.d(), select(m.p(f.g()), r, d));
        });
    }
};
template <bool is_signed>
struct PairwiseAccumulate {
    template <typename F>
    static void run(Machine& m, F f) {
        by_wide_size(m.size_field(), [&]<typename T>(T) {
            const auto d = m.z<T>(f.d());
            const auto n = m.z<Narrower<T>>(f.n());
            const auto pairs = map(widened<T, is_signed>(n, 0), widened<T, is_signed>(n, 1), Add{});
            m.set_z(f.d(), select(m.p(f.g()), map(d, pairs, Add{}), d));
        });
    }
};

// --- Long additions: the carry is bit 0 of the element above, in m; n takes part as its complement to
// subtract.
template <bool subtract, bool top>
struct AddCarry {
    template <typename F>
    static void run(Machine& m, F f) {
        const auto go = [&]<typename T>(T) {
            auto d = m.z<T>(f.d());
            const auto n = m.z<T>(f.n()), other = m.z<T>(f.m());
            for (unsigned i = 0; i + 1 < d.size(); i += 2) {
                const T b = subtract ? static_cast<T>(~n[i + top]) : n[i + top];
                const auto sum = static_cast<unsigned __int128>(d[i]) + b + (other[i + 1] & 1);
                d[i] = static_cast<T>(sum);
                d[i + 1] = static_cast<T>(sum >> (sizeof(T) * 8));
            }
            m.set_z(f.d(), d);
        };
        f.s() ? go(uint64_t{}) : go(uint32_t{});
    }
};
template <unsigned first, unsigned second>
struct ExclusiveOrInterleaved {
    template <typename F>
    static void run(Machine& m, F f) {
        by_size(m.size_field(), [&]<typename T>(T) {
            auto d = m.z<T>(f.d());
            const auto n = m.z<T>(f.n()), other = m.z<T>(f.m());
            for (unsigned i = 0; i < d.size(); i += 2)
                d[i + first] = static_cast<T>(n[i + first] ^ other[i + second]);
            m.set_z(f.d(), d);
        });
    }
};

// --- Complex numbers
template <bool saturates>
struct ComplexAdd {
    template <typename F>
    static void run(Machine& m, F f) {
        by_size(m.size_field(), [&]<typename T>(T) {
            auto d = m.z<T>(f.d());
            const auto other = m.z<T>(f.n());
            for (unsigned i = 0; i < d.size(); i++) {
                const __int128 a = static_cast<Signed<T>>(d[i]), b = static_cast<Signed<T>>(other[i ^ 1]);
                const __int128 sum = (i & 1) == f.r() ? a - b : a + b;
                d[i] = saturates ? static_cast<T>(saturate<Signed<T>>(sum)) : static_cast<T>(sum);
            }
            m.set_z(f.d(), d);
        });
    }
};
// Which parts of n and m are multiplied for part `odd` of the result, and is the product subtracted?
struct ComplexTurn {
    unsigned n;
    unsigned m;
    bool negative;
};
inline ComplexTurn complex_turn(unsigned odd, unsigned rotation) {
    const unsigned turn = rotation & 1;
    return {turn, odd ^ turn, odd ? (rotation & 2) != 0 : rotation == 1 || rotation == 2};
}
template <typename T, bool saturates>
void complex_accumulate_integers(Machine& m, unsigned to, const Lanes<T>& n, const Lanes<T>& other,
                                 unsigned rotation) {
    auto d = m.z<T>(to);
    for (unsigned i = 0; i < d.size(); i++) {
        const ComplexTurn turn = complex_turn(i & 1, rotation);
        const T a = n[(i & ~1u) + turn.n], b = other[(i & ~1u) + turn.m];
        if (saturates) {
            d[i] = turn.negative ? Sqrdmlsh{}(d[i], a, b) : Sqrdmlah{}(d[i], a, b);
        } else {
            d[i] = turn.negative ? Mls{}(d[i], a, b) : Mla{}(d[i], a, b);
        }
    }
    m.set_z(to, d);
}
// Complex number `index` of each segment.
template <typename T>
Lanes<T> spread_pairs(const Lanes<T>& a, unsigned index) {
    constexpr unsigned kSegment = 16 / sizeof(T);
    Lanes<T> r;
    for (unsigned i = 0; i < r.size(); i++) r[i] = a[i / kSegment * kSegment + index * 2 + (i & 1)];
    return r;
}
template <bool saturates>
struct ComplexAccumulate {
    template <typename F>
    static void run(Machine& m, F f) {
        by_size(m.size_field(), [&]<typename T>(T) {
            complex_accumulate_integers<T, saturates>(m, f.d(), m.z<T>(f.n()), m.z<T>(f.m()), f.r());
        });
    }
};
template <bool saturates>
struct ComplexAccumulateElement {  // halfwords (size 2) and words (size 3)
    template <typename F>
    static void run(Machine& m, F f) {
        const auto go = [&]<typename T>(T) {
            complex_accumulate_integers<T, saturates>(m, f.d(), m.z<T>(f.n()),
                                                      spread_pairs(m.z<T>(f.m()), f.i()), f.r());
        };
        m.size_field() == 2 ? go(uint16_t{}) : go(uint32_t{});
    }
};
// Sums of two complex products of narrow elements: their real or imaginary parts.
template <typename T>
void complex_dot(Machine& m, unsigned to, unsigned n, unsigned other, unsigned rotation, int index) {
    using Part = std::conditional_t<sizeof(T) == 4, uint8_t, uint16_t>;
    auto d = m.z<T>(to);
    const auto a = m.z<Part>(n), b = m.z<Part>(other);
    const unsigned second = rotation & 1;  // the part of m that n's real part meets
    const bool negative = rotation == 0 || rotation == 3;
    for (unsigned i = 0; i < d.size(); i++) {
        constexpr unsigned kSegment = 16 / sizeof(T);
        const unsigned j = index < 0 ? i : i / kSegment * kSegment + static_cast<unsigned>(index);
        const auto product = [&](unsigned p, unsigned q) {
            return int64_t{static_cast<Signed<Part>>(a[i * 4 + p])} * static_cast<Signed<Part>>(b[j * 4 + q]);
        };
        for (unsigned pair = 0; pair < 4; pair += 2) {
            const int64_t real = product(pair, pair + second),
                          imaginary = product(pair + 1, pair + 1 - second);
            d[i] += static_cast<T>(negative ? real - imaginary : real + imaginary);
        }
    }
    m.set_z(to, d);
}
struct ComplexDot {
    template <typename F>
    static void run(Machine& m, F f) {
        m.size_field() == 3 ? complex_dot<uint64_t>(m, f.d(), f.n(), f.m(), f.r(), -1)
                            : complex_dot<uint32_t>(m, f.d(), f.n(), f.m(), f.r(), -1);
    }
};
struct ComplexDotElement {
    template <typename F>
    static void run(Machine& m, F f) {
        const int index = static_cast<int>(f.i());
        m.size_field() == 3 ? complex_dot<uint64_t>(m, f.d(), f.n(), f.m(), f.r(), index)
                            : complex_dot<uint32_t>(m, f.d(), f.n(), f.m(), f.r(), index);
    }
};

// --- Searching and counting in segments
template <bool negate>
struct Match {
    template <typename F>
    static void run(Machine& m, F f) {
        by_size(m.size_field(), [&]<typename T>(T) {
            const auto n = m.z<T>(f.n()), other = m.z<T>(f.m());
            constexpr unsigned kSegment = 16 / sizeof(T);
            set_comparison<T>(m, f.d(), m.p(f.g()), predicate_where<T>([&](unsigned i) {
                                  bool found = false;
                                  for (unsigned k = 0; k < kSegment; k++)
                                      found |= n[i] == other[i / kSegment * kSegment + k];
                                  return found != negate;
                              }));
        });
    }
};
// How often n's element is among m's active ones up to here.
struct HistogramCount {
    template <typename F>
    static void run(Machine& m, F f) {
        by_size(m.size_field(), [&]<typename T>(T) {
            const uint64_t g = m.p(f.g());
            const auto n = m.z<T>(f.n()), other = m.z<T>(f.m());
            Lanes<T> r{};
            for (unsigned i = 0; i < m.elements<T>(); i++) {
                if (!active<T>(g, i)) continue;
                for (unsigned k = 0; k <= i; k++) r[i] += active<T>(g, k) && n[i] == other[k];
            }
            m.set_z(f.d(), r);
        });
    }
};
struct HistogramSegment {
    template <typename F>
    static void run(Machine& m, F f) {
        const auto n = m.z<uint8_t>(f.n()), other = m.z<uint8_t>(f.m());
        Lanes<uint8_t> r{};
        for (unsigned i = 0; i < r.size(); i++)
            for (unsigned k = 0; k < 16; k++) r[i] += n[i] == other[(i & ~15u) + k];
        m.set_z(f.d(), r);
    }
};
// Words, by AdvSIMD's function for 128 bits.
template <void (*helper)(CpuState*, unsigned)>
struct EstimateWords {
    template <typename F>
    static void run(Machine& m, F f) {
        const auto n = m.z<guest::Vec128>(f.n());
        Lanes<guest::Vec128> r;
        for (unsigned i = 0; i < r.size(); i++) {
            m.cpu.vector_scratch[0] = n[i];
            helper(&m.cpu, 0);
            r[i] = m.cpu.vector_scratch[0];
        }
        m.set_z(f.d(), select(m.p(f.g()), std::bit_cast<Lanes<uint32_t>>(r), m.z<uint32_t>(f.d())));
    }
};

}  // namespace armature::translator::sve
