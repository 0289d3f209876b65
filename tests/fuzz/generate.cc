// SPDX-License-Identifier: MIT
// Operands are biased to where mistakes are: boundaries, aliased registers, NaNs, denormals, values around
// powers of two.
//
// Loads and stores must hit the window. Their base register gets a value that makes the address come out
// inside it, and no other instruction of the case may write that register (or the index) before. What the
// architecture leaves unpredictable is not generated: there the oracles differ, and may.
#include "tests/fuzz/generate.h"

#include <cstring>
#include <vector>

#include "tests/fuzz/generate_sve.h"

namespace armature::fuzz {
namespace {

using guest::Feature;
using tests::Random;
using tests::random_word;
using translator::decode::Row;

std::vector<const Row*> rows;
unsigned vector_length = 0;

unsigned bits(uint32_t word, unsigned lsb, unsigned count) {
    return word >> lsb & ((1u << count) - 1);
}

bool starts_with(const char* text, const char* prefix) {
    return std::strncmp(text, prefix, std::strlen(prefix)) == 0;
}

// Rows that say something about the machine they run on rather than about the instruction, or that leave the
// case.
bool excluded(const Row& row) {
    for (const char* name : {"SVC", "HLT", "MRS", "MSR_reg", "HINT", "DC_ZVA", "DC_CVAP", "DC_CVADP",
                             "DC_GVA", "DC_GZVA", "SETGP", "SETGM", "SETGE"}) {
        if (std::strcmp(row.name(), name) == 0) return true;
    }
    // Neither oracle knows these, or their keys are secret.
    for (const Feature feature :
         {Feature::CSSC, Feature::WFxT, Feature::HBC, Feature::MOPS, Feature::PAuth}) {
        if (row.feature == feature) return true;
    }
    return false;
}

bool has_field(const Row& row, char letter) {
    return std::strchr(row.pattern(), letter) != nullptr;
}

// --- Memory

bool is_load_store(uint32_t word) {
    return (word >> 25 & 5) == 4;
}
bool is_cache_operation(const Row& row) {
    return starts_with(row.name(), "DC_") || starts_with(row.name(), "IC_");
}
bool is_vector(uint32_t word) {
    return word >> 26 & 1;
}
bool is_literal(uint32_t word) {
    return (word & 0x3b000000) == 0x18000000;
}
bool is_pair(uint32_t word) {
    return (word & 0x3a000000) == 0x28000000;
}
bool is_unsigned_offset(uint32_t word) {
    return (word & 0x3b000000) == 0x39000000;
}
bool is_register_offset(uint32_t word) {
    return (word & 0x3b200c00) == 0x38200800;
}
bool is_imm9(uint32_t word) {
    return (word & 0x3b200000) == 0x38000000 || (word & 0x3b200c00) == 0x19000000;
}
bool is_tag_access(uint32_t word) {
    return (word & 0xff200000) == 0xd9200000;
}
bool is_store_pair_and_tag(uint32_t word) {
    return (word & 0xfe400000) == 0x68000000;
}
bool must_be_aligned(uint32_t word) {
    return (word & 0x3f000000) == 0x08000000 || (word & 0x3b200c00) == 0x38200000 ||
           (word & 0x3f000000) == 0x19000000 || is_tag_access(word) || is_store_pair_and_tag(word);
}

int64_t sign_extend(uint64_t value, unsigned width) {
    return static_cast<int64_t>(value << (64 - width)) >> (64 - width);
}

unsigned log2_size(uint32_t word) {
    return is_vector(word) && bits(word, 23, 1) ? 4 : bits(word, 30, 2);
}

// What the addressing mode adds to the base register before the access.
int64_t offset_of(uint32_t word, const fuzz_state& state) {
    if (is_tag_access(word)) return bits(word, 10, 2) == 1 ? 0 : sign_extend(bits(word, 12, 9), 9) * 16;
    if (is_unsigned_offset(word)) return int64_t{bits(word, 10, 12)} << log2_size(word);
    if (is_imm9(word))
        return bits(word, 10, 2) == 1 && !must_be_aligned(word) ? 0 : sign_extend(bits(word, 12, 9), 9);
    if (is_pair(word)) {
        if (bits(word, 23, 2) == 1) return 0;  // post-index
        if (is_store_pair_and_tag(word)) return sign_extend(bits(word, 15, 7), 7) * 16;
        const unsigned scale = is_vector(word) ? 2 + bits(word, 30, 2) : 2 + bits(word, 31, 1);
        return sign_extend(bits(word, 15, 7), 7) * (int64_t{1} << scale);
    }
    if (is_register_offset(word)) {
        const unsigned m = bits(word, 16, 5);
        uint64_t index = m == 31 ? 0 : state.x[m];
        if (!bits(word, 13, 1))
            index = bits(word, 15, 1) ? static_cast<uint64_t>(sign_extend(index, 32)) : uint32_t(index);
        return static_cast<int64_t>(index << (bits(word, 12, 1) ? log2_size(word) : 0));
    }
    return 0;
}

// Register use that the architecture does not define, or that makes the base unknown.
bool unpredictable(const Row& row, uint32_t word) {
    const unsigned n = bits(word, 5, 5), t = bits(word, 0, 5), m = bits(word, 16, 5), u = bits(word, 10, 5);
    if (is_register_offset(word)) return m == n && m != 31;
    if (is_literal(word)) return false;
    if (std::strcmp(row.name(), "CASP") == 0 && (m == 30 || t == 30)) return true;  // QEMU takes 31 for SP
    const bool exclusive = (word & 0x3f000000) == 0x08000000;
    if (exclusive) {
        const bool pair = bits(word, 21, 1) && !bits(word, 23, 1);
        const bool load = bits(word, 22, 1);
        if (pair && load && t == u) return true;
        return m == n || m == t || (pair && m == u) || n == t;
    }
    if (is_vector(word)) {
        const bool structure = (word & 0x3e000000) == 0x0c000000;
        if (structure) return m == n && m != 31;
        return is_pair(word) && bits(word, 22, 1) && t == u;
    }
    if (is_pair(word)) {
        if (bits(word, 22, 1) && t == u) return true;
        return bits(word, 23, 1) && (n == t || n == u);
    }
    return (is_imm9(word) && bits(word, 10, 1) && n == t) || (has_field(row, 's') && (m == n || n == t));
}

// --- Operand values

uint64_t random_integer(Random& random) {
    static const uint64_t special[] = {0,
                                       1,
                                       2,
                                       31,
                                       32,
                                       63,
                                       64,
                                       127,
                                       128,
                                       255,
                                       0x7fff,
                                       0x8000,
                                       0xffff,
                                       0x7fffffff,
                                       0x80000000,
                                       0xffffffff,
                                       0x100000000,
                                       0x7fffffffffffffff,
                                       0x8000000000000000,
                                       ~uint64_t{0},
                                       ~uint64_t{1},
                                       0xffffffff80000000};
    switch (random.below(4)) {
        case 0:
            return special[random.below(sizeof special / sizeof *special)];
        case 1:
            return (uint64_t{1} << random.below(64)) + random.below(3) - 1;
        case 2:
            return random.next() >> random.below(64);
        default:
            return random.next();
    }
}

// Bits of a floating-point number of `width` bits with `mantissa` bits of fraction.
uint64_t random_float(Random& random, unsigned width, unsigned mantissa) {
    const uint64_t fraction_mask = (uint64_t{1} << mantissa) - 1;
    const uint64_t exponent_mask = (uint64_t{1} << (width - 1 - mantissa)) - 1;
    const uint64_t sign = uint64_t{random.below(2)} << (width - 1);
    const uint64_t bias = exponent_mask >> 1;
    uint64_t fraction = random.next() & fraction_mask;
    uint64_t exponent = random.next() & exponent_mask;
    switch (random.below(10)) {
        case 0:
            exponent = 0, fraction = 0;
            break;
        case 1:
            exponent = exponent_mask, fraction = 0;
            break;
        case 2:
            exponent = exponent_mask;  // NaN, quiet or signalling
            break;
        case 3:
            exponent = 0;  // denormal
            fraction >>= random.below(mantissa);
            break;
        case 4:
            exponent = 1 + random.below(3);
            break;
        case 5:
            exponent = exponent_mask - 1, fraction = random.below(2) ? fraction_mask : fraction;
            break;
        case 6:  // integers and halves
            exponent = bias + random.below(mantissa + 3);
            fraction &= ~(fraction_mask >> random.below(mantissa + 1));
            break;
        case 7:
            exponent = bias + random.below(5) - 2;
            break;
        default:
            break;
    }
    return sign | (exponent & exponent_mask) << mantissa | fraction;
}

uint64_t random_vector_half(Random& random, unsigned kind) {
    uint64_t value = 0;
    switch (kind) {
        case 0:
            return random_float(random, 64, 52);
        case 1:
            for (unsigned i = 0; i < 2; i++) value = value << 32 | random_float(random, 32, 23);
            return value;
        case 2:
            for (unsigned i = 0; i < 4; i++) value = value << 16 | random_float(random, 16, 10);
            return value;
        case 3: {  // bytes at their limits
            static const uint8_t limits[] = {0, 1, 0x7f, 0x80, 0xff, 0x40};
            for (unsigned i = 0; i < 8; i++) value = value << 8 | limits[random.below(6)];
            return value;
        }
        default:
            return random_integer(random);
    }
}

void random_state(fuzz_state* state, const Choice& choice, Random& random) {
    *state = {};
    for (uint64_t& x : state->x) x = random_integer(random);
    const unsigned common = random.below(6);  // most registers of one kind, so that operands meet
    for (unsigned i = 0; i < 64; i += 2) {
        const unsigned kind = random.below(4) ? common : random.below(6);
        state->v[i] = random_vector_half(random, kind);
        state->v[i + 1] = random_vector_half(random, kind);
    }
    state->nzcv = random.word() & 0xf0000000;
    if (choice.fp_modes && random.below(2)) {
        state->fpcr = random.below(4) << 22;
        if (random.below(4) == 0) state->fpcr |= 1u << 24;  // FZ
        if (random.below(4) == 0) state->fpcr |= 1u << 25;  // DN
        if (random.below(4) == 0) state->fpcr |= 1u << 19;  // FZ16
        if (random.below(8) == 0) state->fpcr |= 1u << 26;  // AHP
    }
    if (choice.vl) {
        for (unsigned i = 0; i < 32; i++) {
            for (unsigned at = 0; at < FUZZ_Z_UPPER; at += 8) {
                const uint64_t value = random_vector_half(random, random.below(4) ? common : random.below(6));
                std::memcpy(state->z[i] + at, &value, 8);
            }
        }
        random_predicates(state, choice.vl, random);
    }
    for (uint8_t& byte : state->memory) byte = static_cast<uint8_t>(random.word() >> 24);
    if (random.below(2)) {
        for (unsigned i = 0; i < FUZZ_MEMORY; i += 8) {
            const uint64_t value = random_integer(random);
            std::memcpy(state->memory + i, &value, 8);
        }
    }
}

// Makes register fields equal now and then.
uint32_t alias_registers(const Row& row, uint32_t word, Random& random) {
    if (random.below(4)) return word;
    const unsigned lsbs[] = {0, 5, 16};
    const unsigned from = lsbs[random.below(3)], to = lsbs[random.below(3)];
    for (unsigned i = 0; i < 5; i++) {
        if (row.pattern()[31 - to - i] == '-') return word;  // ignored bits stay as they are
    }
    const uint32_t aliased = (word & ~(31u << to)) | bits(word, from, 5) << to;
    return translator::decode::decode(aliased) == &row ? aliased : word;
}

// Registers whose values at the start of the case matter for an address: nobody may write them before.
struct Reserved {
    uint32_t bases = 0;
    uint32_t written = 0;
    bool monitor = false;  // an exclusive load came before
};

uint32_t bit(unsigned reg) {
    return 1u << reg;
}

// General registers that the instruction may write; a guess on the safe side.
uint32_t may_write(uint32_t word) {
    uint32_t mask = bit(bits(word, 0, 5)) | bit(30);
    if (is_load_store(word))
        mask |= bit(bits(word, 10, 5)) | bit(bits(word, 16, 5)) | bit((bits(word, 16, 5) + 1) & 31);
    if (is_load_store(word)) mask |= bit((bits(word, 0, 5) + 1) & 31);
    return mask;
}

// A direct branch back into the case, which is `position` instructions long so far.
bool loops(uint32_t word, unsigned position) {
    int64_t offset = 1;
    if ((word & 0x7c000000) == 0x14000000) offset = sign_extend(bits(word, 0, 26), 26);
    if ((word & 0xff000000) == 0x54000000) offset = sign_extend(bits(word, 5, 19), 19);
    if ((word & 0x7e000000) == 0x34000000) offset = sign_extend(bits(word, 5, 19), 19);
    if ((word & 0x7e000000) == 0x36000000) offset = sign_extend(bits(word, 5, 14), 14);
    return offset <= 0 && offset >= -static_cast<int64_t>(position);
}

bool is_casp(uint32_t word) {
    return (word & 0xbfa00000) == 0x08200000;
}
bool is_load_exclusive(uint32_t word) {
    return (word & 0x3fc00000) == 0x08400000 && !is_casp(word);
}
bool is_store_exclusive(uint32_t word) {
    return (word & 0x3fc00000) == 0x08000000 && !is_casp(word);
}

// The store exclusive that belongs to a load exclusive: same base and size. Others are left to the
// implementation.
uint32_t store_exclusive_for(uint32_t load, Random& random) {
    const unsigned n = bits(load, 5, 5);
    unsigned status = 0, t = 0, u = 31;
    do {
        status = random.below(32);
        t = random.below(32);
        if (bits(load, 21, 1)) u = random.below(32);
    } while (status == n || status == t || status == u || t == n || u == n);
    return (load & 0xffa083e0) | status << 16 | (random.below(2) << 15) | u << 10 | t;
}

// What may stand in a loop: nothing that leaves it, that moves an address, or that the second round finds
// without its exclusive load.
bool fits_loop(uint32_t word) {
    const bool branch = (word & 0x1c000000) == 0x14000000;
    const bool exclusive = (word & 0x3f000000) == 0x08000000;
    const bool moves_base = (is_tag_access(word) && bits(word, 10, 1)) ||
                            (is_imm9(word) && bits(word, 10, 1)) || (is_pair(word) && bits(word, 23, 1)) ||
                            ((word & 0x3e000000) == 0x0c000000 && bits(word, 23, 1));
    return !branch && !(is_load_store(word) && (exclusive || moves_base));
}

// Adds an instruction of `row` to the case; false if this word does not fit.
bool add(fuzz_case* c, const Row& row, bool in_loop, Reserved* reserved, Random& random) {
    const auto drawn = random_word(row, random, true);
    if (!drawn) return false;
    const uint32_t word = alias_registers(row, *drawn, random);
    if (in_loop && !fits_loop(word)) return false;
    fuzz_state& in = c->in;
    uint32_t address_registers = 0;
    if (is_sve_access(word)) {
        const auto operands = place_sve_access(c, row, word, vector_length,
                                               reserved->written | reserved->bases, in_loop, random);
        if (!operands) return false;
        address_registers = *operands;
    } else if (is_cache_operation(row)) {
        const unsigned t = bits(word, 0, 5);
        if (t == 31 || reserved->written & bit(t)) return false;
        in.x[t] = c->window + random.below(FUZZ_MEMORY);
        address_registers = bit(t);
    } else if (is_load_store(word) && !is_literal(word)) {
        if (unpredictable(row, word)) return false;
        const unsigned n = bits(word, 5, 5);
        address_registers = bit(n);
        if (is_register_offset(word)) {
            const unsigned m = bits(word, 16, 5);
            if (m != 31) {
                if (reserved->written & bit(m) || reserved->bases & bit(m)) return false;
                in.x[m] =
                    (random.next() & 0xffffffff00000000) | static_cast<uint32_t>(random.below(128) - 64);
                address_registers |= bit(m);
            }
        }
        if (reserved->written & bit(n) || reserved->bases & address_registers) return false;
        const int64_t offset = offset_of(word, in);
        uint64_t target = c->window + 128 + random.below(192);
        if (must_be_aligned(word) || random.below(2)) target &= ~uint64_t{15};
        uint64_t base = target - static_cast<uint64_t>(offset);
        if (n == 31) {  // SP must be aligned where it is a base
            if (must_be_aligned(word) && offset & 15) return false;
            base &= ~uint64_t{15};
        }
        (n == 31 ? in.sp : in.x[n]) = base;
    }
    if ((word & 0xfe000000) == 0xd6000000) {  // BR, BLR, RET: a misaligned target is a fault of its own kind
        const unsigned n = bits(word, 5, 5);
        if (reserved->bases & bit(n)) return false;
        if (n != 31 && !(reserved->written & bit(n))) in.x[n] &= ~uint64_t{3};
    }
    if (loops(word, c->count)) return false;
    const uint32_t writes = may_write(word);
    if (writes & (reserved->bases | (in_loop ? address_registers : 0))) return false;
    reserved->bases |= address_registers;
    reserved->written |= writes | address_registers;
    if (is_store_exclusive(word) && reserved->monitor) return false;
    c->code[c->count++] = word;
    const unsigned base = bits(word, 5, 5);
    if (is_load_exclusive(word)) reserved->monitor = true;
    if (is_load_exclusive(word) && base != bits(word, 0, 5) &&
        !(bits(word, 21, 1) && base == bits(word, 10, 5))) {
        const uint32_t store = store_exclusive_for(word, random);
        if (c->count < FUZZ_MAX_CODE && !(may_write(store) & reserved->bases & ~address_registers)) {
            c->code[c->count++] = store;
            reserved->written |= may_write(store);
        }
    }
    return true;
}

// Two to four rounds of what the case has so far, counted in a register that it leaves alone.
void add_loop(fuzz_case* c, const Reserved& reserved, Random& random) {
    for (unsigned attempt = 0; attempt < 8; attempt++) {
        const unsigned counter = random.below(30);
        if ((reserved.written | reserved.bases) >> counter & 1) continue;
        c->in.x[counter] = 2 + random.below(3);
        c->loop = 1 + counter;
        c->code[c->count++] = 0xf1000400 | counter << 5 | counter;  // SUBS Xn, Xn, #1
        c->count++;
        return close_loop(c);
    }
}

}  // namespace

void close_loop(fuzz_case* c) {
    constexpr uint32_t kBranchIfNotEqual = 0x54000001;
    c->code[c->count - 1] = kBranchIfNotEqual | ((1u - c->count) & 0x7ffff) << 5;
}

bool select_rows(const Choice& choice) {
    rows.clear();
    for (const Row& row : translator::decode::kRows) {
        if (excluded(row) || !guest::enabled(row.feature)) continue;
        if (!choice.vl && is_sve(row.value)) continue;
        if (!choice.only.empty() && std::string(row.name()).find(choice.only) == std::string::npos) continue;
        rows.push_back(&row);
    }
    return !rows.empty();
}

void make_case(fuzz_case* c, uint32_t slot, const Choice& choice, tests::Random& random) {
    *c = {};
    c->slot = slot;
    vector_length = choice.vl;
    // One instruction: where it faults, only its own stores may have been made in part.
    const bool at_edge = choice.vl && random.below(8) == 0;
    c->window = FUZZ_MEMORY_BASE + (at_edge ? FUZZ_EDGE : FUZZ_MIDDLE);
    random_state(&c->in, choice, random);
    c->in.sp = c->window + 256;
    c->in.pc = FUZZ_CODE_BASE + uint64_t{slot} * FUZZ_SLOT;
    Reserved reserved;
    const bool loop = choice.block > 2 && !at_edge && random.below(4) == 0;
    const unsigned wanted = at_edge ? 1 : 1 + random.below(choice.block - (loop ? 2 : 0));
    for (unsigned attempt = 0; c->count < wanted && (attempt < 20 || c->count == 0); attempt++) {
        const Row& row = *rows[random.below(static_cast<unsigned>(rows.size()))];
        const bool leaves = (row.value & 0x1c000000) == 0x14000000 && std::strcmp(row.name(), "MSR_reg") != 0;
        if (leaves && c->count + 1 < wanted) continue;  // branches and exceptions only at the end
        add(c, row, loop, &reserved, random);
    }
    if (loop) add_loop(c, reserved, random);
}

}  // namespace armature::fuzz
