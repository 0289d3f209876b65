// SPDX-License-Identifier: MIT
// Forms that move elements.
#pragma once

#include "translator/sve/forms_predicate.h"

namespace armature::translator::sve {

// By elements of 2^size bytes, also of 16: r[i] = (n:m)[index(i, elements)].
template <typename How>
struct Permute {
    template <typename F>
    static void run(Machine& m, F f) {
        run_sized(m, f, m.size_field());
    }
    template <typename F>
    static void run_sized(Machine& m, F f, unsigned size) {
        const auto n = m.z<uint8_t>(f.n()), other = m.z<uint8_t>(f.m());
        const unsigned count = m.vl >> size, bytes = 1u << size;
        Lanes<uint8_t> r{};
        for (unsigned i = 0; i < count; i++) {
            const unsigned at = How::at(i, count);
            if (at >= 2 * count) continue;
            std::memcpy(&r[i * bytes], at < count ? &n[at * bytes] : &other[(at - count) * bytes], bytes);
        }
        m.set_z(f.d(), r);
    }
};
// Of 16 bytes. There are at least two.
template <typename How>
struct PermuteQuads {
    template <typename F>
    static void run(Machine& m, F f) {
        if (m.vl < 32) return m.undefined();
        Permute<How>::run_sized(m, f, 4);
    }
};
struct Reversed {
    template <typename F>
    static void run(Machine& m, F f) {
        by_size(m.size_field(), [&]<typename T>(T) {
            const auto n = m.z<T>(f.n());
            Lanes<T> r{};
            for (unsigned i = 0; i < m.elements<T>(); i++) r[i] = n[m.elements<T>() - 1 - i];
            m.set_z(f.d(), r);
        });
    }
};
template <typename From, bool high>
struct Unpack {
    template <typename F>
    static void run(Machine& m, F f) {
        by_wide_size(m.size_field(), [&]<typename T>(T) {
            using N = std::conditional_t<std::is_signed_v<From>, Signed<Narrower<T>>, Narrower<T>>;
            const auto n = m.z<Narrower<T>>(f.n());
            Lanes<T> r{};
            for (unsigned i = 0; i < m.elements<T>(); i++)
                r[i] = static_cast<T>(static_cast<N>(n[i + (high ? m.elements<T>() : 0)]));
            m.set_z(f.d(), r);
        });
    }
};

// --- Copies of one value
struct DupGeneral {
    template <typename F>
    static void run(Machine& m, F f) {
        by_size(m.size_field(), [&]<typename T>(T) { m.set_z(f.d(), splat(static_cast<T>(m.x_sp(f.n())))); });
    }
};
struct DupElement {
    template <typename F>
    static void run(Machine& m, F f) {
        const unsigned size = static_cast<unsigned>(std::countr_zero(f.i()));
        const unsigned index = f.i() >> (size + 1), bytes = 1u << size;
        const auto n = m.z<uint8_t>(f.n());
        Lanes<uint8_t> r{};
        if ((index + 1) * bytes <= m.vl) {
            for (unsigned at = 0; at < m.vl; at += bytes) std::memcpy(&r[at], &n[index * bytes], bytes);
        }
        m.set_z(f.d(), r);
    }
};
template <typename F>
uint64_t signed_shifted_immediate(F f) {
    return static_cast<uint64_t>(f.i_signed()) << (f.h() ? 8 : 0);
}
struct DupImmediate {
    template <typename F>
    static void run(Machine& m, F f) {
        by_size(m.size_field(),
                [&]<typename T>(T) { m.set_z(f.d(), splat(static_cast<T>(signed_shifted_immediate(f)))); });
    }
};
struct DupMask {
    template <typename F>
    static void run(Machine& m, F f) {
        m.set_z(f.d(), splat(logical_immediate(f.i())));
    }
};
template <typename T>
T expanded_float(unsigned imm8) {
    const uint64_t sign = imm8 >> 7 & 1, b = imm8 >> 6 & 1, low = imm8 & 0x3f;
    if constexpr (sizeof(T) == 8)
        return sign << 63 | (b ? uint64_t{0x3fc0} : uint64_t{0x4000}) << 48 | low << 48;
    if constexpr (sizeof(T) == 4)
        return static_cast<T>(sign << 31 | (b ? uint64_t{0x3e00} : uint64_t{0x4000}) << 16 | low << 19);
    return static_cast<T>(sign << 15 | (b ? uint64_t{0x3000} : uint64_t{0x4000}) | low << 6);
}
struct DupFloat {
    template <typename F>
    static void run(Machine& m, F f) {
        by_wide_size(m.size_field(), [&]<typename T>(T) { m.set_z(f.d(), splat(expanded_float<T>(f.i()))); });
    }
};
template <typename T>
void copy_active(Machine& m, unsigned d, unsigned g, T value, bool zeroing = false) {
    m.set_z(d, select(m.p(g), splat(value), zeroing ? Lanes<T>{} : m.z<T>(d)));
}
struct CopyGeneral {
    template <typename F>
    static void run(Machine& m, F f) {
        by_size(m.size_field(),
                [&]<typename T>(T) { copy_active(m, f.d(), f.g(), static_cast<T>(m.x_sp(f.n()))); });
    }
};
struct CopyScalar {
    template <typename F>
    static void run(Machine& m, F f) {
        by_size(m.size_field(), [&]<typename T>(T) { copy_active(m, f.d(), f.g(), m.z<T>(f.n())[0]); });
    }
};
struct CopyImmediate {
    template <typename F>
    static void run(Machine& m, F f) {
        by_size(m.size_field(), [&]<typename T>(T) {
            copy_active(m, f.d(), f.g(), static_cast<T>(signed_shifted_immediate(f)), !f.M());
        });
    }
};
struct CopyFloat {
    template <typename F>
    static void run(Machine& m, F f) {
        by_wide_size(m.size_field(),
                     [&]<typename T>(T) { copy_active(m, f.d(), f.g(), expanded_float<T>(f.i())); });
    }
};
struct Sel {
    template <typename F>
    static void run(Machine& m, F f) {
        by_size(m.size_field(),
                [&]<typename T>(T) { m.set_z(f.d(), select(m.p(f.g()), m.z<T>(f.n()), m.z<T>(f.m()))); });
    }
};
struct Movprfx {
    template <typename F>
    static void run(Machine& m, F f) {
        m.set_z(f.d(), m.z<uint64_t>(f.n()));
    }
};
struct MovprfxPredicated {
    template <typename F>
    static void run(Machine& m, F f) {
        by_size(m.size_field(), [&]<typename T>(T) {
            m.set_z(f.d(), select(m.p(f.g()), m.z<T>(f.n()), f.M() ? m.z<T>(f.d()) : Lanes<T>{}));
        });
    }
};

// --- Sequences
template <typename F>
void make_index(Machine& m, F f, uint64_t base, uint64_t step) {
    by_size(m.size_field(), [&]<typename T>(T) {
        Lanes<T> r;
        for (unsigned i = 0; i < r.size(); i++) r[i] = static_cast<T>(base + i * step);
        m.set_z(f.d(), r);
    });
}
struct IndexImmediates {
    template <typename F>
    static void run(Machine& m, F f) {
        make_index(m, f, static_cast<uint64_t>(f.i_signed()), static_cast<uint64_t>(f.j_signed()));
    }
};
struct IndexRegisterImmediate {
    template <typename F>
    static void run(Machine& m, F f) {
        make_index(m, f, m.x(f.n()), static_cast<uint64_t>(f.i_signed()));
    }
};
struct IndexImmediateRegister {
    template <typename F>
    static void run(Machine& m, F f) {
        make_index(m, f, static_cast<uint64_t>(f.i_signed()), m.x(f.m()));
    }
};
struct IndexRegisters {
    template <typename F>
    static void run(Machine& m, F f) {
        make_index(m, f, m.x(f.n()), m.x(f.m()));
    }
};

// --- Insert and extract
template <bool general>
struct Insr {
    template <typename F>
    static void run(Machine& m, F f) {
        by_size(m.size_field(), [&]<typename T>(T) {
            const auto d = m.z<T>(f.d());
            Lanes<T> r;
            for (unsigned i = 1; i < r.size(); i++) r[i] = d[i - 1];
            r[0] = general ? static_cast<T>(m.x(f.m())) : m.z<T>(f.m())[0];
            m.set_z(f.d(), r);
        });
    }
};
inline void extract(Machine& m, unsigned d, unsigned low, unsigned high, unsigned at) {
    const auto a = m.z<uint8_t>(low), b = m.z<uint8_t>(high);
    if (at >= m.vl) at = 0;
    Lanes<uint8_t> r{};
    for (unsigned i = 0; i < m.vl; i++) r[i] = i + at < m.vl ? a[i + at] : b[i + at - m.vl];
    m.set_z(d, r);
}
struct Ext {
    template <typename F>
    static void run(Machine& m, F f) {
        extract(m, f.d(), f.d(), f.m(), f.i());
    }
};
struct ExtPair {
    template <typename F>
    static void run(Machine& m, F f) {
        extract(m, f.d(), f.n(), (f.n() + 1) & 31, f.i());
    }
};
inline void splice(Machine& m, unsigned d, unsigned g, unsigned low, unsigned high, unsigned size) {
    const uint64_t governing = m.p(g) & element_bits(size);
    const auto a = m.z<uint8_t>(low), b = m.z<uint8_t>(high);
    Lanes<uint8_t> r{};
    unsigned at = 0;
    if (governing) {
        const unsigned first = static_cast<unsigned>(std::countr_zero(governing));
        const unsigned end = 64 - static_cast<unsigned>(std::countl_zero(governing)) + (1u << size) - 1;
        for (unsigned i = first; i < end; i++) r[at++] = a[i];
    }
    for (unsigned i = 0; at < m.vl; i++) r[at++] = b[i];
    m.set_z(d, r);
}
struct Splice {
    template <typename F>
    static void run(Machine& m, F f) {
        splice(m, f.d(), f.g(), f.d(), f.m(), m.size_field());
    }
};
struct SplicePair {
    template <typename F>
    static void run(Machine& m, F f) {
        splice(m, f.d(), f.g(), f.n(), (f.n() + 1) & 31, m.size_field());
    }
};
struct Compact {
    template <typename F>
    static void run(Machine& m, F f) {
        by_size(m.size_field(), [&]<typename T>(T) {
            const auto n = m.z<T>(f.n());
            Lanes<T> r{};
            unsigned at = 0;
            for (unsigned i = 0; i < n.size(); i++)
                if (active<T>(m.p(f.g()), i)) r[at++] = n[i];
            m.set_z(f.d(), r);
        });
    }
};

// The last active element, or the one behind it (around to the first). None active: the last of all, or the
// first.
enum class Pick { Last, After };
template <typename T, Pick pick>
T picked(const Machine& m, uint64_t governing, unsigned n, bool* none) {
    governing &= element_bits(log2_size<T>());
    const unsigned count = m.elements<T>();
    unsigned last = count - 1;
    *none = governing == 0;
    if (governing) last = (63 - static_cast<unsigned>(std::countl_zero(governing))) / sizeof(T);
    return m.z<T>(n)[pick == Pick::Last ? last : (last + 1) % count];
}
template <Pick pick>
struct LastToGeneral {
    template <typename F>
    static void run(Machine& m, F f) {
        bool none = false;
        by_size(m.size_field(),
                [&]<typename T>(T) { m.set_x(f.d(), picked<T, pick>(m, m.p(f.g()), f.n(), &none)); });
    }
};
template <Pick pick>
struct LastToScalar {
    template <typename F>
    static void run(Machine& m, F f) {
        bool none = false;
        by_size(m.size_field(),
                [&]<typename T>(T) { m.set_v(f.d(), picked<T, pick>(m, m.p(f.g()), f.n(), &none)); });
    }
};
// The conditional ones: d stays (its element alone, if it is a scalar) where none is active.
enum class Into { Vector, Scalar, General };
template <Pick pick, Into into>
struct Clast {
    template <typename F>
    static void run(Machine& m, F f) {
        by_size(m.size_field(), [&]<typename T>(T) {
            bool none = false;
            const T value = picked<T, pick>(m, m.p(f.g()), f.m(), &none);
            if constexpr (into == Into::General) {
                m.set_x(f.d(), none ? static_cast<T>(m.x(f.d())) : value);
            } else if constexpr (into == Into::Scalar) {
                m.set_v(f.d(), none ? m.z<T>(f.d())[0] : value);
            } else if (!none) {
                m.set_z(f.d(), splat(value));
            }
        });
    }
};

// --- Table lookups: indices beyond the tables give zero, or leave d's element.
template <typename T>
T looked_up(const Machine& m, const Lanes<T>* tables, unsigned count, T index, T otherwise) {
    const uint64_t total = uint64_t{count} * m.elements<T>();
    return index < total ? tables[index / m.elements<T>()][index % m.elements<T>()] : otherwise;
}
template <unsigned count, bool keeps>
struct Table {
    template <typename F>
    static void run(Machine& m, F f) {
        by_size(m.size_field(), [&]<typename T>(T) {
            Lanes<T> tables[count];
            for (unsigned i = 0; i < count; i++) tables[i] = m.z<T>((f.n() + i) & 31);
            const auto indices = m.z<T>(f.m());
            auto r = keeps ? m.z<T>(f.d()) : Lanes<T>{};
            for (unsigned i = 0; i < m.elements<T>(); i++)
                r[i] = looked_up<T>(m, tables, count, indices[i], r[i]);
            m.set_z(f.d(), r);
        });
    }
};

// --- Addresses
enum class Offsets { SignedWords, UnsignedWords, Whole };
template <Offsets offsets>
struct Adr {
    template <typename F>
    static void run(Machine& m, F f) {
        const auto add = [&]<typename T>(T) {
            m.set_z(f.d(), map(m.z<T>(f.n()), m.z<T>(f.m()), [&](T a, T b) {
                        const T offset =
                            offsets == Offsets::SignedWords     ? static_cast<T>(static_cast<int32_t>(b))
                            : offsets == Offsets::UnsignedWords ? static_cast<T>(static_cast<uint32_t>(b))
                                                                : b;
                        return static_cast<T>(a + (offset << f.i()));
                    }));
        };
        m.size_field() == 2 ? add(uint32_t{}) : add(uint64_t{});
    }
};

}  // namespace armature::translator::sve
