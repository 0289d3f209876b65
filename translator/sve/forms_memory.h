// SPDX-License-Identifier: MIT
// Loads and stores. A row says how addresses come about; the sizes are in the same bits of all rows of a
// kind.
//
// Nothing is written to a register before all elements are there. The elements of a store are stored in their
// order: those before one that faults have been.
#pragma once

#include "translator/sve/forms_permute.h"

namespace armature::translator::sve {

enum class Faults { All, First, None };  // which elements' accesses may fault

using decode::load_shape;
using decode::Shape;

// `registers` vectors of structures at `address`, governed by g.
void load_contiguous(Machine& m, unsigned t, unsigned g, unsigned registers, Shape shape, uint64_t address,
                     Faults faults);
void store_contiguous(Machine& m, unsigned t, unsigned g, unsigned registers, Shape shape, uint64_t address);
// Element i at addresses[i].
using Addresses = std::array<uint64_t, kSveMaxBytes / 4>;
void gather(Machine& m, unsigned t, unsigned g, Shape shape, const Addresses& addresses, Faults faults);
void scatter(Machine& m, unsigned t, unsigned g, Shape shape, const Addresses& addresses);
// One element for all, or `bytes` for each piece of that size.
void load_replicated(Machine& m, unsigned t, unsigned g, Shape shape, uint64_t address);
void load_quads(Machine& m, unsigned t, unsigned g, unsigned size, unsigned bytes, uint64_t address);
void load_register(Machine& m, unsigned t, uint64_t address, bool predicate);
void store_register(Machine& m, unsigned t, uint64_t address, bool predicate);

inline unsigned memory_size(const Machine& m) {
    return m.word >> 23 & 3;
}
inline unsigned store_element_size(const Machine& m) {
    return m.word >> 21 & 3;
}

// Base plus a multiple of what the instruction accesses, or plus an index of elements.
template <typename F>
uint64_t contiguous_address(Machine& m, F f, unsigned memory, unsigned bytes) {
    if constexpr (requires { f.m(); }) {
        return m.x_sp(f.n()) + (m.x(f.m()) << memory);
    } else {
        m.tags_unchecked = f.n() == 31;
        return m.x_sp(f.n()) + static_cast<uint64_t>(f.i_signed() * int64_t{bytes});
    }
}
template <Faults faults>
struct LoadContiguous {
    template <typename F>
    static void run(Machine& m, F f) {
        const Shape shape = load_shape(m.word >> 21 & 15);
        const unsigned bytes = m.vl >> shape.element << shape.memory;
        load_contiguous(m, f.t(), f.g(), 1, shape, contiguous_address(m, f, shape.memory, bytes), faults);
    }
};
struct LoadStructures {
    template <typename F>
    static void run(Machine& m, F f) {
        const unsigned size = memory_size(m), registers = (m.word >> 21 & 3) + 1;
        load_contiguous(m, f.t(), f.g(), registers, {size, size},
                        contiguous_address(m, f, size, m.vl * registers), Faults::All);
    }
};
struct StoreContiguous {
    template <typename F>
    static void run(Machine& m, F f) {
        const unsigned element = store_element_size(m), memory = memory_size(m);
        const unsigned bytes = m.vl >> element << memory;
        store_contiguous(m, f.t(), f.g(), 1, {element, memory}, contiguous_address(m, f, memory, bytes));
    }
};
struct StoreStructures {
    template <typename F>
    static void run(Machine& m, F f) {
        const unsigned size = memory_size(m), registers = (m.word >> 21 & 3) + 1;
        store_contiguous(m, f.t(), f.g(), registers, {size, size},
                         contiguous_address(m, f, size, m.vl * registers));
    }
};
// Non-temporal: the bits of the element's size say something else.
struct LoadNonTemporal {
    template <typename F>
    static void run(Machine& m, F f) {
        const unsigned size = memory_size(m);
        load_contiguous(m, f.t(), f.g(), 1, {size, size}, contiguous_address(m, f, size, m.vl), Faults::All);
    }
};
struct StoreNonTemporal {
    template <typename F>
    static void run(Machine& m, F f) {
        const unsigned size = memory_size(m);
        store_contiguous(m, f.t(), f.g(), 1, {size, size}, contiguous_address(m, f, size, m.vl));
    }
};
struct LoadReplicated {
    template <typename F>
    static void run(Machine& m, F f) {
        const Shape shape = load_shape((m.word >> 23 & 3) << 2 | (m.word >> 13 & 3));
        m.tags_unchecked = f.n() == 31;
        load_replicated(m, f.t(), f.g(), shape, m.x_sp(f.n()) + (uint64_t{f.i()} << shape.memory));
    }
};
template <unsigned bytes>
struct LoadQuads {
    template <typename F>
    static void run(Machine& m, F f) {
        if (m.vl < bytes) return m.undefined();
        const unsigned size = memory_size(m);
        load_quads(m, f.t(), f.g(), size, bytes, contiguous_address(m, f, size, bytes));
    }
};
template <bool predicate>
struct LoadRegister {
    template <typename F>
    static void run(Machine& m, F f) {
        const int64_t unit = predicate ? m.vl / 8 : m.vl;
        m.tags_unchecked = f.n() == 31;
        load_register(m, f.t(), m.x_sp(f.n()) + static_cast<uint64_t>(f.i_signed() * unit), predicate);
    }
};
template <bool predicate>
struct StoreRegister {
    template <typename F>
    static void run(Machine& m, F f) {
        const int64_t unit = predicate ? m.vl / 8 : m.vl;
        m.tags_unchecked = f.n() == 31;
        store_register(m, f.t(), m.x_sp(f.n()) + static_cast<uint64_t>(f.i_signed() * unit), predicate);
    }
};

// --- Gather and scatter. T is the type of the vector elements that addresses are made of.
template <typename T, typename Offset>
Addresses scalar_plus_vector(const Machine& m, unsigned n, unsigned vector, unsigned shift) {
    const auto offsets = m.z<T>(vector);
    Addresses r{};
    for (unsigned i = 0; i < m.elements<T>(); i++)
        r[i] = m.x_sp(n) + (static_cast<uint64_t>(static_cast<Offset>(offsets[i])) << shift);
    return r;
}
template <typename T>
Addresses vector_plus(const Machine& m, unsigned vector, uint64_t offset) {
    const auto bases = m.z<T>(vector);
    Addresses r{};
    for (unsigned i = 0; i < m.elements<T>(); i++) r[i] = bases[i] + offset;
    return r;
}
template <typename T, typename F>
Addresses extended_addresses(const Machine& m, F f, unsigned shift) {
    return f.x() ? scalar_plus_vector<T, int32_t>(m, f.n(), f.m(), shift)
                 : scalar_plus_vector<T, uint32_t>(m, f.n(), f.m(), shift);
}
template <typename T>
Shape gather_shape(const Machine& m, bool is_unsigned) {
    return {log2_size<T>(), memory_size(m), !is_unsigned};
}
inline bool gather_unsigned(const Machine& m) {
    return m.word >> 14 & 1;
}
inline Faults gather_faults(const Machine& m) {
    return m.word >> 13 & 1 ? Faults::First : Faults::All;
}
inline unsigned gather_shift(const Machine& m) {
    return m.word >> 21 & 1 ? memory_size(m) : 0;
}
template <typename T>
struct GatherExtended {
    template <typename F>
    static void run(Machine& m, F f) {
        gather(m, f.t(), f.g(), gather_shape<T>(m, gather_unsigned(m)),
               extended_addresses<T>(m, f, gather_shift(m)), gather_faults(m));
    }
};
struct GatherWhole {
    template <typename F>
    static void run(Machine& m, F f) {
        gather(m, f.t(), f.g(), gather_shape<uint64_t>(m, gather_unsigned(m)),
               scalar_plus_vector<uint64_t, uint64_t>(m, f.n(), f.m(), gather_shift(m)), gather_faults(m));
    }
};
template <typename T>
struct GatherImmediate {
    template <typename F>
    static void run(Machine& m, F f) {
        gather(m, f.t(), f.g(), gather_shape<T>(m, gather_unsigned(m)),
               vector_plus<T>(m, f.n(), uint64_t{f.i()} << memory_size(m)), gather_faults(m));
    }
};
template <typename T>
struct GatherNonTemporal {
    template <typename F>
    static void run(Machine& m, F f) {
        const bool is_unsigned = m.word >> (sizeof(T) == 8 ? 14 : 13) & 1;
        gather(m, f.t(), f.g(), gather_shape<T>(m, is_unsigned), vector_plus<T>(m, f.n(), m.x(f.m())),
               Faults::All);
    }
};
template <typename T>
struct ScatterExtended {
    template <typename F>
    static void run(Machine& m, F f) {
        scatter(m, f.t(), f.g(), gather_shape<T>(m, true), extended_addresses<T>(m, f, gather_shift(m)));
    }
};
struct ScatterWhole {
    template <typename F>
    static void run(Machine& m, F f) {
        scatter(m, f.t(), f.g(), gather_shape<uint64_t>(m, true),
                scalar_plus_vector<uint64_t, uint64_t>(m, f.n(), f.m(), gather_shift(m)));
    }
};
template <typename T>
struct ScatterImmediate {
    template <typename F>
    static void run(Machine& m, F f) {
        scatter(m, f.t(), f.g(), gather_shape<T>(m, true),
                vector_plus<T>(m, f.n(), uint64_t{f.i()} << memory_size(m)));
    }
};
template <typename T>
struct ScatterNonTemporal {
    template <typename F>
    static void run(Machine& m, F f) {
        scatter(m, f.t(), f.g(), gather_shape<T>(m, true), vector_plus<T>(m, f.n(), m.x(f.m())));
    }
};
struct Prefetch {
    template <typename F>
    static void run(Machine&, F) {}
};

}  // namespace armature::translator::sve
