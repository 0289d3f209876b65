// SPDX-License-Identifier: MIT
// Forms of integer instructions: where the operands come from and where the result goes. In their names z is
// a vector, g a governing predicate, p a predicate, x a general register, i an immediate, e an indexed
// element; the first letter is the result.
#pragma once

#include "translator/decode/bit_masks.h"
#include "translator/sve/operations.h"

namespace armature::translator::sve {

template <typename T, typename Op>
Lanes<T> map(const Lanes<T>& a, Op op) {
    Lanes<T> r;
    for (unsigned i = 0; i < r.size(); i++) r[i] = op(a[i]);
    return r;
}
template <typename T, typename Op>
Lanes<T> map(const Lanes<T>& a, const Lanes<T>& b, Op op) {
    Lanes<T> r;
    for (unsigned i = 0; i < r.size(); i++) r[i] = op(a[i], b[i]);
    return r;
}
template <typename T, typename Op>
Lanes<T> map(const Lanes<T>& d, const Lanes<T>& a, const Lanes<T>& b, Op op) {
    Lanes<T> r;
    for (unsigned i = 0; i < r.size(); i++) r[i] = op(d[i], a[i], b[i]);
    return r;
}
template <typename T>
Lanes<T> splat(T value) {
    Lanes<T> r;
    r.fill(value);
    return r;
}
// Doublewords as amounts for the narrower elements beside them.
template <typename T>
Lanes<T> wide_amounts(const Lanes<uint64_t>& wide) {
    Lanes<T> r;
    for (unsigned i = 0; i < r.size(); i++) {
        const uint64_t amount = wide[i * sizeof(T) / 8];
        r[i] = static_cast<T>(amount < 255 ? amount : 255);
    }
    return r;
}

// --- Vectors
template <typename Op>
struct Zzz {
    template <typename F>
    static void run(Machine& m, F f) {
        by_size(m.size_field(),
                [&]<typename T>(T) { m.set_z(f.d(), map(m.z<T>(f.n()), m.z<T>(f.m()), Op{})); });
    }
};
// d is an operand too: d, n, m.
template <typename Op>
struct Zzza {
    template <typename F>
    static void run(Machine& m, F f) {
        by_size(m.size_field(), [&]<typename T>(T) {
            m.set_z(f.d(), map(m.z<T>(f.d()), m.z<T>(f.n()), m.z<T>(f.m()), Op{}));
        });
    }
};
// Bitwise, with the third operand in the field n.
template <typename Op>
struct Ternary {
    template <typename F>
    static void run(Machine& m, F f) {
        using T = uint64_t;
        m.set_z(f.d(), map(m.z<T>(f.d()), m.z<T>(f.m()), m.z<T>(f.n()), Op{}));
    }
};
template <typename Op>
struct ZzzWide {
    template <typename F>
    static void run(Machine& m, F f) {
        by_size(m.size_field(), [&]<typename T>(T) {
            m.set_z(f.d(), map(m.z<T>(f.n()), wide_amounts<T>(m.z<uint64_t>(f.m())), Op{}));
        });
    }
};

// --- Predicated, merging into d
template <typename Op>
struct Zgzz {
    template <typename F>
    static void run(Machine& m, F f) {
        by_size(m.size_field(), [&]<typename T>(T) {
            const auto d = m.z<T>(f.d());
            m.set_z(f.d(), select(m.p(f.g()), map(d, m.z<T>(f.m()), Op{}), d));
        });
    }
};
template <typename Op>
struct ZgzzWide {
    template <typename F>
    static void run(Machine& m, F f) {
        by_size(m.size_field(), [&]<typename T>(T) {
            const auto d = m.z<T>(f.d());
            m.set_z(f.d(), select(m.p(f.g()), map(d, wide_amounts<T>(m.z<uint64_t>(f.m())), Op{}), d));
        });
    }
};
template <typename Op>
struct Zgz {
    template <typename F>
    static void run(Machine& m, F f) {
        by_size(m.size_field(), [&]<typename T>(T) {
            m.set_z(f.d(), select(m.p(f.g()), map(m.z<T>(f.n()), Op{}), m.z<T>(f.d())));
        });
    }
};
// d = op(d, n, m)
template <typename Op>
struct Accumulate {
    template <typename F>
    static void run(Machine& m, F f) {
        by_size(m.size_field(), [&]<typename T>(T) {
            const auto d = m.z<T>(f.d());
            m.set_z(f.d(), select(m.p(f.g()), map(d, m.z<T>(f.n()), m.z<T>(f.m()), Op{}), d));
        });
    }
};
// d = op(a, d, m)
template <typename Op>
struct MultiplyAdd {
    template <typename F>
    static void run(Machine& m, F f) {
        by_size(m.size_field(), [&]<typename T>(T) {
            const auto d = m.z<T>(f.d());
            m.set_z(f.d(), select(m.p(f.g()), map(m.z<T>(f.a()), d, m.z<T>(f.m()), Op{}), d));
        });
    }
};

// --- Immediates
template <typename F>
uint64_t shifted_immediate(F f) {
    return uint64_t{f.i()} << (f.h() ? 8 : 0);
}
template <typename Op, typename Immediate>
void with_immediate(Machine& m, unsigned d, Immediate immediate) {
    by_size(m.size_field(),
            [&]<typename T>(T) { m.set_z(d, map(m.z<T>(d), splat(static_cast<T>(immediate)), Op{})); });
}
template <typename Op>
struct ZziShifted {  // unsigned, eight bits, perhaps times 256
    template <typename F>
    static void run(Machine& m, F f) {
        with_immediate<Op>(m, f.d(), shifted_immediate(f));
    }
};
template <typename Op>
struct ZziSigned {
    template <typename F>
    static void run(Machine& m, F f) {
        with_immediate<Op>(m, f.d(), f.i_signed());
    }
};
template <typename Op>
struct ZziUnsigned {
    template <typename F>
    static void run(Machine& m, F f) {
        with_immediate<Op>(m, f.d(), f.i());
    }
};
inline uint64_t logical_immediate(unsigned i) {
    return decode::bit_mask(i >> 12, i >> 6 & 63, i & 63);
}
template <typename Op>
struct ZziLogical {
    template <typename F>
    static void run(Machine& m, F f) {
        using T = uint64_t;
        m.set_z(f.d(), map(m.z<T>(f.d()), splat(logical_immediate(f.i())), Op{}));
    }
};

using decode::shift_immediate;
using decode::ShiftImmediate;
enum class Direction { Left, Right };
template <Direction direction>
unsigned amount_of(const ShiftImmediate& s) {
    return direction == Direction::Left ? s.left : s.right;
}
using enum Direction;

template <typename Op, Direction direction>
struct ZziShift {
    template <typename F>
    static void run(Machine& m, F f) {
        const ShiftImmediate s = shift_immediate(f.i());
        by_size(s.size, [&]<typename T>(T) {
            m.set_z(f.d(), map(m.z<T>(f.n()), splat(static_cast<T>(amount_of<direction>(s))), Op{}));
        });
    }
};
template <typename Op, Direction direction>
struct ZgziShift {
    template <typename F>
    static void run(Machine& m, F f) {
        const ShiftImmediate s = shift_immediate(f.i());
        by_size(s.size, [&]<typename T>(T) {
            const auto d = m.z<T>(f.d());
            m.set_z(f.d(),
                    select(m.p(f.g()), map(d, splat(static_cast<T>(amount_of<direction>(s))), Op{}), d));
        });
    }
};
// d + (n >> amount)
template <typename Op>
struct ShiftAccumulate {
    template <typename F>
    static void run(Machine& m, F f) {
        const ShiftImmediate s = shift_immediate(f.i());
        by_size(s.size, [&]<typename T>(T) {
            const auto shifted = map(m.z<T>(f.n()), splat(static_cast<T>(s.right)), Op{});
            m.set_z(f.d(), map(m.z<T>(f.d()), shifted, Add{}));
        });
    }
};
// Shifted bits replace those of d.
template <Direction direction>
struct ShiftInsert {
    template <typename F>
    static void run(Machine& m, F f) {
        const ShiftImmediate s = shift_immediate(f.i());
        by_size(s.size, [&]<typename T>(T) {
            const auto shift = [&](T x) {
                return static_cast<T>(direction == Left ? Lsl{}(x, static_cast<T>(s.left))
                                                        : Lsr{}(x, static_cast<T>(s.right)));
            };
            const T mask = shift(static_cast<T>(~T(0)));
            m.set_z(f.d(), map(m.z<T>(f.d()), m.z<T>(f.n()),
                               [&](T d, T n) { return static_cast<T>((d & ~mask) | shift(n)); }));
        });
    }
};
struct ExclusiveOrRotate {
    template <typename F>
    static void run(Machine& m, F f) {
        const ShiftImmediate s = shift_immediate(f.i());
        by_size(s.size, [&]<typename T>(T) {
            m.set_z(f.d(), map(m.z<T>(f.d()), m.z<T>(f.n()), [&](T a, T b) {
                        return std::rotr(static_cast<T>(a ^ b), static_cast<int>(s.right));
                    }));
        });
    }
};

// --- Comparisons
template <typename T>
void set_comparison(Machine& m, unsigned d, uint64_t governing, uint64_t result) {
    result &= governing & element_bits(log2_size<T>());
    m.set_p(d, result);
    m.test(governing, result, log2_size<T>());
}
template <typename Test>
struct Compare {
    template <typename F>
    static void run(Machine& m, F f) {
        by_size(m.size_field(), [&]<typename T>(T) {
            const auto a = m.z<T>(f.n()), b = m.z<T>(f.m());
            set_comparison<T>(m, f.d(), m.p(f.g()),
                              predicate_where<T>([&](unsigned i) { return Test{}(a[i], b[i]); }));
        });
    }
};
template <typename T, typename Test>
uint64_t compare_wide(const Lanes<T>& a, const Lanes<uint64_t>& b, bool is_signed) {
    return predicate_where<T>([&](unsigned i) {
        const uint64_t x = is_signed ? static_cast<uint64_t>(int64_t{static_cast<Signed<T>>(a[i])}) : a[i];
        return Test{}(x, b[i * sizeof(T) / 8]);
    });
}
template <typename Test, bool is_signed>
struct CompareWide {
    template <typename F>
    static void run(Machine& m, F f) {
        by_size(m.size_field(), [&]<typename T>(T) {
            set_comparison<T>(m, f.d(), m.p(f.g()),
                              compare_wide<T, Test>(m.z<T>(f.n()), m.z<uint64_t>(f.m()), is_signed));
        });
    }
};
template <typename Test, typename F>
void compare_immediate(Machine& m, F f, int64_t immediate) {
    by_size(m.size_field(), [&]<typename T>(T) {
        const auto a = m.z<T>(f.n());
        set_comparison<T>(m, f.d(), m.p(f.g()), predicate_where<T>([&](unsigned i) {
                              return Test{}(a[i], static_cast<T>(immediate));
                          }));
    });
}
template <typename Test>
struct CompareSigned {
    template <typename F>
    static void run(Machine& m, F f) {
        compare_immediate<Test>(m, f, f.i_signed());
    }
};
template <typename Test>
struct CompareUnsigned {
    template <typename F>
    static void run(Machine& m, F f) {
        compare_immediate<Test>(m, f, f.i());
    }
};

// --- Reductions
enum class Start { Zero, Ones, Least, Greatest };
template <typename Op, Start start>
struct Reduce {
    template <typename F>
    static void run(Machine& m, F f) {
        by_size(m.size_field(), [&]<typename T>(T) {
            constexpr T kOnes = static_cast<T>(~T(0));
            T result = start == Start::Ones       ? kOnes
                       : start == Start::Least    ? T(T(1) << (sizeof(T) * 8 - 1))
                       : start == Start::Greatest ? T(kOnes >> 1)
                                                  : T(0);
            const auto a = m.z<T>(f.n());
            for (unsigned i = 0; i < a.size(); i++)
                if (active<T>(m.p(f.g()), i)) result = Op{}(result, a[i]);
            m.set_v(f.d(), result);
        });
    }
};
template <bool is_signed>
struct AddAcross {
    template <typename F>
    static void run(Machine& m, F f) {
        by_size(m.size_field(), [&]<typename T>(T) {
            uint64_t sum = 0;
            const auto a = m.z<T>(f.n());
            for (unsigned i = 0; i < a.size(); i++)
                if (active<T>(m.p(f.g()), i))
                    sum += is_signed ? static_cast<uint64_t>(int64_t{static_cast<Signed<T>>(a[i])}) : a[i];
            m.set_v(f.d(), sum);
        });
    }
};

// --- Dot products of four narrow elements
template <typename A, typename B>
struct Dot {
    // d += n . m, with m's element of each 128-bit segment if `index` is not negative.
    template <typename T>
    static void run(Machine& m, unsigned d, unsigned n, unsigned other, int index) {
        using Part = std::conditional_t<sizeof(T) == 4, uint8_t, uint16_t>;
        using X = std::conditional_t<std::is_signed_v<A>, Signed<Part>, Part>;
        using Y = std::conditional_t<std::is_signed_v<B>, Signed<Part>, Part>;
        auto sum = m.z<T>(d);
        const auto a = m.z<Part>(n), b = m.z<Part>(other);
        for (unsigned i = 0; i < sum.size(); i++) {
            constexpr unsigned kSegment = 16 / sizeof(T);
            const unsigned j = index < 0 ? i : i / kSegment * kSegment + static_cast<unsigned>(index);
            for (unsigned k = 0; k < 4; k++)
                sum[i] += static_cast<T>(static_cast<int64_t>(static_cast<X>(a[i * 4 + k])) *
                                         static_cast<int64_t>(static_cast<Y>(b[j * 4 + k])));
        }
        m.set_z(d, sum);
    }
};
// By the size of the sum: words or doublewords.
template <typename A, typename B>
struct DotVectors {
    template <typename F>
    static void run(Machine& m, F f) {
        m.size_field() == 3 ? Dot<A, B>::template run<uint64_t>(m, f.d(), f.n(), f.m(), -1)
                            : Dot<A, B>::template run<uint32_t>(m, f.d(), f.n(), f.m(), -1);
    }
};
template <typename A, typename B>
struct DotElement {
    template <typename F>
    static void run(Machine& m, F f) {
        const int index = static_cast<int>(f.i());
        m.size_field() == 3 ? Dot<A, B>::template run<uint64_t>(m, f.d(), f.n(), f.m(), index)
                            : Dot<A, B>::template run<uint32_t>(m, f.d(), f.n(), f.m(), index);
    }
};
// d, two by two, plus n, two rows of eight, times m, two columns of eight; in each 128-bit segment.
template <typename A, typename B>
struct MatrixMultiply {
    template <typename F>
    static void run(Machine& m, F f) {
        auto sum = m.z<uint32_t>(f.d());
        const auto a = m.z<uint8_t>(f.n()), b = m.z<uint8_t>(f.m());
        for (unsigned i = 0; i < sum.size(); i++) {
            const unsigned segment = i / 4 * 16, row = (i & 2) * 4, column = (i & 1) * 8;
            for (unsigned k = 0; k < 8; k++)
                sum[i] += static_cast<uint32_t>(int32_t{static_cast<A>(a[segment + row + k])} *
                                                int32_t{static_cast<B>(b[segment + column + k])});
        }
        m.set_z(f.d(), sum);
    }
};

}  // namespace armature::translator::sve
