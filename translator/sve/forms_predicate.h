// SPDX-License-Identifier: MIT
// Forms of instructions on predicates and of those that count elements.
#pragma once

#include "translator/sve/forms.h"

namespace armature::translator::sve {

using decode::pattern_count;

// The first `count` elements of 2^size bytes.
inline uint64_t first_elements(uint64_t count, unsigned size) {
    const uint64_t bits = count << size;
    return (bits >= 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1) & element_bits(size);
}

template <bool sets_flags>
struct Ptrue {
    template <typename F>
    static void run(Machine& m, F f) {
        const unsigned size = m.size_field();
        const uint64_t bits = first_elements(pattern_count(f.i(), m.vl >> size), size);
        m.set_p(f.d(), bits);
        if (sets_flags) m.test(bits, bits, size);
    }
};
struct Pfalse {
    template <typename F>
    static void run(Machine& m, F f) {
        m.set_p(f.d(), 0);
    }
};
struct Ptest {
    template <typename F>
    static void run(Machine& m, F f) {
        m.test(m.p(f.g()), m.p(f.n()), 0);
    }
};

// Logical operations, zeroing.
template <typename Op, bool sets_flags>
struct Pgpp {
    template <typename F>
    static void run(Machine& m, F f) {
        const uint64_t governing = m.p(f.g());
        const uint64_t result = Op{}(m.p(f.n()), m.p(f.m())) & governing;
        m.set_p(f.d(), result);
        if (sets_flags) m.test(governing, result, 0);
    }
};
SVE_OP2(Orn, a | ~b)
SVE_OP2(Nor, ~(a | b))
SVE_OP2(Nand, ~(a& b))
struct PredicateSelect {
    template <typename F>
    static void run(Machine& m, F f) {
        const uint64_t g = m.p(f.g());
        m.set_p(f.d(), (m.p(f.n()) & g) | (m.p(f.m()) & ~g));
    }
};

// Bits up to and including, or before, the lowest one of x; all if there is none.
inline uint64_t through_first(uint64_t x) {
    return x ^ (x - 1);
}
inline uint64_t before_first(uint64_t x) {
    return ~x & (x - 1);
}
enum class Break { After, Before };
template <Break where>
uint64_t break_mask(uint64_t governing, uint64_t condition) {
    const uint64_t hits = governing & condition;
    return governing & (where == Break::After ? through_first(hits) : before_first(hits));
}
template <Break where, bool sets_flags>
struct Brk {
    template <typename F>
    static void run(Machine& m, F f) {
        const uint64_t g = m.p(f.g());
        uint64_t result = break_mask<where>(g, m.p(f.n()));
        if constexpr (requires { f.M(); }) {
            if (f.M()) result |= m.p(f.d()) & ~g;
        }
        m.set_p(f.d(), result);
        if (sets_flags) m.test(g, result, 0);
    }
};
inline bool last_active(uint64_t governing, uint64_t bits) {
    return governing && bits >> (63 - std::countl_zero(governing)) & 1;
}
template <Break where, bool sets_flags>
struct BrkPropagate {
    template <typename F>
    static void run(Machine& m, F f) {
        const uint64_t g = m.p(f.g());
        const uint64_t result = last_active(g, m.p(f.n())) ? break_mask<where>(g, m.p(f.m())) : 0;
        m.set_p(f.d(), result);
        if (sets_flags) m.test(g, result, 0);
    }
};
template <bool sets_flags>
struct BrkNext {
    template <typename F>
    static void run(Machine& m, F f) {
        const uint64_t result = last_active(m.p(f.g()), m.p(f.n())) ? m.p(f.d()) : 0;
        m.set_p(f.d(), result);
        if (sets_flags) m.test(~uint64_t{0}, result, 0);
    }
};
struct Pfirst {
    template <typename F>
    static void run(Machine& m, F f) {
        const uint64_t g = m.p(f.g());
        const uint64_t result = m.p(f.d()) | (g & (~g + 1));
        m.set_p(f.d(), result);
        m.test(g, result, 0);
    }
};
struct Pnext {
    template <typename F>
    static void run(Machine& m, F f) {
        const unsigned size = m.size_field();
        const uint64_t g = m.p(f.g()) & element_bits(size);
        const uint64_t before = m.p(f.d()) & element_bits(size);
        // The first active element behind the last true one.
        const uint64_t behind = before ? ~(~uint64_t{0} >> std::countl_zero(before)) : ~uint64_t{0};
        const uint64_t left = g & behind;
        const uint64_t result = left & (~left + 1);
        m.set_p(f.d(), result);
        m.test(g, result, size);
    }
};

// --- First-fault register
struct Setffr {
    template <typename F>
    static void run(Machine& m, F) {
        m.state.ffr = m.vl_mask();
    }
};
struct Wrffr {
    template <typename F>
    static void run(Machine& m, F f) {
        m.state.ffr = m.p(f.n());
    }
};
struct Rdffr {
    template <typename F>
    static void run(Machine& m, F f) {
        m.set_p(f.d(), m.state.ffr);
    }
};
template <bool sets_flags>
struct RdffrPredicated {
    template <typename F>
    static void run(Machine& m, F f) {
        const uint64_t g = m.p(f.g());
        m.set_p(f.d(), m.state.ffr & g);
        if (sets_flags) m.test(g, m.state.ffr & g, 0);
    }
};

// --- Permutes
template <typename Bits, typename Fn>
uint64_t permute_bits(unsigned elements, unsigned size, Bits from, Fn index) {
    uint64_t result = 0;
    const uint64_t piece = (uint64_t{1} << (1u << size)) - 1;
    for (unsigned i = 0; i < elements; i++) {
        const unsigned at = index(i);
        const uint64_t bits = at < elements ? from[0] >> (at << size) : from[1] >> ((at - elements) << size);
        result |= (bits & piece) << (i << size);
    }
    return result;
}
// Index functions on two vectors of `count` elements, for ZIP, UZP and TRN, of vectors and predicates.
template <unsigned part>
struct Zip {
    static unsigned at(unsigned i, unsigned count) { return (i & 1) * count + i / 2 + part * (count / 2); }
};
template <unsigned part>
struct Uzp {
    static unsigned at(unsigned i, unsigned) { return i * 2 + part; }
};
template <unsigned part>
struct Trn {
    static unsigned at(unsigned i, unsigned count) { return (i & 1) * count + (i & ~1u) + part; }
};
template <typename How>
struct PredicatePermute {
    template <typename F>
    static void run(Machine& m, F f) {
        const unsigned size = m.size_field(), count = m.vl >> size;
        const uint64_t from[2] = {m.p(f.n()), m.p(f.m())};
        m.set_p(f.d(), permute_bits(count, size, from, [count](unsigned i) { return How::at(i, count); }));
    }
};
struct PredicateReverse {
    template <typename F>
    static void run(Machine& m, F f) {
        const unsigned size = m.size_field(), count = m.vl >> size;
        const uint64_t from[2] = {m.p(f.n()), 0};
        m.set_p(f.d(), permute_bits(count, size, from, [count](unsigned i) { return count - 1 - i; }));
    }
};
template <bool high>
struct PredicateUnpack {
    template <typename F>
    static void run(Machine& m, F f) {
        const uint64_t half = high ? m.p(f.n()) >> m.vl / 2 : m.p(f.n());
        uint64_t result = 0;
        for (unsigned i = 0; i < m.vl / 2; i++) result |= (half >> i & 1) << 2 * i;
        m.set_p(f.d(), result);
    }
};

// --- WHILE
template <typename X, typename Test, bool down>
struct While {
    template <typename F>
    static void run(Machine& m, F f) {
        const unsigned size = m.size_field(), count = m.vl >> size;
        const auto limit = static_cast<X>(m.x(f.m()));
        auto counter = static_cast<X>(m.x(f.n()));
        uint64_t result = 0;
        for (unsigned i = 0; i < count && Test{}(counter, limit); i++) {
            result |= uint64_t{1} << ((down ? count - 1 - i : i) << size);
            // It wraps, which only a test that holds for every number survives.
            counter = static_cast<X>(static_cast<uint64_t>(counter) + (down ? ~uint64_t{0} : 1));
        }
        m.set_p(f.d(), result);
        m.test(~uint64_t{0}, result, size);
    }
};
struct IsLess {
    template <typename X>
    bool operator()(X a, X b) const {
        return a < b;
    }
};
struct IsLessEqual {
    template <typename X>
    bool operator()(X a, X b) const {
        return a <= b;
    }
};
struct IsGreater {
    template <typename X>
    bool operator()(X a, X b) const {
        return a > b;
    }
};
struct IsGreaterEqual {
    template <typename X>
    bool operator()(X a, X b) const {
        return a >= b;
    }
};
// Elements before the first that a write through one pointer and a read through the other could share.
template <bool write_read>
struct WhileConflict {
    template <typename F>
    static void run(Machine& m, F f) {
        const unsigned size = m.size_field(), count = m.vl >> size;
        const uint64_t n = m.x(f.n()), other = m.x(f.m());
        const uint64_t bytes = write_read ? (other > n ? other - n : 0) : (other > n ? other - n : n - other);
        const uint64_t distance = bytes >> size;
        const uint64_t result = first_elements(distance == 0 || distance > count ? count : distance, size);
        m.set_p(f.d(), result);
        m.test(~uint64_t{0}, result, size);
    }
};
template <bool equal>
struct Cterm {
    template <typename F>
    static void run(Machine& m, F f) {
        const uint64_t mask = f.s() ? ~uint64_t{0} : 0xffffffff;
        const bool same = ((m.x(f.n()) ^ m.x(f.m())) & mask) == 0;
        uint32_t nzcv = m.cpu.nzcv() & (guest::kPstateZ | guest::kPstateC);
        if (same == equal) {
            nzcv |= guest::kPstateN;
        } else if (!(nzcv & guest::kPstateC)) {
            nzcv |= guest::kPstateV;
        }
        m.cpu.set_nzcv(nzcv);
    }
};

// --- Counting elements
inline unsigned count_active(const Machine& m, uint64_t governing, uint64_t bits, unsigned size) {
    return static_cast<unsigned>(std::popcount(governing & bits & element_bits(size) & m.vl_mask()));
}
struct Cntp {
    template <typename F>
    static void run(Machine& m, F f) {
        m.set_x(f.d(), count_active(m, m.p(f.g()), m.p(f.n()), m.size_field()));
    }
};
// How INC and DEC and their saturating kin change what they count in.
struct Increase {
    static __int128 change(__int128 value, uint64_t by) { return value + by; }
};
struct Decrease {
    static __int128 change(__int128 value, uint64_t by) { return value - by; }
};
// X: the type of the number that is changed, and saturated if `saturates`. A 32-bit signed result fills the
// register with its sign.
template <typename Change, typename X, bool saturates>
uint64_t counted(uint64_t value, uint64_t by) {
    const __int128 result = Change::change(static_cast<X>(value), by);
    const X x = saturates ? saturate<X>(result) : static_cast<X>(result);
    return std::is_signed_v<X> ? static_cast<uint64_t>(static_cast<int64_t>(x)) : static_cast<uint64_t>(x);
}
template <typename F>
uint64_t multiple(const Machine& m, F f) {
    const unsigned size = m.size_field();
    return uint64_t{pattern_count(f.p(), m.vl >> size)} * (f.i() + 1);
}
struct CountElements {
    template <typename F>
    static void run(Machine& m, F f) {
        m.set_x(f.d(), multiple(m, f));
    }
};
template <typename Change, typename X, bool saturates>
struct CountScalar {
    template <typename F>
    static void run(Machine& m, F f) {
        m.set_x(f.d(), counted<Change, X, saturates>(m.x(f.d()), multiple(m, f)));
    }
};
template <typename Change, bool is_signed, bool saturates>
void count_in_vector(Machine& m, unsigned d, uint64_t by) {
    by_wide_size(m.size_field(), [&]<typename T>(T) {
        using X = std::conditional_t<is_signed, Signed<T>, T>;
        m.set_z(d,
                map(m.z<T>(d), [by](T x) { return static_cast<T>(counted<Change, X, saturates>(x, by)); }));
    });
}
template <typename Change, bool is_signed, bool saturates>
struct CountVector {
    template <typename F>
    static void run(Machine& m, F f) {
        count_in_vector<Change, is_signed, saturates>(m, f.d(), multiple(m, f));
    }
};
template <typename Change, typename X, bool saturates>
struct CountScalarP {
    template <typename F>
    static void run(Machine& m, F f) {
        const uint64_t by = count_active(m, ~uint64_t{0}, m.p(f.g()), m.size_field());
        m.set_x(f.d(), counted<Change, X, saturates>(m.x(f.d()), by));
    }
};
template <typename Change, bool is_signed, bool saturates>
struct CountVectorP {
    template <typename F>
    static void run(Machine& m, F f) {
        count_in_vector<Change, is_signed, saturates>(
            m, f.d(), count_active(m, ~uint64_t{0}, m.p(f.g()), m.size_field()));
    }
};
struct Rdvl {
    template <typename F>
    static void run(Machine& m, F f) {
        m.set_x(f.d(), static_cast<uint64_t>(f.i_signed() * int64_t{m.vl}));
    }
};
template <unsigned divisor>
struct AddLength {
    template <typename F>
    static void run(Machine& m, F f) {
        m.set_x_sp(f.d(), m.x_sp(f.n()) + static_cast<uint64_t>(f.i_signed() * int64_t{m.vl / divisor}));
    }
};

}  // namespace armature::translator::sve
