// SPDX-License-Identifier: MIT
// The vdso: a small AArch64 ELF image that the guest finds through AT_SYSINFO_EHDR.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace armature::loader {

struct VdsoFunction {
    const char* name = nullptr;
    size_t offset = 0;
    size_t size = 0;
};

struct VdsoImage {
    std::array<unsigned char, 4096> bytes{};
    std::array<VdsoFunction, 4> functions{};
    size_t sigreturn = 0;  // offset of __kernel_rt_sigreturn
};

extern const VdsoImage kVdso;

}  // namespace armature::loader
