// SPDX-License-Identifier: MIT
// Forms of floating-point instructions.
#pragma once

#include "translator/sve/floats.h"

namespace armature::translator::sve {

constexpr uint64_t kAll = ~uint64_t{0};

// --- Vectors
template <typename Op>
struct FZzz {
    template <typename F>
    static void run(Machine& m, F f) {
        by_wide_size(m.size_field(), [&]<typename T>(T) {
            m.set_z(f.d(), compute<Op>(m, kAll, m.z<T>(f.n()), m.z<T>(f.m())));
        });
    }
};
template <typename Op>
struct FZz {
    template <typename F>
    static void run(Machine& m, F f) {
        by_wide_size(m.size_field(),
                     [&]<typename T>(T) { m.set_z(f.d(), compute<Op>(m, kAll, m.z<T>(f.n()))); });
    }
};
template <typename Op>
struct FZgz {
    template <typename F>
    static void run(Machine& m, F f) {
        by_wide_size(m.size_field(), [&]<typename T>(T) {
            const uint64_t g = m.p(f.g());
            m.set_z(f.d(), select(g, compute<Op>(m, g, m.z<T>(f.n())), m.z<T>(f.d())));
        });
    }
};
template <typename Op, bool reversed>
struct FZgzz {
    template <typename F>
    static void run(Machine& m, F f) {
        by_wide_size(m.size_field(), [&]<typename T>(T) {
            const uint64_t g = m.p(f.g());
            const auto d = m.z<T>(f.d()), other = m.z<T>(f.m());
            m.set_z(f.d(),
                    select(g, reversed ? compute<Op>(m, g, other, d) : compute<Op>(m, g, d, other), d));
        });
    }
};
struct FAbsoluteDifference {
    template <typename F>
    static void run(Machine& m, F f) {
        by_wide_size(m.size_field(), [&]<typename T>(T) {
            const uint64_t g = m.p(f.g());
            const auto d = m.z<T>(f.d());
            m.set_z(f.d(), select(g, map(compute<FSub>(m, g, d, m.z<T>(f.m())), Fabs{}), d));
        });
    }
};
// One of two constants, as the bits of a double, a single and a half.
enum class Constant { Zero, Half, One, Two };
template <typename T>
constexpr T constant_bits(Constant constant) {
    constexpr uint64_t kDouble[] = {0, 0x3fe0000000000000, 0x3ff0000000000000, 0x4000000000000000};
    constexpr uint32_t kSingle[] = {0, 0x3f000000, 0x3f800000, 0x40000000};
    constexpr uint16_t kHalf[] = {0, 0x3800, 0x3c00, 0x4000};
    const auto n = static_cast<unsigned>(constant);
    return static_cast<T>(sizeof(T) == 8 ? kDouble[n] : sizeof(T) == 4 ? kSingle[n] : kHalf[n]);
}
template <typename Op, bool reversed, Constant first, Constant second>
struct FZgzi {
    template <typename F>
    static void run(Machine& m, F f) {
        by_wide_size(m.size_field(), [&]<typename T>(T) {
            const uint64_t g = m.p(f.g());
            const auto d = m.z<T>(f.d()), other = splat(constant_bits<T>(f.i() ? second : first));
            m.set_z(f.d(),
                    select(g, reversed ? compute<Op>(m, g, other, d) : compute<Op>(m, g, d, other), d));
        });
    }
};
template <typename T>
Lanes<T> negated(const Lanes<T>& a, bool negate) {
    return negate ? map(a, Fneg{}) : a;
}
// d = (-)addend + (-)factor * m, where one of the two is d.
template <bool negate_addend, bool negate_product, typename F>
void multiply_add(Machine& m, F f, unsigned addend, unsigned factor) {
    by_wide_size(m.size_field(), [&]<typename T>(T) {
        const uint64_t g = m.p(f.g());
        m.set_z(f.d(), select(g,
                              compute<FMulAdd>(m, g, negated(m.z<T>(addend), negate_addend),
                                               negated(m.z<T>(factor), negate_product), m.z<T>(f.m())),
                              m.z<T>(f.d())));
    });
}
template <bool negate_addend, bool negate_product>
struct FAccumulate {
    template <typename F>
    static void run(Machine& m, F f) {
        multiply_add<negate_addend, negate_product>(m, f, f.d(), f.n());
    }
};
template <bool negate_addend, bool negate_product>
struct FMultiplyAdd {
    template <typename F>
    static void run(Machine& m, F f) {
        multiply_add<negate_addend, negate_product>(m, f, f.a(), f.d());
    }
};
// The element `index` of each 128-bit segment, all over that segment; elements of `group` bytes.
template <typename T>
Lanes<T> indexed(const Lanes<T>& a, unsigned index, unsigned group = 1) {
    constexpr unsigned kSegment = 16 / sizeof(T);
    Lanes<T> r;
    for (unsigned i = 0; i < r.size(); i++) r[i] = a[i / kSegment * kSegment + index * group + i % group];
    return r;
}
template <bool negate_product>
struct FAccumulateElement {
    template <typename F>
    static void run(Machine& m, F f) {
        by_wide_size(m.size_field() < 2 ? 1 : m.size_field(), [&]<typename T>(T) {
            m.set_z(f.d(), compute<FMulAdd>(m, kAll, m.z<T>(f.d()), negated(m.z<T>(f.n()), negate_product),
                                            indexed(m.z<T>(f.m()), f.i())));
        });
    }
};
struct FMultiplyElement {
    template <typename F>
    static void run(Machine& m, F f) {
        by_wide_size(m.size_field() < 2 ? 1 : m.size_field(), [&]<typename T>(T) {
            m.set_z(f.d(), compute<FMul>(m, kAll, m.z<T>(f.n()), indexed(m.z<T>(f.m()), f.i())));
        });
    }
};

// --- Complex numbers: pairs of elements
struct FComplexAdd {
    template <typename F>
    static void run(Machine& m, F f) {
        by_wide_size(m.size_field(), [&]<typename T>(T) {
            const uint64_t g = m.p(f.g());
            const auto d = m.z<T>(f.d()), other = m.z<T>(f.m());
            Lanes<T> turned;
            for (unsigned i = 0; i < turned.size(); i++) {
                const bool negate = (i & 1) == f.r();
                turned[i] = negate ? Fneg{}(other[i ^ 1]) : other[i ^ 1];
            }
            m.set_z(f.d(), select(g, compute<FAdd>(m, g, d, turned), d));
        });
    }
};
template <typename T>
Lanes<T> complex_accumulate(Machine& m, uint64_t governing, const Lanes<T>& d, const Lanes<T>& n,
                            const Lanes<T>& other, unsigned rotation) {
    Lanes<T> a, b;
    for (unsigned i = 0; i < a.size(); i++) {
        const unsigned odd = i & 1, turn = rotation & 1;
        a[i] = n[(i & ~1u) + turn];
        b[i] = other[(i & ~1u) + (odd ^ turn)];
        if (odd ? rotation & 2 : rotation == 1 || rotation == 2) b[i] = Fneg{}(b[i]);
    }
    return compute<FMulAdd>(m, governing, d, a, b);
}
struct FComplexAccumulate {
    template <typename F>
    static void run(Machine& m, F f) {
        by_wide_size(m.size_field(), [&]<typename T>(T) {
            const uint64_t g = m.p(f.g());
            const auto d = m.z<T>(f.d());
            m.set_z(f.d(), select(g, complex_accumulate(m, g, d, m.z<T>(f.n()), m.z<T>(f.m()), f.r()), d));
        });
    }
};
struct FComplexElement {  // halves (size 2) and singles (size 3)
    template <typename F>
    static void run(Machine& m, F f) {
        const auto go = [&]<typename T>(T) {
            m.set_z(f.d(), complex_accumulate(m, kAll, m.z<T>(f.d()), m.z<T>(f.n()),
                                              indexed(m.z<T>(f.m()), f.i(), 2), f.r()));
        };
        m.size_field() == 2 ? go(uint16_t{}) : go(uint32_t{});
    }
};

// --- Comparisons
enum class Relation { Eq, Ne, Ge, Gt, Le, Lt, Unordered };
template <Relation relation, typename T>
bool compare_floats(CpuState& cpu, T x, T y) {
    using F = FloatOf<T>;
    using Form = fp::Format<F>;
    const auto a = fp::flush_input<F>(&cpu, x), b = fp::flush_input<F>(&cpu, y);
    constexpr bool kQuiet =
        relation == Relation::Eq || relation == Relation::Ne || relation == Relation::Unordered;
    if (Form::is_nan(a) || Form::is_nan(b)) {
        if (!kQuiet || Form::is_snan(a) || Form::is_snan(b)) cpu.fpsr |= fp::kInvalid;
        return relation == Relation::Unordered || relation == Relation::Ne;
    }
    const auto p = Form::real(a), q = Form::real(b);
    switch (relation) {
        case Relation::Eq:
            return p == q;
        case Relation::Ne:
            return p != q;
        case Relation::Ge:
            return p >= q;
        case Relation::Gt:
            return p > q;
        case Relation::Le:
            return p <= q;
        case Relation::Lt:
            return p < q;
        default:
            return false;
    }
}
template <Relation relation, bool absolute>
struct FCompare {
    template <typename F>
    static void run(Machine& m, F f) {
        by_wide_size(m.size_field(), [&]<typename T>(T) {
            const uint64_t g = m.p(f.g());
            auto a = m.z<T>(f.n());
            Lanes<T> b{};
            if constexpr (requires { f.m(); }) b = m.z<T>(f.m());
            if (absolute) a = map(a, Fabs{}), b = map(b, Fabs{});
            m.set_p(f.d(), predicate_where<T>([&](unsigned i) {
                        return active<T>(g, i) && compare_floats<relation>(m.cpu, a[i], b[i]);
                    }));
        });
    }
};

// --- Reductions
template <typename T>
constexpr T infinity(bool negative) {
    using Form = fp::Format<FloatOf<T>>;
    return static_cast<T>(Form::kInfinity | (negative ? Form::kSign : 0));
}
// In the order of the manual: halves of the vector, and halves of these.
template <typename Op>
struct FReduce {
    template <typename F>
    static void run(Machine& m, F f) {
        by_wide_size(m.size_field(), [&]<typename T>(T) {
            using Form = fp::Format<FloatOf<T>>;
            constexpr T kNeutral = std::is_same_v<Op, FAdd>   ? T(0)
                                   : std::is_same_v<Op, FMax> ? infinity<T>(true)
                                   : std::is_same_v<Op, FMin> ? infinity<T>(false)
                                                              : static_cast<T>(Form::kDefaultNan);
            auto a = select(m.p(f.g()), m.z<T>(f.n()), splat(kNeutral));
            for (unsigned count = m.elements<T>() / 2; count; count /= 2) {
                Lanes<T> even{}, odd{};
                for (unsigned i = 0; i < count; i++) even[i] = a[2 * i], odd[i] = a[2 * i + 1];
                a = compute<Op>(m, first_elements(count, log2_size<T>()), even, odd);
            }
            m.set_v(f.d(), a[0]);
        });
    }
};
struct FAddOrdered {
    template <typename F>
    static void run(Machine& m, F f) {
        by_wide_size(m.size_field(), [&]<typename T>(T) {
            const auto a = m.z<T>(f.m());
            Lanes<T> sum{};
            sum[0] = m.z<T>(f.d())[0];
            for (unsigned i = 0; i < m.elements<T>(); i++) {
                Lanes<T> next{};
                next[0] = a[i];
                if (active<T>(m.p(f.g()), i)) sum = compute<FAdd>(m, 1, sum, next);
            }
            m.set_v(f.d(), sum[0]);
        });
    }
};
// d[2i] = op of a pair of d, d[2i + 1] = op of a pair of m.
template <typename T>
std::array<Lanes<T>, 2> pairs_of(const Lanes<T>& d, const Lanes<T>& other) {
    std::array<Lanes<T>, 2> r;
    for (unsigned i = 0; i < d.size(); i += 2) {
        r[0][i] = d[i], r[1][i] = d[i + 1];
        r[0][i + 1] = other[i], r[1][i + 1] = other[i + 1];
    }
    return r;
}
template <typename Op>
struct FPairwise {
    template <typename F>
    static void run(Machine& m, F f) {
        by_wide_size(m.size_field(), [&]<typename T>(T) {
            const uint64_t g = m.p(f.g());
            const auto d = m.z<T>(f.d());
            const auto pairs = pairs_of(d, m.z<T>(f.m()));
            m.set_z(f.d(), select(g, compute<Op>(m, g, pairs[0], pairs[1]), d));
        });
    }
};

// --- Element by element (floats.cc). Op: T operator()(CpuState&, T) or (CpuState&, T, T).
template <typename Op>
struct FEach {
    template <typename F>
    static void run(Machine& m, F f) {
        by_wide_size(m.size_field(), [&]<typename T>(T) {
            const auto n = m.z<T>(f.n());
            auto d = m.z<T>(f.d());
            for (unsigned i = 0; i < m.elements<T>(); i++)
                if (active<T>(m.p(f.g()), i)) d[i] = Op{}(m.cpu, n[i]);
            m.set_z(f.d(), d);
        });
    }
};
enum class Round { Nearest, Up, Down, Zero, Away, Mode, ModeExact };
uint64_t round_to_integral(CpuState& cpu, uint64_t bits, unsigned size, Round round);
template <Round round>
struct FRound {
    template <typename T>
    T operator()(CpuState& cpu, T x) const {
        return static_cast<T>(round_to_integral(cpu, x, log2_size<T>(), round));
    }
};
uint64_t scaled(CpuState& cpu, uint64_t bits, int64_t by, unsigned size);
struct FScale {
    template <typename F>
    static void run(Machine& m, F f) {
        by_wide_size(m.size_field(), [&]<typename T>(T) {
            const auto by = m.z<T>(f.m());
            auto d = m.z<T>(f.d());
            for (unsigned i = 0; i < m.elements<T>(); i++)
                if (active<T>(m.p(f.g()), i))
                    d[i] = static_cast<T>(scaled(m.cpu, d[i], static_cast<Signed<T>>(by[i]), log2_size<T>()));
            m.set_z(f.d(), d);
        });
    }
};
uint64_t binary_exponent(CpuState& cpu, uint64_t bits, unsigned size);
struct FLogB {
    template <typename F>
    static void run(Machine& m, F f) {
        by_wide_size(m.word >> 17 & 3, [&]<typename T>(T) {
            const auto n = m.z<T>(f.n());
            auto d = m.z<T>(f.d());
            for (unsigned i = 0; i < m.elements<T>(); i++)
                if (active<T>(m.p(f.g()), i))
                    d[i] = static_cast<T>(binary_exponent(m.cpu, n[i], log2_size<T>()));
            m.set_z(f.d(), d);
        });
    }
};

// --- Conversions: elements of the larger of the two sizes, of which the low part counts.
uint64_t convert_float(CpuState& cpu, uint64_t bits, unsigned from, unsigned to);
uint64_t float_to_integer(CpuState& cpu, uint64_t bits, unsigned from, unsigned to, bool is_signed);
uint64_t integer_to_float(CpuState& cpu, uint64_t bits, unsigned from, unsigned to, bool is_signed);
uint64_t narrow_to_odd(CpuState& cpu, uint64_t bits);
uint64_t narrow_to_bfloat(CpuState& cpu, uint64_t bits);

template <unsigned from, unsigned to, typename F, typename Convert>
void convert_elements(Machine& m, F f, Convert convert) {
    using T = std::conditional_t<(from > to ? from : to) == 3, uint64_t,
                                 std::conditional_t<(from > to ? from : to) == 2, uint32_t, uint16_t>>;
    const auto n = m.z<T>(f.n());
    auto d = m.z<T>(f.d());
    for (unsigned i = 0; i < m.elements<T>(); i++) {
        if (!active<T>(m.p(f.g()), i)) continue;
        d[i] = static_cast<T>(convert(n[i] & ~uint64_t{0} >> (64 - (8u << from))));
    }
    m.set_z(f.d(), d);
}
template <unsigned from, unsigned to>
struct FConvert {
    template <typename F>
    static void run(Machine& m, F f) {
        convert_elements<from, to>(m, f, [&](uint64_t x) { return convert_float(m.cpu, x, from, to); });
    }
};
template <unsigned from, unsigned to, bool is_signed>
struct FToInteger {
    template <typename F>
    static void run(Machine& m, F f) {
        convert_elements<from, to>(
            m, f, [&](uint64_t x) { return float_to_integer(m.cpu, x, from, to, is_signed); });
    }
};
template <unsigned from, unsigned to, bool is_signed>
struct FFromInteger {
    template <typename F>
    static void run(Machine& m, F f) {
        convert_elements<from, to>(
            m, f, [&](uint64_t x) { return integer_to_float(m.cpu, x, from, to, is_signed); });
    }
};
struct FConvertOdd {
    template <typename F>
    static void run(Machine& m, F f) {
        convert_elements<3, 2>(m, f, [&](uint64_t x) { return narrow_to_odd(m.cpu, x); });
    }
};
struct BfConvert {
    template <typename F>
    static void run(Machine& m, F f) {
        convert_elements<2, 1>(m, f, [&](uint64_t x) { return narrow_to_bfloat(m.cpu, x); });
    }
};
// To the upper halves of elements (top), whose lower halves stay; from the upper halves.
template <typename T, typename Convert, typename F>
void convert_to_top(Machine& m, F f, Convert convert) {
    const auto n = m.z<T>(f.n());
    auto d = m.z<Narrower<T>>(f.d());
    for (unsigned i = 0; i < m.elements<T>(); i++)
        if (active<T>(m.p(f.g()), i)) d[2 * i + 1] = static_cast<Narrower<T>>(convert(n[i]));
    m.set_z(f.d(), d);
}
template <typename T>
struct FNarrowTop {
    template <typename F>
    static void run(Machine& m, F f) {
        constexpr unsigned kFrom = log2_size<T>();
        convert_to_top<T>(m, f, [&](uint64_t x) { return convert_float(m.cpu, x, kFrom, kFrom - 1); });
    }
};
struct FNarrowTopOdd {
    template <typename F>
    static void run(Machine& m, F f) {
        convert_to_top<uint64_t>(m, f, [&](uint64_t x) { return narrow_to_odd(m.cpu, x); });
    }
};
struct BfNarrowTop {
    template <typename F>
    static void run(Machine& m, F f) {
        convert_to_top<uint32_t>(m, f, [&](uint64_t x) { return narrow_to_bfloat(m.cpu, x); });
    }
};
template <typename T>
struct FWidenTop {
    template <typename F>
    static void run(Machine& m, F f) {
        constexpr unsigned kTo = log2_size<T>();
        const auto n = m.z<Narrower<T>>(f.n());
        auto d = m.z<T>(f.d());
        for (unsigned i = 0; i < m.elements<T>(); i++)
            if (active<T>(m.p(f.g()), i))
                d[i] = static_cast<T>(convert_float(m.cpu, n[2 * i + 1], kTo - 1, kTo));
        m.set_z(f.d(), d);
    }
};

// --- Widening multiply-add, of every other half or bfloat16
Lanes<uint32_t> widened_halves(Machine& m, const Lanes<uint16_t>& halves, bool top);
inline Lanes<uint32_t> widened_bfloats(Machine&, const Lanes<uint16_t>& halves, bool top) {
    Lanes<uint32_t> r;
    for (unsigned i = 0; i < r.size(); i++) r[i] = uint32_t{halves[2 * i + top]} << 16;
    return r;
}
template <bool bfloat, bool top, bool negate>
struct FAccumulateLong {
    template <typename F>
    static void run(Machine& m, F f) {
        const auto widen = bfloat ? widened_bfloats : widened_halves;
        auto n = m.z<uint16_t>(f.n()), other = m.z<uint16_t>(f.m());
        if constexpr (requires { f.i(); }) other = indexed(other, f.i());
        constexpr bool kIndexed = requires {
            f.i();
        };
        if (negate) n = map(n, Fneg{});
        m.set_z(f.d(), compute<FMulAdd>(m, kAll, m.z<uint32_t>(f.d()), widen(m, n, top),
                                        widen(m, other, kIndexed ? false : top)));
    }
};
// BFDOT, BFMMLA: 128 bits at a time.
template <Helper helper>
struct BfSegments {
    template <typename F>
    static void run(Machine& m, F f) {
        auto other = m.z<uint32_t>(f.m());
        if constexpr (requires { f.i(); }) other = indexed(other, f.i());
        m.set_z(f.d(), by_helper(m, kAll, {nullptr, helper, nullptr}, m.z<uint32_t>(f.d()),
                                 m.z<uint32_t>(f.n()), other));
    }
};
// d, two by two, plus n, two rows of two, times m, two columns of two.
template <typename T>
struct FMatrixMultiply {
    template <typename F>
    static void run(Machine& m, F f) {
        if (m.vl < 4 * sizeof(T)) return m.undefined();
        const auto n = m.z<T>(f.n()), other = m.z<T>(f.m()), d = m.z<T>(f.d());
        const unsigned whole = m.vl / (4 * sizeof(T)) * 4;
        Lanes<T> a[2] = {}, b[2] = {};
        for (unsigned i = 0; i < whole; i++) {
            for (unsigned k = 0; k < 2; k++) {
                a[k][i] = n[(i & ~3u) + (i & 2) + k];
                b[k][i] = other[(i & ~3u) + (i & 1) * 2 + k];
            }
        }
        const uint64_t governing = first_elements(whole, log2_size<T>());
        const auto first = compute<FMul>(m, governing, a[0], b[0]);
        const auto second = compute<FMul>(m, governing, a[1], b[1]);
        const auto sum = compute<FAdd>(m, governing, d, compute<FAdd>(m, governing, first, second));
        m.set_z(f.d(), select(governing, sum, Lanes<T>{}));
    }
};

// --- For sine, cosine and exponential
uint64_t trigonometric_coefficient(unsigned index, unsigned size);
uint64_t exponential_fraction(unsigned index, unsigned size);
struct FTrigMultiplyAdd {
    template <typename F>
    static void run(Machine& m, F f) {
        by_wide_size(m.size_field(), [&]<typename T>(T) {
            const auto d = m.z<T>(f.d()), other = m.z<T>(f.m());
            const auto coefficients = map(other, [&](T x) {
                const unsigned negative = static_cast<Signed<T>>(x) < 0 ? 8 : 0;
                return static_cast<T>(trigonometric_coefficient(f.i() + negative, log2_size<T>()));
            });
            m.set_z(f.d(), compute<FMulAdd>(m, kAll, coefficients, d, map(other, Fabs{})));
        });
    }
};
struct FTrigStartMultiply {
    template <typename F>
    static void run(Machine& m, F f) {
        by_wide_size(m.size_field(), [&]<typename T>(T) {
            using Form = fp::Format<FloatOf<T>>;
            const auto n = m.z<T>(f.n());
            m.set_z(f.d(), map(compute<FMul>(m, kAll, n, n), m.z<T>(f.m()), [](T square, T sign) {
                        if (Form::is_nan(square)) return square;
                        return static_cast<T>((square & ~Form::kSign) | (sign & 1 ? Form::kSign : 0));
                    }));
        });
    }
};
struct FTrigSelect {
    template <typename F>
    static void run(Machine& m, F f) {
        by_wide_size(m.size_field(), [&]<typename T>(T) {
            m.set_z(f.d(), map(m.z<T>(f.n()), m.z<T>(f.m()), [](T n, T which) {
                        const T value = which & 1 ? kOne<T> : n;
                        return which & 2 ? Fneg{}(value) : value;
                    }));
        });
    }
};
struct FExponential {
    template <typename F>
    static void run(Machine& m, F f) {
        by_wide_size(m.size_field(), [&]<typename T>(T) {
            using Form = fp::Format<FloatOf<T>>;
            constexpr unsigned kIndexBits = sizeof(T) == 2 ? 5 : 6;
            m.set_z(f.d(), map(m.z<T>(f.n()), [](T x) {
                        const unsigned index = x & ((1u << kIndexBits) - 1);
                        const T exponent = static_cast<T>((x >> kIndexBits) & Form::kExponentMax);
                        return static_cast<T>(exponent << Form::kFractionBits |
                                              exponential_fraction(index, log2_size<T>()));
                    }));
        });
    }
};

}  // namespace armature::translator::sve
