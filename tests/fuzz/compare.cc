// SPDX-License-Identifier: MIT
#include "tests/fuzz/compare.h"

#include <signal.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "tests/fuzz/generate_sve.h"
#include "translator/decode/decoder.h"
#include "translator/sve/forms_memory.h"

namespace armature::fuzz {
namespace {

// Neither oracle zeroes the upper parts of vectors after each instruction of AdvSIMD.
uint32_t written_by_simd(const fuzz_case& c) {
    uint32_t registers = 0;
    for (unsigned i = 0; i < c.count; i++) {
        if (is_sve(c.code[i])) continue;
        for (unsigned k = 0; k < 4; k++) registers |= 1u << ((c.code[i] + k) & 31);
    }
    return registers;
}

bool is_zero(const uint8_t (&bytes)[FUZZ_Z_UPPER]) {
    return std::all_of(std::begin(bytes), std::end(bytes), [](uint8_t byte) { return byte == 0; });
}

// A store that faults may have changed any part of what it can reach.
bool may_differ(uint64_t before, uint64_t a, uint64_t b) {
    for (unsigned shift = 0; shift < 64; shift += 8) {
        const auto byte = [shift](uint64_t value) { return static_cast<uint8_t>(value >> shift); };
        if (byte(a) != byte(b) && byte(a) != byte(before) && byte(b) != byte(before)) return false;
    }
    return true;
}

// The bytes of a vector register that have one right value: if it was loaded by a fault-tolerant load, those
// of the elements that FFR has afterwards.
uint64_t bytes_that_count(const fuzz_case& c, unsigned reg, uint64_t ffr) {
    const uint32_t word = c.code[0];
    const std::string_view name(translator::decode::decode(word)->name());
    if (c.count != 1 || (word & 31) != reg || !(name.starts_with("LDFF1") || name.starts_with("LDNF1")))
        return ~uint64_t{0};
    const char kind = name[name.size() - 2];
    const unsigned contiguous = translator::sve::load_shape(word >> 21 & 15).element;
    const unsigned size = 1u << (kind == 'S' ? 2 : kind == 'D' ? 3 : contiguous);
    uint64_t bytes = 0;
    for (unsigned at = 0; at < 64; at += size)
        if (ffr >> at & 1) bytes |= ((uint64_t{1} << size) - 1) << at;
    return bytes;
}

uint64_t eight_bytes(const uint8_t* from) {
    uint64_t value = 0;
    std::memcpy(&value, from, sizeof value);
    return value;
}

// The same bytes of two values, if bit n of `counting` says that byte n counts.
uint64_t counting_bytes(uint64_t value, uint64_t counting) {
    uint64_t mask = 0;
    for (unsigned i = 0; i < 8; i++)
        if (counting >> i & 1) mask |= uint64_t{0xff} << 8 * i;
    return value & mask;
}

class Differences {
  public:
    void operator()(const char* name, unsigned number, const char* suffix, uint64_t a, uint64_t b) {
        if (a == b || text_.size() >= 300) return;
        char piece[96];
        std::snprintf(piece, sizeof piece, number == kNone ? " %s" : " %s%u", name, number);
        text_ += piece;
        std::snprintf(piece, sizeof piece, "%s=%llx!=%llx", suffix, static_cast<unsigned long long>(a),
                      static_cast<unsigned long long>(b));
        text_ += piece;
    }
    void operator()(const char* name, uint64_t a, uint64_t b) { (*this)(name, kNone, "", a, b); }
    std::string text() { return std::move(text_); }

  private:
    static constexpr unsigned kNone = ~0u;
    std::string text_;
};

void compare_vectors(const fuzz_case& c, const fuzz_state& ours, const fuzz_state& theirs, const Scope& scope,
                     Differences& differs) {
    const uint32_t left_alone = written_by_simd(c);
    for (unsigned i = 0; i < 32; i++) {
        const uint64_t counting = scope.fills_left_out && scope.vl
                                      ? bytes_that_count(c, i, ours.p[FUZZ_PREDICATES - 1])
                                      : ~uint64_t{0};
        for (unsigned half = 0; half < 2; half++) {
            differs("v", i, half ? ".hi" : ".lo", counting_bytes(ours.v[2 * i + half], counting >> 8 * half),
                    counting_bytes(theirs.v[2 * i + half], counting >> 8 * half));
        }
        if (!scope.vl || (left_alone >> i & 1 && is_zero(ours.z[i]))) continue;
        for (unsigned at = 16; at < scope.vl; at += 8) {
            static constexpr const char* kAt[] = {"", "", "+16", "+24", "+32", "+40", "+48", "+56"};
            differs("z", i, kAt[at / 8], counting_bytes(eight_bytes(ours.z[i] + at - 16), counting >> at),
                    counting_bytes(eight_bytes(theirs.z[i] + at - 16), counting >> at));
        }
    }
}

}  // namespace

std::string difference(const fuzz_case& c, const fuzz_state& ours, const fuzz_state& theirs,
                       const Scope& scope) {
    Differences differs;
    if (scope.ending) {
        // A misaligned branch target is SIGBUS on Linux, SIGSEGV for QEMU 7.2.
        if (!(ours.pc & 3)) differs("signal", ours.signal, theirs.signal);
        differs("fault", ours.fault_address, theirs.fault_address);
    }
    differs("pc", ours.pc, theirs.pc);
    differs("sp", ours.sp, theirs.sp);
    differs("nzcv", ours.nzcv >> 28, theirs.nzcv >> 28);
    for (unsigned i = 0; i < 31; i++) differs("x", i, "", ours.x[i], theirs.x[i]);
    compare_vectors(c, ours, theirs, scope, differs);
    if (scope.vl) {
        for (unsigned i = 0; i < FUZZ_PREDICATES - 1; i++) differs("p", i, "", ours.p[i], theirs.p[i]);
        differs("ffr", ours.p[FUZZ_PREDICATES - 1], theirs.p[FUZZ_PREDICATES - 1]);
    }
    if (scope.fp_status) {
        differs("fpsr", ours.fpsr, theirs.fpsr);
        differs("fpcr", ours.fpcr, theirs.fpcr);
    }
    for (unsigned at = 0; at < FUZZ_MEMORY; at += 8) {
        const uint64_t a = eight_bytes(ours.memory + at), b = eight_bytes(theirs.memory + at);
        if (ours.signal == SIGSEGV && may_differ(eight_bytes(c.in.memory + at), a, b)) continue;
        differs("mem+", at, "", a, b);
    }
    return differs.text();
}

}  // namespace armature::fuzz
