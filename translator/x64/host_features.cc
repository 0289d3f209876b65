// SPDX-License-Identifier: MIT
#include "translator/x64/host_features.h"

#include <sys/platform/x86.h>

#include <cstdint>
#include <string_view>

namespace armature::translator::x64 {
namespace {

struct Leaf {
    uint32_t a = 0, b = 0, c = 0, d = 0;
};

// The C library has asked the processor already; in a virtual machine each CPUID costs as much as translating
// dozens of instructions.
Leaf leaf(unsigned index) {
    const unsigned* known = __x86_get_cpuid_feature_leaf(index)->cpuid_array;
    return {known[cpuid_register_index_eax], known[cpuid_register_index_ebx], known[cpuid_register_index_ecx],
            known[cpuid_register_index_edx]};
}

constexpr bool bit(uint32_t word, unsigned n) {
    return word >> n & 1;
}

// The register state that the operating system saves.
uint64_t enabled_state() {
    uint32_t low = 0;
    uint32_t high = 0;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return uint64_t{high} << 32 | low;
}

// A feature whose encodings build on another's is useless without it.
void close(HostFeatures& f) {
    f.avx2 &= f.avx;
    f.fma &= f.avx;
    f.f16c &= f.avx;
    f.avx512 &= f.avx2;
    f.avx512_bitalg &= f.avx512;
    f.avx512_vbmi &= f.avx512;
    f.vnni &= f.avx512;
}

HostFeatures detect() {
    HostFeatures f;
    const Leaf basic = leaf(CPUID_INDEX_1);
    const Leaf extended = leaf(CPUID_INDEX_7);
    const Leaf amd = leaf(CPUID_INDEX_80000001);
    f.sse42 = bit(basic.c, 20);
    f.popcnt = bit(basic.c, 23);
    f.movbe = bit(basic.c, 22);
    f.pclmul = bit(basic.c, 1);
    f.aes = bit(basic.c, 25);
    f.lzcnt = bit(amd.c, 5);
    f.bmi1 = bit(extended.b, 3);
    f.bmi2 = bit(extended.b, 8);
    f.sha = bit(extended.b, 29);
    f.gfni = bit(extended.c, 8);
    constexpr uint64_t kAvxState = 0x6;
    constexpr uint64_t kAvx512State = 0xe6;
    const uint64_t saved = bit(basic.c, 27) ? enabled_state() : 0;
    f.avx = bit(basic.c, 28) && (saved & kAvxState) == kAvxState;
    f.avx2 = bit(extended.b, 5);
    f.fma = bit(basic.c, 12);
    f.f16c = bit(basic.c, 29);
    f.avx512 = bit(extended.b, 16) && bit(extended.b, 17) && bit(extended.b, 28) && bit(extended.b, 30) &&
               bit(extended.b, 31) && (saved & kAvx512State) == kAvx512State;
    f.avx512_vbmi = bit(extended.c, 1);
    f.avx512_bitalg = bit(extended.c, 12);
    f.vnni = bit(extended.c, 11);
    close(f);
    return f;
}

HostFeatures& features() {
    static HostFeatures f = detect();
    return f;
}

}  // namespace

const HostFeatures& host_features() {
    return features();
}

bool mask_host_features(const std::string& words, std::string* bad) {
    HostFeatures& f = features();
    std::string_view rest = words;
    while (!rest.empty()) {
        const size_t comma = rest.find(',');
        std::string_view word = rest.substr(0, comma);
        rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
        if (word.empty()) continue;
        bool known = false;
        if (word.front() == '-') {
            word.remove_prefix(1);
#define HOST_FEATURE(name, text) \
    if (word == #name) {         \
        f.name = false;          \
        known = true;            \
    }
#include "translator/x64/host_features.def"
#undef HOST_FEATURE
        }
        if (!known) {
            *bad = std::string(word);
            return false;
        }
    }
    close(f);
    return true;
}

}  // namespace armature::translator::x64
