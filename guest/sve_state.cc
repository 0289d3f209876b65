// SPDX-License-Identifier: MIT
#include "guest/sve_state.h"

#include <algorithm>

#include "guest/features.h"

namespace armature::guest {
namespace {

struct LengthRow {
    unsigned bytes;
    Feature feature;
};
constexpr LengthRow kLengths[] = {{16, Feature::SVE128}, {32, Feature::SVE256}, {64, Feature::SVE512}};

}  // namespace

bool sve_in_use(const CpuState& cpu) {
    const auto is_set = [](auto value) { return value != 0; };
    return std::any_of(std::begin(cpu.z_upper), std::end(cpu.z_upper), is_set) ||
           std::any_of(std::begin(cpu.sve.p), std::end(cpu.sve.p), is_set) || cpu.sve.ffr;
}

void write_z_upper(CpuState& cpu, unsigned n, const void* from, size_t size) {
    uint8_t* const z = cpu.sve.z[n];
    std::memcpy(z, &cpu.v[n], 16);
    std::memcpy(z + 16, from, size);
    std::memset(z + 16 + size, 0, kSveUpperBytes - size);
    cpu.z_upper[n] = 1;
}

unsigned sve_largest_vl() {
    return sve_supported_vl(kSveMaxBytes);
}

unsigned sve_default_vl() {
    return sve_largest_vl();
}

unsigned sve_supported_vl(uint64_t wanted) {
    unsigned best = 0;
    for (const LengthRow& row : kLengths) {
        if (enabled(row.feature) && (row.bytes <= wanted || !best)) best = row.bytes;
    }
    return best;
}

}  // namespace armature::guest
