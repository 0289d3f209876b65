// SPDX-License-Identifier: MIT
// The registers of SVE that AdvSIMD does not have.
//
// The low 128 bits of Z0-Z31 are V0-V31 and stay in CpuState::v. What writes a V register zeroes the rest of
// the Z register: translated code clears CpuState::z_upper[n], which says that the rest is not zero but in
// SveState::z. It does so in all translations that are made after the first SVE instruction was seen; before
// that one there is nothing to clear. SveState::z also has a copy of the low 128 bits, as long as z_upper is
// set: so a whole Z register is one load.
#pragma once

#include <cstdint>
#include <cstring>

#include "guest/cpu_state.h"

namespace armature::guest {

inline constexpr unsigned kSveUpperBytes = kSveMaxBytes - 16;

inline SveState& sve_state(CpuState& cpu) {
    return cpu.sve;
}

// Everything that AdvSIMD does not have becomes zero: system calls, a change of the vector length.
inline void clear_sve(CpuState& cpu) {
    std::memset(cpu.z_upper, 0, sizeof cpu.z_upper);
    std::memset(cpu.sve.p, 0, sizeof cpu.sve.p);
    cpu.sve.ffr = 0;
}

// Does anything but AdvSIMD's part count?
bool sve_in_use(const CpuState& cpu);

// Bytes 16 and up of a Z register; size at most kSveUpperBytes.
inline void read_z_upper(const CpuState& cpu, unsigned n, void* to, size_t size) {
    if (cpu.z_upper[n]) {
        std::memcpy(to, cpu.sve.z[n] + 16, size);
    } else {
        std::memset(to, 0, size);
    }
}
// The rest has been written to CpuState::v.
void write_z_upper(CpuState& cpu, unsigned n, const void* from, size_t size);
// Bits 0-127, for who looks on from outside; the others stay.
inline void write_v(CpuState& cpu, unsigned n, const void* from) {
    std::memcpy(static_cast<void*>(&cpu.v[n]), from, sizeof cpu.v[n]);
    std::memcpy(cpu.sve.z[n], from, sizeof cpu.v[n]);
}

// Vector lengths in bytes. The processor's are powers of two from 16 to the largest that -cpu allows.
unsigned sve_largest_vl();
unsigned sve_default_vl();
inline unsigned sve_vl(const CpuState& cpu) {
    return cpu.sve_vl ? cpu.sve_vl : sve_default_vl();
}
// The length that the kernel chooses when a program asks for this one: the largest one that is not longer,
// or the shortest.
unsigned sve_supported_vl(uint64_t wanted);

}  // namespace armature::guest
