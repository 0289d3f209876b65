// SPDX-License-Identifier: MIT
// What the oracles get wrong, or do in a way of their own where the architecture leaves them free. A case
// with such an instruction is not given to that oracle; any other difference is a failure, also if the other
// one agrees with us.
#include <fnmatch.h>

#include "guest/features.h"
#include "tests/fuzz/generate_sve.h"
#include "tests/fuzz/oracles.h"
#include "translator/decode/decoder.h"

namespace armature::fuzz {
namespace {

unsigned bits(uint32_t word, unsigned lsb, unsigned count) {
    return word >> lsb & ((1u << count) - 1);
}

struct Instruction {
    uint32_t word;
    const translator::decode::Row& row;
    const fuzz_state* in;  // null: it is not the case's first, its operands are not known
    unsigned vl;
    bool alone;
    bool at_edge;  // memory ends behind the window

    unsigned d() const { return bits(word, 0, 5); }
    unsigned n() const { return bits(word, 5, 5); }
    unsigned m() const { return bits(word, 16, 5); }
    bool named(const char* pattern) const { return fnmatch(pattern, row.name(), 0) == 0; }
};

bool always(const Instruction&) {
    return true;
}
bool is_store_exclusive(const Instruction& i) {
    return (i.word & 0x3fc00000) == 0x08000000;
}
bool is_unprivileged(const Instruction& i) {
    return (i.word & 0x3b200c00) == 0x38000800;
}
bool is_narrow_signed_extreme(const Instruction& i) {
    return (i.word & 0xbf20ec00) == 0x38204000;
}
bool is_32_bit(const Instruction& i) {
    return i.word >> 31 == 0;
}
bool is_exception(const Instruction& i) {
    return i.word >> 24 == 0xd4;
}
bool based_on_sp(const Instruction& i) {
    return i.n() == 31;
}
bool overwrites_source(const Instruction& i) {
    // The index of a half's element takes the top bit of Vm.
    return i.d() == i.n() || i.d() == i.m() || i.d() % 16 == bits(i.word, 16, 4);
}
bool is_sve2(const Instruction& i) {
    using guest::Feature;
    return i.row.feature >= Feature::SVE2 && i.row.feature <= Feature::F64MM;
}
bool scalar_base_is_sp(const Instruction& i) {
    return is_sve_access(i.word) && i.n() == 31 && !i.named("*_[SD][in]");
}
bool in_a_block(const Instruction& i) {
    return !i.alone;
}
bool writes_its_governor(const Instruction& i) {
    const unsigned d = bits(i.word, 0, 4);
    const bool reads_ffr = i.named("RDFFR*");
    return d == bits(i.word, reads_ffr ? 5 : 10, 4) || (!reads_ffr && d == bits(i.word, 10, 3));
}
bool has_no_active_element(const Instruction& i) {
    return !i.in || (i.in->p[bits(i.word, 10, 3)] & 0x0101010101010101) == 0;
}
bool meets_signalling_half(const Instruction& i) {
    if (!i.in) return true;
    const unsigned elements = bits(i.word, 24, 5) == 0x0f ? i.m() % 16 : i.m();  // by element: V0 to V15
    for (const unsigned reg : {i.n(), elements}) {
        for (unsigned at = 0; at < 128; at += 16) {
            const uint64_t half = i.in->v[2 * reg + at / 64] >> at % 64 & 0x7fff;
            if (half > 0x7c00 && half < 0x7e00) return true;
        }
    }
    return false;
}
bool is_not_monotonic(const Instruction& i) {
    if (!i.in) return true;
    const uint64_t p = i.in->p[bits(i.word, 5, 4)];
    return (p & (p + 1)) != 0;
}

bool first_element_is_inactive(const Instruction& i) {
    return !i.in || !(i.in->p[bits(i.word, 10, 3)] & 1);
}
bool may_fault(const Instruction& i) {
    return i.at_edge;
}
bool has_128_bits(const Instruction& i) {
    return i.vl == 16;
}
bool less_than_an_element_apart(const Instruction& i) {
    const auto x = [&i](unsigned reg) { return reg == 31 ? 0 : i.in->x[reg]; };
    return !i.in || x(i.m()) - x(i.n()) + 7 < 15;
}

struct Fault {
    const char* rows;
    bool (*when)(const Instruction&);
    const char* why;
};

// Version 7.2.
constexpr Fault kQemu[] = {
    {"FCVTZS_hv_fixed", always, "extends the sign of the result beyond the half"},
    {"LDFF1*_rr", first_element_is_inactive, "looks at the wrong bits of the predicate"},
    {"LDNF1*", first_element_is_inactive, "looks at the wrong bits of the predicate"},
    {"LD[1-4]*_r[ri]", may_fault,
     "an assertion fails where the end of the memory is within a contiguous load"},
    {"LDNT1*_r[ri]", may_fault, "an assertion fails where the end of the memory is within a contiguous load"},
    {"LDNF1*", may_fault, "stops earlier than it must, as it may"},
    {"LDR_zi", may_fault, "writes a part of the register before it faults, as it may"},
    {"FMMLA_zzz_d", has_128_bits, "should be undefined"},
    {"WHILERW_pxx", less_than_an_element_apart, "takes the pointers for different"},
    {"WHILEWR_pxx", less_than_an_element_apart, "takes the pointers for different"},
};

// Version 5.1.
constexpr Fault kVixl[] = {
    {"*", is_exception, "would stop this process"},
    {"*", is_store_exclusive, "fails now and then, on purpose"},
    {"*", is_unprivileged, "does nothing"},
    {"*", is_narrow_signed_extreme,
     "the old value of a byte or halfword LDSMAX or LDSMIN comes sign-extended"},
    {"MOVK", is_32_bit, "keeps the upper half of its register"},
    {"IRG", always, "is not there: gives zero"},
    {"GMI", always, "is not there: gives zero"},
    {"LD[1-4]*_post", based_on_sp, "SP gets a wrong value"},
    {"ST[1-4]*_post", based_on_sp, "SP gets a wrong value"},
    {"BFCVT", always, "is not there: gives zero"},
    {"PMULL_64", always, "is not there: gives zero"},
    {"[SU]CVTF_v*", always, "keeps the part of the register that is to become zero"},
    {"[SU]CVTF_[sh]v*", always, "keeps the part of the register that is to become zero"},
    {"FCVTN", always, "keeps the part of the register that is to become zero"},
    {"FCVTXN_*", overwrites_source, "writes before it has read"},
    {"FM*_elem", overwrites_source, "writes before it has read"},
    {"FCMLA_elem_s", overwrites_source, "writes before it has read"},
    {"FML[AS]L*", overwrites_source, "writes before it has read"},
    {"FCMLA_elem_h", always, "takes other elements"},
    {"FML[AS]L*", meets_signalling_half, "makes the NaN quiet before it chooses one"},
    {"FRSQRTS_*", always, "halves an operand before it multiplies, which rounds a denormal"},
    {"PMULL", overwrites_source, "writes before it has read"},
    {"*", is_sve2, "has SVE alone"},
    {"*", scalar_base_is_sp, "takes SP for XZR"},
    {"LD*1*_Si", always, "does nothing"},
    {"LDFF1*_Di", always, "does nothing"},
    {"LDFF1*", in_a_block, "elements that FFR leaves out get other values, as they may"},
    {"LDNF1*", in_a_block, "elements that FFR leaves out get other values, as they may"},
    {"LD1R[QO]*", may_fault, "reads inactive elements too"},
    {"*_pg*", writes_its_governor,
     "flags, or later elements, by the result instead of the governing predicate"},
    {"[AL]S[LR]_zzz", overwrites_source, "writes before it has read"},
    {"TBL_ztz", overwrites_source, "writes before it has read"},
    {"SM[AI][XN]V_vgz", has_no_active_element, "the result for no elements is another"},
    {"FSCALE_zgzz", always, "NaNs stay signalling, and large numbers do not become zero"},
    {"WRFFR_p", is_not_monotonic, "FFR becomes unknown"},
};

// Neither oracle zeroes the upper parts of vectors after each instruction of AdvSIMD, and SVE reads them.
bool forgotten_zeroes_matter(const fuzz_case& c, unsigned vl) {
    bool before = false, after = false;
    for (unsigned i = 0; i < c.count; i++) {
        before |= !is_sve(c.code[i]) && c.code[i] >> 26 & 1;
        after |= is_sve(c.code[i]) && (before || c.loop);
    }
    return vl > 16 && before && after;
}

template <size_t N>
const char* fault_in(const Fault (&faults)[N], const fuzz_case& c, unsigned vl) {
    if (forgotten_zeroes_matter(c, vl)) return "forgets to zero the upper parts of vectors";
    for (unsigned i = 0; i < c.count; i++) {
        const translator::decode::Row& row = *translator::decode::decode(c.code[i]);
        const Instruction instruction = {c.code[i], row,          i == 0 && !c.loop ? &c.in : nullptr,
                                         vl,        c.count == 1, c.window % 0x1000 != 0};
        for (const Fault& fault : faults)
            if (instruction.named(fault.rows) && fault.when(instruction)) return fault.why;
    }
    return nullptr;
}

}  // namespace

const char* why_not_qemu(const fuzz_case& c, unsigned vl) {
    return fault_in(kQemu, c, vl);
}
const char* why_not_vixl(const fuzz_case& c, unsigned vl) {
    return fault_in(kVixl, c, vl);
}

}  // namespace armature::fuzz
