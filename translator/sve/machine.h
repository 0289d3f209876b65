// SPDX-License-Identifier: MIT
// What an SVE instruction works on. Each row of decode/a64_sve*.def names how it is done: one of the forms of
// forms*.h (which operands it has) with an operation (what happens to one element). A form reads whole
// registers, computes all 64 bytes that a register can have - so that the compiler can use whole host
// vectors - and the Machine drops what is beyond the vector length.
//
// All guest registers are in CpuState while this runs, and are changed only after everything that may fault.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "guest/sve_state.h"
#include "translator/decode/fields.h"
#include "translator/decode/sve_fields.h"

namespace armature::translator::sve {

using guest::CpuState;
using guest::kSveMaxBytes;

template <typename T>
using Lanes = std::array<T, kSveMaxBytes / sizeof(T)>;

template <typename T>
using Signed = std::make_signed_t<T>;

// The predicate bits of elements of 2^size bytes.
constexpr uint64_t element_bits(unsigned size) {
    constexpr uint64_t kBits[] = {~uint64_t{0}, 0x5555555555555555, 0x1111111111111111, 0x0101010101010101,
                                  0x0001000100010001};
    return kBits[size];
}

template <typename T>
constexpr unsigned log2_size() {
    return static_cast<unsigned>(std::countr_zero(sizeof(T)));
}

struct Machine {
    CpuState& cpu;
    guest::SveState& state;
    const uint32_t word;
    const unsigned vl;  // bytes
    // Accesses relative to the stack pointer are: an immediate offset keeps them where they belong.
    bool tags_unchecked = false;
    bool faulted = false;  // an access failed; the runtime knows how

    uint64_t vl_mask() const { return ~uint64_t{0} >> (64 - vl); }
    unsigned size_field() const { return word >> 22 & 3; }

    template <typename T>
    unsigned elements() const {
        return vl / sizeof(T);
    }

    // --- Registers
    template <typename T>
    Lanes<T> z(unsigned n) const {
        Lanes<T> lanes;
        auto* const bytes = reinterpret_cast<uint8_t*>(lanes.data());
        std::memcpy(bytes, &cpu.v[n], 16);
        if (cpu.z_upper[n]) {
            std::memcpy(bytes + 16, state.z[n] + 16, guest::kSveUpperBytes);
        } else {
            std::memset(bytes + 16, 0, guest::kSveUpperBytes);
        }
        return lanes;
    }
    template <typename T>
    void set_z(unsigned n, const Lanes<T>& lanes) {
        const auto* const bytes = reinterpret_cast<const uint8_t*>(lanes.data());
        std::memcpy(static_cast<void*>(&cpu.v[n]), bytes, 16);
        if (vl > 16) guest::write_z_upper(cpu, n, bytes + 16, vl - 16);
    }
    // A scalar result: the rest of the register becomes zero.
    template <typename T>
    void set_v(unsigned n, T value) {
        Lanes<T> lanes{};
        lanes[0] = value;
        set_z(n, lanes);
    }
    uint64_t p(unsigned n) const { return state.p[n]; }
    void set_p(unsigned n, uint64_t bits) { state.p[n] = bits & vl_mask(); }

    uint64_t x(unsigned n) const { return n == 31 ? 0 : cpu.x[n]; }
    uint64_t x_sp(unsigned n) const { return n == 31 ? cpu.sp : cpu.x[n]; }
    void set_x(unsigned n, uint64_t value) {
        if (n != 31) cpu.x[n] = value;
    }
    void set_x_sp(unsigned n, uint64_t value) { (n == 31 ? cpu.sp : cpu.x[n]) = value; }

    // PTEST: N first active element is true, Z none is, C the last is not.
    void test(uint64_t governing, uint64_t result, unsigned size) {
        const uint64_t active = governing & element_bits(size) & vl_mask();
        const uint64_t hits = result & active;
        uint32_t nzcv = 0;
        if (active & (~active + 1) & result) nzcv |= guest::kPstateN;
        if (!hits) nzcv |= guest::kPstateZ;
        if (!active || !(result >> (63 - std::countl_zero(active)) & 1)) nzcv |= guest::kPstateC;
        cpu.set_nzcv(nzcv);
    }

    // The instruction is undefined with this vector length.
    void undefined();

    // --- Memory (memory.cc). False: the access faults.
    bool read(uint64_t address, void* to, unsigned size);
    bool write(uint64_t address, const void* from, unsigned size);
};

template <typename T>
bool active(uint64_t predicate, unsigned element) {
    return predicate >> (element * sizeof(T)) & 1;
}

// All ones in active elements.
template <typename T>
Lanes<T> mask_of(uint64_t predicate) {
    constexpr uint64_t kByte = 0x0101010101010101;
    uint64_t bits = predicate & element_bits(log2_size<T>());
    for (unsigned spread = 1; spread < sizeof(T); spread *= 2) bits |= bits << spread;
    std::array<uint64_t, 8> words;
    for (unsigned n = 0; n < 8; n++) {
        // Each of eight bits into a byte of its own, then from 1 to 0xff.
        const uint64_t eight = bits >> n * 8 & 0xff;
        const uint64_t picked = (eight * kByte) & 0x8040201008040201;
        words[n] = ((picked + 0x7f7f7f7f7f7f7f7f) >> 7 & kByte) * 0xff;
    }
    return std::bit_cast<Lanes<T>>(words);
}

// Active elements of `a`, the others of `b`.
template <typename T>
Lanes<T> select(uint64_t predicate, const Lanes<T>& a, const Lanes<T>& b) {
    const Lanes<T> mask = mask_of<T>(predicate);
    Lanes<T> result;
    for (unsigned i = 0; i < result.size(); i++)
        result[i] = static_cast<T>((a[i] & mask[i]) | (b[i] & static_cast<T>(~mask[i])));
    return result;
}

// The predicate bits of elements for which fn(i) holds.
template <typename T, typename Fn>
uint64_t predicate_where(Fn fn) {
    uint64_t bits = 0;
    for (unsigned i = 0; i < kSveMaxBytes / sizeof(T); i++) bits |= uint64_t{fn(i)} << (i * sizeof(T));
    return bits;
}

// fn(T{}) with the unsigned type of 2^size bytes, at least two.
template <typename Fn>
void by_wide_size(unsigned size, Fn fn) {
    switch (size) {
        case 1:
            return fn(uint16_t{});
        case 2:
            return fn(uint32_t{});
        default:
            return fn(uint64_t{});
    }
}
// The same with bytes.
template <typename Fn>
void by_size(unsigned size, Fn fn) {
    size == 0 ? fn(uint8_t{}) : by_wide_size(size, fn);
}

template <typename T>
struct Resize;
template <>
struct Resize<uint8_t> {
    using Wider = uint16_t;
};
template <>
struct Resize<uint16_t> {
    using Narrower = uint8_t;
    using Wider = uint32_t;
};
template <>
struct Resize<uint32_t> {
    using Narrower = uint16_t;
    using Wider = uint64_t;
};
template <>
struct Resize<uint64_t> {
    using Narrower = uint32_t;
    using Wider = unsigned __int128;
};
template <typename T>
using Wider = typename Resize<T>::Wider;
template <typename T>
using Narrower = typename Resize<T>::Narrower;
template <typename T>
using WiderSigned =
    std::conditional_t<sizeof(T) == 8, __int128,
                       std::make_signed_t<Wider<std::conditional_t<sizeof(T) == 8, uint8_t, T>>>>;

// x, or the nearest number that T (signed or unsigned) has.
template <typename T>
constexpr T saturate(__int128 x) {
    constexpr bool kSigned = std::is_signed_v<T>;
    constexpr unsigned kBits = sizeof(T) * 8;
    constexpr __int128 kMax = (static_cast<__int128>(1) << (kBits - kSigned)) - 1;
    constexpr __int128 kMin = kSigned ? -kMax - 1 : 0;
    return static_cast<T>(x < kMin ? kMin : x > kMax ? kMax : x);
}

}  // namespace armature::translator::sve
