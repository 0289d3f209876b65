// SPDX-License-Identifier: MIT
// Addresses of SVE's accesses, by the kind that the row's name ends in: _ri, _rr base and immediate or index;
// _zi, _pi whole registers; _Sx, _Dx, _Dw base and a vector of offsets; _Si, _Di, _Sn, _Dn a vector of bases.
// Vectors are only known at the start of a case, so what needs them stands there. For bases of 32 bits the
// case moves to a window below 4 GiB. Now and then the window ends where the memory ends: there accesses
// fault, and first-fault and non-fault loads stop.
#include "tests/fuzz/generate_sve.h"

#include <cstring>
#include <string>

#include "translator/sve/forms_memory.h"

namespace armature::fuzz {
namespace {

using tests::Random;

unsigned bits(uint32_t word, unsigned lsb, unsigned count) {
    return word >> lsb & ((1u << count) - 1);
}
int64_t sign_extend(uint64_t value, unsigned width) {
    return static_cast<int64_t>(value << (64 - width)) >> (64 - width);
}
bool contains(const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
}
bool ends_with(const std::string& text, const char* end) {
    const std::string_view view(text);
    return view.ends_with(end);
}

// What the immediate adds to the base.
int64_t immediate_offset(const std::string& name, uint32_t word, unsigned vl) {
    const int64_t imm4 = sign_extend(bits(word, 16, 4), 4);
    const unsigned msize = bits(word, 23, 2);
    if (name.starts_with("PRF")) return 0;
    if (ends_with(name, "_zi") || ends_with(name, "_pi")) {
        const int64_t imm9 = sign_extend(bits(word, 16, 6) << 3 | bits(word, 10, 3), 9);
        return imm9 * (ends_with(name, "_pi") ? vl / 8 : vl);
    }
    if (name.starts_with("LD1RQ")) return imm4 * 16;
    if (name.starts_with("LD1RO")) return imm4 * 32;
    if (name.starts_with("LD1R")) {
        const auto shape = translator::sve::load_shape(msize << 2 | bits(word, 13, 2));
        return int64_t{bits(word, 16, 6)} << shape.memory;
    }
    if (name[2] >= '2' && name[2] <= '4') return imm4 * int64_t{vl} * (name[2] - '0');
    if (contains(name, "NT1")) return imm4 * int64_t{vl};
    if (name.starts_with("ST1")) return imm4 * int64_t{vl >> bits(word, 21, 2) << msize};
    const auto shape = translator::sve::load_shape(bits(word, 21, 4));
    return imm4 * int64_t{vl >> shape.element << shape.memory};
}

void set_element(fuzz_state* state, unsigned z, unsigned index, unsigned bytes, uint64_t value) {
    const unsigned at = index * bytes;
    uint8_t* const to = at < 16 ? reinterpret_cast<uint8_t*>(state->v + 2 * z) + at : state->z[z] + at - 16;
    std::memcpy(to, &value, bytes);
}

}  // namespace

void random_predicates(fuzz_state* state, unsigned vl, Random& random) {
    const uint64_t all = ~uint64_t{0} >> (64 - vl);
    for (unsigned i = 0; i < FUZZ_PREDICATES - 1; i++) {
        uint64_t p = random.next();
        switch (random.below(6)) {
            case 0:
                p = ~uint64_t{0};
                break;
            case 1:
                p = random.below(4) ? p & random.next() & random.next() : 0;
                break;
            case 2:  // the first so many
                p = (uint64_t{1} << random.below(64)) - 1;
                break;
            case 3:
                p |= 0x1111111111111111;
                break;
            default:
                break;
        }
        state->p[i] = p & all;
    }
    state->p[FUZZ_PREDICATES - 1] = random.below(2) ? all : all & ((uint64_t{1} << random.below(64)) - 1);
}

bool is_sve_access(uint32_t word) {
    return word >> 31 && is_sve(word);
}

std::optional<uint32_t> place_sve_access(fuzz_case* c, const translator::decode::Row& row, uint32_t word,
                                         unsigned vl, uint32_t taken, bool in_loop, Random& random) {
    const std::string name = row.name();
    const unsigned n = bits(word, 5, 5), m = bits(word, 16, 5);
    fuzz_state& in = c->in;
    const bool wide = contains(name, "_D");
    const bool vectors = contains(name, "_S") || wide;
    if (vectors && (c->count != 0 || in_loop)) return std::nullopt;
    const bool bases = vectors && (ends_with(name, "i") || ends_with(name, "n"));
    if (bases && !wide) {
        c->window += FUZZ_LOW_BASE - FUZZ_MEMORY_BASE;
        in.sp += FUZZ_LOW_BASE - FUZZ_MEMORY_BASE;
    }
    const bool at_edge = c->window % 0x1000 != 0;
    uint64_t target = c->window + (at_edge ? FUZZ_MEMORY - 8 - random.below(120) : 128 + random.below(64));
    if (random.below(2)) target &= ~uint64_t{15};
    const unsigned element = wide ? 8 : 4;
    if (bases) {
        const unsigned scaled = ends_with(name, "i") ? m << bits(word, 23, 2) : 0;
        uint32_t mask = 0;
        uint64_t base = target - scaled;
        if (ends_with(name, "n") && m != 31) {
            const bool scalar_base = !wide && random.below(2);
            in.x[m] = scalar_base ? base : random.below(64);
            base = scalar_base ? 0 : base - in.x[m];
            mask = 1u << m;
        }
        for (unsigned i = 0; i < vl / element; i++) set_element(&in, n, i, element, base + random.below(128));
        return mask;
    }
    int64_t offset = 0;
    uint32_t mask = 1u << n;
    if (vectors) {
        const uint64_t garbage = ends_with(name, "_Dx") ? random.next() << 32 : 0;
        for (unsigned i = 0; i < vl / element; i++)
            set_element(&in, m, i, element, garbage | random.below(24));
    } else if (ends_with(name, "_rr")) {
        if (m == n && m != 31) return std::nullopt;
        if (m != 31) {
            mask |= 1u << m;
            if (taken & 1u << m) return std::nullopt;
            in.x[m] = random.below(64) - uint64_t{32};
            offset = static_cast<int64_t>(in.x[m] << bits(word, 23, 2));
            if (name.starts_with("LD1") || name.starts_with("LDFF1")) {
                const unsigned dtype = bits(word, 21, 4);
                const bool plain = bits(word, 13, 3) == 2 || bits(word, 13, 3) == 3;
                if (plain)
                    offset = static_cast<int64_t>(in.x[m] << translator::sve::load_shape(dtype).memory);
            }
        }
    } else {
        offset = immediate_offset(name, word, vl);
    }
    if (taken & mask) return std::nullopt;
    uint64_t base = target - static_cast<uint64_t>(offset);
    if (n == 31) base &= ~uint64_t{15};
    (n == 31 ? in.sp : in.x[n]) = base;
    return mask;
}

}  // namespace armature::fuzz
