// SPDX-License-Identifier: MIT
// The processor's features as the guest is told of them: AT_HWCAP. Only what the translator implements is
// here; the ID registers that the translator emulates (the CPUID bit) say the same: they are made from this
// table. Not announced: uscat (LSE2), because an LDP of 16 aligned bytes is two loads.
#pragma once

#include <cstdint>

namespace armature::guest {

struct HwcapBit {
    const char* name;  // as in /proc/cpuinfo
    unsigned bit;
};

inline constexpr HwcapBit kHwcapBits[] = {
    {"fp", 0},    {"asimd", 1},   {"aes", 3},    {"pmull", 4},     {"sha1", 5},   {"sha2", 6},
    {"crc32", 7}, {"atomics", 8}, {"cpuid", 11}, {"asimdrdm", 12}, {"lrcpc", 15}, {"asimddp", 20},
};

constexpr uint64_t hwcap_value() {
    uint64_t value = 0;
    for (const HwcapBit& row : kHwcapBits) value |= uint64_t{1} << row.bit;
    return value;
}

inline constexpr uint64_t kHwcap = hwcap_value();
inline constexpr uint64_t kHwcap2 = 0;

}  // namespace armature::guest
